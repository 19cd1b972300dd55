"""What changed and why, in a few sentences made from figures (pure).

Each sentence holds its figures with their denominators, and says which mentions are behind it.
What is no further apart than chance would have it is not called a change.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from listening.incidents import Incident, IncidentKind
from listening.reports import share_of_voice
from listening.series import Counts
from listening.windows import Window

MOST = 6
APART = 1.96  # standard errors: 5 % of changes by chance alone
_MINUS = "\N{MINUS SIGN}"
# A source's part of the mentions is told where it moved by so much.
_MOVED = 0.05
# Counts so near, of those before, and net sentiments so near, are called about the same.
_NEAR = 0.1


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that is to be said.

    Attributes:
        kind: volume, sentiment, incident, themes, negative_theme, source, voice, emotion.
        text: for a person to read.
        figures: what it rests on, JSON.
        filters: of the mentions behind it, by the names that lists of mentions give them; None:
            there is no list of them.
    """

    kind: str
    text: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    filters: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a window is told by.

    Attributes:
        before: None: there is nothing to compare with.
        begins: the first day that has mentions at all; None: not known.
        sources: mentions by source; others: mentions of all brands compared, this one too.
        themes: as `nlp.themes` found them, JSON; None: not looked for.
    """

    window: Window
    counts: Counts
    sources: Mapping[str, Counts]
    before: Counts | None = None
    before_sources: Mapping[str, Counts] = field(default_factory=dict)
    incidents: Sequence[Incident] = ()
    themes: Mapping[str, Any] | None = None
    others: int = 0
    others_before: int = 0
    brands: int = 1
    begins: date | None = None


def what_changed(facts: Facts, most: int = MOST) -> list[Sentence]:
    """The sentences of a window, the most telling first."""
    found = [_volume(facts)]
    if facts.counts.mentions:
        found += [
            *_sentiment(facts),
            *_incident(facts),
            *_themes(facts),
            *_source(facts),
            *_voice(facts),
            *_emotion(facts),
        ]
    return found[:most]


def _filters(window: Window, **more: str) -> dict[str, str]:
    return {"startDate": window.first.isoformat(), "endDate": window.last.isoformat(), **more}


def _volume(facts: Facts) -> Sentence:
    now, window = facts.counts.mentions, facts.window
    figures: dict[str, Any] = {"mentions": now}
    text = _many(now, "mention")
    if facts.before is not None:
        before, missing = facts.before.mentions, _missing(facts)
        figures |= {"before": before, "days": window.days, "days_missing": missing}
        if missing == window.days:
            text += f"; the {_many(missing, 'day')} before lie before anything stored"
        elif missing:
            text += (
                f"; {before:,} in the last {_many(window.days - missing, 'day')} of the "
                f"{window.days:,} before, the others lie before anything stored"
            )
        else:
            text += f", {_beside(now, before)} the {_many(window.days, 'day')} before ({before:,})"
    if not now:
        return Sentence("volume", f"{text}.", figures)
    return Sentence("volume", f"{text}.", figures, _filters(window))


def _missing(facts: Facts) -> int:
    """Days of the window before that come before the first mention: silence says nothing there."""
    before = facts.window.before()
    if facts.begins is None or before is None:
        return 0
    return min(max((facts.begins - before.first).days, 0), before.days)


def _beside(now: int, before: int) -> str:
    """How two counts are apart, in words; that it may be chance where it may."""
    apart = abs(now - before)
    if apart <= _NEAR * before:
        return "about as many as in"
    if apart <= APART * math.sqrt(now + before):
        return f"{'more' if now > before else 'fewer'}, which may be chance, than in"
    if not before:
        return "and none in"
    change = (now - before) / before
    if change >= 1:
        return f"{now / before:.1f} times those of"
    return f"{abs(change):.0%} {'more' if change > 0 else 'fewer'} than in"


def _sentiment(facts: Facts) -> Iterator[Sentence]:
    now, before = facts.counts, facts.before
    net = now.net_sentiment
    if net is None:
        return
    figures: dict[str, Any] = {
        "net_sentiment": round(net, 4),
        "positive": now.positive,
        "negative": now.negative,
        "scored": now.scored,
    }
    said = f"({now.positive:,} {_MINUS} {now.negative:,}) / {now.scored:,} scored"
    old = before.net_sentiment if before is not None else None
    if before is None or old is None:
        text = f"Net sentiment is {_signed(net)}: {said}."
        yield Sentence("sentiment", text, figures, _filters(facts.window))
        return
    figures |= {"net_sentiment_before": round(old, 4), "scored_before": before.scored}
    error = math.sqrt(_variance(now) / now.scored + _variance(before) / before.scored)
    if abs(net - old) <= APART * error:
        text = f"Net sentiment is {_signed(net)}, about as before ({_signed(old)}): {said}."
        if abs(net - old) > _NEAR:
            text = (
                f"Net sentiment is {_signed(net)}, before {_signed(old)}: {said}, "
                f"{before.scored:,} before; of so few that may be chance."
            )
        yield Sentence("sentiment", text, figures, _filters(facts.window))
        return
    moved = "rose" if net > old else "fell"
    worse, name = now.negative / now.scored, "negative"
    was = before.negative / before.scored
    if moved == "rose":
        worse, was, name = now.positive / now.scored, before.positive / before.scored, "positive"
    text = (
        f"Net sentiment {moved} from {_signed(old)} to {_signed(net)}: {said}; {worse:.0%} are "
        f"{name}, before it was {was:.0%}."
    )
    yield Sentence("sentiment", text, figures, _filters(facts.window, sentiment=name))


def _variance(counts: Counts) -> float:
    """Of a scored mention that counts as -1, 0 or 1."""
    net = counts.net_sentiment or 0.0
    return max((counts.positive + counts.negative) / counts.scored - net * net, 1e-9)


def _incident(facts: Facts) -> Iterator[Sentence]:
    """The one that was the furthest beyond; the rest are marked on the chart."""
    if not facts.incidents:
        return
    one = max(facts.incidents, key=lambda i: (i.value - i.usual) / i.spread)
    figures = {
        "kind": one.kind.value,
        "from": one.from_.isoformat(),
        "until": one.at.isoformat(),
        "value": round(one.value, 4),
        "usual": round(one.usual, 4),
        "spread": round(one.spread, 4),
        "k": one.k,
        "incidents": len(facts.incidents),
    }
    until = f"In the 24 hours until {_day(one.at.date())}, {one.at:%H:%M} UTC,"
    share = one.negative_share
    if one.kind is IncidentKind.VOLUME:
        text = (
            f"{until} {_many(one.mentions, 'mention')} came where {one.usual:,.0f} a day were usual"
            f" (beyond mean + {one.k:g} SD)"
        )
        text += f"; {share:.0%} of the scored ones are negative." if share is not None else "."
    else:
        text = (
            f"{until} {one.negative:,} of {one.scored:,} scored mentions were negative "
            f"({one.value:.0%}) where {one.usual:.0%} were usual (beyond {one.k:g} SE)."
        )
    if len(facts.incidents) > 1:
        text = text[:-1] + f"; {_many(len(facts.incidents), 'incident')} in all."
    yield Sentence("incident", text, figures, one.filters)


def _themes(facts: Facts) -> Iterator[Sentence]:
    themes = facts.themes or {}
    rising = [one for one in themes.get("rising", []) if one["now"]]
    if not rising:
        return
    authors, before = themes.get("authors", 0), themes.get("authors_before", 0)
    told = [f"“{one['word']}” ({one['now']:,}, before {one['before']:,})" for one in rising[:3]]
    text = (
        f"More is said of {_listed(told)}; authors, of {authors:,} that were read and "
        f"{before:,} before."
    )
    figures = {"rising": [dict(one) for one in rising[:3]], "authors": authors}
    yield Sentence("themes", text, figures, _filters(facts.window, q=phrase(rising[0]["word"])))
    worst = max(rising, key=lambda one: (one["negative"] / one["now"], one["now"]))
    if worst["negative"] * 2 > worst["now"]:
        yield Sentence(
            "negative_theme",
            f"The talk of “{worst['word']}” is mostly negative: {worst['negative']:,} of "
            f"{_many(worst['now'], 'author')}.",
            dict(worst),
            _filters(facts.window, q=phrase(worst["word"]), sentiment="negative"),
        )


def phrase(word: str) -> str:
    """A theme in the query language: a pair of words that other words may stand between."""
    parts = [f'"{part}"' for part in word.replace('"', " ").split()]
    return " NEAR/3 ".join(parts)


def _source(facts: Facts) -> Iterator[Sentence]:
    """The source whose part of the mentions moved the most."""
    if facts.before is None or not facts.before.mentions:
        return
    now, before = facts.counts.mentions, facts.before.mentions
    moved: list[tuple[float, str, float, float]] = []
    for source in {*facts.sources, *facts.before_sources}:
        own = facts.sources.get(source, Counts()).mentions / now
        was = facts.before_sources.get(source, Counts()).mentions / before
        both = (own * now + was * before) / (now + before)
        error = math.sqrt(both * (1 - both) * (1 / now + 1 / before))
        if abs(own - was) >= _MOVED and abs(own - was) > APART * error:
            moved.append((abs(own - was), source, own, was))
    if not moved:
        return
    _, source, own, was = max(moved)
    yield Sentence(
        "source",
        f"{own:.0%} of the mentions came from {source}, before it was {was:.0%}.",
        {"source": source, "share": round(own, 4), "share_before": round(was, 4)},
        _filters(facts.window, pageType=source),
    )


def _voice(facts: Facts) -> Iterator[Sentence]:
    share = share_of_voice(facts.counts.mentions, facts.others)
    if facts.brands < 2 or share is None:
        return
    text = (
        f"Share of voice among {facts.brands} brands is {share:.0%}: "
        f"{facts.counts.mentions:,} / {facts.others:,}"
    )
    figures: dict[str, Any] = {"share": round(share, 4), "all": facts.others}
    before = facts.before.mentions if facts.before is not None else 0
    was = share_of_voice(before, facts.others_before)
    if was is not None:
        text += f"; before it was {was:.0%}"
        figures["share_before"] = round(was, 4)
    yield Sentence("voice", f"{text}.", figures)


def _emotion(facts: Facts) -> Iterator[Sentence]:
    counts = facts.counts
    if not counts.emotional:
        return
    name = max(("anger", "joy", "optimism", "sadness"), key=lambda n: int(getattr(counts, n)))
    share = counts.emotion_share(name) or 0.0
    yield Sentence(
        "emotion",
        f"The most frequent emotion is {name}: {share:.0%} of the {counts.emotional:,} mentions "
        "whose emotion is known.",
        {"emotion": name, "share": round(share, 4), "known": counts.emotional},
        None,
    )


def _signed(value: float) -> str:
    text = f"{abs(value):.2f}"
    if text == "0.00":
        return text
    return ("+" if value > 0 else _MINUS) + text


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
