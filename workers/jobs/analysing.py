"""Analyse what has no analysis yet; killed at any moment, it goes on where it was.

Posts come first, each with the sentiment towards every brand it mentions, out of one pass
and written in one unit of work. Then come mentions of posts that were analysed before: of
a new brand, of an edited query, of a copy that names the brand elsewhere.

Any number of workers do this at once: each claims the posts of its next batch. What a model
fails at is found, quarantined and left out, and the rest of its batch is analysed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING

from celery.exceptions import SoftTimeLimitExceeded
from sqlmodel import Session

from listening import metrics
from listening.errors import StoreError
from listening.logs import masked
from listening.store.mentions.sentiments import count_pending_mentions, pending_mentions
from listening.store.posts import claims
from listening.store.posts.analyses import PendingPost, count_pending, pending_posts
from listening.store.posts.claims import Candidate
from listening.store.running.counters import add, took
from listening.store.session import Store
from workers.holder import is_dead, this_holder
from workers.isolating import isolated
from workers.jobs.reading import Batch, Mentions, gather, read, write
from workers.progress import Progress, Silent
from workers.recording import Cancelled

if TYPE_CHECKING:
    from nlp.types import Opinion
    from workers.models import Models

BATCH = 512
CHARACTERS = 400_000  # of a batch, unless one post has more: what is in memory at once
RENEW = claims.SECONDS / 4
# What a dead process left may kill the next: others go first, so that they get through.
FRESH_BEFORE_LEFT = 4
PLAN = 20  # batches
# Others claim or write what was found, just now: after so many times they may have it.
MISSES = 20
_PROBE = "It works."
_ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class Analysed:
    """What was done.

    Attributes:
        posts: analysed.
        mentions: of posts that were analysed earlier, read.
        given_up: posts that the models fail at, quarantined.
        more: whether it stopped because it was to, and not for want of work.
    """

    posts: int
    mentions: int
    given_up: int = 0
    more: bool = field(default=False, compare=False)


def analyse_pending(
    store: Store,
    models: Models,
    *,
    progress: Progress | None = None,
    most: int | None = None,
    seconds: float | None = None,
) -> Analysed:
    """Analyse pending posts, then read pending mentions: a unit of work a batch.

    Args:
        store: migrated.
        models: loaded.
        progress: told of every text, and asked within a batch whether to go on.
        most: stop after about so many texts; None: until nothing is pending.
        seconds: stop after the batch that runs by then; None: as long as it takes.

    Raises:
        SettingsError: the models fail at everything, not at single posts.
        Cancelled: the progress says so; what was written stands.
    """
    work = _Work(store, models, progress or Silent(), most, seconds)
    with _holding(store, work.holder):
        work.stage("Analysing", _Posts(models.revision), count_pending)
        work.stage("Reading mentions", _Mentioned(models.revision), count_pending_mentions)
    return Analysed(work.posts, work.mentions, work.given_up, work.over())


@contextmanager
def _holding(store: Store, holder: str) -> Iterator[None]:
    """Claims are renewed while this lasts, and given back where it ends halfway."""
    with store.session() as session:
        present = claims.holders(session)
    if dead := [one for one in present if is_dead(one)]:
        with store.work() as session:
            add(session, metrics.LOST, claims.release(session, dead), kind="claim")
    if holder in present:
        _give_back(store, holder)
    ended = threading.Event()
    renewing = threading.Thread(target=_renew, args=(store, holder, ended), daemon=True)
    renewing.start()
    try:
        yield
    except BaseException:
        # Where the store is what failed, they run out, or are given back by the next run.
        with suppress(StoreError):
            _give_back(store, holder)
        raise
    finally:
        ended.set()
        renewing.join()


def _give_back(store: Store, holder: str) -> None:
    with store.work() as session:
        claims.give_back(session, holder)


def _renew(store: Store, holder: str, ended: threading.Event) -> None:
    while not ended.wait(RENEW):
        with suppress(StoreError), store.work() as session:
            claims.renew(session, holder)


class _Posts:
    """Pending posts, freshest first.

    Looking through the store takes long, so it is planned for many batches at once; what
    comes in meanwhile is put where it belongs before each.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._plan: list[Candidate] = []
        self._seen: int | None = None

    def look(self, session: Session) -> list[Candidate]:
        """The posts of the next batch, as far as nobody takes them first; locks nothing."""
        highest = claims.highest_id(session)
        if self._seen is not None and highest > self._seen:
            come = claims.fresh_posts(session, self._model, PLAN * BATCH, after=self._seen)
            both = merge(come, self._plan, key=lambda one: one.place, reverse=True)
            self._plan = list(islice(both, PLAN * BATCH))
        self._seen = highest
        while self._plan:
            part, self._plan = self._plan[:BATCH], self._plan[BATCH:]
            ids = [one.id for one in part]
            if found := claims.fresh_posts(session, self._model, BATCH, of=ids):
                return found
        found = claims.fresh_posts(session, self._model, PLAN * BATCH)
        self._plan = found[BATCH:]
        return found[:BATCH]

    def back(self, rest: list[Candidate]) -> None:
        """What did not fit into the batch is next."""
        self._plan = rest + self._plan


