"""Whose recent posts are looked up next, and what came of it (docs/sources-interests.md).

What is still to do is read from the store: a watch may look up so many authors once its sweep
ended well, until a job has done it or the next sweep begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import exists, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.config import Settings
from listening.logs import masked
from listening.matching import handle_of
from listening.sources.registry import REGISTRY
from listening.store.bulk import upsert
from listening.store.tables import (
    Alias,
    AliasKind,
    Author,
    AuthorLook,
    Job,
    JobStatus,
    Mention,
    Sweep,
    SweepStatus,
    Watch,
)
from listening.store.tables.types import now

KIND = "look"
AGAIN = timedelta(days=30)  # nobody is looked up more often
TRIES = 3  # one whose process dies every time is left to the next sweep
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Target:
    """An author to look up."""

    id: int
    native_id: str


@dataclass(frozen=True, slots=True)
class Looks:
    """How far the authors of a source are looked up.

    Attributes:
        on: whether any are looked up.
        authors: that were.
        failed: of these, whose posts could not be had.
        posts: that were found.
        waiting: authors still to be looked up.
        last_at: when one was last.
    """

    on: bool
    authors: int
    failed: int
    posts: int
    waiting: int
    last_at: datetime | None


def asked_of(source: str) -> str | None:
    """The posts' source of a source that can be asked what somebody said; None: it cannot."""
    found = REGISTRY.get(source)
    if found is None or not found.spec.recent:
        return None
    return found.spec.posts_as or found.spec.name


def label_of(watch_id: int) -> str:
    """What the job that looks up authors for a watch is called."""
    return f"Authors of watch {watch_id}"


def looks_owed(session: Session, settings: Settings, only: int | None = None) -> list[int]:
    """Watches whose authors are to be looked up, by number; `only`: of this one alone."""
    if not settings.interests_posts:
        return []
    watches = select(Watch.id, Watch.source).where(col(Watch.paused_at).is_(None))
    if only is not None:
        watches = watches.where(Watch.id == only)
    found = []
    for watch_id, source in session.exec(watches.order_by(col(Watch.id))).all():
        asked = asked_of(source)
        if asked is None or not left(session, settings, int(watch_id or 0), asked):
            continue
        if next_authors(session, asked, 1):
            found.append(int(watch_id or 0))
    return found


def left(session: Session, settings: Settings, watch_id: int, source: str) -> int:
    """How many authors may be looked up for a watch until its next sweep.

    Args:
        session: to read with.
        settings: how many one sweep may.
        watch_id: the watch.
        source: of its posts.
    """
    own = select(Sweep).where(Sweep.watch_id == watch_id).order_by(col(Sweep.id).desc())
    sweep = session.exec(own.limit(1)).first()
    if sweep is None or sweep.status is not SweepStatus.DONE or sweep.finished_at is None:
        return 0
    since = sweep.finished_at
    jobs = select(Job.status, Job.started_at).where(
        Job.kind == KIND, Job.label == label_of(watch_id)
    )
    latest = session.exec(jobs.order_by(col(Job.id).desc()).limit(TRIES)).all()
    ours = [status for status, began in latest if began >= since or status is JobStatus.RUNNING]
    if len(ours) == TRIES or any(status is not JobStatus.LOST for status in ours):
        return 0
    looked = (
        select(func.count())
        .select_from(AuthorLook)
        .join(Author, col(Author.id) == col(AuthorLook.author_id))
        .where(Author.source == source, col(AuthorLook.looked_at) >= since)
    )
    return max(settings.interests_authors - session.exec(looked).one(), 0)


def next_authors(session: Session, source: str, most: int) -> list[Target]:
    """Authors to look up, whoever mentioned a brand last first; no brand's own account."""
    return list(islice(_waiting(session, source), most))


def still_there(session: Session, author: Target) -> bool:
    """Whether an author was neither erased nor taken out meanwhile."""
    return session.exec(select(Author.id).where(Author.id == author.id)).first() is not None


def note_look(
    session: Session, source: str, native_id: str, *, posts: int = 0, error: Exception | None = None
) -> bool:
    """Note that an author was looked up, and what came of it; False where there is none any more.

    Args:
        session: inside a unit of work, the one that stores the posts.
        source: of the author.
        native_id: of the author.
        posts: found.
        error: why none could be.
    """
    # Held to the end of the work: an author who is taken out meanwhile waits for it.
    own = select(Author.id).where(Author.source == source, Author.native_id == native_id)
    author_id = session.exec(own.with_for_update(read=True, key_share=True)).first()
    if author_id is None:
        return False
    told = masked(" ".join((str(error) or type(error).__name__).split())) if error else None
    row = {
        "author_id": author_id,
        "looked_at": now(),
        "posts": posts,
        "error": told[:_LONGEST] if told else None,
    }
    upsert(session, AuthorLook, [row], key=("author_id",), update=("looked_at", "posts", "error"))
    return True


def looks_at(session: Session, settings: Settings, source: str) -> Looks | None:
    """How far the authors of a source are looked up; None: it has none to do with that."""
    asked = asked_of(source)
    if asked is None:
        return None
    statement = (
        select_columns(
            func.count(),
            func.count(col(AuthorLook.error)),
            func.coalesce(func.sum(col(AuthorLook.posts)), 0),
            func.max(col(AuthorLook.looked_at)),
        )
        .join(Author, col(Author.id) == col(AuthorLook.author_id))
        .where(col(Author.source) == asked)
    )
    authors, failed, posts, last_at = session.execute(statement).one()
    on = settings.interests_posts > 0
    if not on and not authors:
        return None
    waiting = sum(1 for _ in _waiting(session, asked)) if on else 0
    return Looks(on, authors, failed, int(posts), waiting, last_at)


def _waiting(session: Session, source: str) -> Iterator[Target]:
    """Authors who mention a brand and were not looked up of late."""
    own = set(session.exec(select(Alias.value).where(Alias.kind == AliasKind.OWN_ACCOUNT)))
    lately = exists().where(
        col(AuthorLook.author_id) == col(Author.id), col(AuthorLook.looked_at) > now() - AGAIN
    )
    mentions = exists().where(col(Mention.author_id) == col(Author.id))
    latest = (
        select(func.max(col(Mention.published_at)))
        .where(col(Mention.author_id) == col(Author.id))
        .correlate(Author)
        .scalar_subquery()
    )
    statement = (
        select_columns(col(Author.id), col(Author.native_id), col(Author.handle))
        .where(col(Author.source) == source, ~lately, mentions)
        .order_by(latest.desc(), col(Author.id))
    )
    for author_id, native_id, handle in session.execute(statement):
        if own.isdisjoint(handle_of(name) for name in (native_id, handle) if name):
            yield Target(author_id, native_id)
