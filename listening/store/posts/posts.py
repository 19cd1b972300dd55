"""Authors and posts: writing them once, and reading posts back as a source gave them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.sources.base import RawPost
from listening.store.bulk import chunked, upsert, within
from listening.store.posts.unprofiled import mark_changed
from listening.store.posts.words import store_words
from listening.store.tables import Author, Post
from listening.store.tables.types import now

_AUTHOR_FACTS = ("handle", "name", "followers", "location", "verified")
_COUNTS = ("likes", "reposts", "replies", "quotes", "views")
_CONTENT = ("text", "text_hash", "published_at", "kind", "media", "links", "tags")
# Facts that another export of the same post may lack: unknown does not overwrite known.
_FACTS = (
    "title",
    "url",
    "language",
    "reply_to",
    "thread",
    "repost_of",
    "country",
    "region",
    "city",
    "rating",
)
_FIELDS = tuple(f.name for f in fields(RawPost) if not f.name.startswith("author_"))


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch: post id of each (source, native_id), and the counts."""

    ids: dict[tuple[str, str], int]
    author_ids: dict[tuple[str, str], int]
    new: int
    edited: int
    same: int


def text_hash(text: str, title: str | None, language: str | None) -> str:
    """A hash of what an analysis reads: another hash means another analysis."""
    joined = f"{language or ''}\x1f{title or ''}\x1f{text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=16).hexdigest()


def store_posts(
    session: Session,
    posts: Sequence[RawPost],
    before: Mapping[tuple[str, str], Standing] | None = None,
) -> Stored:
    """Write a batch of posts and their authors; writing it again changes nothing.

    Args:
        session: inside a unit of work.
        posts: no (source, native_id) twice.
        before: what `standing` has found of them in this unit of work; None: it is looked up.
    """
    author_ids = _store_authors(session, posts)
    if before is None:
        before = standing(session, posts)
    rows, new, edited = [], 0, 0
    said: list[tuple[tuple[str, str], str | None, str]] = []
    for post in posts:
        stands = before.get((post.source, post.native_id))
        stood = stands.text_hash if stands else None
        digest = text_hash(
            post.text,
            post.title or (stands.title if stands else None),
            post.language or (stands.language if stands else None),
        )
        new += stood is None
        edited += stood is not None and stood != digest
        if stood != digest:
            title = post.title or (stands.title if stands else None)
            said.append(((post.source, post.native_id), title, post.text))
        row = {name: getattr(post, name) for name in _FIELDS}
        row |= {name: list(row[name]) for name in ("media", "links", "tags")}
        rows.append(
            row
            | {
                "author_id": author_ids[post.source, post.author_native_id],
                "text_hash": digest,
                "added_at": now(),
                "edited_at": None if stood in {None, digest} else now(),
            }
        )
    upsert(
        session,
        Post,
        rows,
        key=("source", "native_id"),
        update=_CONTENT,
        fill=(*_FACTS, *_COUNTS, "edited_at"),
    )
    ids = _ids(session, posts)
    store_words(session, [(ids[key], title, text) for key, title, text in said])
    keys = [(post.source, post.native_id) for post in posts if _moved(post, before)]
    mark_changed(session, [ids[key] for key in keys])
    return Stored(
        ids=ids,
        author_ids=author_ids,
        new=new,
        edited=edited,
        same=len(posts) - new - edited,
    )


def _moved(post: RawPost, before: Mapping[tuple[str, str], Standing]) -> bool:
    """Whether it is said to be of another time now: what it weighs in a profile is another."""
    stands = before.get((post.source, post.native_id))
    return stands is not None and stands.published_at != post.published_at


