"""Look up what authors who mention a brand have said of late; off unless the settings ask for it.

A request an author, and a unit of work: posts and the note of the look stand together, so that
a look killed anywhere goes on with the next author.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import cast

import structlog
from sqlmodel import Session

from listening import metrics
from listening.config import Settings
from listening.errors import ListeningError
from listening.ingest import Ingested, ingest, tally
from listening.matching import BrandMatcher
from listening.sources.base import RawPost, SpeaksOfAuthors
from listening.sources.errors import RateLimitError, SourceError
from listening.sources.registry import get_source
from listening.store.brands.brands import brand_rules
from listening.store.posts.looks import (
    KIND,
    Target,
    asked_of,
    label_of,
    left,
    next_authors,
    note_look,
    still_there,
)
from listening.store.running.counters import add
from listening.store.session import Store
from listening.store.tables import Watch
from workers.leasing import held
from workers.progress import Progress
from workers.recording import recorded

IN_A_ROW = 3  # failures: then it is the platform rather than the authors

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Looked:
    """How many authors were looked up, how many of them in vain, and what was stored."""

    authors: int = 0
    failed: int = 0
    counts: Ingested = field(default_factory=Ingested)


def look(
    store: Store, settings: Settings, watch_id: int, *, shown: Progress | None = None
) -> Looked:
    """Look up the authors that the last sweep of a watch entitles to, where nobody else does.

    Who cannot be had is noted, and not asked for again for a month. A platform that asks for a
    pause, or fails for several in a row, is left alone until the next sweep.

    Args:
        store: migrated.
        settings: how many authors, and posts of each.
        watch_id: the watch.
        shown: told of authors.

    Raises:
        StoreError: the store does not answer.
        SettingsError: the source cannot be asked, such as for want of a credential.
        Cancelled: somebody asked for it; what was stored stands.
    """
    with store.session() as session:
        watch = session.get(Watch, watch_id)
    platform = asked_of(watch.source) if watch else None
    if watch is None or platform is None or not settings.interests_posts:
        return Looked()
    with held(store, f"{KIND}:{platform}") as ours:
        if not ours:
            return Looked()
        with store.session() as session:
            most = left(session, settings, watch_id, platform)
            authors = next_authors(session, platform, most) if most else []
        if not authors:
            return Looked()
        with recorded(store, KIND, label_of(watch_id), shown=shown) as progress:
            progress.begin(f"Looking up authors at {platform}", len(authors))
            looked = _Look(store, settings, watch, platform, progress).all(authors)
            progress.end()
    return looked


class _Look:
    """One run over some authors."""

    def __init__(
        self, store: Store, settings: Settings, watch: Watch, platform: str, progress: Progress
    ) -> None:
        with store.session() as session:
            rules = brand_rules(session)
        self._matcher, self._brands = BrandMatcher(rules), [rule.id for rule in rules]
        self._source = cast(SpeaksOfAuthors, get_source(watch.source))
        self._params, self._platform = watch.params, platform
        self._store, self._settings, self._progress = store, settings, progress

    def all(self, authors: list[Target]) -> Looked:
        """One after the other, while it goes well and there is time."""
        looked, row, began = Looked(), 0, time.monotonic()
        for author in authors:
            self._progress.advance(0)  # whether somebody asked to stop
            if time.monotonic() - began >= self._settings.sweep_max_seconds:
                break
            with self._store.session() as session:
                if not still_there(session, author):
                    continue
            try:
                posts = self._ask(author)
            except RateLimitError as pause:
                # What it says may name the author.
                log.info("asked for a pause", source=self._platform, seconds=pause.retry_after)
                break
            row = 0 if posts is not None else row + 1
            counts = Ingested() if posts is None else self._keep(author, posts)
            looked = Looked(
                looked.authors + 1, looked.failed + (posts is None), looked.counts + counts
            )
            self._progress.advance()
            if row == IN_A_ROW:
                break
        return looked

    def _ask(self, author: Target) -> list[RawPost] | None:
        """What somebody said of late; None: it cannot be had, which is noted."""
        try:
            most = self._settings.interests_posts
            return self._source.recent(author.native_id, self._params, most)[:most]
        except RateLimitError:
            raise
        except SourceError as error:
            self._fail(author, error)
            return None
        except ListeningError:  # ours to mend, and none of the author's
            raise
        except Exception as error:  # a mistake of ours: told, and not met again by every sweep
            self._fail(author, error)
            raise

    def _fail(self, author: Target, error: Exception) -> None:
        with self._store.work() as session:
            note_look(session, self._platform, author.native_id, error=error)
            self._count(session, "failed")

    def _keep(self, author: Target, posts: list[RawPost]) -> Ingested:
        """Whatever they said, about a brand or not; nothing that others did."""
        key = (self._platform, author.native_id)
        own = [post for post in posts if (post.source, post.author_native_id) == key]
        with self._store.work() as session:
            found = ingest(session, own, self._matcher, brand_ids=self._brands)
            note_look(session, *key, posts=found.rows - found.refused)
            tally(session, self._platform, found, 0)
            self._count(session, "found")
        return replace(found, clashes=())

    def _count(self, session: Session, outcome: str) -> None:
        add(session, metrics.LOOKED, source=self._platform, outcome=outcome)
