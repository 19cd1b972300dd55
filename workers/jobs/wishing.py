"""Do what somebody asked for on a page: match stored posts anew, erase authors."""

from __future__ import annotations

from contextlib import suppress

from listening.errors import ListeningError, StoreError
from listening.logs import masked
from listening.store.brands.brands import brand_id
from listening.store.keeping.wishes import (
    brands_to_match,
    end_erasure,
    matched,
    note_erasure,
    wanted_erasures,
)
from listening.store.session import Store
from listening.store.tables import Brand
from workers.jobs.erasing import erase, find_people
from workers.jobs.matching import match_stored
from workers.progress import Progress


def match_wanted(store: Store, *, progress: Progress | None = None) -> tuple[int, int]:
    """Match the posts of every brand that somebody changed; mentions that are new, and that went.

    A brand that is changed once more meanwhile stays wanted, and is matched by the next run.
    """
    with store.session() as session:
        wanted = brands_to_match(session)
    if not wanted:
        return 0, 0
    found = match_stored(store, [name for _, name, _ in wanted], progress=progress)
    with store.work() as session:
        for brand, _, since in wanted:
            matched(session, brand, since)
    return found


def match_brand(store: Store, brand: Brand, *, progress: Progress | None = None) -> tuple[int, int]:
    """Match the stored posts of one brand at once, for somebody who waits for it."""
    found = match_stored(store, [brand.name], progress=progress)
    if brand.match_wanted_at is not None:
        with store.work() as session:
            matched(session, brand_id(brand), brand.match_wanted_at)
    return found


def erase_wanted(store: Store, *, progress: Progress | None = None) -> int:
    """Erase the authors whom somebody asked to have erased; how many wishes were done."""
    with store.session() as session:
        wanted = wanted_erasures(session)
    done = 0
    for wish in wanted:
        number = int(wish.id or 0)
        try:
            people = find_people(store, wish.source, [wish.who or ""])
            posts = erase(store, people, progress=progress).posts
        except StoreError:
            raise  # another run goes on
        except ListeningError as error:
            with suppress(StoreError), store.work() as session:
                note_erasure(session, number, masked(str(error)))
            continue
        with store.work() as session:
            end_erasure(session, number, posts=posts)
        done += 1
    return done
