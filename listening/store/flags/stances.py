"""Stances: writing them, and the lists of flagged authors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from listening.advocacy import Verdict
from listening.flagfilter import Cursor, FlagFilter
from listening.stancechanges import Course
from listening.store.bulk import chunked, upsert
from listening.store.flags.flags import newest_counted, refresh_flags
from listening.store.flags.reviews import latest_reviews
from listening.store.flags.stancechanges import store_changes
from listening.store.posts.standing import still_there
from listening.store.segments.marking import mark_figures
from listening.store.segments.segments import current_segmentation
from listening.store.tables import (
    Author,
    Flag,
    FlagStatus,
    Membership,
    Review,
    Segment,
    Stance,
    StanceKind,
)
from listening.store.tables.types import now

COUNTED = 10_000  # rows of a filtered list that are counted
_NO_COURSE = Course()


@dataclass(frozen=True, slots=True)
class StanceView:
    """A flagged author as lists show them."""

    stance: Stance
    author: Author
    segment: Segment | None
    noise: bool  # unsegmented: `segment` is only the nearest
    review: Review | None
    flag: Flag


def store_stances(
    session: Session,
    brand_id: int,
    verdicts: Mapping[int, Verdict],
    courses: Mapping[int, Course] | None = None,
) -> None:
    """Write a brand's stances by author, and what lists are made of; those of others go."""
    there = _write(session, brand_id, verdicts, courses or {})
    kept = select(Stance.author_id).where(Stance.brand_id == brand_id)
    gone = sorted(set(session.exec(kept)) - set(verdicts))
    for chunk in chunked(gone, 5000):
        session.execute(
            delete(Stance).where(col(Stance.brand_id) == brand_id, col(Stance.author_id).in_(chunk))
        )
    if gone:
        mark_figures(session)
    store_changes(session, brand_id, courses or {}, there)
    refresh_flags(session, brand_id)


def update_stances(
    session: Session,
    brand_id: int,
    verdicts: Mapping[int, Verdict],
    courses: Mapping[int, Course] | None = None,
) -> None:
    """Write some stances of a brand, by author; those of other authors stay."""
    there = _write(session, brand_id, verdicts, courses or {})
    if courses is not None:
        store_changes(session, brand_id, courses, there, only=sorted(verdicts))
    refresh_flags(session, brand_id, verdicts)


def _write(
    session: Session, brand_id: int, verdicts: Mapping[int, Verdict], courses: Mapping[int, Course]
) -> set[int]:
    moment = now()
    there = still_there(session, Author, verdicts)
    rows = [
        _row(brand_id, author_id, verdict, courses.get(author_id, _NO_COURSE))
        | {"computed_at": moment}
        for author_id, verdict in sorted(verdicts.items())
        if author_id in there
    ]
    if rows:
        mark_figures(session)
    columns = tuple(rows[0])[2:] if rows else ()
    upsert(session, Stance, rows, key=("brand_id", "author_id"), update=columns)
    return there


def _row(brand_id: int, author_id: int, v: Verdict, course: Course) -> dict[str, Any]:
    return {
        "brand_id": brand_id,
        "author_id": author_id,
        "kind": StanceKind(v.kind),
        "score": v.score,
        "low": v.low,
        "high": v.high,
        "mentions": v.mentions,
        "opinions": v.opinions,
        "recommends": v.recommends,
        "warns": v.warns,
        "reason": v.reason,
        "evidence": [asdict(e) for e in v.evidence],
        "basis": v.basis,
        "last_at": v.last_at,
        "trend": course.trend,
        "history": [list(point) for point in course.points],
        "newest": newest_counted(v),
        "discounts": [asdict(d) for d in v.discounts],
        "coordinated": v.coordinated,
    }


