"""What the client asks, how often, and where it is led; against real servers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from listening import logs
from listening.config import get_settings
from listening.errors import SettingsError
from listening.fetching.http import with_query
from listening.sources.errors import (
    AuthenticationError,
    FormatChangedError,
    RateLimitError,
    UnavailableError,
)
from tests.listening.sources.rawserver import (
    Quick,
    Talk,
    answering,
    in_turn,
    says,
    talking,
)


def heads(asked: bytes) -> dict[str, str]:
    lines = asked.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


# What is asked.


def test_who_asks_is_said(client: Quick, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTENING_CONTACT", "me@example.com\nX-Evil: é")
    get_settings.cache_clear()
    with talking(answering(b"{}")) as server:
        client.get(f"{server.url}/a b?x=1", {"q": "jet blue", "no": None, "all": ["1", "é"]})
        client.close()
        (asked,) = server.asked
    assert asked.startswith(b"GET /a%20b?x=1&q=jet+blue&all=1&all=%C3%A9 HTTP/1.1\r\n")
    told = heads(asked)
    assert told["user-agent"].startswith("listening/")
    assert told["user-agent"].endswith("(+me@example.com X-Evil: Ã©)")
    assert told["host"] == f"127.0.0.1:{server.port}"
    assert told["accept-encoding"] == "gzip"
    assert "x-evil" not in told


def test_forms_and_json_are_sent(client: Quick) -> None:
    with talking(answering(b"{}")) as server:
        client.post(server.url, form={"a": "b c", "lone": "\ud800"})
        client.post(server.url, body={"a": ["é", "\ud800"]})
        client.close()
    form, body = server.asked
    assert form.endswith(b"\r\n\r\na=b+c&lone=%3F")
    assert heads(form)["content-type"] == "application/x-www-form-urlencoded"
    assert json.loads(body.partition(b"\r\n\r\n")[2]) == {"a": ["é", "\ud800"]}


@pytest.mark.parametrize("value", ["a\r\nX-Evil: b", "a\nb", "a\x00b", "\x7f"])
def test_a_header_is_one_header_and_not_told(client: Quick, value: str) -> None:
    with talking(answering(b"{}")) as server:
        with pytest.raises(SettingsError, match="authorization") as refused:
            client.get(server.url, headers={"Authorization": f"Bearer hunter2{value}"})
        assert "hunter2" not in str(refused.value)
        with pytest.raises(SettingsError, match="cannot be asked") as refused:
            client.get(server.url, headers={"X-Bad Name": "hunter2"})
        assert "hunter2" not in str(refused.value)
        assert server.asked == []


def test_a_query_is_added_to() -> None:
    assert with_query("http://a/?b=c#d", {"e": "f g", "h": None}) == "http://a/?b=c&e=f+g#d"
    assert with_query("http://a/", {"e": "\ud800"}) == "http://a/?e=%3F"
    assert with_query("http://a/", None) == "http://a/"
    with pytest.raises(SettingsError):
        with_query("http://[", {"a": "b"})


# Trying again.


@pytest.mark.parametrize("status", ["500 No", "502 No", "503 No", "599 No", "999 No", "408 No"])
def test_an_error_that_passes_is_waited_for(client: Quick, status: str) -> None:
    with talking(in_turn(*[says(b"x", status=status)] * 3, says(b'{"a":1}'))) as server:
        assert client.get(server.url).json() == {"a": 1}
    assert len(server.asked) == 4
    for slept, usual in zip(client.slept, (1, 2, 4), strict=True):
        assert 0.75 * usual <= slept <= 1.25 * usual
    assert len({slept / 2**i for i, slept in enumerate(client.slept)}) == 3, "jitter"


def test_an_error_that_stays_is_told_without_the_query(client: Quick) -> None:
    with (
        talking(in_turn(says(b"x", status="500 No"))) as server,
        pytest.raises(UnavailableError, match=rf"{server.url}/a answers with error 500"),
    ):
        client.get(f"{server.url}/a?key=hunter2")
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("400 No", FormatChangedError),
        ("301 No", FormatChangedError),
        ("304 No", FormatChangedError),
        ("401 No", AuthenticationError),
        ("403 No", AuthenticationError),
        ("404 No", UnavailableError),
        ("410 No", UnavailableError),
        ("422 No", FormatChangedError),
    ],
)
def test_a_refusal_is_not_tried_again(client: Quick, status: str, error: type[Exception]) -> None:
    with talking(in_turn(says(status=status))) as server, pytest.raises(error):
        client.get(server.url)
    assert len(server.asked) == 1
    assert client.slept == []


def test_a_status_that_is_an_answer_is_given(client: Quick) -> None:
    with talking(in_turn(says(b"none", status="404 No"))) as server:
        answer = client.get(server.url, accept=(404,))
    assert (answer.status, answer.body) == (404, b"none")


def test_a_refusal_is_quoted_without_secrets(client: Quick, kept_secrets: None) -> None:
    logs.keep_secret("hunter2-hunter2")
    body = b"x" * 295 + b"hunter2-hunter2 is no key" + b"y" * 1000
    with (
        talking(in_turn(says(body, status="403 No"))) as server,
        pytest.raises(AuthenticationError) as refused,
    ):
        client.get(server.url)
    assert "hunter2" not in str(refused.value)
    assert len(str(refused.value)) < 500
    with (
        talking(in_turn(says(body, status="400 No"))) as server,
        pytest.raises(FormatChangedError) as changed,
    ):
        client.get(server.url)
    assert changed.value.raw == "x" * 295 + "*** is no key" + "y" * 1000


@pytest.fixture
def kept_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_KEPT", ())


# Being asked to wait.


def date_in(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("told", "low", "high"),
    [
        ("2", 2, 2),
        ("2.5", 2.5, 2.5),
        (" 9 ", 9, 9),
        # nothing to be made of it: as if it were not said
        *(
            (nonsense, 0.75, 1.25)
            for nonsense in ("0", "-5", "soon", "1,2", "²", "1e1", "", "None")
        ),
        ("Mon, 99 Foo 2020 99:99:99 GMT", 0.75, 1.25),
        ("Wed, 21 Oct 99999999999999999999 07:28:00 GMT", 0.75, 1.25),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.75, 1.25),  # the past
    ],
)
def test_a_short_pause_is_waited_out(client: Quick, told: str, low: float, high: float) -> None:
    for status in ("429 No", "503 No"):
        client.slept.clear()
        with talking(in_turn(says(b"", f"Retry-After: {told}", status), says(b"{}"))) as server:
            assert client.get(server.url).json() == {}
        (slept,) = client.slept
        assert low <= slept <= high


def test_a_short_pause_until_a_moment_is_waited_out(client: Quick) -> None:
    head = f"Retry-After: {date_in(8)}"
    with talking(in_turn(says(b"", head, "429 No"), says(b"{}"))) as server:
        client.get(server.url)
    assert 0 < client.slept[0] <= 8


@pytest.mark.parametrize("status", ["429 No", "503 No", "403 No"])
@pytest.mark.parametrize(
    ("told", "low", "high"),
    [
        (lambda: "900", 900, 900),
        (lambda: "9" * 400, 86_400, 86_400),
        (lambda: date_in(900), 890, 900),
        (lambda: date_in(9_000_000), 86_400, 86_400),
    ],
)
def test_a_long_pause_ends_it(
    client: Quick, status: str, told: Callable[[], str], low: float, high: float
) -> None:
    with talking(in_turn(says(b"", f"Retry-After: {told()}", status))) as server:
        with pytest.raises(RateLimitError) as stopped:
            client.get(server.url)
        assert low <= stopped.value.retry_after <= high
        with pytest.raises(RateLimitError) as stopped:
            client.get(server.url)  # it is not asked meanwhile
        assert low - 10 <= stopped.value.retry_after <= high
    assert len(server.asked) == 1


def test_asked_in_vain_again_and_again_it_is_left_alone_for_a_minute(client: Quick) -> None:
    with (
        talking(in_turn(says(b"", "Retry-After: 1", "429 No"))) as server,
        pytest.raises(RateLimitError) as stopped,
    ):
        client.get(server.url)
    assert stopped.value.retry_after == 60
    assert len(server.asked) == 4


def test_a_pause_may_be_told_by_the_reset_alone(client: Quick) -> None:
    with (
        talking(in_turn(says(b"", "x-rate-limit-reset: 900", "429 No"))) as server,
        pytest.raises(RateLimitError) as stopped,
    ):
        client.get(server.url)
    assert stopped.value.retry_after == 900


@pytest.mark.parametrize("family", ["X-RateLimit", "RateLimit", "x-rate-limit"])
def test_when_nothing_is_left_nothing_more_is_asked(client: Quick, family: str) -> None:
    head = f"{family}-Remaining: 0\n{family}-Reset: 900"
    with talking(in_turn(says(b"{}", head))) as server:
        assert client.get(server.url).json() == {}
        with pytest.raises(RateLimitError) as stopped:
            client.get(server.url)
    assert 890 <= stopped.value.retry_after <= 900
    assert len(server.asked) == 1


# Redirects.


def to(target: str, status: str = "302 Found") -> Callable[[Talk], None]:
    return says(b"elsewhere", f"Location: {target}", status)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/b?c=d", b"/b?c=d"),
        ("b", b"/x/b"),
        ("../b", b"/b"),
        ("?c", b"/x/y?c"),
        ("/b#c", b"/b"),
        ("/b c", b"/b%20c"),
        ("/caf\u00e9".encode().decode("latin-1"), b"/caf%C3%A9"),
        ("/caf\u00e9", b"/caf%C3%A9"),
    ],
)
def test_a_relative_redirect_is_followed(client: Quick, target: str, path: bytes) -> None:
    with talking(in_turn(to(target), says(b"{}"))) as server:
        answer = client.get(f"{server.url}/x/y", headers={"Authorization": "Bearer t"})
    assert server.asked[1].split()[1] == path
    assert heads(server.asked[1])["authorization"] == "Bearer t", "the same origin"
    assert answer.url == server.url + path.decode()


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [
        ([], None),
        (["301 Moved"], "/1"),
        (["308 Moved"], "/1"),
        (["302 Found"], None),
        (["301 Moved", "308 Moved"], "/2"),
        (["301 Moved", "302 Found"], "/1"),
        (["302 Found", "301 Moved"], None),  # only for now it is asked there at all
        (["307 Found", "301 Moved"], None),
    ],
)
def test_what_moved_for_good_is_told(client: Quick, statuses: list[str], moved: str | None) -> None:
    hops = [to(f"/{number}", status) for number, status in enumerate(statuses, 1)]
    with talking(in_turn(*hops, says(b"{}"))) as server:
        answer = client.get(f"{server.url}/0")
    assert answer.moved == (None if moved is None else server.url + moved)


SECRETS = {
    "AUTHORIZATION": "Bearer t",
    "cOOKIE": "a=b",
    "X-Api-Key": "k",
    "client-id": "c",
    "Accept": "application/json",
    "If-None-Match": '"e"',
}


def test_another_origin_is_told_no_secrets(client: Quick) -> None:
    with talking(in_turn(says(b"{}"))) as other, talking(in_turn(to(f"{other.url}/"))) as server:
        client.get(server.url, headers=SECRETS)
    told, retold = heads(server.asked[0]), heads(other.asked[0])
    assert told.keys() - retold.keys() == {"authorization", "cookie", "x-api-key", "client-id"}
    assert (retold["accept"], retold["if-none-match"]) == ("application/json", '"e"')


def test_secrets_do_not_come_back_with_the_origin(client: Quick) -> None:
    def other_talk(one: Talk) -> None:
        if one.request():
            to(f"{server.url}/back")(one)

    with (
        talking(other_talk) as other,
        talking(in_turn(to(f"{other.url}/"), says(b"{}"))) as server,
    ):
        client.get(server.url, headers=SECRETS)
    assert "authorization" not in heads(server.asked[1])


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See"])
def test_what_was_sent_is_not_sent_on(client: Quick, status: str) -> None:
    with (
        talking(in_turn(says(b"{}"))) as other,
        talking(in_turn(to(f"{other.url}/b", status))) as server,
    ):
        client.post(server.url, form={"secret": "hunter2"})
    assert other.asked[0].startswith(b"GET /b HTTP/1.1\r\n")
    assert b"hunter2" not in other.asked[0] and "content-type" not in heads(other.asked[0])


@pytest.mark.parametrize("status", ["307 Temporary", "308 Permanent"])
def test_what_was_sent_is_sent_again_to_the_same_origin_alone(client: Quick, status: str) -> None:
    with talking(in_turn(to("/b", status), says(b"{}"))) as server:
        client.post(f"{server.url}/a", form={"secret": "hunter2"})
    assert server.asked[1].startswith(b"POST /b HTTP/1.1\r\n")
    assert server.asked[1].endswith(b"\r\n\r\nsecret=hunter2")
    with talking(in_turn(says(b"{}"))) as other:
        with (
            talking(in_turn(to(f"{other.url}/b", status))) as server,
            pytest.raises(UnavailableError, match="not told what was sent"),
        ):
            client.post(server.url, form={"secret": "hunter2"})
        assert other.asked == [] and len(server.asked) == 1


def test_a_loop_ends(client: Quick) -> None:
    with (
        talking(in_turn(to("/"))) as server,
        pytest.raises(UnavailableError, match="leads on and on"),
    ):
        client.get(server.url)
    assert len(server.asked) == 6
    assert client.slept == []


@pytest.mark.parametrize(
    "target",
    [
        *("file:///etc/passwd", "gopher://127.0.0.1/1", "ftp://127.0.0.1/", "data:text/plain,x"),
        *("javascript:1", "http://[", "http://:80/", "https://a b/", "mailto:a@b.c"),
        "http://127.0.0.1:99999/",
    ],
)
def test_a_redirect_off_the_web_is_not_followed(client: Quick, target: str) -> None:
    with (
        talking(in_turn(to(target))) as server,
        pytest.raises(UnavailableError, match=r"leads to .*no web address"),
    ):
        client.get(server.url)
    assert len(server.asked) == 1
