"""Reading the posts that personas stand on: of a segment, of one author, of everyone.

However many they are, a bounded number is read: of a larger segment so many members, chosen by
a hash of their ids, and the persona says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from sqlalchemy import BigInteger, cast, exists
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from listening.errors import NotFoundError
from listening.persona import (
    EMOTIONS,
    SENTIMENTS,
    Affinity,
    Coverage,
    Persona,
    Towards,
    persona,
)
from listening.reports import Counts
from listening.sources.base import PostKind
from listening.store.bulk import chunked, within
from listening.store.flags.towards import brands_of, counts_towards, members_of_segment, with_words
from listening.store.segments.segments import current_segmentation
from listening.store.tables import (
    Analysis,
    Author,
    Membership,
    Mention,
    Post,
    Segmentation,
    SegmentState,
)
from listening.tally import PostFacts, Tally

# Authors whose posts are read: of a segment, and of everyone for comparison.
MOST_MEMBERS = 2_000
MOST_EVERYONE = 20_000
# Of one author, the latest posts.
MOST_POSTS = 5_000

# Knuth's multiplicative hash, below 2**32.
_FACTOR, _RANGE = 2_654_435_761, 2**32


@dataclass(frozen=True, slots=True)
class Everyone:
    """What a segment or an author is compared with.

    Attributes:
        tally: everybody's posts counted.
        towards: scored mentions (negative, neutral, positive) by brand.
    """

    tally: Tally
    towards: dict[int, Counts]


@dataclass(frozen=True, slots=True)
class Own:
    """A segment's posts as far as its persona is concerned.

    Attributes:
        members: all there are.
        tally: the posts of those who were read, counted.
        left_out: posts that were spam or copies.
        brands: what they say of each, everyone's figures left open.
    """

    members: int
    tally: Tally
    left_out: int
    brands: list[Towards]


def everyone_of(session: Session, run: Segmentation | None, most: int = MOST_EVERYONE) -> Everyone:
    """Posts of all who took part in a run, noise too; of everybody where there is no run."""
    chosen: Any
    if run is None:
        chosen = _sampled(select_columns(col(Author.id)), Author.id, _count(session, Author), most)
    else:
        who = select_columns(col(Membership.author_id)).where(
            col(Membership.segmentation_id) == run.id
        )
        chosen = _sampled(who, Membership.author_id, run.authors, most)
    ids = _ids(session, chosen)
    return Everyone(_tally(session, ids)[0], counts_towards(session, ids))


def segment_persona(
    session: Session,
    segment_id: int,
    *,
    brand_id: int | None = None,
    everyone: Everyone | None = None,
    own: Own | None = None,
    most: int = MOST_MEMBERS,
) -> Persona:
    """The facts of a segment of the current run.

    Args:
        session: to read with.
        segment_id: of the segment.
        brand_id: only of its members who mention this brand.
        everyone: as `everyone_of` has it; None: read now.
        own: as `own_of` has it; None: read now.
        most: members read.

    Raises:
        NotFoundError: not in this run.
    """
    run = current_segmentation(session)
    state = _state(session, run, segment_id)
    own = own or own_of(session, run, segment_id, brand_id=brand_id, most=most)
    everyone = everyone or everyone_of(session, run)
    words = state.figures.get("words", {})
    return persona(
        own.tally,
        everyone.tally,
        coverage=_coverage(
            own.tally, own.left_out, own.members, everyone, run.authors if run else 0
        ),
        brands=[
            with_words(replace(b, everyone=everyone.towards.get(b.brand_id, (0, 0, 0))), words)
            for b in own.brands
        ],
        words=_words(state),
    )


def own_of(
    session: Session,
    run: Segmentation | None,
    segment_id: int,
    *,
    brand_id: int | None = None,
    most: int = MOST_MEMBERS,
) -> Own:
    """A segment's posts, read and counted now.

    Raises:
        NotFoundError: not in this run.
    """
    state = _state(session, run, segment_id)
    who = members_of_segment(state.segmentation_id, segment_id)
    if brand_id is not None:
        speaking = exists().where(
            col(Mention.author_id) == col(Membership.author_id),
            col(Mention.brand_id) == brand_id,
        )
        who = who.where(speaking)
    counted = select_columns(func.count()).select_from(who.subquery())
    members = int(session.execute(counted).scalar_one())
    ids = _ids(session, _sampled(who, Membership.author_id, members, most))
    own, left_out = _tally(session, ids)
    brands = brands_of(session, ids, {}, words=state.figures.get("words", {}))
    return Own(members, own, left_out, brands)


def author_persona(
    session: Session, author_id: int, *, everyone: Everyone | None = None
) -> Persona:
    """The facts of one author; affinities are of posts, for there is one author.

    Raises:
        NotFoundError: no such author.
    """
    if session.get(Author, author_id) is None:
        raise NotFoundError(f"No author {author_id}.")
    run = current_segmentation(session)
    own, left_out = _tally(session, [author_id], limit=MOST_POSTS)
    everyone = everyone or everyone_of(session, run)
    total = run.authors if run else _count(session, Author)
    return persona(
        own,
        everyone.tally,
        coverage=_coverage(own, left_out, 1, everyone, total),
        brands=brands_of(session, [author_id], everyone.towards),
        one_author=True,
    )


def _state(session: Session, run: Segmentation | None, segment_id: int) -> SegmentState:
    found = session.exec(
        select(SegmentState).where(
            SegmentState.segmentation_id == (run.id if run else 0),
            SegmentState.segment_id == segment_id,
        )
    ).first()
    if found is None:
        raise NotFoundError(f"No segment {segment_id} in the current segmentation.")
    return found


def _sampled(statement: Any, column: Any, total: int, most: int) -> Any:
    """About `most` of the authors of a statement, always the same ones; all where they are few."""
    if total <= most:
        return statement
    hashed = (cast(col(column), BigInteger) % 1_000_000_007 * _FACTOR) % _RANGE
    return statement.where(hashed < int(_RANGE * most / total))


def _ids(session: Session, chosen: Any) -> list[int]:
    return sorted(int(i) for i in session.execute(chosen).scalars())


def _count(session: Session, table: Any) -> int:
    return int(session.execute(select_columns(func.count()).select_from(table)).scalar_one())


def _coverage(
    own: Tally, left_out: int, members: int, everyone: Everyone, all_authors: int
) -> Coverage:
    return Coverage(
        members=members,
        read=own.authors,
        posts=own.posts,
        scored=sum(own.sentiments.values()),
        left_out=left_out,
        everyone=everyone.tally.authors,
        all_authors=max(all_authors, everyone.tally.authors),
    )


def _words(state: SegmentState) -> list[Affinity]:
    """Words with their affinity, as the run counted them over the members' texts."""
    return [
        Affinity(
            "word", w["word"], w["documents"], w["of"], w["everywhere"], w["among"], w["times"]
        )
        for w in state.figures.get("affinities", [])
    ]