def stance_views(
    session: Session,
    *,
    brand_id: int,
    kind: StanceKind,
    chosen: FlagFilter | None = None,
    limit: int | None = None,
    offset: int = 0,
    after: Cursor | None = None,
) -> list[StanceView]:
    """Flagged authors, those the interval is surest of first unless the filter says otherwise.

    Advocates are ordered by its lower end, detractors by its upper. Those whom a person
    dismissed are left out until there is new evidence, unless they are asked for.
    """
    chosen = chosen or FlagFilter()
    flags = list(session.exec(_page(brand_id, kind, chosen, limit, offset, after)))
    return views_of(session, brand_id, flags)


def views_of(session: Session, brand_id: int, flags: Sequence[Flag]) -> list[StanceView]:
    """Flags with all that a list shows of them, in the order given."""
    ids = [flag.author_id for flag in flags]
    stances: dict[int, tuple[Stance, Author]] = {}
    for chunk in chunked(ids, 5000):
        statement = (
            select(Stance, Author)
            .join(Author, col(Author.id) == col(Stance.author_id))
            .where(Stance.brand_id == brand_id, col(Stance.author_id).in_(chunk))
        )
        stances |= {
            stance.author_id: (stance, author) for stance, author in session.exec(statement)
        }
    segments, reviews = segments_of(session, ids), latest_reviews(session, brand_id, ids)
    return [
        StanceView(
            *stances[flag.author_id],
            *segments.get(flag.author_id, (None, False)),
            reviews.get(flag.author_id),
            flag,
        )
        for flag in flags
        if flag.author_id in stances
    ]


def cursor_of(flag: Flag, chosen: FlagFilter) -> Cursor:
    """Where a list goes on after a row."""
    return Cursor(getattr(flag, f"by_{chosen.sort}"), flag.author_id)


def flagged_ids(
    session: Session,
    brand_id: int,
    kind: StanceKind,
    chosen: FlagFilter,
    *,
    limit: int | None = None,
) -> Iterator[int]:
    """Ids of all the authors that a list would show, in its order."""
    statement: Any = _page(brand_id, kind, chosen, limit, 0, None).with_only_columns(
        col(Flag.author_id)
    )
    yield from session.execute(statement).scalars()


def count_flagged(
    session: Session, brand_id: int, kind: StanceKind, chosen: FlagFilter, *, most: int = COUNTED
) -> int:
    """How many authors a list has, `most` standing for more than there are counted."""
    statement: Any = (
        select_columns(col(Flag.author_id)).where(*_fits(brand_id, kind, chosen)).limit(most)
    )
    return int(
        session.execute(select_columns(func.count()).select_from(statement.subquery())).scalar_one()
    )


def _page(
    brand_id: int,
    kind: StanceKind,
    chosen: FlagFilter,
    limit: int | None,
    offset: int,
    after: Cursor | None,
) -> Any:
    order = col(getattr(Flag, f"by_{chosen.sort}"))
    author = col(Flag.author_id)
    statement: Any = (
        select(Flag).where(*_fits(brand_id, kind, chosen)).order_by(order, author).offset(offset)
    )
    if after is not None:
        # The first part alone lets an index begin there.
        statement = statement.where(
            order >= after.key, (order > after.key) | (author > after.author_id)
        )
    return statement if limit is None else statement.limit(limit)


