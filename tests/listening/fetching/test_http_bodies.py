"""Answers that are too large, too slow, badly packed, or no answers."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest

from listening.fetching.http import Answer
from listening.sources.errors import (
    AuthenticationError,
    FormatChangedError,
    UnavailableError,
)
from tests.listening.sources.rawserver import (
    Make,
    Quick,
    Talk,
    dripping,
    in_turn,
    raw,
    says,
    talking,
)

HELLO = {"hello": "world"}


def test_a_body_has_a_ceiling(make: Make) -> None:
    client = make(most=1000)
    with talking(in_turn(says(b"x" * 1000), says(b"x" * 1001))) as server:
        assert len(client.get(server.url).body) == 1000
        with pytest.raises(FormatChangedError, match="more than"):
            client.get(server.url)
    assert len(server.asked) == 2, "not tried again"


def test_an_endless_body_is_left(client: Quick) -> None:
    def talk(one: Talk) -> None:
        one.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            one.say(b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n")

    with talking(in_turn(talk)) as server, pytest.raises(FormatChangedError, match="10 MB"):
        client.get(server.url)


def bomb(times: int) -> bytes:
    """Ten million zeros, so many times over."""
    packer = zlib.compressobj(9, wbits=31)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    zeros = packer.compress(bytes(10_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + zeros * times


def test_a_bomb_does_not_go_off(client: Quick) -> None:
    packed = bomb(100)
    assert len(packed) < 1_100_000
    with (
        talking(in_turn(says(packed, "Content-Encoding: gzip"))) as server,
        pytest.raises(FormatChangedError, match="more than 10 MB"),
    ):
        client.get(server.url)


def test_a_bomb_of_many_small_ones_does_not_go_off(client: Quick) -> None:
    for member in (gzip.compress(b"", mtime=0), gzip.compress(b"x", mtime=0)):
        with (
            talking(in_turn(says(member * 100_000, "Content-Encoding: gzip"))) as server,
            pytest.raises(UnavailableError, match="too many parts"),
        ):
            client.get(server.url)


BODY = json.dumps(HELLO).encode()
RAW = zlib.compressobj(wbits=-15)
RAW_DEFLATE = RAW.compress(BODY) + RAW.flush()


@pytest.mark.parametrize("piece", [1, 7, 100_000], ids=["bytes", "sevens", "whole"])
@pytest.mark.parametrize(
    ("packing", "packed"),
    [
        ("identity", BODY),
        ("gzip", gzip.compress(BODY, mtime=0)),
        ("GZip ", gzip.compress(BODY, mtime=0)),
        ("x-gzip", gzip.compress(BODY, mtime=0)),
        (
            "gzip",
            gzip.compress(BODY[:5], mtime=0)
            + gzip.compress(BODY[5:9], mtime=0)
            + gzip.compress(BODY[9:], mtime=0),
        ),
        ("gzip", gzip.compress(BODY, mtime=0) + bytes(50)),
        ("gzip", gzip.compress(BODY, mtime=0) + b"\x1f"),
        ("gzip", gzip.compress(BODY, mtime=0) + b"rubbish"),
        ("deflate", zlib.compress(BODY)),
        ("deflate", RAW_DEFLATE),
        ("deflate", gzip.compress(BODY, mtime=0)),
    ],
)
def test_a_packed_body_is_unpacked(client: Quick, packing: str, packed: bytes, piece: int) -> None:
    def talk(one: Talk) -> None:
        one.say(f"HTTP/1.1 200 OK\r\nContent-Encoding: {packing}\r\n".encode())
        one.say(b"Transfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(packed), piece):
            part = packed[at : at + piece]
            one.say(b"%x\r\n%b\r\n" % (len(part), part))
        one.say(b"0\r\n\r\n")

    with talking(in_turn(talk)) as server:
        assert client.get(server.url).json() == HELLO


@pytest.mark.parametrize(
    ("packing", "packed"),
    [
        *(("gzip", gzip.compress(BODY, mtime=0)[:cut]) for cut in (1, 2, 9, 12, -9, -1)),
        ("gzip", gzip.compress(BODY, mtime=0) + gzip.compress(BODY, mtime=0)[:-4]),
        ("gzip", BODY),
        ("gzip", gzip.compress(BODY, mtime=0)[:-8] + b"\x00" * 8),  # checksum
        ("deflate", zlib.compress(BODY)[:-3]),
        ("deflate", RAW_DEFLATE[:-2]),
        ("deflate", b"\xff" * 50),
    ],
)
def test_what_cannot_be_unpacked_is_tried_again(client: Quick, packing: str, packed: bytes) -> None:
    head = f"Content-Encoding: {packing}"
    with talking(in_turn(*[says(packed, head)] * 3, says(BODY))) as server:
        assert client.get(server.url).json() == HELLO
    with talking(in_turn(says(packed, head))) as server, pytest.raises(UnavailableError):
        client.get(server.url)


@pytest.mark.parametrize("packing", ["br", "zstd", "gzip, gzip", "compress", "x" * 9000])
def test_a_packing_that_was_not_asked_for_is_told(client: Quick, packing: str) -> None:
    head = f"Content-Encoding: {packing}"
    with (
        talking(in_turn(says(b"\x8b\x02\x80{}\x03", head))) as server,
        pytest.raises(FormatChangedError, match="not asked for") as changed,
    ):
        client.get(server.url)
    assert len(str(changed.value)) < 300
    # Of a refusal it hides nothing.
    with (
        talking(in_turn(says(b"\x8b", head, "403 No"))) as server,
        pytest.raises(AuthenticationError),
    ):
        client.get(server.url)


def test_a_refusal_may_be_long_or_broken(client: Quick) -> None:
    with (
        talking(in_turn(says(b"x" * 20_000_000, status="403 No"))) as server,
        pytest.raises(AuthenticationError),
    ):
        client.get(server.url)
    head = "Content-Encoding: gzip"
    with talking(in_turn(says(b"no gzip", head, "503 No"), says(b"{}"))) as server:
        assert client.get(server.url).json() == {}


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b", b"\x08"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),  # the head
        (b"HT", b"T"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 503 No\r\nContent-Length: 100000\r\n\r\n", b"x"),
    ],
    ids=["body", "chunks", "packed", "head", "status", "continue", "error"],
)
def test_a_drip_does_not_last(make: Make, first: bytes, drop: bytes) -> None:
    client = make(whole=0.6)
    with talking(in_turn(dripping(first, drop))) as server:
        with pytest.raises(UnavailableError):
            client.get(server.url)
        # Each byte comes in time, so without a limit on the whole this would not be reached.
        assert len(server.asked) == 1 or drop == b"T"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 " + b"y" * 1_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 5000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"\x16\x03\x01\x02\x00",
        b"\x00" * 5000,
        b"",
    ],
    ids=lambda answer: repr(answer[:50]),
)
def test_what_is_no_http_is_told(client: Quick, answer: bytes) -> None:
    with (
        talking(in_turn(raw(answer))) as server,
        pytest.raises((UnavailableError, FormatChangedError)) as told,
    ):
        client.get(server.url)
    assert len(str(told.value)) < 500


# What an answer says.


def answer_of(body: bytes) -> Answer:
    return Answer(200, {}, body, "https://example.com/a?key=hunter2")


DEEP = 100_000


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"{}", {}),
        (b"\xef\xbb\xbf{}", {}),
        ('{"a":"é"}'.encode("utf-16"), {"a": "é"}),
        (b'{"a":"caf\xe9"}', {"a": "caf\ufffd"}),
        (b'\xef\xbb\xbf{"a":"caf\xe9"}', {"a": "caf\ufffd"}),
        (b'{"a":1e400}', {"a": float("inf")}),
        (b'{"a":' + b"9" * 5000 + b',"b":12}', {"a": float("inf"), "b": 12}),
        (b'{"a":' + b"9" * 50 + b"}", {"a": int("9" * 50)}),
        (b'"\\ud800"', "\ud800"),
        (b'"\\u0000"', "\x00"),
        (b"[" * 100 + b"]" * 100, None),
    ],
)
def test_json_is_read(body: bytes, found: Any) -> None:
    read = answer_of(body).json()
    assert found is None or read == found


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"<html>", b"[1,", b"{'a':1}", b"[" * DEEP + b"]" * DEEP, b"\xff\xfe"),
        *(b'{"a":' * DEEP, b"\x00", b"{}{}", b"caf\xe9", b'{"a":' + b"9" * 5000),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_json_is_told_with_what_it_is(body: bytes) -> None:
    with pytest.raises(FormatChangedError, match="no JSON") as changed:
        answer_of(body).json()
    assert changed.value.raw == body[:100_000].decode("utf-8", "replace")
    assert str(changed.value).startswith("https://example.com/a answered in a way")
    assert len(str(changed.value)) < 500


def test_an_empty_answer_is_an_answer(client: Quick) -> None:
    with talking(in_turn(raw(b"HTTP/1.1 204 No Content\r\n\r\n"))) as server:
        answer = client.get(server.url)
    assert (answer.status, answer.body, answer.text) == (204, b"", "")
    head = "Content-Encoding: gzip"
    with talking(in_turn(says(b"", head))) as server:
        assert client.get(server.url).body == b""


@pytest.mark.usefixtures("bounded")
def test_a_long_answer_is_searched_for_secrets_in_no_time() -> None:
    for piece in (b"://a:", b"&token", b"bearer ", b"authorization: ", b"?a-", b"://"):
        answer_of(piece * (100_000 // len(piece))).changed("nothing")
