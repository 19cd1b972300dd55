"""How fast a source is asked: alone, with others of its process, with others on Redis."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from listening.config import get_settings
from listening.fetching import pace
from listening.fetching.pace import PATIENCE, Pace, pause_of, reset_of, retry_after_of
from listening.sources.errors import RateLimitError
from tests.redis_server import PASSWORD, QUOTED, RedisServer

Use = Callable[[str], None]


@pytest.fixture(autouse=True)
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[Use]:
    """Names the broker; nothing is known of what was asked before."""

    def named(address: str) -> None:
        monkeypatch.setenv("LISTENING_BROKER_URL", address)
        get_settings.cache_clear()
        pace._broker_at.cache_clear()

    get_settings.cache_clear()
    pace._broker_at.cache_clear()
    pace._memory.cache_clear()
    yield named
    get_settings.cache_clear()
    pace._broker_at.cache_clear()
    pace._memory.cache_clear()


def refused(own: Pace, host: str = "a.example") -> float:
    with pytest.raises(RateLimitError) as stopped:
        own.wait(host)
    assert host in str(stopped.value)
    return stopped.value.retry_after


def test_a_rate_is_kept_by_name_and_host() -> None:
    slept: list[float] = []
    first, second = (Pace("one", "2/hour", sleep=slept.append) for _ in range(2))
    other = Pace("two", "2/hour", sleep=slept.append)
    first.wait("a.example")
    second.wait("a.example")
    for own in (first, second):
        assert 3590 < refused(own) <= 3600
    first.wait("b.example")
    other.wait("a.example")
    assert slept == []


def test_a_turn_that_comes_soon_is_waited_for() -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        time.sleep(seconds)

    own = Pace("soon", "1/second; 1000/hour", sleep=sleep)
    own.wait("a.example")
    own.wait("a.example")
    assert slept and all(0 < seconds <= 1 for seconds in slept)


def test_nobody_waits_for_ever() -> None:
    """Others may take each turn that comes: a sleep that never brings it ends in an error."""
    slept: list[float] = []
    own = Pace("crowded", "1/5 seconds", sleep=slept.append)
    own.wait("a.example")
    assert 0 < refused(own) <= 5
    assert 0 < sum(slept) <= PATIENCE


def test_several_limits_hold_at_once() -> None:
    own = Pace("both", "2/day; 1000/second", sleep=lambda _: None)
    own.wait("a.example")
    own.wait("a.example")
    assert refused(own) > 3600


def test_threads_share_a_rate() -> None:
    taken: list[int] = []

    def take(number: int) -> None:
        own = Pace("threads", "50/hour", sleep=lambda _: None)
        for _ in range(20):
            try:
                own.wait("a.example")
            except RateLimitError:
                return
            taken.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 50


def test_what_a_host_asks_for_holds_for_all_of_the_name_until_it_is_over() -> None:
    slept: list[float] = []
    first, second = (Pace("told", "1000/second", sleep=slept.append) for _ in range(2))
    other = Pace("other", "1000/second", sleep=slept.append)
    first.heed("a.example", 900)
    for own in (first, second, first, second):  # being refused does not end it
        assert 890 < refused(own) <= 900
    first.wait("b.example")
    other.wait("a.example")
    assert slept == []
    second.heed("a.example", 3)
    first.wait("a.example")
    assert 2 < slept[0] <= 3


def test_what_says_nothing_changes_nothing() -> None:
    own = Pace("quiet", "1000/second", sleep=lambda _: pytest.fail("slept"))
    for pause in (None, 0.0, -5.0):
        own.heed("a.example", pause)
        own.wait("a.example")


def test_what_was_told_is_forgotten_with_the_last_that_heard_it() -> None:
    Pace("gone", "1000/second", sleep=lambda _: None).heed("a.example", 900)
    Pace("gone", "1000/second", sleep=lambda _: None).wait("a.example")


# On Redis.


def asked_elsewhere(name: str, address: str, rate: str, times: int) -> None:
    """As another worker would: nothing is shared with it but Redis."""
    storage, client = pace._redis(address)
    from limits import parse
    from limits.strategies import MovingWindowRateLimiter

    for _ in range(times):
        assert MovingWindowRateLimiter(storage).hit(parse(rate), name, "a.example")
    client.close()
    storage.storage.close()


@pytest.mark.server
@pytest.mark.parametrize("address", ["url", "tls_url"])
def test_workers_on_redis_share_a_rate(redis: RedisServer, use: Use, address: str) -> None:
    use(getattr(redis, address))
    asked_elsewhere("shared", getattr(redis, address), "3/hour", 2)
    own = Pace("shared", "3/hour", sleep=lambda _: None)
    own.wait("a.example")
    assert 3590 < refused(own) <= 3600
    with redis.client() as client:
        keys = client.keys()
    assert keys and all(key.startswith("listening:pace:") for key in keys)


@pytest.mark.server
def test_workers_on_redis_share_what_a_host_asks_for(redis: RedisServer, use: Use) -> None:
    use(redis.url)
    with redis.client() as client:
        Pace("shared", "1000/second", sleep=lambda _: None).heed("a.example", 900)
        assert 890_000 < int(str(client.pttl("listening:pace:pause:shared/a.example"))) <= 900_000
        client.set("listening:pace:pause:shared/b.example", 1, px=700_000)
    own = Pace("shared", "1000/second", sleep=lambda _: None)  # which heard nothing itself
    assert 890 < refused(own) <= 900
    assert 690 < refused(own, "b.example") <= 700


@pytest.mark.server
def test_a_redis_that_goes_away_stops_nothing(
    redis: RedisServer, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(redis.url)
    own = Pace("away", "3/hour", sleep=lambda _: None)
    own.wait("a.example")
    redis.kill()
    try:
        with structlog.testing.capture_logs() as told:
            for _ in range(3):  # kept by this process from here on
                own.wait("a.example")
            own.heed("b.example", 900)
            assert refused(own) > 3590
            assert refused(own, "b.example") > 890
            monkeypatch.setattr(pace, "_AGAIN", 0.0)
            broker = pace._broker()
            broker._away_until = 0.0
            refused(own)  # tried again, and still away
        assert [line["log_level"] for line in told] == ["warning"], "once"
        assert PASSWORD not in str(told) and QUOTED not in str(told)
    finally:
        redis.start()
    redis.clear()
    broker._away_until = 0.0
    for _ in range(3):  # shared again
        own.wait("a.example")
    assert refused(own) > 3590
    with redis.client() as client:
        assert client.keys("listening:pace:*")


@pytest.mark.parametrize(
    "address",
    [
        "redis://:hunter2/x@host:6379/0",
        "redis://:p@127.0.0.1:hunter2/0",
        "redis://:hunter2@[broken/0",
        "redis://:hunter2@127.0.0.1:1/0?socket_timeout=hunter2",
        "rediss://:hunter2@127.0.0.1:1/0?ssl_cert_reqs=nonsense",
        "redis://:hunter2@127.0.0.1:1/0",
    ],
)
def test_an_address_that_makes_no_sense_is_not_shown(use: Use, address: str) -> None:
    use(address)
    own = Pace("broken", "2/hour", sleep=lambda _: None)
    with structlog.testing.capture_logs() as told:
        own.wait("a.example")
        own.wait("a.example")
        refused(own)
    assert len(told) == 1
    assert "hunter2" not in str(told)


# What answers say.


def ahead(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("family", ["x-ratelimit", "ratelimit", "x-rate-limit"])
@pytest.mark.parametrize(
    ("left", "reset", "low", "high"),
    [
        ("0", "30", 30, 30),
        ("0.0", "30.5", 30.5, 30.5),
        ("-3", "30", 30, 30),
        (" 0 ", " 30 ", 30, 30),
        ("0", "0", 0, 0),
        ("0", "-30", 0, 0),
        ("0", "99999999", 86_400, 86_400),
        ("0", lambda: str(int(time.time()) + 60), 55, 60),
        ("0", lambda: str(int(time.time()) - 60), 0, 0),
        ("0", lambda: str(int(time.time() * 1000) + 60_000), 55, 60),
        ("0", lambda: ahead(60), 55, 60),
        ("0", lambda: ahead(-60), 0, 0),
        ("0", lambda: ahead(60).removesuffix("Z"), 55, 60),
    ],
)
def test_none_left_is_a_pause(
    family: str, left: str, reset: str | Callable[[], str], low: float, high: float
) -> None:
    told = reset if isinstance(reset, str) else reset()
    found = pause_of({f"{family}-remaining": left, f"{family}-reset": told})
    assert found is not None and low <= found <= high


@pytest.mark.parametrize(
    ("left", "reset"),
    [
        *(("1", "30"), ("59", "30"), ("nan", "30"), ("", "30"), ("none", "30"), (None, "30")),
        *(("0", None), ("0", ""), ("0", "soon"), ("0", "nan"), ("0", "inf"), ("0", "-inf")),
        *(("0", "2026-13-45T00:00:00Z"), ("0, 5", "30"), ("inf", "30"), ("0", "1, 2")),
    ],
)
def test_what_says_no_pause_is_none(left: str | None, reset: str | None) -> None:
    told = {"x-ratelimit-remaining": left, "x-ratelimit-reset": reset}
    assert pause_of({name: value for name, value in told.items() if value is not None}) is None


NAMES = ("retry-after", "x-ratelimit-remaining", "ratelimit-reset", "x-rate-limit-reset")
TOLD = st.one_of(
    st.text(),
    st.from_regex(r"[-+0-9eE._:TZ, ]{1,40}"),
    st.floats().map(str),
    st.integers().map(str),
    st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT")),
    st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
)


@given(st.dictionaries(st.sampled_from(NAMES), TOLD))
def test_whatever_is_told_is_seconds_or_nothing(headers: dict[str, str]) -> None:
    for read in (retry_after_of, pause_of, reset_of):
        found: Any = read(headers)
        assert found is None or 0 <= found <= 86_400
