"""After a job by hand: everything that pages read counted and kept, as the beat has it done."""

from __future__ import annotations

from listening.store.session import Store
from workers.jobs.counting import count, find_themes
from workers.jobs.figuring import make_figures
from workers.progress import Progress


def sum_up(store: Store, *, progress: Progress | None = None) -> None:
    """Count what is marked, find themes of windows that have none, make figures of segments."""
    count(store, progress=progress)
    find_themes(store, progress=progress)
    make_figures(store, progress=progress, at_once=True)
