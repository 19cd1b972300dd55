"""Everything that a brand's overview says of a window, for the page, the API and reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from listening.changes import Facts, Sentence, what_changed
from listening.errors import InvalidError
from listening.incidents import BASE_DAYS, DEFAULT_K, Incident, find_incidents
from listening.reports import Day
from listening.series import Counts, DayCounts, by_day, by_hour, by_source, total
from listening.store.brands.brands import brand_id
from listening.store.counts.counted import Read, read_days, read_volumes, span_of
from listening.store.counts.windowed import People, kept_window, people_of
from listening.store.tables import Brand, BrandWindow
from listening.store.tables.types import now
from listening.store.watches.listeninghealth import Listening, listening_of
from listening.voice import Voice, voice
from listening.windows import Window, chosen, ends_on

# Days for which hours are looked at: further back, incidents are history.
LATEST = 190
MOST_RIVALS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A brand in a window, or what it is compared with.

    Attributes:
        people: None: too many to count at once, and not counted yet.
    """

    brand: Brand
    window: Window
    counts: Counts
    days: Sequence[Day]
    sources: Mapping[str, Counts]
    people: People | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A brand's overview.

    Attributes:
        other: the window before, or another brand in the same one; None: nothing to compare.
        rivals: whom shares of voice are among, beside the brand.
        themes: as `nlp.themes` found them, JSON; None: not looked for, or not yet.
        k: standard deviations that incidents are beyond.
        as_of: what changed later may not be in; None: everything is.
        silent: whether windows end with the last mention, since nobody has spoken for long.
    """

    part: Part
    other: Part | None
    rivals: Sequence[Brand]
    voice: Voice | None
    incidents: Sequence[Incident]
    themes: Mapping[str, Any] | None
    sentences: Sequence[Sentence]
    listening: Listening
    span: tuple[date, date] | None
    as_of: datetime | None
    k: float = DEFAULT_K
    silent: bool = False

    @property
    def against_brand(self) -> bool:
        """Whether it is compared with another brand, not with the window before."""
        return self.other is not None and self.other.brand.id != self.part.brand.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants to see.

    Attributes:
        window, since, until: as `listening.windows.chosen` takes them.
        compare: before, none, or the slug of a brand.
        against: slugs of the brands that shares of voice are among; empty: all there are.
        k: standard deviations from which on something is an incident.
        themes_of: the window whose themes are shown, where it ends a day apart at most.
    """

    window: str | None = None
    since: date | None = None
    until: date | None = None
    compare: str = "before"
    against: Sequence[str] = ()
    k: float = DEFAULT_K
    themes_of: str | None = None


def window_of(
    session: Session, brand: Brand, asked: Asked, moment: datetime | None = None
) -> tuple[Window, tuple[date, date] | None, bool]:
    """The window that is asked for, the days that have mentions, and whether the brand is silent.

    Raises:
        InvalidError: there is no such window.
    """
    today = (moment or now()).date()
    span = span_of(session, brand_id(brand))
    end = ends_on(span[1] if span else None, today)
    first = span[0] if span else None
    window = chosen(end=end, first=first, name=asked.window, since=asked.since, until=asked.until)
    return window, span, end < today


def overview(
    session: Session,
    brand: Brand,
    visible: Sequence[Brand],
    asked: Asked,
    *,
    moment: datetime | None = None,
) -> Overview:
    """Read a brand's overview; nothing is written.

    Args:
        session: to read with.
        brand: of the overview.
        visible: the brands that whoever asks may see.
        asked: window, comparison and rivals.
        moment: None: now.

    Raises:
        InvalidError: what is asked for makes no sense; names the field.
    """
    moment = moment or now()
    window, span, silent = window_of(session, brand, asked, moment)
    by_slug = {one.slug: one for one in visible}
    rivals = _rivals(brand, by_slug, asked.against)
    before = window.before() if asked.compare == "before" else None
    first = before.first if before is not None else window.first
    other_brand = _other(brand, by_slug, asked.compare)
    parts = [brand] if other_brand is None else [brand, other_brand]
    read = read_days(session, [brand_id(one) for one in parts], first, window.last)
    numbers = {brand_id(one): one.name for one in [brand, *rivals]}
    volumes = read_volumes(session, numbers, first, window.last)
    own = _part(session, brand, window, read)
    other = None
    if other_brand is not None:
        other = _part(session, other_brand, window, read)
    elif before is not None:
        other = _part(session, brand, before, read)
    incidents = _incidents(session, brand, window, span, asked.k, moment)
    themes = _themes(session, brand, window, asked.themes_of)
    return Overview(
        part=own,
        other=other,
        rivals=rivals,
        voice=voice({name: volumes[n] for n, name in numbers.items()}, window) if rivals else None,
        incidents=incidents,
        themes=themes,
        sentences=what_changed(
            _facts(own, other if before is not None else None, volumes, incidents, themes, span)
        ),
        listening=listening_of(session, brand_id(brand), moment),
        span=span,
        as_of=min((r.as_of for r in read.values() if r.as_of is not None), default=None),
        k=asked.k,
        silent=silent,
    )


