"""What died with its process, and what was to follow it and never came."""

from __future__ import annotations

from dataclasses import dataclass

from listening import metrics
from listening.config import get_settings
from listening.store.posts.looks import looks_owed
from listening.store.posts.owing import flag_is_owed, place_is_owed, segment_is_owed
from listening.store.running.counters import add
from listening.store.running.jobs import end_job, latest_jobs, settle_lost_jobs
from listening.store.session import Store
from listening.store.tables import JobStatus
from listening.store.tables.types import now
from workers.holder import is_dead
from workers.jobs.sweeping import settle_lost


@dataclass(frozen=True, slots=True)
class Settled:
    """How many sweeps and jobs were lost, and what is to be sent.

    Attributes:
        owed: which of flag, segment and place.
        looks: watches whose authors are to be looked up.
    """

    sweeps: int
    jobs: int
    owed: tuple[str, ...]
    looks: tuple[int, ...] = ()


def settle_all_lost(store: Store) -> Settled:
    """Mark what died, at once where its process was on this machine, and tell what is owed."""
    sweeps = settle_lost(store)
    with store.session() as session:
        dead = [job for job in latest_jobs(session, None, running=True) if is_dead(job.holder)]
    with store.work() as session:
        for job in dead:
            end_job(session, int(job.id or 0), JobStatus.LOST, "its process died")
        jobs = len(dead) + settle_lost_jobs(session, now())
        if jobs:
            add(session, metrics.LOST, jobs, kind="job")
    with store.session() as session:
        owed = [
            task
            for task, is_owed in (
                ("nlp.flag", flag_is_owed),
                ("nlp.segment", segment_is_owed),
                ("nlp.place", place_is_owed),
            )
            if is_owed(session, now())
        ]
        looks = looks_owed(session, get_settings())
    return Settled(sweeps, jobs, tuple(owed), tuple(looks))
