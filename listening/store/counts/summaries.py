"""Brands' figures over everything stored: from what is kept counted, a few statements for all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlmodel import Session

from listening.reports import BrandSummary, share_of_voice
from listening.series import by_day, total
from listening.store.brands.brands import brand_id, list_brands
from listening.store.cases.cases import case_counts
from listening.store.counts.counted import Totals, read_days, read_totals
from listening.store.counts.windowed import AT_ONCE, People, people_of
from listening.store.flags.stances import stance_counts
from listening.store.tables import Brand, CaseStatus, StanceKind
from listening.windows import ALL, Window

# Days that a summary among others shows.
LATEST = 90


def brand_summary(session: Session, brand: Brand) -> BrandSummary:
    """A brand's figures with every day, its share of voice among all brands."""
    among = [brand_id(one) for one in list_brands(session)]
    (found,) = _summaries(session, [brand], among)
    if found.first is None or found.last is None:
        return found
    number = brand_id(brand)
    days = read_days(session, [number])[number].days
    return replace(
        found,
        days=tuple(by_day(days, found.first, found.last)),
        not_scored=dict(total(days).not_scored),
    )


def brand_summaries(session: Session, only: Collection[int] | None = None) -> list[BrandSummary]:
    """Every brand's figures by name, or those of some, with their latest days.

    Shares of voice are among these brands; why mentions are not scored is left out.
    """
    brands = [b for b in list_brands(session) if only is None or b.id in only]
    found = _summaries(session, brands, [brand_id(one) for one in brands])
    last = max((one.last for one in found if one.last is not None), default=None)
    if last is None:
        return found
    first = last - timedelta(days=LATEST - 1)
    read = read_days(session, [brand_id(one) for one in brands], first, last)
    return [
        replace(one, days=tuple(by_day(read[brand_id(brand)].days, first, last)))
        for brand, one in zip(brands, found, strict=True)
    ]


def _summaries(
    session: Session, brands: Sequence[Brand], among: Sequence[int]
) -> list[BrandSummary]:
    totals = read_totals(session, among)
    only = brand_id(brands[0]) if len(brands) == 1 else None
    stances, cases = stance_counts(session, only), case_counts(session, only)
    everything = sum(own.counts.mentions for own in totals.values())
    room, found = AT_ONCE, []
    for brand in brands:
        number = brand_id(brand)
        own = totals[number]
        people = _people(session, number, own, room)
        room -= own.counts.mentions if people is not None and people.as_of is None else 0
        kinds = {kind: stances.get((number, kind), 0) for kind in StanceKind}
        open_cases = cases.get((number, CaseStatus.OPEN), 0)
        found.append(_summary(brand, own, people, everything, kinds, open_cases))
    return found


def _people(session: Session, number: int, own: Totals, room: int) -> People | None:
    if own.first is None or own.last is None:
        return People()
    everything = Window(own.first, own.last, ALL)
    return people_of(session, number, everything, own.counts.mentions, room=room)


def _summary(
    brand: Brand,
    own: Totals,
    people: People | None,
    everything: int,
    stances: dict[StanceKind, int],
    open_cases: int,
) -> BrandSummary:
    counts = own.counts
    return BrandSummary(
        name=brand.name,
        slug=brand.slug,
        mentions=counts.mentions,
        authors=people.authors if people else None,
        negative=counts.negative,
        neutral=counts.neutral,
        positive=counts.positive,
        reach_total=people.reach_total if people else 0,
        reach_unique=people.reach_unique if people else 0,
        reach_known=people.reach_known if people else 0,
        share_of_voice=share_of_voice(counts.mentions, everything),
        advocates=stances[StanceKind.ADVOCATE],
        detractors=stances[StanceKind.DETRACTOR],
        open_cases=open_cases,
        first=own.first,
        last=own.last,
        as_of=own.as_of,
        people_as_of=people.as_of if people else None,
    )
