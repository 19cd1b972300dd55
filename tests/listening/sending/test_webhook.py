"""Webhooks against a real server: signed, once, no redirect, no address inside this network."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator

import pytest

from listening.config import get_settings
from listening.sending.message import Message, NotSentError
from listening.sending.webhook import body_of, send_webhook
from listening.signing import digest_over, read_signature
from tests.listening.sources.rawserver import RawServer, Talk, answering, dripping, talking

AT = 1_790_000_000
MESSAGE = Message(
    uid="0f" * 16,
    event="watch.failing",
    title="A: ümlaut fails",
    text="Watch 2 failed.",
    url="http://desk.example/settings/watches/2",
    payload={"event": "watch.failing", "path": "/settings/watches/2", "facts": {"watch_id": 2}},
)


@pytest.fixture(autouse=True)
def inside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Addresses of this machine may be reached."""
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def refused(server: RawServer, *, seconds: float = 5.0) -> NotSentError:
    with pytest.raises(NotSentError) as found:
        send_webhook(f"{server.url}/in", "s3cret", MESSAGE, at=AT, seconds=seconds)
    return found.value


def test_what_a_receiver_gets_and_how_it_checks_it() -> None:
    with talking(answering(b"thanks", status="202 Accepted")) as server:
        assert send_webhook(f"{server.url}/in?key=1", "s3cret", MESSAGE, at=AT) == "202"
    (asked,) = server.asked
    head, _, body = asked.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /in?key=1 HTTP/1.1\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    named = {name.lower(): value for name, value in headers.items()}
    assert named["content-type"] == "application/json; charset=utf-8"
    assert named["x-listening-delivery"] == "0f" * 16
    assert named["x-listening-event"] == "watch.failing"
    assert named["x-listening-timestamp"] == str(AT)
    digest = hmac.new(b"s3cret", b"1790000000." + body, hashlib.sha256).hexdigest()
    assert named["x-listening-signature"] == f"t={AT},v1={digest}"
    own = digest_over("s3cret", AT)
    own.update(body)
    assert read_signature(named["x-listening-signature"], AT + 200).fits(own.hexdigest())
    assert json.loads(body) == {
        "id": "0f" * 16,
        "event": "watch.failing",
        "url": "http://desk.example/settings/watches/2",
        "facts": {"watch_id": 2},
    }
    assert body == body_of(MESSAGE)


@pytest.mark.parametrize(
    ("status", "head", "told", "hopeless", "wait"),
    [
        ("500 Oh", "", "/in answers 500: no way", False, None),
        ("503 Busy", "Retry-After: 90", "/in answers 503: no way", False, 90.0),
        ("429 Slow", "Retry-After: 7", "/in answers 429: no way", False, 7.0),
        ("404 None", "", "/in answers 404: no way", False, None),
        ("410 Gone", "", "/in says that it is gone (410).", True, None),
    ],
)
def test_an_answer_that_is_no_success(
    status: str, head: str, told: str, hopeless: bool, wait: float | None
) -> None:
    with talking(answering(b"no way", head, status)) as server:
        error = refused(server)
    assert str(error) == f"{server.url}{told}"
    assert (error.hopeless, error.wait) == (hopeless, wait)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 Kept", "308 Kept"])
def test_a_redirect_is_not_followed(status: str) -> None:
    with talking(answering()) as other:
        head = f"Location: {other.url}/elsewhere"
        with talking(answering(b"", head, status)) as server:
            error = refused(server)
    assert error.hopeless and "redirects are not followed" in str(error)
    assert (len(server.asked), other.asked) == (1, [])


def test_who_says_nothing_or_too_slowly_is_not_waited_for() -> None:
    def silent(one: Talk) -> None:
        one.request()
        one.gone(20)

    with talking(silent) as server:
        error = refused(server, seconds=0.3)
    assert not error.hopeless and "takes longer than" in str(error)
    with talking(dripping(b"HTTP/1.1 200 OK\r\n", b"x")) as server:
        assert not refused(server, seconds=0.5).hopeless


def test_nobody_there() -> None:
    with talking(answering()) as server:
        pass
    error = refused(server)
    assert not error.hopeless and "does not answer" in str(error)


def test_an_address_inside_this_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "false")
    get_settings.cache_clear()
    with talking(answering()) as server:
        error = refused(server)
        assert error.hopeless and "inside this network" in str(error)
        for host in ("localhost", "[::1]", "169.254.169.254", "0"):
            with pytest.raises(NotSentError, match=r"inside this network|no host") as found:
                send_webhook(f"http://{host}:{server.port}/", "s", MESSAGE, at=AT, seconds=3)
            assert found.value.hopeless or "no host" in str(found.value)
    assert (server.asked, server.connections) == ([], 0)


def test_several_at_once_each_have_their_own_time() -> None:
    with talking(answering()) as server:
        answers: list[str] = []
        threads = [
            threading.Thread(
                target=lambda: answers.append(send_webhook(server.url, "s", MESSAGE, at=AT))
            )
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == ["200"] * 4
