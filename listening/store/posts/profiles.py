"""Author profiles: whose are to be brought up to date, from which posts, and reading them.

A profile is written by whoever has locked its row; others go on to the next author. So any
number of workers bring profiles up to date at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import collate, delete, exists, func, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.store.bulk import chunked, upsert, within
from listening.store.posts.standing import still_there
from listening.store.tables import (
    Analysis,
    Author,
    AuthorProfile,
    Mention,
    Post,
    StoreFact,
    Unprofiled,
    Vector,
)
from listening.store.tables.types import now

_EVER = datetime.fromisoformat("1970-01-01T00:00Z")
_MADE_WITH = "profiles"  # the fact that tells what profiles are made with
_CHUNK = 5000

Key = tuple[datetime, str]  # the order of an author's posts: time and native id


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundProfile:
    """An author's profile on its way into the store.

    Attributes:
        posts: how many are in it.
        interests: float64 bytes, weighted sum of the posts' vectors; empty without any.
        opinions: weighted sums of negative, neutral, positive, and their weight.
        as_of: the moment that the posts' ages are counted from.
        changed: whether it says something else than what stood.
    """

    author_id: int
    posts: int
    interests: bytes
    opinions: list[float]
    as_of: datetime
    changed: bool = True


@dataclass(frozen=True, slots=True)
class ProfilePost:
    """What a profile needs of one post.

    Attributes:
        sentiment: negative, neutral, positive; None: not scored.
        mention: of any brand.
    """

    author_id: int
    post_id: int
    published_at: datetime
    native_id: str
    sentiment: tuple[float, float, float] | None
    vector: bytes  # float16
    copy_key: str | None
    mention: bool

    @property
    def key(self) -> Key:
        """Its place among the author's posts."""
        return self.published_at, self.native_id


def authors_to_profile(session: Session, model: str, after: int, most: int) -> list[int]:
    """The next authors whose profile is not up to date, by id.

    Args:
        session: to read with.
        model: the present revision; what another one analysed is left to it.
        after: only ids above this one.
        most: authors at most; fewer where they have so many posts to add.
    """
    marked = (
        select_columns(col(Unprofiled.author_id), func.count())
        .join(Analysis, col(Analysis.post_id) == col(Unprofiled.post_id))
        .where(col(Unprofiled.author_id) > after, col(Analysis.model) == model)
        .group_by(col(Unprofiled.author_id))
        .order_by(col(Unprofiled.author_id))
        .limit(most)
    )
    stale = (
        select_columns(col(AuthorProfile.author_id))
        .where(col(AuthorProfile.stale).is_(True), col(AuthorProfile.author_id) > after)
        .order_by(col(AuthorProfile.author_id))
        .limit(most)
    )
    found = {int(i): 0 for i in session.execute(stale).scalars()}
    found |= {int(i): int(posts) for i, posts in session.execute(marked)}
    taken: list[int] = []
    posts = 0
    for author_id in sorted(found)[:most]:
        posts += found[author_id]
        if taken and posts > _CHUNK:
            break
        taken.append(author_id)
    return taken


def prepare_profiles(session: Session, author_ids: Sequence[int], model: str, params: str) -> None:
    """Give those who have none a row to be locked by: it says that all is still to be done."""
    have = select_columns(col(AuthorProfile.author_id)).where(
        within(session, AuthorProfile.author_id, author_ids)
    )
    lacking = sorted(set(author_ids) - set(session.execute(have).scalars()))
    there = still_there(session, Author, lacking)
    upsert(
        session,
        AuthorProfile,
        [
            {
                "author_id": i, "model": model, "params": params, "posts": 0, "interests": b"",
                "opinions": [], "as_of": _EVER, "changed_at": now(), "stale": True,
                "unplaced": False,
            }
            for i in sorted(there)
        ],
        key=("author_id",),
    )  # fmt: skip


def lock_profiles(session: Session, author_ids: Sequence[int]) -> list[AuthorProfile]:
    """Profiles that nobody else is at, to the end of this unit of work."""
    statement = select(AuthorProfile).where(
        within(session, AuthorProfile.author_id, sorted(author_ids))
    )
    ordered = statement.order_by(col(AuthorProfile.author_id))
    return list(session.exec(ordered.with_for_update(skip_locked=True)))


