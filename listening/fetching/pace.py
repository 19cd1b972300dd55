"""How fast a source is asked, and what its answers say about that."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import structlog

from listening.config import get_settings
from listening.logs import masked
from listening.sources.errors import RateLimitError

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.storage import MemoryStorage, RedisStorage
    from redis import Redis

PATIENCE = 10.0  # seconds that are waited out within a pull; a longer pause ends it
_LONGEST = 86_400.0
_EPOCH = 1_000_000_000  # a reset above this is a moment, one below a number of seconds
_MILLI = 100_000_000_000  # and above this it is one in milliseconds
_REMAINING = ("x-ratelimit-remaining", "ratelimit-remaining", "x-rate-limit-remaining")
_RESET = ("x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset")
_PREFIX = "listening:pace"  # of every key in Redis; Celery's have other names
_AGAIN = 60.0  # seconds until a Redis that went away is tried again
_SECONDS = 3  # that Redis may take
_LOG = structlog.get_logger()


class _Pauses:
    """Until when hosts want no more, as they told a source; shared by all of its name."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def left(self, host: str) -> float:
        with self._lock:
            left = self._until.get(host, 0.0) - time.time()
            if left <= 0:
                self._until.pop(host, None)
            return left

    def set(self, host: str, seconds: float) -> None:
        with self._lock:
            self._until[host] = time.time() + seconds


_PAUSES: WeakValueDictionary[str, _Pauses] = WeakValueDictionary()
_SHARING, _TAKING = threading.Lock(), threading.Lock()


class Pace:
    """Keeps requests to each host within a rate, together with every other worker.

    Workers on Redis share it; those of one process on the embedded queue share it as well.
    Where Redis does not answer, each process keeps the rate by itself until it does.

    Args:
        name: of the source.
        rate: such as "60/minute" or "1/second; 300/5 minutes".
        sleep: waits.
    """

    def __init__(self, name: str, rate: str, *, sleep: Callable[[float], None]) -> None:
        self._name, self._rate, self._sleep = name, rate, sleep
        with _SHARING:
            self._pauses = _PAUSES.setdefault(name, _Pauses())

    def wait(self, host: str) -> None:
        """Wait for this host's turn.

        Raises:
            RateLimitError: it is further off than is waited for.
        """
        from limits import parse_many

        left = max(self._pauses.left(host), _broker().pause(self._name, host))
        waited = self._sit_out(host, left, 0.0)
        for limit in parse_many(self._rate):
            while (left := self._turn(limit, host)) > 0:
                waited = self._sit_out(host, left, waited)

    def heed(self, host: str, pause: float | None) -> None:
        """A host said that nothing more is to be asked for so many seconds."""
        if pause is not None and pause > 0:
            self._pauses.set(host, pause)
            _broker().set_pause(self._name, host, pause)

    def _turn(self, limit: RateLimitItem, host: str) -> float:
        """Seconds to this host's turn; 0: it is, and is taken."""
        broker = _broker()
        shared = broker.storage()
        if shared is not None:
            try:
                return self._taken(shared, limit, host)
            except Exception as error:  # whatever it is, the sweep goes on
                broker.failed(error)
        with _TAKING:  # the store in memory gives two threads one place now and then
            return self._taken(_memory(), limit, host)

    def _taken(
        self, storage: MemoryStorage | RedisStorage, limit: RateLimitItem, host: str
    ) -> float:
        from limits.strategies import MovingWindowRateLimiter

        limiter = MovingWindowRateLimiter(storage)
        if limiter.hit(limit, self._name, host):
            return 0.0
        reset = limiter.get_window_stats(limit, self._name, host).reset_time
        return float(max(reset - time.time(), 0.05))

    def _sit_out(self, host: str, seconds: float, waited: float) -> float:
        """Wait; how long it has been by now."""
        if seconds <= 0:
            return waited
        if waited + seconds > PATIENCE:
            raise RateLimitError(f"{host} is asked often enough for now.", retry_after=seconds)
        self._sleep(seconds)
        return waited + seconds


