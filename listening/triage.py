"""Which mention needs an answer, and which first (pure).

    urgency = sum(weight * term) / sum(weight), over the terms that are known

Terms, each in [0, 1]: how negative towards the brand, risk words (danger, money, law,
leaving), reach, repeat complaints by the same author, freshness. An unknown reach is
left out of both sums, never taken for zero. The weights are `WEIGHTS`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

WEIGHTS = {"negativity": 0.25, "risk": 0.35, "reach": 0.15, "repeat": 0.10, "freshness": 0.15}
FRESH_HALF_LIFE_HOURS = 72.0
# A million followers is as much reach as the scale tells apart.
_FULL_REACH = 6.0

HIGH, MEDIUM = 0.55, 0.40
DUE_HOURS = {"high": 4, "medium": 24, "low": 72}

# Level in [0, 1] and pattern; the highest level found is the term.
_RISKS: tuple[tuple[str, float, re.Pattern[str]], ...] = tuple(
    (name, level, re.compile(pattern, re.IGNORECASE | re.VERBOSE))
    for name, level, pattern in (
        (
            "danger",
            1.0,
            r"""
            \b(?:burn(?:t|ed|s|ing)?\s+(?:my|his|her|our|marks?|smell|plastic)|scald\w*
            | electric(?:al)?\s+(?:shock|tingle)|shocked\s+me|electrocut\w*|tingle\s+off
            | (?:on|caught|catch|catches)\s+fire|smok(?:e|ing)\s+(?:from|com(?:es|ing))
            | spark(?:s|ed|ing)|explod\w*|injur\w*|unsafe|dangerous|hazard\w*|short\s+circuit
            | smell\w*\s+of\s+(?:burn|hot|smoke|gas)\w*|unplug\s+(?:it|yours)|overheat\w*
            | (?:vent|purg)\w*\s+(?:by\s+itself|without\s+warning|the\s+steam))\b
            """,
        ),
        (
            "law",
            0.9,
            r"""
            \b(?:lawyer|attorney|lawsuit|sue|suing|legal\s+action|small\s+claims|ombudsman
            | trading\s+standards|consumer\s+(?:protection|rights)|class\s+action
            | report(?:ed|ing)?\s+you)\b
            """,
        ),
        (
            "money",
            0.8,
            r"""
            \b(?:charg(?:e|ed|ing)\b[^.!?\n]{0,40}\b(?:twice|double|again|three\s+times)
            | double[\s-]?charg\w*|overcharg\w*|charg\w+\s+my\s+card|another\s+charge
            | taken\b[^.!?\n]{0,30}\bmoney|refund\b[^.!?\n]{0,60}\brefus\w+
            | refus\w+\b[^.!?\n]{0,30}\brefund|no\s+refund|second\s+refusal|card\s+company
            | (?:want|need|where|demand)\w*\s+(?:is\s+)?(?:a\s+|my\s+)?(?:full\s+)?(?:refund|money)
            | my\s+money\s+back|scam(?:med|mers?)?|fraud\w*|rip[\s-]?off|stole|chargeback)\b
            """,
        ),
        (
            "damage",
            0.7,
            r"""
            \b(?:leak(?:s|ed|ing|age|y)?|flood(?:ed|s|ing)?|pooling|puddle|lost\s+(?:my|our)|ruined
            | destroyed|stranded|stuck|missed\s+(?:my|our)|broke(?:n)?|bricked|cancel?led
            | dead\s+(?:on|after|machine))\b
            """,
        ),
        (
            "leaving",
            0.6,
            r"""
            \b(?:never\s+(?:again|buying|flying|using)|cancel(?:l?ing|l?ed)?\s+(?:my|our|the)
            | switch(?:ing|ed)\s+to|last\s+time|lost\s+(?:a|me\s+as\s+a)\s+customer
            | return(?:ing|ed)\s+(?:it|mine|the|this)|taking\s+my\s+business)\b
            """,
        ),
        (
            "unanswered",
            0.5,
            r"""
            \b(?:no\s+(?:reply|response|answer|one\s+(?:answers|replies|picks))|still\s+waiting
            | on\s+hold|nobody\s+(?:answers|replies|responds|on\s+the\s+(?:help)?line)
            | anyone\s+(?:in\s+)?there|someone\s+answer|ignor(?:ed|ing|e)|not\s+an\s+auto
            | \d+\s+(?:hours|hrs|days|weeks)|(?:third|fourth|second|3rd|4th|2nd)\s+(?:time|review)
            | pick\s+up\s+the\s+phone)\b
            """,
        ),
    )
)
# A risk word makes a case of a mention that is merely unfriendly, from this level on.
RISKY = 0.5


@dataclass(frozen=True, slots=True)
class Urgency:
    """A case's urgency, every term visible.

    Attributes:
        value: in [0, 1].
        terms: the known ones, each in [0, 1].
        risks: names of the risk word groups found, highest first.
        priority: "high", "medium" or "low".
    """

    value: float
    terms: dict[str, float]
    risks: tuple[str, ...]
    priority: str


def needs_answer(text: str, *, negative: bool, polarity: float | None) -> bool:
    """Whether a mention is a case: a negative one, or an unfriendly one with risk words.

    "Water is pooling under it, next to the plug" is no insult and still wants an answer.
    """
    if negative or polarity is None or polarity >= 0:
        return negative
    return any(level >= RISKY for _, level in risk_words(text))


def priority_of(value: float) -> str:
    """The priority that an urgency stands for."""
    return "high" if value >= HIGH else "medium" if value >= MEDIUM else "low"


def due_at(priority: str, opened_at: datetime) -> datetime:
    """When an answer is due, counted from the opening of the case."""
    return opened_at + timedelta(hours=DUE_HOURS[priority])


def risk_words(text: str) -> list[tuple[str, float]]:
    """The risk groups a text touches with their level, highest first."""
    return [(name, level) for name, level, pattern in _RISKS if pattern.search(text)]


def urgency(
    text: str,
    *,
    polarity: float,
    followers: int | None,
    complaints: int,
    published_at: datetime,
    as_of: datetime,
) -> Urgency:
    """How urgent a negative mention is.

    Args:
        text: the post.
        polarity: towards the brand, in [-1, 1].
        followers: of the author; None: unknown.
        complaints: the author's negative mentions of the brand up to now, this one included.
        published_at: of the post.
        as_of: the moment that age is counted from.
    """
    risks = risk_words(text)
    age = max((as_of - published_at).total_seconds() / 3600, 0.0)
    terms = {
        "negativity": max(-polarity, 0.0),
        "risk": risks[0][1] if risks else 0.0,
        "repeat": 1 - 1 / max(complaints, 1),
        "freshness": 2 ** (-age / FRESH_HALF_LIFE_HOURS),
    }
    if followers is not None:
        terms["reach"] = min(math.log10(max(followers, 0) + 1) / _FULL_REACH, 1.0)
    value = sum(WEIGHTS[t] * v for t, v in terms.items()) / sum(WEIGHTS[t] for t in terms)
    # Danger to people is never low, whatever the rest says.
    if risks and risks[0][0] == "danger":
        value = max(value, HIGH)
    return Urgency(
        value=round(value, 4),
        terms={name: round(v, 4) for name, v in terms.items()},
        risks=tuple(name for name, _ in risks),
        priority=priority_of(value),
    )
