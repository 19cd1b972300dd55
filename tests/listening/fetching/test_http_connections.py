"""Connections that end early, are used again, shared by threads, or encrypted."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from listening.sources.errors import (
    UnavailableError,
)
from tests.listening.sources.rawserver import (
    Make,
    Quick,
    RawServer,
    Talk,
    answering,
    dripping,
    in_turn,
    raw,
    says,
    talking,
)


def to(target: str, status: str = "302 Found") -> Callable[[Talk], None]:
    return says(b"elsewhere", f"Location: {target}", status)


def test_http_1_0_is_spoken(client: Quick) -> None:
    with talking(in_turn(raw(b"HTTP/1.0 200 OK\r\nContent-Type: x\r\n\r\n{}"))) as server:
        assert client.get(server.url).json() == {}


def test_less_than_was_announced_is_no_answer(client: Quick) -> None:
    short = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")
    with talking(in_turn(short, says(b"{}"))) as server:
        assert client.get(server.url).json() == {}
    assert len(server.asked) == 2


def test_more_than_was_announced_is_not_taken_for_the_next_answer(client: Quick) -> None:
    def talk(one: Talk) -> None:
        while one.request():
            if one.number == 1:
                one.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]rubbish")
            else:
                one.answer(b"{}")

    with talking(talk) as server:
        assert client.get(server.url).json() == []
        assert client.get(server.url).json() == {}
        client.close()


def test_a_reset_half_way_is_tried_again(client: Quick) -> None:
    def talk(one: Talk) -> None:
        one.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        one.reset()

    with talking(in_turn(talk, says(b"{}"))) as server:
        assert client.get(server.url).json() == {}
    assert len(client.slept) == 1
    with talking(in_turn(talk)) as server, pytest.raises(UnavailableError):
        client.get(server.url)


@pytest.mark.parametrize("ending", [lambda one: None, Talk.reset], ids=["closed", "reset"])
def test_a_connection_that_was_closed_meanwhile_is_opened_again(
    client: Quick, ending: Callable[[Talk], None]
) -> None:
    """The server hangs up while the next request is on its way, as it does after a while."""

    def talk(one: Talk) -> None:
        if one.request():
            one.answer(b"{}", "Connection: keep-alive")
            if one.request():
                ending(one)

    with talking(talk) as server:
        for _ in range(4):
            assert client.get(server.url).json() == {}
        client.post(server.url, body={})
        client.close()
    assert client.slept == [], "nobody need know"
    assert server.connections == 5


def test_a_connection_is_kept(client: Quick) -> None:
    with talking(answering(b"{}")) as server:
        for _ in range(5):
            client.get(server.url)
        assert server.connections == 1
        client.close()
        client.get(server.url)
        assert server.connections == 2
        client.close()


def test_nobody_there_is_told(client: Quick) -> None:
    with talking(answering()) as server:
        pass
    with pytest.raises(UnavailableError, match=r"does not answer .*refused"):
        client.get(f"http://127.0.0.1:{server.port}/?key=hunter2")
    assert len(client.slept) == 3


def test_a_server_that_says_nothing_is_told(client: Quick) -> None:
    with talking(in_turn(lambda one: one.gone(20) and None)) as server:
        with pytest.raises(UnavailableError, match="in time"):
            client.get(server.url)
        assert len(server.asked) == 4


def test_many_threads_share_a_client(client: Quick) -> None:
    def talk(one: Talk) -> None:
        while asked := one.request():
            one.answer(asked.split()[1])

    found: list[bool] = []

    def ask(server: RawServer, own: int) -> None:
        for number in range(20):
            path = f"/{own}/{number}"
            found.append(client.get(server.url + path).body == path.encode())

    with talking(talk) as server:
        threads = [threading.Thread(target=ask, args=(server, own)) for own in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        client.close()
    assert found == [True] * 240
    assert client.slept == []


# TLS.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For localhost, signed by itself; with its key."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-keyout", str(folder / "key"), "-out", str(folder / "crt"),
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "both").write_bytes((folder / "key").read_bytes() + (folder / "crt").read_bytes())
    return folder / "both"


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused(
    client: Quick, tls: ssl.SSLContext
) -> None:
    with talking(answering(b"{}"), tls) as server:
        with pytest.raises(UnavailableError, match=r"not who it says .*self.signed"):
            client.get(f"https://localhost:{server.port}/")
        assert server.asked == [] and client.slept == []


def test_a_certificate_that_is_vouched_for_is_taken_for_its_name_alone(
    client: Quick, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with talking(answering(b"{}"), tls) as server:
        assert client.get(f"https://localhost:{server.port}/").json() == {}
        with pytest.raises(UnavailableError, match=r"not who it says .*127.0.0.1"):
            client.get(f"https://127.0.0.1:{server.port}/")
        assert len(server.asked) == 1
        client.close()


def test_nobody_is_led_away_from_tls(
    client: Quick, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with talking(answering(b"{}")) as plain:
        with (
            talking(in_turn(to(f"{plain.url}/")), tls) as server,
            pytest.raises(UnavailableError, match="not encrypted"),
        ):
            client.get(f"https://localhost:{server.port}/")
        assert plain.asked == []
    # The other way is fine.
    with (
        talking(in_turn(says(b"{}")), tls) as server,
        talking(in_turn(to(f"https://localhost:{server.port}/"))) as plain,
    ):
        assert client.get(plain.url).json() == {}


def test_a_server_that_does_not_speak_tls_is_told(client: Quick) -> None:
    with talking(answering(b"{}")) as server, pytest.raises(UnavailableError):
        client.get(f"https://127.0.0.1:{server.port}/")


def test_a_handshake_does_not_last(make: Make) -> None:
    client = make(whole=0.6)
    begun = dripping(b"\x16\x03\x03\x40\x00", b"\x02")
    with talking(begun) as server, pytest.raises(UnavailableError):
        client.get(f"https://127.0.0.1:{server.port}/")
