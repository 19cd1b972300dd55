"""How fast a source is asked, and what its answers say about that."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from listening.config import get_settings
from listening.sources.errors import RateLimitError

if TYPE_CHECKING:
    from limits.storage import Storage

PATIENCE = 10.0  # seconds that are waited out within a pull; a longer pause ends it
_LONGEST = 86_400.0
_EPOCH = 1_000_000_000  # a reset above this is a moment, one below a number of seconds
_REMAINING = ("x-ratelimit-remaining", "ratelimit-remaining", "x-rate-limit-remaining")
_RESET = ("x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset")


class Pace:
    """Keeps requests to each host within a rate, together with every other worker.

    Workers on Redis share it; those of one process on the embedded queue share it as well.

    Args:
        name: of the source.
        rate: such as "60/minute" or "1/second; 300/5 minutes".
        sleep: waits.
    """

    def __init__(self, name: str, rate: str, *, sleep: Callable[[float], None]) -> None:
        self._name, self._rate, self._sleep = name, rate, sleep
        self._until: dict[str, float] = {}

    def wait(self, host: str) -> None:
        """Wait for this host's turn.

        Raises:
            RateLimitError: it is further off than is waited for.
        """
        from limits import parse_many
        from limits.strategies import MovingWindowRateLimiter

        self._sit_out(host, self._until.pop(host, 0.0) - time.time())
        limiter = MovingWindowRateLimiter(_storage())
        for limit in parse_many(self._rate):
            while not limiter.hit(limit, self._name, host):
                reset = limiter.get_window_stats(limit, self._name, host).reset_time
                self._sit_out(host, max(reset - time.time(), 0.05))

    def heed(self, host: str, pause: float | None) -> None:
        """A host said that nothing more is to be asked for so many seconds."""
        if pause is not None:
            self._until[host] = time.time() + pause

    def _sit_out(self, host: str, seconds: float) -> None:
        if seconds > PATIENCE:
            raise RateLimitError(f"{host} is asked often enough for now.", retry_after=seconds)
        if seconds > 0:
            self._sleep(seconds)


@lru_cache(maxsize=1)
def _storage() -> Storage:
    from limits.storage import storage_from_string

    broker = get_settings().broker_url
    address = broker.get_secret_value() if broker is not None else ""
    # Redis where there is one: it is what all workers see.
    shared = address.startswith(("redis://", "rediss://"))
    return storage_from_string(address if shared else "memory://")  # type: ignore[return-value]


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for, a number or a date; None: it does not say."""
    told = headers.get("retry-after", "").strip()
    if not told:
        return None
    if told.isascii() and told.replace(".", "", 1).isdigit():
        return min(float(told), _LONGEST)
    try:
        moment = parsedate_to_datetime(told)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST)


def pause_of(headers: Mapping[str, str]) -> float | None:
    """Seconds until there may be another request, where an answer says that none is left."""
    left = _first(headers, _REMAINING)
    try:
        if left is None or float(left) >= 1:
            return None
    except ValueError:
        return None
    return _until(_first(headers, _RESET))


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((headers[name].strip() for name in names if name in headers), None)


def _until(told: str | None) -> float | None:
    """Seconds to a reset: platforms give seconds, a moment in seconds, or one in ISO."""
    if not told:
        return None
    seconds: float
    try:
        number = float(told)
        seconds = number - time.time() if number > _EPOCH else number
    except ValueError:
        try:
            moment: Any = datetime.fromisoformat(told)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), _LONGEST) if seconds == seconds else None
