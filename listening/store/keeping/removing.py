"""Taking posts and authors out with everything that was derived from them.

What has a foreign key goes by the database's own cascade; what names a post or a mention
inside JSON (exemplars, evidence) is taken out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, exists
from sqlalchemy import select as select_columns
from sqlmodel import Session, SQLModel, col, select

from listening.store.bulk import chunked
from listening.store.counts.daymarks import mark_mentions
from listening.store.flags.flags import refresh_flags
from listening.store.posts.unprofiled import mark_stale
from listening.store.segments.marking import mark_figures
from listening.store.tables import (
    Analysis,
    Author,
    Claim,
    Mention,
    MentionSentiment,
    Post,
    Segmentation,
    SegmentState,
    Stance,
    Vector,
)

_CHUNK = 5000


def remove_posts(session: Session, post_ids: Iterable[int]) -> int:
    """Delete posts with mentions, analyses, vectors, claims and cases; returns how many."""
    ids = sorted(set(post_ids))
    if ids:
        mark_figures(session)
    _lock(session, ids)
    drop_exemplars(session, set(ids))
    found = [
        (int(i or 0), author, brand)
        for chunk in chunked(ids, _CHUNK)
        for i, author, brand in session.exec(
            select(Mention.id, Mention.author_id, Mention.brand_id).where(
                col(Mention.post_id).in_(chunk)
            )
        )
    ]
    mark_mentions(session, [i for i, *_ in found])
    gone = 0
    authors: set[int] = set()
    for chunk in chunked(ids, _CHUNK):
        authors |= set(session.exec(select(Post.author_id).where(col(Post.id).in_(chunk))))
        done: Any = session.execute(delete(Post).where(col(Post.id).in_(chunk)))
        gone += done.rowcount
    mark_stale(session, authors)
    trim_stances(session, {i for i, *_ in found}, {(author, brand) for _, author, brand in found})
    drop_quotes(session, {i for i, *_ in found})
    return gone


def remove_mentions(session: Session, mention_ids: Sequence[int]) -> None:
    """Delete mentions with their sentiments and cases; the posts stay."""
    ids = sorted(set(mention_ids))
    if ids:
        mark_figures(session)
    stances: set[tuple[int, int]] = set()
    mark_mentions(session, ids)
    for chunk in chunked(ids, _CHUNK):
        whose = select(Mention.author_id, Mention.brand_id).where(col(Mention.id).in_(chunk))
        stances |= {(author, brand) for author, brand in session.exec(whose)}
        session.execute(delete(Mention).where(col(Mention.id).in_(chunk)))
    trim_stances(session, set(ids), stances)
    drop_quotes(session, set(ids))


def remove_silent_authors(session: Session, author_ids: Iterable[int]) -> int:
    """Delete those of the authors who have no post left, with all that is known of them."""
    gone = 0
    for chunk in chunked(sorted(set(author_ids)), _CHUNK):
        silent = (
            select(Author.id)
            .where(col(Author.id).in_(chunk), ~exists().where(col(Post.author_id) == Author.id))
            .order_by(col(Author.id))
        )
        ids = list(session.exec(silent))
        done: Any = session.execute(delete(Author).where(col(Author.id).in_(ids)))
        gone += done.rowcount
    return gone


def trim_stances(
    session: Session, mention_ids: set[int], stances: Iterable[tuple[int, int]]
) -> None:
    """Take mentions that went out of stances' evidence; a stance on none at all goes.

    Args:
        session: inside a unit of work.
        mention_ids: those that went.
        stances: (author id, brand id) of theirs.
    """
    wanted = set(stances)
    for chunk in chunked(sorted({author for author, _ in wanted}), _CHUNK):
        left = select_columns(col(Mention.author_id), col(Mention.brand_id)).distinct()
        left = left.where(col(Mention.author_id).in_(chunk))
        standing = {(author, brand) for author, brand in session.execute(left)}
        own = select(Stance).where(col(Stance.author_id).in_(chunk)).order_by(col(Stance.id))
        for stance in session.exec(own).all():
            key = (stance.author_id, stance.brand_id)
            if key not in wanted:
                continue
            kept = [e for e in stance.evidence if e.get("mention_id") not in mention_ids]
            if key not in standing:
                session.delete(stance)
            elif len(kept) != len(stance.evidence):
                stance.evidence = kept
                stance.newest = [n for n in stance.newest or [] if n[0] not in mention_ids]
                session.add(stance)
        session.flush()
    by_brand: dict[int, set[int]] = {}
    for author, brand in wanted:
        by_brand.setdefault(brand, set()).add(author)
    for brand, authors in sorted(by_brand.items()):
        refresh_flags(session, brand, authors)


def drop_exemplars(session: Session, post_ids: set[int]) -> int:
    """Take posts out of what explains segments, in every run; returns how many states changed."""
    changed = 0
    for state_id, exemplars in session.exec(_quoting(SegmentState.exemplars)).all():
        if post_ids.isdisjoint(exemplars):
            continue
        state = session.get(SegmentState, state_id)
        if state is not None:
            state.exemplars = [i for i in exemplars if i not in post_ids]
            session.add(state)
            changed += 1
    session.flush()
    return changed


def drop_quotes(session: Session, mention_ids: set[int]) -> int:
    """Take mentions out of what words of praise and complaint rest on; returns how many states."""
    changed = 0
    for state_id, figures in session.exec(_quoting(SegmentState.figures)).all():
        kept = _unquoted(figures.get("words"), mention_ids)
        if kept == figures.get("words"):
            continue
        state = session.get(SegmentState, state_id)
        if state is not None:
            state.figures = figures | {"words": kept}
            session.add(state)
            changed += 1
    session.flush()
    return changed


def _unquoted(value: Any, mention_ids: set[int]) -> Any:
    """The words of a segment without some mentions; a word without any left goes."""
    if isinstance(value, list):
        whole = [own | {"mentions": _left(own, mention_ids)} for own in value]
        return [own for own in whole if own["mentions"]]
    if isinstance(value, dict):
        return {name: _unquoted(own, mention_ids) for name, own in value.items()}
    return value


def _left(word: dict[str, Any], mention_ids: set[int]) -> list[int]:
    return [i for i in word.get("mentions", []) if i not in mention_ids]


def _quoting(column: Any) -> Any:
    """States with one of their columns, of runs that still quote posts and mentions."""
    return (
        select(SegmentState.id, column)
        .join(Segmentation, col(Segmentation.id) == col(SegmentState.segmentation_id))
        .where(col(Segmentation.fingerprint).is_not(None))
        .order_by(col(SegmentState.id))
    )


def _lock(session: Session, post_ids: Sequence[int]) -> None:
    """Take what a worker may be writing, in the order in which it writes.

    Deleting would take the rows in any order, and two that wait for each other would both lose.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    mentions = select(Mention.id).where(col(Mention.post_id).in_(post_ids))
    locked: tuple[tuple[type[SQLModel], Any, Any], ...] = (
        (Claim, col(Claim.post_id), post_ids),
        (Analysis, col(Analysis.post_id), post_ids),
        (Vector, col(Vector.post_id), post_ids),
        (MentionSentiment, col(MentionSentiment.mention_id), mentions),
        (Post, col(Post.id), post_ids),
    )
    for _, key, wanted in locked:
        session.execute(select_columns(key).where(key.in_(wanted)).order_by(key).with_for_update())