def take_markers(
    session: Session, author_ids: Sequence[int], model: str
) -> dict[int, dict[int, bool]]:
    """Take the markers of authors away: by author, post id and whether it may be in already.

    One that is just being written stays, and its post is not looked at until the next time.
    """
    statement = (
        select(Unprofiled.author_id, Unprofiled.post_id, Unprofiled.again)
        .join(Analysis, col(Analysis.post_id) == col(Unprofiled.post_id))
        .where(within(session, Unprofiled.author_id, sorted(author_ids)), Analysis.model == model)
        .order_by(col(Unprofiled.post_id))
        .with_for_update(of=Unprofiled, skip_locked=True)
    )
    found: dict[int, dict[int, bool]] = {}
    for author_id, post_id, again in session.exec(statement).all():
        found.setdefault(author_id, {})[post_id] = again
    posts = sorted(post for own in found.values() for post in own)
    for chunk in chunked(posts, _CHUNK):
        session.execute(delete(Unprofiled).where(within(session, Unprofiled.post_id, chunk)))
    return found


def posts_of(session: Session, author_ids: Sequence[int], model: str) -> Iterator[ProfilePost]:
    """All posts of authors that count, but for those with a marker; by author, time, native id.

    To be read to the end. In one statement, so that a post is seen with its marker or without.
    """
    marked = exists().where(col(Unprofiled.post_id) == col(Post.id))
    where = within(session, Post.author_id, sorted(author_ids))
    yield from _counting(session, model, where, ~marked)


def these_posts(session: Session, post_ids: Sequence[int], model: str) -> Iterator[ProfilePost]:
    """Those of the posts that count; by author, time, native id."""
    yield from _counting(session, model, within(session, Post.id, sorted(post_ids)))


def _counting(session: Session, model: str, *where: Any) -> Iterator[ProfilePost]:
    """Posts in a language the models know, spam left out."""
    mention = exists().where(col(Mention.post_id) == col(Post.id))
    statement = (
        select_columns(
            col(Post.author_id), col(Post.id), col(Post.published_at), col(Post.native_id),
            col(Analysis.negative), col(Analysis.neutral), col(Analysis.positive),
            col(Vector.data), col(Analysis.copy_key), mention,
        )
        .join(Analysis, col(Analysis.post_id) == col(Post.id))
        .join(Vector, col(Vector.post_id) == col(Post.id))
        .where(
            col(Analysis.model) == model,
            col(Analysis.not_scored).is_(None),
            col(Analysis.spam).is_(False),
            *where,
        )
        .order_by(col(Post.author_id), col(Post.published_at), _by_bytes(session, Post.native_id))
        .execution_options(yield_per=1000)
    )  # fmt: skip
    for who, post, at, native, neg, neu, pos, vector, copy, mentions in session.execute(statement):
        three = None if neg is None or neu is None or pos is None else (neg, neu, pos)
        yield ProfilePost(who, post, at, native, three, vector, copy, bool(mentions))


def copies_of(
    session: Session,
    author_ids: Sequence[int],
    keys: Sequence[str],
    model: str,
    *,
    but: Collection[int],
) -> dict[int, dict[str, Key]]:
    """The first of each author's posts with a copy key, of those in the profile.

    Of earlier posts nothing else is looked at.

    Args:
        session: to read with.
        author_ids: whose.
        keys: copy keys.
        model: the present revision.
        but: posts that are in no profile yet.
    """
    found: dict[int, dict[str, Key]] = {}
    marked = exists().where(col(Unprofiled.post_id) == col(Post.id))
    wanted = set(keys)
    if wanted:
        # By an author's posts, since a copy may be everybody's.
        copied = func.coalesce(Analysis.copy_key, "")
        statement = (
            select_columns(
                col(Post.author_id), col(Post.id), col(Analysis.copy_key),
                col(Post.published_at), col(Post.native_id),
            )
            .join(Analysis, col(Analysis.post_id) == col(Post.id))
            .where(
                within(session, Post.author_id, sorted(author_ids)),
                copied.in_(sorted(wanted)) if len(wanted) <= _CHUNK else copied != "",
                col(Analysis.model) == model,
                col(Analysis.not_scored).is_(None),
                col(Analysis.spam).is_(False),
                ~marked,
            )
        )  # fmt: skip
        for who, post_id, copy, at, native in session.execute(statement):
            if copy in wanted and post_id not in but:
                own = found.setdefault(who, {})
                own[copy] = min((at, native), own.get(copy, (at, native)))
    return found


