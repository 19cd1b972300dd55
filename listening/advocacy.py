"""Who stands where towards a brand, and why (pure).

Each mention i of an author has a polarity x in [-1, 1] towards the brand (a person's
override counts as -1, 0 or 1) and a weight

    w = 2 ** (-age / half_life) * (0.25 + 0.75 * salience)

times what `listening.discounting` makes of its author: nothing for the brand's own accounts,
employees and bots, a quarter for what looks like a reseller or posts like a machine.

Direct language moves it half way to the end it names: x becomes (x + 1) / 2 where the
author recommends, (x - 1) / 2 where they warn. Spam, unscored mentions, copies of an earlier
text and whatever is part of a copied campaign weigh nothing. The author's score is the mean
shrunken to the brand's own

    score = (k * m + sum(w * x)) / (k + sum(w))        k = PRIOR_WEIGHT

where m is the mean of the brand's mentions, and its interval is

    score -+ z * sqrt(v / (k + sum(w)))                z = Z, an 80 % interval

with v the variance of mentions of one author around their own mean, pooled over the
brand's authors. The interval decides: an advocate's lies above `MARGIN`, a detractor's
below -`MARGIN`, and two independent mentions are the least for either.

The form is the posterior mean of a normal mean with known variance (Gelman et al.,
Bayesian Data Analysis, 2.5); the constants were set on the airline authors, see
docs/decisions/0005-advocacy.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from listening.discounting import AS, Discount

PRIOR_WEIGHT = 0.5
Z = 1.2816
MARGIN = 0.1
MIN_OPINIONS = 2
MAX_EVIDENCE = 20
MAX_NEWEST = 20
ADVOCATE, DETRACTOR, PASSIVE = "advocate", "detractor", "passive"
# A mention is said to lean to a side from this pull on. That is no label: what the models call
# neutral may lean, by its polarity or because it warns or recommends.
LEANS = 0.2
# Praise is said to be perhaps ironic from this probability on; it weighs what it weighs, since
# weighing it less ranked the airline authors worse. Half of the texts that taught the model
# irony are ironic, of mentions perhaps one in ten: what looks like 0.9 there is even odds here
# (Saerens et al., 2002).
IRONY_FROM = 0.9
# What v is taken to be until enough authors have spoken twice.
_DEFAULT_VARIANCE = 0.25
_DEFAULT_VARIANCE_WEIGHT = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One mention, as far as the author's stance is concerned.

    `polarity` is None where nobody scored it; `copy_of_earlier` says that the text was
    posted before, by this author or another; `coordinated` that many posted it at once;
    `ironic` is a probability, None unknown; `discounts` are those of the author.
    """

    mention_id: int
    author_id: int
    published_at: datetime
    polarity: float | None
    salience: float = 1.0
    overridden: bool = False
    recommends: bool = False
    warns: bool = False
    spam: bool = False
    copy_of_earlier: bool = False
    coordinated: bool = False
    ironic: float | None = None
    discounts: tuple[Discount, ...] = ()

    @property
    def share(self) -> float:
        """What the author's discounts leave of a mention's weight."""
        return min((one.weight for one in self.discounts), default=1.0)

    @property
    def not_counted(self) -> str | None:
        """Why this mention weighs nothing, or None."""
        if self.share == 0:
            return self.discounts[0].kind
        if self.spam and not self.overridden:
            return "spam"
        if self.coordinated:
            return "coordinated"
        if self.copy_of_earlier:
            return "copy"
        return "not scored" if self.polarity is None else None

    @property
    def pull(self) -> float:
        """Polarity with direct language counted, in [-1, 1]."""
        x = self.polarity or 0.0
        if self.overridden or self.recommends == self.warns:
            return x
        return (x + 1) / 2 if self.recommends else (x - 1) / 2

    @property
    def doubtful(self) -> bool:
        """Praise that may be ironic."""
        if self.overridden or self.ironic is None:
            return False
        return self.pull > 0 and self.ironic >= IRONY_FROM


@dataclass(frozen=True, slots=True)
class Prior:
    """What the brand's own mentions say before an author speaks.

    Attributes:
        mean: mean pull of the counted mentions.
        variance: of an author's mentions around the author's own mean, pooled.
        mentions: how many it stands on.
    """

    mean: float
    variance: float
    mentions: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """A mention's part in a verdict; `not_counted` tells why its weight is zero."""

    mention_id: int
    weight: float
    pull: float | None
    not_counted: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """An author's stance with its interval, its evidence, and what it was computed with."""

    kind: str  # ADVOCATE, DETRACTOR or PASSIVE
    score: float
    low: float
    high: float
    mentions: int
    opinions: int
    recommends: int
    warns: int
    reason: str
    evidence: tuple[Evidence, ...]
    basis: dict[str, float] = field(default_factory=dict)
    last_at: datetime | None = None  # of the latest mention
    newest: tuple[tuple[int, float], ...] = ()  # counted, (mention id, pull) by falling id
    discounts: tuple[Discount, ...] = ()
    coordinated: int = 0  # mentions that are part of copied campaigns


def prior_of(said: Iterable[Said]) -> Prior:
    """The prior from all of a brand's mentions."""
    by_author: dict[int, list[float]] = {}
    for one in said:
        if one.not_counted is None and not one.discounts:
            by_author.setdefault(one.author_id, []).append(one.pull)
    pulls = [x for own in by_author.values() for x in own]
    if not pulls:
        return Prior(0.0, _DEFAULT_VARIANCE, 0)
    squares = freedom = 0.0
    for own in by_author.values():
        mean = math.fsum(own) / len(own)
        squares += math.fsum((x - mean) ** 2 for x in own)
        freedom += len(own) - 1
    variance = (squares + _DEFAULT_VARIANCE * _DEFAULT_VARIANCE_WEIGHT) / (
        freedom + _DEFAULT_VARIANCE_WEIGHT
    )
    return Prior(math.fsum(pulls) / len(pulls), variance, len(pulls))


