"""Bringing what is kept counted up to date: marked days, and who spoke in each window.

Each step is a unit of work of its own; killed anywhere, the next run goes on.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace

from sqlmodel import Session

from listening.store.brands.brands import brand_id, list_brands
from listening.store.counts.counted import read_days
from listening.store.counts.daycounts import count_again, marked_brands
from listening.store.counts.windowed import (
    count_people,
    due_windows,
    put_themes,
    store_window,
    themeless,
)
from listening.store.segments.sampling import sample_texts
from listening.store.session import Store
from listening.store.tables.types import now
from listening.windows import Window
from workers.jobs.naming import brand_words
from workers.progress import Progress, Silent


@dataclass(frozen=True, slots=True)
class Counted:
    """How many days and windows were counted."""

    days: int = 0
    windows: int = 0


def count(store: Store, *, progress: Progress | None = None) -> Counted:
    """Count every marked day, then authors and reach of the windows that are due."""
    progress = progress or Silent()
    with store.session() as session:
        marked = marked_brands(session)
        brands = [brand_id(brand) for brand in list_brands(session)]
    done = Counted()
    if marked:
        progress.begin("Counting days")
        for brand in marked:
            while days := _count_again(store, brand):
                done = replace(done, days=done.days + days)
                progress.advance(days)
        progress.end()
    for brand in brands:
        with store.session() as session:
            due = due_windows(session, brand, now(), brand in marked)
        for window in due:
            _count_window(store, brand, window)
            done = replace(done, windows=done.windows + 1)
    return done


def _count_again(store: Store, brand: int) -> int:
    with store.work() as session:
        return count_again(session, brand)


def _count_window(store: Store, brand: int, window: Window) -> None:
    began, as_of = time.monotonic(), now()
    with store.session() as session:  # nobody waits for it: only writing is a unit of work
        people = count_people(session, brand, window)
    with store.work() as session:
        store_window(
            session, brand, window, people, counted_at=as_of, seconds=time.monotonic() - began
        )


def themes_are_due(store: Store) -> bool:
    """Whether a window waits for its themes."""
    with store.session() as session:
        return any(themeless(session, brand_id(brand)) for brand in list_brands(session))


def find_themes(store: Store, *, progress: Progress | None = None) -> int:
    """Find what the windows that have none yet are about; returns how many."""
    progress = progress or Silent()
    with store.session() as session:
        brands = list_brands(session)
    words = brand_words(brands)
    done = 0
    for brand in brands:
        with store.session() as session:
            due = themeless(session, brand_id(brand))
        for window, mentions in due:
            if not done:
                progress.begin("Themes")
            _find(store, brand_id(brand), window, mentions, words)
            done += 1
            progress.advance()
    if done:
        progress.end()
    return done


def _find(store: Store, brand: int, window: Window, mentions: int, leave_out: list[str]) -> None:
    from nlp.themes import themes

    before = window.before()
    with store.session() as session:
        own = sample_texts(session, brand, window, mentions)
        earlier = _sample(session, brand, before) if before is not None else []
    found = themes(own, earlier, leave_out=leave_out)
    with store.work() as session:
        put_themes(session, brand, window, asdict(found) | {"mentions": mentions, "read": len(own)})


def _sample(session: Session, brand: int, window: Window) -> list[tuple[int, str, bool]]:
    days = read_days(session, [brand], window.first, window.last)[brand].days
    return sample_texts(session, brand, window, sum(day.mentions for day in days))
