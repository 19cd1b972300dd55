"""Whose word about a brand weighs less, and why (pure).

An author is one of four things, or none: the brand's own account, somebody who says that they
work there, a bot, a reseller. What a person marked has the last word. Of several the one that
weighs least counts, and all are told.

    own account   weighs nothing   handle or name is the brand's, perhaps with "help", "news" ...
    employee      weighs nothing   says so: "I work at BRAND", "as a BRAND employee"
    bot           weighs nothing   calls itself one
                  weighs a quarter posts by the clock, in bursts, or the same again and again
    reseller      weighs a quarter promo codes, prices with a link, "DM to order", in half of the
                                   mentions and two at least, or in one under a shop's name

Patterns are narrow: a miss costs a little, a false hit takes somebody's word away.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from statistics import fmean, pstdev

OUT, DOWN = 0.0, 0.25
KINDS = ("own", "employee", "bot", "reseller")
GENUINE = "genuine"

BURST, BURST_WITHIN = 15, timedelta(minutes=10)
REPEATS, REPEATED_SHARE = 8, 0.25
BY_THE_CLOCK, CLOCK_SPREAD = 12, 0.05
SALES = 2
_SHORTEST_NAME = 4  # letters; a shorter brand is a word that many handles are

_OFFICIAL_BEFORE = ("ask", "team", "the", "official", "hello", "get")
_OFFICIAL_AFTER = (
    "official", "hq", "news", "newsroom", "press", "support", "help", "helps", "cares", "care",
    "service", "team", "us", "usa", "uk", "eu", "ca", "global", "careers", "jobs", "app",
)  # fmt: skip
_BOT = re.compile(r"(?:^|[_\-.\d\s])bots?(?:$|[_\-.\d\s])", re.IGNORECASE)
_BOT_END = re.compile(r"[a-z\d]Bot\d*$")
_SHOP = re.compile(
    r"(?:deals?|outlet|resell(?:er|ers|s)|wholesale|coupons?|promos?|discounts?|shop|store)s?\d*$"
    r"|\b(?:deals|outlet|reseller|wholesale|coupons?|promos?|discounts?)\b",
    re.IGNORECASE,
)
_SELLS = re.compile(
    r"""
    \b(?:promo|discount|coupon|voucher|referral)\s*(?:code|link)s?\s*:?\s+(?-i:[A-Z]*\d[A-Z\d]+)\b
    | \b(?:use|grab|here['’]?s|my|our)\s+(?:\w+\s+){0,2}
        (?:promo|discount|coupon|voucher|referral)\s*(?:code|link)s?\b
    | \buse\s+(?:my\s+)?code\b
    | \b\d{1,2}\s?%\s*off\b
    | \b(?:dm|message|whatsapp|inbox)\s+(?:me|us)?\s*
        (?:to\s+(?:order|buy)|for\s+prices?)\b
    | \b(?:order|shop|buy)\s+now\b | \bfree\s+shipping\b | \blink\s+in\s+bio\b | \bprice\s+list\b
    | \b(?:from|only|just|now)\s+[$€£]\s?\d[^\n]{0,80}https?://
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
_UNSURE = re.compile(r"(?:\bif|\bwish|\blike|\bthink|\bsays?|\bsaid|[\"“])\s*$", re.IGNORECASE)
_NOISE = re.compile(r"https?://\S+|@\w+|[\W_]+")
_NOT_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Discount:
    """Why an author's word weighs less: `weight` is what it is multiplied by."""

    kind: str
    weight: float
    why: str


@dataclass(frozen=True, slots=True)
class Account:
    """Who speaks, as declared."""

    native_id: str
    handle: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Uttered:
    """One mention, as far as discounts are concerned."""

    at: datetime
    text: str


def folded(name: str) -> str:
    """Letters and digits alone, in one case."""
    return _NOT_WORD.sub("", name).casefold()


def discounts_of(
    account: Account,
    uttered: Sequence[Uttered],
    names: Collection[str],
    mark: str | None = None,
    marked_by: str | None = None,
) -> tuple[Discount, ...]:
    """Every discount that applies, the heaviest first; none for most.

    Args:
        account: of the author.
        uttered: the author's mentions of the brand.
        names: of the brand.
        mark: what a person said the author is, one of `KINDS` or `GENUINE`.
        marked_by: who said it.
    """
    if mark == GENUINE:
        return ()
    if mark is not None:
        return (Discount(mark, OUT, f"marked as {AS[mark]} by {marked_by or 'a person'}"),)
    found = [
        one
        for one in (
            _own(account, names),
            _employee(uttered, names),
            _bot(account, uttered),
            _reseller(account, uttered),
        )
        if one is not None
    ]
    return tuple(sorted(found, key=lambda one: (one.weight, KINDS.index(one.kind))))


# What an author of a kind is called in a sentence.
AS = {
    "own": "the brand's own account",
    "employee": "an employee",
    "bot": "a bot",
    "reseller": "a reseller",
}


def _own(account: Account, names: Collection[str]) -> Discount | None:
    official = {
        key
        for name in names
        if len(own := folded(name)) >= _SHORTEST_NAME
        for key in (own, *(b + own for b in _OFFICIAL_BEFORE), *(own + a for a in _OFFICIAL_AFTER))
    }
    handle = account.handle or account.native_id
    if folded(handle) in official:
        return Discount("own", OUT, f"the handle @{handle.removeprefix('@')} is the brand's name")
    return None


def _employee(uttered: Sequence[Uttered], names: Collection[str]) -> Discount | None:
    pattern = _employment(tuple(sorted(names)))
    if pattern is None:
        return None
    for one in uttered:
        for match in pattern.finditer(one.text):
            if not _UNSURE.search(one.text[max(match.start() - 12, 0) : match.start()]):
                said = " ".join(match.group().split())
                return Discount("employee", OUT, f"says “{said}”")
    return None


@lru_cache(maxsize=256)
def _employment(names: tuple[str, ...]) -> re.Pattern[str] | None:
    words = [r"[\s_]*".join(map(re.escape, name.split())) for name in names if name.strip()]
    if not words:
        return None
    brand = rf"[@#]?(?:{'|'.join(sorted(words, key=len, reverse=True))})\b"
    return re.compile(
        rf"""
        \b(?:I|we)\s+(?:currently\s+|also\s+|actually\s+)?work(?:ed\s+today)?\s+(?:at|for)\s+
            (?:the\s+)?{brand}
        | \b(?:I\s+am|I['’]?m|we\s+are|we['’]re)\s+(?:employed\s+(?:at|by)|working\s+(?:at|for))\s+
            (?:the\s+)?{brand}
        | \bas\s+an?\s+(?:proud\s+)?{brand}\s+
            (?:employee|engineer|crew\s*member|team\s*member|rep)\b,?\s+(?:I|we|my)\b
        | \bI['’]?m\s+an?\s+(?:proud\s+)?{brand}\s+(?:employee|crew\s*member|team\s*member|rep)\b
        | \bmy\s+employer,?\s+{brand}
        | \b(?:here\s+at|we\s+at)\s+{brand},?\s+we\b
        | \b(?:join\s+our\s+team|we(?:['’]re|\s+are)\s+hiring)\b[^.\n]{{0,40}}{brand}
        """,
        re.VERBOSE | re.IGNORECASE,
    )


def _bot(account: Account, uttered: Sequence[Uttered]) -> Discount | None:
    for called in (account.handle, account.name):
        if called and (_BOT.search(called) or _BOT_END.search(called)):
            return Discount("bot", OUT, f"is called “{called.strip()}”")
    times = sorted(one.at for one in uttered)
    for start, end in zip(times, times[BURST - 1 :], strict=False):
        if end - start <= BURST_WITHIN:
            minutes = int(BURST_WITHIN.total_seconds() // 60)
            return Discount("bot", DOWN, f"{BURST} mentions within {minutes} minutes")
    if len(uttered) >= REPEATS:
        distinct = len({_NOISE.sub(" ", one.text).casefold().strip() for one in uttered})
        if distinct <= REPEATED_SHARE * len(uttered):
            return Discount("bot", DOWN, f"{len(uttered)} mentions, {distinct} different")
    if len(times) >= BY_THE_CLOCK:
        gaps = [(b - a).total_seconds() for a, b in pairwise(times)]
        mean = fmean(gaps)
        if mean > 0 and pstdev(gaps) < CLOCK_SPREAD * mean:
            return Discount("bot", DOWN, f"{len(times)} mentions by the clock")
    return None


def _reseller(account: Account, uttered: Sequence[Uttered]) -> Discount | None:
    sales = sum(sells(one.text) for one in uttered)
    if not sales:
        return None
    shop = next((c for c in (account.handle, account.name) if c and _SHOP.search(c)), None)
    if shop is not None:
        return Discount("reseller", DOWN, f"is called “{shop.strip()}” and sells")
    if sales >= SALES and 2 * sales >= len(uttered):
        return Discount("reseller", DOWN, f"sells in {sales} of {len(uttered)} mentions")
    return None


def sells(text: str) -> bool:
    """Whether a text offers something: codes, prices with a link, how to order.

    One that asks ("any promo code?") offers nothing, unless it links somewhere.
    """
    return bool(_SELLS.search(text)) and ("?" not in text or bool(_LINK.search(text)))
