"""Erase authors: everything of theirs, everything derived, and their way back in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlmodel import Session

from listening.store.keeping.erasing import (
    Person,
    bury_person,
    erase_author,
    erase_posts,
    find_person,
    mask_person,
    people_back,
    words_of,
    would_go,
)
from listening.store.keeping.scrubbing import (
    count_rows,
    drop_rows,
    drop_views,
    naming,
    scrub_keywords,
    scrub_notes,
    scrub_reports,
)
from listening.store.keeping.tombstones import forget_restored, was_restored
from listening.store.session import Store
from workers.alone import alone
from workers.progress import Progress, Silent

UNIT = 500  # posts a unit of work: workers wait no longer than that takes


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasing took.

    Attributes:
        authors: stored authors who went; others have a tombstone all the same.
        posts: of theirs.
        masked: posts by others in which their handle is stars now.
        rows: quarantined rows.
    """

    people: int = 0
    authors: int = 0
    posts: int = 0
    masked: int = 0
    rows: int = 0


def find_people(store: Store, source: str, who: Iterable[str]) -> list[Person]:
    """The authors whom native ids and @handles mean, each once."""
    with store.session() as session:
        found = [find_person(session, source, one) for one in who]
    return list({(p.source, p.native_id): p for p in found}.values())


def plan(store: Store, people: Sequence[Person]) -> list[dict[str, int]]:
    """What would go, per person."""
    with store.session() as session:
        return [
            would_go(session, one)
            | {"quarantined rows": count_rows(session, words_of(session, one))}
            for one in people
        ]


def erase(store: Store, people: Sequence[Person], *, progress: Progress | None = None) -> Erased:
    """Erase authors for good, in units of work; killed in between it is simply run again."""
    progress = progress or Silent()
    progress.begin("Erasing", len(people))
    words: set[str] = set()
    people = [alone(store, partial(bury_person, person=person)) for person in people]
    for person in people:
        with store.session() as session:
            words |= words_of(session, person)
    # While the posts still say what to look for.
    rows = _drop_rows(store, words)
    names = naming([value for person in people for value in person.telling], words)
    alone(store, partial(scrub_notes, values=words, names=names))
    numbers = [person.author_id for person in people if person.author_id and not person.brands]
    alone(store, partial(drop_views, values=names, author_ids=numbers))
    authors = posts = masked = 0
    for person in people:
        posts += _to_the_end(store, partial(erase_posts, person=person, limit=UNIT))
        masked += _to_the_end(store, partial(mask_person, person=person, limit=UNIT))
        alone(store, partial(scrub_keywords, values=person.telling))
        alone(store, partial(scrub_reports, values=person.telling))
        authors += alone(store, partial(erase_author, person=person))
        progress.advance()
    progress.end()
    return Erased(len(people), authors, posts, masked, rows)


def erase_again(store: Store, *, progress: Progress | None = None) -> int:
    """Erase whom a restored backup brought back although they have a tombstone; returns how many.

    Looks only after a restore, and until it has come to the end once.
    """
    with store.session() as session:
        if not was_restored(session):
            return 0
    done, after = 0, 0
    while True:
        with store.session() as session:
            people, last = people_back(session, after=after, limit=10 * UNIT)
        if people:
            done += erase(store, people, progress=progress).authors
        if last is None:
            break
        after = last
    with store.work() as session:
        forget_restored(session)
    return done


def _to_the_end(store: Store, unit: Callable[[Session], int]) -> int:
    """Call a unit of at most `UNIT` posts until it finds fewer."""
    total = 0
    while True:
        done = alone(store, unit)
        total += done
        if done < UNIT:
            return total


def _drop_rows(store: Store, words: set[str]) -> int:
    gone, after = 0, 0
    while True:
        found, last = alone(store, partial(drop_rows, values=words, after=after, limit=UNIT * 4))
        gone += found
        if last is None:
            return gone
        after = last