def store_profiles(
    session: Session,
    profiles: Sequence[FoundProfile],
    *,
    model: str,
    params: str,
    unplaced: bool = False,
) -> None:
    """Write profiles; what stood for the same author is replaced.

    Args:
        session: inside a unit of work, the rows locked.
        profiles: no author twice.
        model: that the posts were analysed by.
        params: what the sums were made with.
        unplaced: those that changed are to be given their segment anew.
    """
    there = still_there(session, Author, [p.author_id for p in profiles])
    moment = now()
    for changed in (False, True):
        columns = ("model", "params", "posts", "interests", "opinions", "as_of", "stale")
        upsert(
            session,
            AuthorProfile,
            [
                {
                    "author_id": p.author_id, "model": model, "params": params, "posts": p.posts,
                    "interests": p.interests, "opinions": p.opinions, "as_of": p.as_of,
                    "stale": False, "changed_at": moment, "unplaced": unplaced and changed,
                }
                for p in profiles
                if p.author_id in there and p.changed is changed
            ],
            key=("author_id",),
            update=(*columns, "changed_at", "unplaced") if changed else columns,
        )  # fmt: skip


def made_with(session: Session) -> str | None:
    """What the profiles are made with; None: there were none yet."""
    fact = session.get(StoreFact, _MADE_WITH)
    return None if fact is None else fact.value


def note_made_with(session: Session, params: str) -> None:
    """Note what the profiles are made with, or to be made anew with."""
    row = {"name": _MADE_WITH, "value": params}
    upsert(session, StoreFact, [row], key=("name",), update=("value",))


def mark_outdated(session: Session, params: str, after: int, most: int) -> int | None:
    """Profiles made with other params are to be made anew; a bounded part of them.

    Returns:
        the author id to go on after; None: all were looked at.
    """
    statement = select(AuthorProfile.author_id, AuthorProfile.params).where(
        col(AuthorProfile.author_id) > after
    )
    ordered = statement.order_by(col(AuthorProfile.author_id)).limit(most)
    found = session.exec(ordered.with_for_update()).all()
    other = [author_id for author_id, made in found if made != params]
    for chunk in chunked(other, _CHUNK):
        own = within(session, AuthorProfile.author_id, chunk)
        session.execute(update(AuthorProfile).where(own).values(stale=True))
    return found[-1][0] if len(found) == most else None


def profiled_authors(session: Session, model: str, params: str, least_posts: int) -> list[int]:
    """Authors with enough posts in their profile, in the order of their natural keys."""
    statement = (
        select(Author.source, Author.native_id, Author.id)
        .join(AuthorProfile, col(AuthorProfile.author_id) == col(Author.id))
        .where(
            AuthorProfile.model == model,
            AuthorProfile.params == params,
            col(AuthorProfile.posts) >= max(least_posts, 1),
        )
        .order_by(_by_bytes(session, Author.source), _by_bytes(session, Author.native_id))
    )
    return [int(i or 0) for *_, i in session.exec(statement)]


def read_sums(
    session: Session, author_ids: Sequence[int]
) -> Iterator[tuple[int, int, bytes, list[float]]]:
    """Author id, posts, interests and opinions, in any order; those who are gone are left out."""
    for chunk in chunked(author_ids, 2000):
        statement = select(
            AuthorProfile.author_id,
            AuthorProfile.posts,
            AuthorProfile.interests,
            AuthorProfile.opinions,
        ).where(within(session, AuthorProfile.author_id, [int(i) for i in chunk]))
        for author_id, posts, interests, opinions in session.exec(statement).all():
            yield author_id, posts, interests, list(opinions)


def _by_bytes(session: Session, column: Any) -> Any:
    """A text in the order of its bytes, which both databases and Python agree on."""
    postgres = session.get_bind().dialect.name == "postgresql"
    return collate(col(column), "C") if postgres else col(column)