class _Mentioned:
    """Analysed posts with pending mentions, the latest mentions first, each once."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._plan: list[Candidate] = []
        self._below: int | None = None

    def look(self, session: Session) -> list[Candidate]:
        """The posts of the next batch, as far as nobody takes them first; locks nothing."""
        while True:
            while self._plan:
                part, self._plan = self._plan[:BATCH], self._plan[BATCH:]
                ids = [one.id for one in part]
                if found := claims.fresh_mentioned(session, self._model, _ALL, of=ids):
                    return found
            most = PLAN * BATCH
            self._plan = claims.fresh_mentioned(session, self._model, most, below=self._below)
            if not self._plan:
                return []
            self._below = min(one.place for one in self._plan)

    def back(self, rest: list[Candidate]) -> None:
        """What did not fit into the batch is next."""
        self._plan = rest + self._plan


class _Work:
    """What one call does, batch by batch."""

    def __init__(
        self,
        store: Store,
        models: Models,
        progress: Progress,
        most: int | None,
        seconds: float | None,
    ) -> None:
        self.holder = this_holder()
        self.posts = self.mentions = self.given_up = 0
        self._store, self._models, self._progress = store, models, progress
        self._model = models.revision
        self._most = most
        self._until = None if seconds is None else time.monotonic() + seconds
        self._turn = 0

    def over(self) -> bool:
        """Whether enough was done for this call."""
        enough = self._most is not None and self.posts + self.mentions >= self._most
        return enough or (self._until is not None and time.monotonic() >= self._until)

    def stage(
        self,
        what: str,
        source: _Posts | _Mentioned,
        count: Callable[[Session, str], int],
    ) -> None:
        """Claim and do batches until nothing of this kind is left that is not another's."""
        begun, missed = False, 0
        while not self.over():
            with self._store.session() as session:
                fresh = source.look(session)
                left = bool(claims.left_behind(session, BATCH)[0])
                total = 0 if begun or not (fresh or left) else count(session, self._model)
            if not (fresh or left):
                break
            if not begun and total:
                rest = None if self._most is None else self._most - self.posts - self.mentions
                self._progress.begin(what, total if rest is None else min(total, rest))
                begun = True
            self._turn += 1
            if left and not (fresh and self._turn % (FRESH_BEFORE_LEFT + 1)):
                source.back(fresh)
                fresh = []
            now, later = _within(fresh)
            source.back(later)
            batch = self._next(now)
            if batch.posts or batch.later:
                self._do(batch)
                missed = 0
            elif (missed := missed + 1) > MISSES:
                break
            else:
                time.sleep(0.02)
        if begun:
            self._progress.end()

    def _next(self, fresh: list[Candidate]) -> Batch:
        """Claim a batch, or else what was left, and read what is to be done about it."""
        with self._store.work() as session:
            found = fresh or _within(self._left(session))[0]
            ids = sorted(claims.claim(session, found, self._model, self.holder))
            if again := [one.id for one in found if one.again and one.id in set(ids)]:
                claims.settle_again(session, again)
            # What another worker has done since it was found is pending no more.
            posts = pending_posts(session, self._model, len(ids), of=ids)
            later = pending_mentions(session, self._model, None, of=ids)
            wanted = {post.id for post in posts} | {mention.post.id for mention in later}
            claims.drop(session, sorted(set(ids) - wanted), self.holder)
            return gather(session, posts, later, self._model)

    def _left(self, session: Session) -> list[Candidate]:
        """What dead processes left, but for posts that were tried alone often enough."""
        found, attempts = claims.left_behind(session, BATCH)
        if attempts < claims.most_attempts(BATCH):
            return found
        taken = claims.claim(session, found, self._model, self.holder)
        self._give_up(session, dict.fromkeys(taken, f"the process died, {attempts} times"))
        return []

    def _do(self, batch: Batch) -> None:
        """Read a batch and write it, as far as its claims still hold."""
        began = time.monotonic()
        failed: dict[int, str] = {}

        def run(
            posts: Sequence[PendingPost], mentions: Mentions
        ) -> list[tuple[PendingPost, Opinion]]:
            done, bad = isolated(
                posts,
                lambda some: self._pass(some, mentions),
                stops=lambda error: isinstance(
                    error, Cancelled | StoreError | SoftTimeLimitExceeded
                ),
                sound=self._sound,
            )
            failed.update((post.id, _told(error)) for post, error in bad)
            return done

        found = read(batch, run, self._models.dimensions)
        later = {mention.id: mention.post.id for mention in batch.later}
        ids = {post.id for post in batch.posts} | set(later.values())
        with self._store.work() as session:
            own = claims.held(session, sorted(ids), self.holder)
            write(session, found, self._model, only=own - set(failed))
            self._give_up(session, {i: why for i, why in failed.items() if i in own})
            done = own - set(failed)
            claims.drop(session, sorted(done), self.holder)
            posts = sum(post.id in done for post in batch.posts)
            mentions = sum(post_id in done for post_id in later.values())
            add(session, metrics.POSTS_ANALYSED, posts)
            add(session, metrics.MENTIONS_READ, sum(m.post.id in done for m, _, _ in found.said))
            took(session, "analyse", time.monotonic() - began)
        self.posts += posts
        self.mentions += mentions
        self._progress.advance(posts + mentions)

    def _pass(self, posts: Sequence[PendingPost], mentions: Mentions) -> list[Opinion]:
        """One pass over posts with all their mentions."""
        return self._models.analyse(
            [post.text for post in posts],
            languages=[post.language for post in posts],
            targets=[[mention.target for mention in mentions[post.id]] for post in posts],
            progress=lambda _: self._progress.advance(0),
        )

    def _sound(self, post: PendingPost) -> None:
        """A model that fails at a plain sentence too is broken, and the post is not."""
        from nlp.text import detect_language

        language = detect_language(post.text, post.language)
        self._models.analyse([_PROBE], languages=[language], targets=[[]])

    def _give_up(self, session: Session, errors: dict[int, str]) -> None:
        if errors:
            claims.give_up(session, errors, self._model)
            add(session, metrics.POISONED, len(errors))
            self.given_up += len(errors)


def _within(found: list[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """As many as may be in memory at once, at least one; and the rest."""
    size = 0
    for place, one in enumerate(found):
        size += one.size
        if place and size > CHARACTERS:
            return found[:place], found[place:]
    return found, []


def _told(error: Exception) -> str:
    return masked(f"{type(error).__name__}: {error}".removesuffix(": "))[:300]