def weight(said: Said, *, as_of: datetime, half_life_days: float) -> float:
    """How much a mention counts; 1 for a fresh one that is all about the brand."""
    if said.not_counted is not None:
        return 0.0
    age = max((as_of - said.published_at).total_seconds() / 86_400, 0.0)
    return float(2 ** (-age / half_life_days) * worth(said))


def worth(said: Said) -> float:
    """What a counted mention weighs on the day it is said."""
    return (0.25 + 0.75 * said.salience) * said.share


def interval(score: float, variance: float, total: float) -> tuple[float, float]:
    """Of a score that stands on `total` weights, the prior's among them."""
    half = Z * math.sqrt(variance / total)
    return max(score - half, -1.0), min(score + half, 1.0)


def stance(
    said: Sequence[Said], prior: Prior, *, as_of: datetime, half_life_days: float = 180.0
) -> Verdict:
    """The stance of one author towards one brand.

    Args:
        said: all the author's mentions of the brand, at least one.
        prior: of the brand.
        as_of: the moment that ages are counted from.
        half_life_days: age at which a mention counts half.
    """
    weights = [weight(s, as_of=as_of, half_life_days=half_life_days) for s in said]
    total = PRIOR_WEIGHT + math.fsum(weights)
    pulled = math.fsum(w * s.pull for s, w in zip(said, weights, strict=True) if w)
    score = (PRIOR_WEIGHT * prior.mean + pulled) / total
    low, high = interval(score, prior.variance, total)
    counted = [s for s in said if s.not_counted is None]
    kind = kind_of(low, high, len(counted))
    return Verdict(
        kind=kind,
        score=score,
        low=low,
        high=high,
        mentions=len(said),
        opinions=len(counted),
        recommends=sum(s.recommends for s in counted),
        warns=sum(s.warns for s in counted),
        reason=_reason(kind, said, counted),
        evidence=_evidence(said, weights, score),
        basis={
            "prior_mean": round(prior.mean, 6),
            "prior_variance": round(prior.variance, 6),
            "prior_weight": PRIOR_WEIGHT,
            "z": Z,
            "margin": MARGIN,
            "half_life_days": half_life_days,
            "as_of": as_of.timestamp(),
        },
        last_at=max(s.published_at for s in said),
        newest=_newest(counted),
        discounts=said[0].discounts,
        coordinated=sum(s.coordinated for s in said),
    )


def kind_of(low: float, high: float, opinions: int) -> str:
    """What the interval decides."""
    if opinions < MIN_OPINIONS:
        return PASSIVE
    if low > MARGIN:
        return ADVOCATE
    return DETRACTOR if high < -MARGIN else PASSIVE


def _newest(counted: Sequence[Said]) -> tuple[tuple[int, float], ...]:
    latest = sorted(counted, key=lambda s: -s.mention_id)[:MAX_NEWEST]
    return tuple((s.mention_id, round(s.pull, 4)) for s in latest)


def _evidence(said: Sequence[Said], weights: Sequence[float], score: float) -> tuple[Evidence, ...]:
    """Those that made the score first, those against it next, those not counted last."""
    sign = 1.0 if score >= 0 else -1.0
    order = sorted(
        zip(said, weights, strict=True),
        key=lambda pair: (pair[1] == 0, -sign * pair[0].pull * pair[1], pair[0].mention_id),
    )
    return tuple(
        Evidence(
            s.mention_id,
            round(w, 4),
            None if s.polarity is None else round(s.pull, 4),
            s.not_counted,
        )
        for s, w in order[:MAX_EVIDENCE]
    )


def _reason(kind: str, said: Sequence[Said], counted: Sequence[Said]) -> str:
    """The verdict in words, from the counts alone."""
    positive = sum(s.pull > LEANS for s in counted)
    negative = sum(s.pull < -LEANS for s in counted)
    count = len(counted)
    if count < MIN_OPINIONS:
        scored = any(s.polarity is not None for s in said)
        nothing = "no mention that counts" if scored else "no scored mention"
        parts = ["one independent mention: too little to tell" if count else nothing]
    elif kind == ADVOCATE or (kind == PASSIVE and positive > negative):
        parts = [f"{positive} of {count} mentions {_lean(positive)} positive"]
    elif kind == DETRACTOR or negative > positive:
        parts = [f"{negative} of {count} mentions {_lean(negative)} negative"]
    else:
        parts = [
            f"{positive} of {count} mentions {_lean(positive)} positive, "
            f"{negative} {_lean(negative)} negative"
        ]
    if recommends := sum(s.recommends for s in counted):
        parts.append("recommends it" + _times(recommends))
    if warns := sum(s.warns for s in counted):
        parts.append("warns others" + _times(warns))
    if doubtful := sum(s.doubtful for s in counted):
        parts.append(f"{doubtful} of the positive may be ironic")
    parts += [
        f"weighs {'nothing' if one.weight == 0 else 'less'} as {AS[one.kind]}"
        for one in said[0].discounts
    ]
    left_out: dict[str, int] = {}
    for one in said:
        if one.not_counted is not None:
            left_out[one.not_counted] = left_out.get(one.not_counted, 0) + 1
    parts += [f"{n} not counted ({why})" for why, n in sorted(left_out.items())]
    return "; ".join(parts)


def _lean(count: int) -> str:
    return "leans" if count == 1 else "lean"


def _times(count: int) -> str:
    return "" if count == 1 else " twice" if count == 2 else f" {count} times"
