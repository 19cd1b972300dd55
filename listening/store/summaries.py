"""Brands' figures over everything stored: from what is kept counted, a few statements for all."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlmodel import Session

from listening.reports import BrandSummary, every_day, share_of_voice
from listening.series import by_day, total
from listening.store.brands import brand_id, list_brands
from listening.store.cases import case_counts
from listening.store.counted import Read, read_days
from listening.store.stances import stance_counts
from listening.store.tables import Brand, CaseStatus, StanceKind
from listening.store.windowed import AT_ONCE, People, people_of
from listening.windows import ALL, Window


def brand_summary(session: Session, brand: Brand) -> BrandSummary:
    """A brand's figures, its share of voice among all brands."""
    found = _summaries(session, [brand], [brand_id(one) for one in list_brands(session)])
    return found[0]


def brand_summaries(session: Session, only: Collection[int] | None = None) -> list[BrandSummary]:
    """Every brand's figures by name, or those of some; shares of voice are among these."""
    brands = [b for b in list_brands(session) if only is None or b.id in only]
    return _summaries(session, brands, [brand_id(one) for one in brands])


def _summaries(
    session: Session, brands: Sequence[Brand], among: Sequence[int]
) -> list[BrandSummary]:
    read = read_days(session, among)
    only = brand_id(brands[0]) if len(brands) == 1 else None
    stances, cases = stance_counts(session, only), case_counts(session, only)
    everything = sum(c.mentions for own in read.values() for c in own.days)
    room, found = AT_ONCE, []
    for brand in brands:
        number = brand_id(brand)
        people = _people(session, number, read[number], room)
        mentions = sum(c.mentions for c in read[number].days)
        room -= mentions if people is not None and people.as_of is None else 0
        found.append(
            _summary(
                brand,
                read[number],
                people,
                everything,
                {kind: stances.get((number, kind), 0) for kind in StanceKind},
                cases.get((number, CaseStatus.OPEN), 0),
            )
        )
    return found


def _people(session: Session, number: int, read: Read, room: int) -> People | None:
    if not read.days:
        return People()
    everything = Window(read.days[0].day, read.days[-1].day, ALL)
    mentions = sum(c.mentions for c in read.days)
    return people_of(session, number, everything, mentions, room=room)


def _summary(
    brand: Brand,
    read: Read,
    people: People | None,
    everything: int,
    stances: dict[StanceKind, int],
    open_cases: int,
) -> BrandSummary:
    sums = total(read.days)
    first, last = (read.days[0].day, read.days[-1].day) if read.days else (None, None)
    return BrandSummary(
        name=brand.name,
        slug=brand.slug,
        mentions=sums.mentions,
        authors=people.authors if people else None,
        negative=sums.negative,
        neutral=sums.neutral,
        positive=sums.positive,
        reach_total=people.reach_total if people else 0,
        reach_unique=people.reach_unique if people else 0,
        reach_known=people.reach_known if people else 0,
        share_of_voice=share_of_voice(sums.mentions, everything),
        advocates=stances[StanceKind.ADVOCATE],
        detractors=stances[StanceKind.DETRACTOR],
        open_cases=open_cases,
        first=first,
        last=last,
        not_scored=dict(sums.not_scored),
        days=every_day(by_day(read.days, first, last)) if first and last else (),
        as_of=read.as_of,
        people_as_of=people.as_of if people else None,
    )
