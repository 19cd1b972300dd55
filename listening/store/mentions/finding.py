"""A page of the mentions that a search finds, and how many there are of each sort."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from listening.errors import InvalidError, NotFoundError
from listening.query import Match
from listening.searching import FACETS, NONE, Search, Sort
from listening.store.bulk import within
from listening.store.flags.stances import segments_of
from listening.store.mentions.mentions import MentionView, views
from listening.store.mentions.searching import MOST_LOOKED, NO_MATCH, Hit, Place, Scan, scan
from listening.store.mentions.searchrows import facet_columns
from listening.store.mentions.tagging import tags_of
from listening.store.tables import Author, Case, Mention, MentionSentiment, Segment

PAGE = 50
RANKED = 5_000  # mentions that an order other than time is made of
COUNTED = 3_000  # mentions that facets count, and candidates that they look at
COUNTED_OF = 10_000


@dataclass(frozen=True, slots=True)
class FoundMention:
    """A mention with what lists say of it.

    Attributes:
        match: where the query's terms are; empty where nothing was searched for.
        nearest: that `segment` is only the nearest, the author being in none.
    """

    view: MentionView
    match: Match = NO_MATCH
    tags: tuple[str, ...] = ()
    case: Case | None = None
    segment: Segment | None = None
    nearest: bool = False

    @property
    def id(self) -> int:
        """The mention's."""
        return int(self.view.mention.id or 0)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what a search finds.

    Attributes:
        next_cursor: for what comes next; None: that was all.
        looked_to: where the bound of one request was reached: mentions beyond this moment were
            not looked at yet. None: the page is full, or there are no others.
        ranked: of how many, the latest, an order other than time was made; None: of all.
    """

    rows: list[FoundMention]
    next_cursor: str | None = None
    looked_to: datetime | None = None
    ranked: int | None = None


@dataclass(frozen=True, slots=True)
class Facets:
    """How many of the mentions found have which value.

    Attributes:
        counts: by facet, the most first.
        days: by day of publication, the oldest first.
        whole: whether every mention was counted; else the latest ones back to `since`.
    """

    counts: dict[str, list[tuple[str, int]]]
    days: list[tuple[date, int]]
    found: int
    whole: bool
    since: datetime | None
    names: dict[str, str] = field(default_factory=dict)  # of segments, by their value


def find(
    session: Session,
    brand_id: int,
    search: Search,
    *,
    cursor: str | None = None,
    limit: int = PAGE,
    most: int = MOST_LOOKED,
) -> Found:
    """A page of a brand's mentions.

    Args:
        session: to read with.
        brand_id: whose.
        search: what is looked for.
        cursor: of the page before.
        limit: mentions of a page.
        most: candidates that are looked at.

    Raises:
        InvalidError: the cursor is of another list.
    """
    if search.sort in (Sort.REACH, Sort.NEGATIVE):
        return _ranked(session, brand_id, search, cursor, limit, most)
    after = Place.read(cursor) if cursor else None
    state = Scan()
    hits: list[Hit] = []
    for hit in scan(session, brand_id, search, after=after, most=most, state=state):
        if len(hits) == limit:
            return Found(found_mentions(session, hits), str(hits[-1].place))
        hits.append(hit)
    rows = found_mentions(session, hits)
    if state.whole or state.last is None:
        return Found(rows)
    return Found(rows, str(state.last), state.last.at)


def _ranked(
    session: Session, brand_id: int, search: Search, cursor: str | None, limit: int, most: int
) -> Found:
    """A page in another order than that of time: of the latest, so that it is made at once."""
    if cursor and not re.fullmatch(r"from-[0-9]{1,6}", cursor):
        raise InvalidError("This cursor is none of a list in this order.", field="cursor")
    offset = int(cursor.removeprefix("from-")) if cursor else 0
    columns: Sequence[Any] = (
        (col(Author.followers),)
        if search.sort is Sort.REACH
        else (
            col(Mention.override),
            col(MentionSentiment.negative),
            col(MentionSentiment.positive),
        )
    )
    state = Scan()
    hits: list[Hit] = []
    found = scan(session, brand_id, search.latest_first(), values=columns, most=most, state=state)
    for hit in found:
        if len(hits) == RANKED:
            break
        hits.append(hit)
    rank = _reach if search.sort is Sort.REACH else _negativity
    hits.sort(key=lambda hit: (rank(hit), hit.place), reverse=True)
    end = offset + limit
    return Found(
        found_mentions(session, hits[offset:end]),
        f"from-{end}" if end < len(hits) else None,
        ranked=None if state.whole else len(hits),
    )


def _reach(hit: Hit) -> float:
    followers = hit.values[0]
    return -1.0 if followers is None else float(followers)


def _negativity(hit: Hit) -> float:
    override, negative, positive = hit.values
    if override is not None:
        return {"negative": 1.0, "neutral": 0.0, "positive": -1.0}[str(override)]
    return -2.0 if negative is None else float(negative - positive)


def found_mentions(session: Session, hits: Sequence[Hit]) -> list[FoundMention]:
    """Mentions in the order given with tags, cases and segments; those erased are left out."""
    ids = [hit.id for hit in hits]
    shown = {int(v.mention.id or 0): v for v in views(session, mention_ids=ids)}
    tags = tags_of(session, ids)
    cases = {
        case.mention_id: case
        for case in session.exec(select(Case).where(within(session, Case.mention_id, ids)))
    }
    segments = segments_of(session, sorted({v.mention.author_id for v in shown.values()}))
    found = []
    for hit in hits:
        view = shown.get(hit.id)
        if view is None:
            continue
        segment, nearest = segments.get(view.mention.author_id, (None, False))
        own = tuple(tags.get(hit.id, ()))
        found.append(FoundMention(view, hit.match, own, cases.get(hit.id), segment, nearest))
    return found


def find_mention(session: Session, brand_id: int, mention_id: int) -> FoundMention:
    """One mention of a brand.

    Raises:
        NotFoundError: there is none of this id.
    """
    mention = session.get(Mention, mention_id)
    if mention is None or mention.brand_id != brand_id:
        raise NotFoundError("There is no such mention.")
    hit = Hit(Place(mention.published_at, mention_id))
    return found_mentions(session, [hit])[0]


def count_facets(
    session: Session, brand_id: int, search: Search, *, most: int = COUNTED_OF
) -> Facets:
    """How many of the mentions found have which value: of all, or of the latest `COUNTED`."""
    columns = facet_columns()
    counters: dict[str, Counter[str]] = {name: Counter() for name in FACETS if name in columns}
    names = list(columns)
    days: Counter[date] = Counter()
    ids: list[int] = []
    state = Scan()
    search = search.latest_first()
    last: datetime | None = None
    whole = True
    for hit in scan(
        session, brand_id, search, values=tuple(columns.values()), most=most, state=state
    ):
        if len(ids) == COUNTED:
            whole = False
            break
        ids.append(hit.id)
        last = hit.place.at
        days[last.date()] += 1
        for name, value in zip(names, hit.values, strict=True):
            counters[name][NONE if value is None else str(value)] += 1
    whole = whole and state.whole
    counters["tag"] = _tags(session, ids)
    counts = {name: counters[name].most_common(50) for name in FACETS if name in counters}
    if len(ids) < COUNTED and state.last is not None:
        last = state.last.at
    since = None if whole else last
    return Facets(
        counts,
        sorted(days.items()),
        len(ids),
        whole,
        since,
        segment_names(session, counters["segment"]),
    )


def _tags(session: Session, ids: Sequence[int]) -> Counter[str]:
    found = tags_of(session, ids)
    counts = Counter(tag for tags in found.values() for tag in tags)
    if len(found) < len(ids):
        counts[NONE] = len(ids) - len(found)
    return counts


def segment_names(session: Session, values: Iterable[str]) -> dict[str, str]:
    """The names of segments by the value that filters have for them."""
    numbers = [int(v) for v in values if v.isascii() and v.isdigit() and len(v) < 19]
    statement = select(Segment.id, Segment.name).where(col(Segment.id).in_(numbers))
    return {str(number): name for number, name in session.exec(statement)}