def _themes(
    session: Session, brand: Brand, window: Window, name: str | None
) -> Mapping[str, Any] | None:
    if name is not None:
        row = session.get(BrandWindow, (brand_id(brand), name))
        near = row is not None and abs(row.last - window.last) <= timedelta(days=1)
        return row.themes if row is not None and near else None
    kept = kept_window(session, brand_id(brand), window)
    return kept.themes if kept is not None else None


def _rivals(brand: Brand, by_slug: Mapping[str, Brand], slugs: Sequence[str]) -> list[Brand]:
    """Those named, or all; the most that are compared at once."""
    unknown = [slug for slug in slugs if slug not in by_slug]
    if unknown:
        raise InvalidError(
            f"against: there is no brand {unknown[0]!r} to compare.", field="against"
        )
    names = slugs or list(by_slug)
    found = [by_slug[slug] for slug in dict.fromkeys(names) if slug != brand.slug]
    if slugs and len(found) > MOST_RIVALS:
        raise InvalidError(f"against: at most {MOST_RIVALS} brands.", field="against")
    return found


def _other(brand: Brand, by_slug: Mapping[str, Brand], compare: str) -> Brand | None:
    if compare in {"before", "none", ""}:
        return None
    found = by_slug.get(compare)
    if found is None or found.id == brand.id:
        raise InvalidError(
            f"compare: {compare!r} is no other brand; write before, none or the name of one.",
            field="compare",
        )
    return found


def _part(session: Session, brand: Brand, window: Window, read: Mapping[int, Read]) -> Part:
    days = _inside(read[brand_id(brand)].days, window)
    counts = total(days)
    return Part(
        brand=brand,
        window=window,
        counts=counts,
        days=by_day(days, window.first, window.last),
        sources=by_source(days),
        people=people_of(session, brand_id(brand), window, counts.mentions)
        if counts.mentions
        else People(),
    )


def _inside(days: Sequence[DayCounts], window: Window) -> list[DayCounts]:
    return [one for one in days if window.first <= one.day <= window.last]


def _incidents(
    session: Session,
    brand: Brand,
    window: Window,
    span: tuple[date, date] | None,
    k: float,
    moment: datetime,
) -> list[Incident]:
    """Those whose furthest hours lie in the window."""
    if span is None:
        return []
    last = min(window.last, moment.date())
    first = max(window.first, last - timedelta(days=LATEST)) - timedelta(days=BASE_DAYS + 1)
    first = max(first, span[0])
    if first > last:
        return []
    number = brand_id(brand)
    days = read_days(session, [number], first, last, hours=True)[number].days
    begin, hours = by_hour(days, first, last)
    # The hour that runs is not over, and those to come are not silent.
    over = int((moment - begin) / timedelta(hours=1))
    known = next((n for n, hour in enumerate(hours) if hour.mentions), 0) if first == span[0] else 0
    found = find_incidents(begin, hours[: max(over, 0)], k=k, known=known)
    return [one for one in found if window.start < one.at and one.from_ < window.end]


def _facts(
    own: Part,
    before: Part | None,
    volumes: Mapping[int, Mapping[date, int]],
    incidents: Sequence[Incident],
    themes: Mapping[str, Any] | None,
    span: tuple[date, date] | None,
) -> Facts:
    def everybody(window: Window) -> int:
        return sum(
            count
            for days in volumes.values()
            for day, count in days.items()
            if window.first <= day <= window.last
        )

    return Facts(
        window=own.window,
        counts=own.counts,
        sources=own.sources,
        before=before.counts if before is not None else None,
        before_sources=before.sources if before is not None else {},
        incidents=incidents,
        themes=themes,
        others=everybody(own.window),
        others_before=everybody(before.window) if before is not None else 0,
        brands=len(volumes),
        begins=span[0] if span is not None else None,
    )