def _fits(brand_id: int, kind: StanceKind, chosen: FlagFilter) -> list[Any]:
    found: list[Any] = [col(Flag.brand_id) == brand_id, col(Flag.kind) == kind]
    found.append(
        col(Flag.status).in_(chosen.status)
        if chosen.status
        else col(Flag.status) != FlagStatus.DISMISSED
    )
    members = col(Flag.segment_id).in_(chosen.segment) & col(Flag.noise).is_(False)
    if chosen.segment:
        found.append(members)
    if chosen.xsegment:
        found.append(
            col(Flag.segment_id).is_(None)
            | col(Flag.segment_id).not_in(chosen.xsegment)
            | col(Flag.noise).is_(True)
        )
    if chosen.source:
        found.append(col(Flag.source).in_(chosen.source))
    if chosen.xsource:
        found.append(col(Flag.source).not_in(chosen.xsource))
    if chosen.xstatus:
        found.append(col(Flag.status).not_in(chosen.xstatus))
    if chosen.reach is not None:
        known = col(Flag.followers).is_not(None)
        found.append(known if chosen.reach == "known" else ~known)
    # By the column that is sorted by too: with followers known it is their negative.
    if chosen.reach_from is not None:
        found.append(col(Flag.by_reach) <= -chosen.reach_from)
    if chosen.reach_to is not None:
        found += [col(Flag.by_reach) >= -chosen.reach_to, col(Flag.followers).is_not(None)]
    if chosen.after is not None:
        found.append(col(Flag.by_recent) <= -chosen.after.timestamp())
    if chosen.before is not None:
        found.append(col(Flag.by_recent) > -chosen.before.timestamp())
    if chosen.turned_since is not None:
        begin = FlagFilter(since=chosen.turned_since).after
        found.append(col(Flag.turned_at) >= begin)
    if chosen.assignee is not None:
        nobody = col(Flag.assignee).is_(None)
        found.append(
            nobody if chosen.assignee == "nobody" else col(Flag.assignee) == chosen.assignee
        )
    if chosen.coordinated is not None:
        found.append(col(Flag.coordinated).is_(chosen.coordinated))
    if chosen.discount is not None:
        found.append(
            col(Flag.discount).is_(None)
            if chosen.discount == "none"
            else col(Flag.discount) == chosen.discount
        )
    return found


def segments_of(
    session: Session, author_ids: Sequence[int]
) -> dict[int, tuple[Segment | None, bool]]:
    """Each author's segment in the current run, and whether it is only the nearest."""
    run = current_segmentation(session)
    found: dict[int, tuple[Segment | None, bool]] = {}
    if run is None:
        return found
    for chunk in chunked(author_ids, 5000):
        statement = (
            select(Membership.author_id, Membership.noise, Segment)
            .join(Segment, col(Segment.id) == col(Membership.segment_id))
            .where(Membership.segmentation_id == run.id, col(Membership.author_id).in_(chunk))
        )
        found |= {author: (segment, noise) for author, noise, segment in session.exec(statement)}
    return found


def count_stances(session: Session, brand_id: int) -> dict[StanceKind, int]:
    """How many authors of a brand stand where; those dismissed are left out, as in lists."""
    return {kind: count for (_, kind), count in stance_counts(session, brand_id).items()}


def count_dismissed(session: Session, brand_id: int) -> dict[StanceKind, int]:
    """How many of a brand's flags are dismissed, by kind."""
    statement: Any = (
        select_columns(col(Flag.kind), func.count())
        .where(
            col(Flag.brand_id) == brand_id,
            col(Flag.kind) != StanceKind.PASSIVE,
            col(Flag.status) == FlagStatus.DISMISSED,
        )
        .group_by(col(Flag.kind))
    )
    return {StanceKind(kind): count for kind, count in session.execute(statement)}


def stance_counts(session: Session, only: int | None) -> dict[tuple[int, StanceKind], int]:
    """The same for one brand or for all, by (brand id, kind)."""
    weighed: Any = select_columns(col(Stance.brand_id), func.count()).group_by(col(Stance.brand_id))
    flagged: Any = (
        select_columns(col(Flag.brand_id), col(Flag.kind), col(Flag.status), func.count())
        .where(col(Flag.kind) != StanceKind.PASSIVE)
        .group_by(col(Flag.brand_id), col(Flag.kind), col(Flag.status))
    )
    if only is not None:
        weighed = weighed.where(col(Stance.brand_id) == only)
        flagged = flagged.where(col(Flag.brand_id) == only)
    found: dict[tuple[int, StanceKind], int] = {
        (brand, StanceKind.PASSIVE): count for brand, count in session.execute(weighed)
    }
    for brand, kind, status, count in session.execute(flagged):
        found[brand, StanceKind.PASSIVE] = found.get((brand, StanceKind.PASSIVE), 0) - count
        if status is not FlagStatus.DISMISSED:
            found[brand, kind] = found.get((brand, kind), 0) + count
    return {key: count for key, count in found.items() if count > 0}