def _tally(
    session: Session, authors: Sequence[int], *, limit: int | None = None
) -> tuple[Tally, int]:
    """Posts of some authors counted, and how many were left out as spam or copies."""
    tally, left_out = Tally(), 0
    for _, rows in groupby(_rows(session, authors, limit), key=lambda row: row[0]):
        kept, seen = [], set()
        for row in rows:
            copy_key, spam = row[-2], row[-1]
            if spam or (copy_key is not None and copy_key in seen):
                left_out += 1
                continue
            seen.add(copy_key)
            kept.append(_facts(row))
        if kept:
            tally.add(kept)
    return tally, left_out


_COLUMNS = (
    Post.author_id, Post.source, Post.kind, Post.published_at, Post.title, Post.text, Post.media,
    Post.links, Post.tags, Post.likes, Post.reposts, Post.replies, Post.quotes,
    Analysis.negative, Analysis.neutral, Analysis.positive,
    Analysis.anger, Analysis.joy, Analysis.optimism, Analysis.sadness,
    Analysis.copy_key, Analysis.spam,
)  # fmt: skip


def _rows(session: Session, authors: Sequence[int], limit: int | None) -> Iterator[Any]:
    for chunk in chunked(authors, 1000):
        statement = (
            select_columns(*map(col, _COLUMNS))
            .select_from(Post)
            .outerjoin(Analysis, col(Analysis.post_id) == col(Post.id))
            .where(within(session, Post.author_id, chunk))
            .order_by(col(Post.author_id), col(Post.published_at).desc(), col(Post.id))
            .limit(limit)
        )
        yield from session.execute(statement)


def _facts(row: Any) -> PostFacts:
    (_, source, kind, published_at, title, text, media, links, tags, *rest) = row
    known = [n for n in rest[:4] if n is not None]
    return PostFacts(
        source=source,
        kind=PostKind(kind),
        published_at=published_at,
        text=f"{title}\n{text}" if title else text,
        media=media or (),
        links=links or (),
        tags=tags or (),
        sentiment=_likeliest(SENTIMENTS, rest[4:7]),
        emotion=_likeliest(EMOTIONS, rest[7:11]),
        reactions=sum(known) if known else None,
    )


def _likeliest(names: tuple[str, ...], values: Any) -> str | None:
    if any(value is None for value in values):
        return None
    return max(zip(values, names, strict=True), key=lambda pair: pair[0])[1]
