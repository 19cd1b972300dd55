"""Facets and chosen filters as pages show them (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from listening.searching import FACETS, NONE, Search
from listening.store.mentions.finding import Facets

_WORDS = {"true": "yes", "false": "no"}
_ELSE = {"overridden": _WORDS}


@dataclass(frozen=True, slots=True)
class Chip:
    """A chosen filter, with the address of the list without it."""

    text: str
    address: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a facet with its count."""

    value: str
    text: str
    count: int
    chosen: bool


def shown_facets(facets: Facets, search: Search) -> dict[str, list[Choice]]:
    """The values of each facet that has more than one, or some that were chosen."""
    found = {}
    for name, counts in facets.counts.items():
        chosen = search.only.get(name, ())
        own = [
            Choice(value, reads(name, value, facets.names), count, value in chosen)
            for value, count in counts
        ]
        if len(own) > 1 or (own and chosen):
            found[name] = own
    return found


def chips(search: Search, segments: Mapping[str, str]) -> list[Chip]:
    """What is filtered by, each with the way to go without."""
    given = search.as_parameters()
    found = []
    for i, (name, value) in enumerate(given):
        left = urlencode(given[:i] + given[i + 1 :])
        facet = FACETS.get(name) or FACETS.get(name.removeprefix("x"))
        if facet is None:
            continue
        says = "" if name in FACETS else "not "
        text = reads(facet.name, value, segments)
        found.append(Chip(f"{facet.title}: {says}{text}", left))
    return found


def reads(name: str, value: str, segments: Mapping[str, str]) -> str:
    """A value of a facet in words."""
    if value == NONE:
        return FACETS[name].missing or NONE
    if name == "segment":
        return segments.get(value, f"number {value}")
    return _ELSE.get(name, {}).get(value, value)