class _Broker:
    """Redis, where all workers meet; without an address, or while it is away, there is none."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Redis | None = None
        self._storage: RedisStorage | None = None
        self._away_until = 0.0
        self._told = False
        self._lock = threading.Lock()

    def storage(self) -> RedisStorage | None:
        return self._storage if self._client_now() is not None else None

    def _client_now(self) -> Redis | None:
        if not self._address or time.monotonic() < self._away_until:
            return None
        with self._lock:
            if self._client is None:
                try:
                    self._storage, self._client = _redis(self._address)
                except Exception:
                    # What it says may quote the address, and so the password.
                    self.failed(ValueError("LISTENING_BROKER_URL makes no sense"))
            return self._client

    def failed(self, error: Exception) -> None:
        """It does not answer: told once for as long as it stays away."""
        self._away_until = time.monotonic() + _AGAIN
        if not self._told:
            self._told = True
            _LOG.warning(
                "Redis does not answer; each process keeps the pace of sources by itself",
                error=masked(str(error)),
            )

    def pause(self, name: str, host: str) -> float:
        """Seconds that a host wants nothing, as any worker was told."""
        client = self._client_now()
        if client is None:
            return 0.0
        try:
            left: Any = client.pttl(_pause_key(name, host))  # milliseconds
        except Exception as error:
            self.failed(error)
            return 0.0
        self._told = False
        return float(left) / 1000

    def set_pause(self, name: str, host: str, seconds: float) -> None:
        client = self._client_now()
        if client is None:
            return
        try:
            client.set(_pause_key(name, host), 1, px=math.ceil(seconds * 1000))
        except Exception as error:
            self.failed(error)


def _pause_key(name: str, host: str) -> str:
    return f"{_PREFIX}:pause:{name}/{host}"


def _broker() -> _Broker:
    broker = get_settings().broker_url
    address = broker.get_secret_value() if broker is not None else ""
    return _broker_at(address if address.startswith(("redis://", "rediss://")) else "")


@lru_cache(maxsize=4)
def _broker_at(address: str) -> _Broker:
    return _Broker(address)


@lru_cache(maxsize=1)
def _memory() -> MemoryStorage:
    from limits.storage import MemoryStorage

    return MemoryStorage()


def _redis(address: str) -> tuple[RedisStorage, Redis]:
    from limits.storage import RedisStorage
    from redis import ConnectionPool, Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    pool = ConnectionPool.from_url(
        address,
        socket_connect_timeout=_SECONDS,
        socket_timeout=_SECONDS,
        # Once more, since it may have closed the connection meanwhile.
        retry=Retry(NoBackoff(), 1),
    )
    storage = RedisStorage("redis://", connection_pool=pool, key_prefix=_PREFIX)
    return storage, Redis(connection_pool=pool)


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for, a number or a date; None: it does not say."""
    told = headers.get("retry-after", "").strip()
    if not told:
        return None
    if told.isascii() and told.replace(".", "", 1).isdigit():
        return min(float(told), _LONGEST)
    try:
        moment = parsedate_to_datetime(told)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return _to(moment)


def pause_of(headers: Mapping[str, str]) -> float | None:
    """Seconds until there may be another request, where an answer says that none is left."""
    left = _first(headers, _REMAINING)
    try:
        none_left = left is not None and float(left) < 1
    except ValueError:
        return None
    return reset_of(headers) if none_left else None


def reset_of(headers: Mapping[str, str]) -> float | None:
    """Seconds to a reset: platforms give seconds, a moment in seconds, or one in ISO."""
    told = _first(headers, _RESET)
    if not told:
        return None
    try:
        number = float(told)
    except ValueError:
        try:
            return _to(datetime.fromisoformat(told))
        except (ValueError, OverflowError):
            return None
    if not math.isfinite(number):
        return None
    number = number / 1000 if number > _MILLI else number
    return _bounded(number - time.time() if number > _EPOCH else number)


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((headers[name].strip() for name in names if name in headers), None)


def _to(moment: datetime) -> float:
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _bounded((moment - datetime.now(UTC)).total_seconds())


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), _LONGEST)
