"""Bring author profiles up to date, and read them for a segmentation.

New posts are added to an author's sums; of what is in them nothing is read again. A profile
is made anew from all the author's posts where one that is in it changed or went, or where a
copy turns up that is older than the one that counts.

Any number of workers do this at once, each for the authors it has locked, and one that is
killed leaves everything as it was: a profile and what it is yet to learn change in one unit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, islice
from typing import TYPE_CHECKING

import numpy as np
from sqlmodel import Session

from listening.config import Settings
from listening.store.posts import profiles
from listening.store.posts.profiles import FoundProfile, ProfilePost
from listening.store.segments.segments import current_segmentation
from listening.store.session import Store
from listening.store.tables import AuthorProfile
from workers.progress import Progress, Silent

if TYPE_CHECKING:
    from nlp.profile import Sums
    from nlp.types import Floats, Ints

AUTHORS = 200  # a unit of work: others wait no longer than that takes
POSTS = 1000  # in memory at once
# Authors whom others are at are left to them, unless they have not come to an end by then.
MISSES, PAUSE = 100, 0.05
_EVER = datetime.fromisoformat("1970-01-01T00:00Z")


@dataclass(frozen=True, slots=True)
class Profiled:
    """What was done.

    Attributes:
        authors: whose profile was written.
        posts: read for that.
        anew: of the authors, those whose profile was made from all their posts.
        more: whether it stopped because it was to, and not for want of work.
    """

    authors: int = 0
    posts: int = 0
    anew: int = 0
    more: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Profiles:
    """n authors with enough posts, in the order of their natural keys.

    Attributes:
        ids: (n,) of authors.
        interests: (n, d) unit vectors.
        opinions: (n, 3) mean sentiment.
        posts: (n,) how many each stands on.
    """

    ids: Ints
    interests: Floats
    opinions: Floats
    posts: Ints


def profile_params(settings: Settings) -> str:
    """What sums are made with: those of other params cannot be added to."""
    made = {
        "half_life_days": settings.interest_half_life_days,
        "mention_weight": settings.mention_weight,
    }
    return json.dumps(made, sort_keys=True)


def update_profiles(
    store: Store,
    settings: Settings,
    *,
    model: str,
    progress: Progress | None = None,
    seconds: float | None = None,
) -> Profiled:
    """Bring the profiles of all authors up to date, in units of work.

    Args:
        store: migrated.
        settings: half-life and weights.
        model: the present revision; posts that it has not analysed take no part.
        progress: told of every author.
        seconds: stop after the unit that runs by then; None: as long as it takes.
    """
    work = _Work(store, settings, model, progress or Silent())
    work.outdate()
    until = None if seconds is None else time.monotonic() + seconds
    more = work.go_through(until)
    return Profiled(work.authors, work.posts, work.anew, more)


class _Work:
    """One going through all authors who are to be profiled."""

    def __init__(self, store: Store, settings: Settings, model: str, progress: Progress) -> None:
        self.authors = self.posts = self.anew = 0
        self._store, self._settings, self._model = store, settings, model
        self._params, self._progress = profile_params(settings), progress
        self._begun = False

    def outdate(self) -> None:
        """Where half-life or weights changed, every profile is to be made anew."""
        with self._store.session() as session:
            made = profiles.made_with(session)
        if made == self._params:
            return
        after: int | None = 0
        while made is not None and after is not None:
            with self._store.work() as session:
                after = profiles.mark_outdated(session, self._params, after, 5 * POSTS)
        with self._store.work() as session:
            profiles.note_made_with(session, self._params)

    def go_through(self, until: float | None) -> bool:
        """Unit after unit, in the order of ids; returns whether it stopped for the time."""
        after, missed = 0, 0
        left: set[int] = set()
        while True:
            with self._store.session() as session:
                found = profiles.authors_to_profile(session, self._model, after, AUTHORS)
            if found:
                left |= set(found) - self._unit(found)
                after = found[-1]
            elif left and missed < MISSES:
                # From the beginning: what others were at is done by now, or is not.
                after, missed, left = 0, missed + 1, set()
                time.sleep(PAUSE)
            else:
                break
            if until is not None and time.monotonic() > until:
                return True
        if self._begun:
            self._progress.end()
        return False

    def _unit(self, author_ids: Sequence[int]) -> set[int]:
        """Write the profiles of those of the authors whom nobody else is at; returns whose."""
        if not self._begun:
            self._progress.begin("Author profiles")
            self._begun = True
        with self._store.work() as session:
            profiles.prepare_profiles(session, author_ids, self._model, self._params)
        with self._store.work() as session:
            rows = {row.author_id: row for row in profiles.lock_profiles(session, author_ids)}
            taken = profiles.take_markers(session, sorted(rows), self._model)
            found = self._found(session, rows, taken)
            run = current_segmentation(session)
            profiles.store_profiles(
                session,
                found,
                model=self._model,
                params=self._params,
                unplaced=run is not None and run.model == self._model,
            )
        self.authors += len(found)
        self._progress.advance(len(found))
        return set(rows)

    def _found(
        self,
        session: Session,
        rows: dict[int, AuthorProfile],
        taken: dict[int, dict[int, bool]],
    ) -> list[FoundProfile]:
        anew = {
            i
            for i, row in rows.items()
            if row.stale
            or (i in taken and (row.model, row.params) != (self._model, self._params))
            or any(taken.get(i, {}).values())
            # Reading them all is hardly more, and need not hold them all.
            or len(taken.get(i, {})) > max(POSTS, row.posts)
        }
        fresh = sorted(post for i, own in taken.items() if i not in anew for post in own)
        found, older = self._added(session, rows, fresh)
        return found + self._made_anew(session, rows, anew | older)

    def _added(
        self, session: Session, rows: dict[int, AuthorProfile], post_ids: Sequence[int]
    ) -> tuple[list[FoundProfile], set[int]]:
        """Profiles with new posts added, and the authors of whom that is not enough."""
        if not post_ids:
            return [], set()
        found: list[FoundProfile] = []
        older: set[int] = set()
        read, fresh = profiles.these_posts(session, post_ids, self._model), set(post_ids)
        for some in _by_authors(read, POSTS):
            keys = [post.copy_key for post in some if post.copy_key is not None]
            authors = sorted({post.author_id for post in some})
            copies = profiles.copies_of(session, authors, keys, self._model, but=fresh)
            for author_id, own in groupby(some, key=lambda post: post.author_id):
                posts = list(own)
                first = copies.get(author_id, {})
                if any(p.copy_key in first and p.key < first[p.copy_key] for p in posts):
                    older.add(author_id)
                else:
                    found.append(self._profile(author_id, posts, rows[author_id], set(first)))
        return [one for one in found if one.changed], older

    def _made_anew(
        self, session: Session, rows: dict[int, AuthorProfile], author_ids: set[int]
    ) -> list[FoundProfile]:
        if not author_ids:
            return []
        self.anew += len(author_ids)
        read = profiles.posts_of(session, sorted(author_ids), self._model)
        found = {
            author_id: self._profile(author_id, own, None, set())
            for author_id, own in groupby(read, key=lambda post: post.author_id)
        }
        for author_id in author_ids - set(found):
            found[author_id] = self._profile(author_id, [], None, set())
        return [_compared(found[i], rows[i]) for i in sorted(found)]

    def _profile(
        self,
        author_id: int,
        posts: Iterable[ProfilePost],
        row: AuthorProfile | None,
        copied: set[str],
    ) -> FoundProfile:
        """A profile with posts added to what stands; of copies the first counts."""
        from nlp.profile import later

        half_life = self._settings.interest_half_life_days
        sums, as_of = _sums(row)
        stood = sums.posts
        for part in _parts(posts, POSTS):
            self.posts += len(part)
            counting = _once(part, copied)
            if not counting:
                continue
            newest = counting[-1].published_at
            if sums.posts and newest > as_of:
                sums = later(sums, _days(newest, as_of), half_life_days=half_life)
            as_of = max(newest, as_of) if sums.posts else newest
            sums = self._sum(sums, counting, as_of)
        return FoundProfile(
            author_id=author_id,
            posts=sums.posts,
            interests=sums.interests.tobytes(),
            opinions=[float(x) for x in sums.opinions],
            as_of=as_of,
            changed=sums.posts != stood,
        )

    def _sum(self, sums: Sums, posts: Sequence[ProfilePost], as_of: datetime) -> Sums:
        from nlp.profile import added

        light = self._settings.mention_weight
        return added(
            sums,
            np.stack([np.frombuffer(p.vector, np.float16) for p in posts]).astype(np.float32),
            np.array([p.sentiment or (np.nan,) * 3 for p in posts], np.float32),
            np.array([_days(as_of, p.published_at) for p in posts]),
            np.array([light if p.mention else 1.0 for p in posts]),
            half_life_days=self._settings.interest_half_life_days,
        )


def _sums(row: AuthorProfile | None) -> tuple[Sums, datetime]:
    from nlp.profile import Sums, nothing

    if row is None or not row.posts:
        return nothing(), _EVER
    sums = Sums(np.frombuffer(row.interests), np.array(row.opinions), row.posts)
    return sums, row.as_of


def _compared(found: FoundProfile, row: AuthorProfile) -> FoundProfile:
    """Whether a profile that was made anew says something else."""
    same = (found.posts, found.interests, found.opinions) == (
        row.posts,
        row.interests,
        row.opinions,
    )
    return FoundProfile(
        author_id=found.author_id,
        posts=found.posts,
        interests=found.interests,
        opinions=found.opinions,
        as_of=found.as_of,
        changed=not same,
    )


def _once(posts: Sequence[ProfilePost], copied: set[str]) -> list[ProfilePost]:
    """The posts without those whose copy counted before; adds to the copies."""
    kept = []
    for post in posts:
        if post.copy_key is None or post.copy_key not in copied:
            kept.append(post)
        if post.copy_key is not None:
            copied.add(post.copy_key)
    return kept


def _by_authors(posts: Iterator[ProfilePost], least: int) -> Iterator[list[ProfilePost]]:
    """Posts of whole authors, some thousand together."""
    some: list[ProfilePost] = []
    for _, own in groupby(posts, key=lambda post: post.author_id):
        some += own
        if len(some) >= least:
            yield some
            some = []
    if some:
        yield some


def _parts(posts: Iterable[ProfilePost], size: int) -> Iterator[list[ProfilePost]]:
    rest = iter(posts)
    while part := list(islice(rest, size)):
        yield part


def _days(moment: datetime, earlier: datetime) -> float:
    return (moment - earlier).total_seconds() / 86_400


def read_profiles(session: Session, settings: Settings, model: str) -> Profiles:
    """The profiles of all authors with enough posts; `update_profiles` first.

    Read in chunks into arrays that are made once: a million authors are read as one is.
    """
    ids = profiles.profiled_authors(
        session, model, profile_params(settings), settings.segment_min_posts
    )
    return read_some(session, ids)


def read_some(session: Session, author_ids: Sequence[int]) -> Profiles:
    """The profiles of these authors, in this order; without those who have none by now."""
    from nlp.profile import interests_of, opinions_of

    ids = np.asarray(author_ids, np.int64)
    places = {int(author_id): place for place, author_id in enumerate(ids)}
    posts, opinions = np.zeros(len(ids), np.int64), np.zeros((len(ids), 3), np.float32)
    interests = np.zeros((len(ids), 0), np.float32)
    for part in _parts_of(profiles.read_sums(session, author_ids)):
        rows = np.array([places[author_id] for author_id, *_ in part])
        sums = np.stack([np.frombuffer(one) for _, _, one, _ in part])
        if not interests.shape[1]:
            interests = np.zeros((len(ids), sums.shape[1]), np.float32)
        interests[rows] = interests_of(sums)
        opinions[rows] = opinions_of(np.array([one for *_, one in part]))
        posts[rows] = [count for _, count, *_ in part]
    if (posts > 0).all():
        return Profiles(ids, interests, opinions, posts)
    kept = posts > 0
    return Profiles(ids[kept], interests[kept], opinions[kept], posts[kept])


def _parts_of(
    rows: Iterator[tuple[int, int, bytes, list[float]]],
) -> Iterator[list[tuple[int, int, bytes, list[float]]]]:
    whole = (row for row in rows if row[1])
    while part := list(islice(whole, 2000)):
        yield part
