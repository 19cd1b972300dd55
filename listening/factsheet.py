"""A persona as one JSON object, every share with what it is a share of (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from listening.persona import WEEKDAYS, Affinity, Persona, Share, Towards, Word

Row = dict[str, Any]


def factsheet(found: Persona) -> Row:
    """All facts of a persona; unknown is None."""
    return {
        "coverage": asdict(found.coverage),
        "brands": [_brand(one) for one in found.brands],
        "topics": [affinity_row(one) for one in found.words],
        "affinities": [affinity_row(one) for one in found.affinities],
        "sentiment": share_rows(found.sentiment),
        "emotion": share_rows(found.emotion),
        "formats": [
            {**_share(one.share), "median_reactions": one.reactions, "reactions_known": one.known}
            for one in found.formats
        ],
        "kinds": share_rows(found.kinds),
        "sources": share_rows(found.sources),
        "weekdays_utc": share_rows(found.weekdays),
        "hours_utc": dict(zip(WEEKDAYS, map(list, found.hours), strict=True)),
        "busiest_hours_utc": _busiest(found),
    }


def share_rows(shares: Sequence[Share]) -> list[Row]:
    """Shares beside everyone's."""
    return [_share(one) for one in shares]


def _share(one: Share) -> Row:
    return {
        "name": one.name,
        "share": _rounded(one.share),
        "count": one.count,
        "of": one.of,
        "everyone": _rounded(one.everyones),
        "everyone_count": one.everyone,
        "everyone_of": one.among,
    }


def affinity_row(one: Affinity) -> Row:
    """What these have more often than everyone, and how many that is."""
    return {
        "kind": one.kind,
        "name": one.name,
        "times": one.times,
        "count": one.own,
        "of": one.of,
        "everyone_count": one.everyone,
        "everyone_of": one.among,
    }


def _brand(one: Towards) -> Row:
    negative, neutral, positive = one.counts
    return {
        "brand": one.name,
        "net_sentiment": _rounded(one.net_sentiment),
        "everyone": _rounded(one.everyones),
        "authors": one.authors,
        "mentions": one.mentions,
        "scored": one.scored,
        "negative": negative,
        "neutral": neutral,
        "positive": positive,
        "weighed": one.weighed,
        "advocates": one.advocates,
        "detractors": one.detractors,
        "praised_for": [_word(word) for word in one.praise],
        "complained_of": [_word(word) for word in one.complaint],
        "liked_mentions": list(one.liked),
        "disliked_mentions": list(one.disliked),
    }


def _word(one: Word) -> Row:
    return {
        "word": one.word,
        "praise": one.praise,
        "complaint": one.complaint,
        "mentions": list(one.mentions),
    }


def _busiest(found: Persona) -> Row | None:
    if found.busiest is None:
        return None
    first, until, share = found.busiest
    return {"from": first, "until": until, "share": _rounded(share)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