def _store_authors(session: Session, posts: Sequence[RawPost]) -> dict[tuple[str, str], int]:
    """Ids of the authors by (source, native id); what a later post tells fills gaps."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for post in posts:
        key = (post.source, post.author_native_id)
        row = rows.setdefault(
            key, {"source": key[0], "native_id": key[1], **dict.fromkeys(_AUTHOR_FACTS)}
        )
        for name in _AUTHOR_FACTS:
            value = getattr(post, f"author_{name}")
            if value is not None:
                row[name] = value
    upsert(session, Author, list(rows.values()), key=("source", "native_id"), fill=_AUTHOR_FACTS)
    return _by_key(session, Author, list(rows))


def _by_key(
    session: Session, table: type[Author] | type[Post], keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for source in {source for source, _ in keys}:
        natives = [native for own, native in keys if own == source]
        for chunk in chunked(natives, 5000):
            statement = select(table.native_id, table.id).where(
                table.source == source, within(session, table.native_id, chunk)
            )
            found |= {(source, native): int(i or 0) for native, i in session.exec(statement)}
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """A post as the store has it, as far as telling an edit from a clash needs it."""

    text_hash: str
    title: str | None
    language: str | None
    published_at: datetime
    author: str


def standing(session: Session, posts: Sequence[RawPost]) -> dict[tuple[str, str], Standing]:
    """Those of the posts that are stored, by (source, native id)."""
    found: dict[tuple[str, str], Standing] = {}
    for source in {post.source for post in posts}:
        natives = [post.native_id for post in posts if post.source == source]
        for chunk in chunked(natives, 5000):
            statement = (
                select_columns(
                    col(Post.native_id),
                    col(Post.text_hash),
                    col(Post.title),
                    col(Post.language),
                    col(Post.published_at),
                    col(Author.native_id),
                )
                .join(Author, col(Author.id) == col(Post.author_id))
                .where(col(Post.source) == source, within(session, Post.native_id, chunk))
            )
            for native, *facts in session.execute(statement):
                found[source, native] = Standing(*facts)
    return found


def clashing(posts: Sequence[RawPost], before: Mapping[tuple[str, str], Standing]) -> list[RawPost]:
    """Posts whose (source, native id) is another author's: the id is not the post's own.

    An author cannot change, so these are two posts and not an edit; the one that came
    first stands.
    """
    owner = {key: stands.author for key, stands in before.items()}
    found = []
    for post in posts:
        first = owner.setdefault((post.source, post.native_id), post.author_native_id)
        if first != post.author_native_id:
            found.append(post)
    return found


def _ids(session: Session, posts: Sequence[RawPost]) -> dict[tuple[str, str], int]:
    return _by_key(session, Post, [(post.source, post.native_id) for post in posts])


def read_posts(session: Session, *, batch: int = 2000) -> Iterator[list[tuple[int, int, RawPost]]]:
    """All posts in batches: post id, author id, and the post as a source gave it."""
    last = 0
    while True:
        statement = (
            select(Post, Author)
            .join(Author, col(Author.id) == col(Post.author_id))
            .where(col(Post.id) > last)
            .order_by(col(Post.id))
            .limit(batch)
        )
        found = session.exec(statement).all()
        if not found:
            return
        last = int(found[-1][0].id or 0)
        read = [(int(p.id or 0), p.author_id, raw_post(p, a)) for p, a in found]
        session.expunge_all()
        yield read


def raw_post(post: Post, author: Author) -> RawPost:
    """A post as a source gave it."""
    content = {
        name: getattr(post, name) for name in (*_CONTENT, *_FACTS, *_COUNTS) if name != "text_hash"
    }
    content |= {name: tuple(content[name]) for name in ("media", "links", "tags")}
    return RawPost(
        source=post.source,
        native_id=post.native_id,
        author_native_id=author.native_id,
        **content,
        **{f"author_{name}": getattr(author, name) for name in _AUTHOR_FACTS},
    )


def count_posts(session: Session) -> int:
    """How many posts are stored."""
    return session.exec(select(func.count()).select_from(Post)).one()


def newest_post_at(session: Session) -> datetime | None:
    """The data's own clock: ages are counted from here, so that a run can be repeated."""
    return session.exec(select(func.max(Post.published_at))).one()
