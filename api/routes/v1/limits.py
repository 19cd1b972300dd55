"""How many requests the API takes of one key, one browser, or one address that has neither."""

from __future__ import annotations

import math
import time

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from api.routes.problems import Problem
from listening.access import Actor

# Whoever is nobody may guess keys only so fast.
_STRANGERS = 60


class RequestLimits:
    """Requests of the last minute, by who made them; of this process."""

    def __init__(self, a_minute: int) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._known = RateLimitItemPerMinute(a_minute)
        self._strangers = RateLimitItemPerMinute(min(_STRANGERS, a_minute))

    def take(self, who: str, known: bool) -> tuple[bool, int, int, int]:
        """Count one request: whether it is allowed, of how many, how many are left, seconds."""
        item = self._known if known else self._strangers
        allowed = self._limiter.hit(item, who)
        window = self._limiter.get_window_stats(item, who)
        wait = max(math.ceil(window.reset_time - time.time()), 1)
        return allowed, item.amount, window.remaining, wait


def admit(request: Request, actor: Actor | None) -> dict[str, str]:
    """Headers that say how many requests are left.

    Raises:
        Problem: too many.
    """
    limits: RequestLimits = request.app.state.limits
    who = f"address {request.client.host if request.client else '?'}"
    if actor is not None:
        who = f"key {actor.key_id}" if actor.key_id is not None else f"account {actor.account_id}"
    allowed, most, left, wait = limits.take(who, actor is not None)
    headers = {"RateLimit-Limit": str(most), "RateLimit-Remaining": str(left),
               "RateLimit-Reset": str(wait)}  # fmt: skip
    if not allowed:
        raise Problem(
            429,
            "Too many requests",
            f"{most} requests a minute are taken; go on in {wait} s.",
            {**headers, "Retry-After": str(wait)},
        )
    return headers
