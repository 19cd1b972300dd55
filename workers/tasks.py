"""Celery's tasks: a dozen lines over a job."""

from __future__ import annotations

import structlog

from listening.config import get_settings
from listening.store.segments import current_segmentation
from workers.app import app
from workers.base import JobTask
from workers.jobs.analysing import analyse_pending
from workers.jobs.correcting import settle_all
from workers.jobs.flagging import flag
from workers.jobs.segmenting import segment
from workers.models import model_revision, models, prepare_caches

log = structlog.get_logger()


@app.task(base=JobTask, bind=True, name="nlp.analyse")
def analyse_task(self: JobTask) -> None:
    """Analyse what is pending; what was analysed is flagged next, and first segmented at once."""
    with self.store() as store:
        done = analyse_pending(store, models())
        settled = settle_all(store)  # what a kill in the middle of a correction left
        with store.session() as session:
            segmented = current_segmentation(session) is not None
    if done.posts or done.mentions or settled:
        log.info("analysed", posts=done.posts, mentions=done.mentions)
        flag_task.delay()
        if not segmented:
            segment_task.delay()


@app.task(base=JobTask, bind=True, name="nlp.flag")
def flag_task(self: JobTask) -> None:
    """Flag every brand."""
    with self.store() as store:
        for own in flag(store, get_settings()):
            log.info("flagged", brand=own.brand, advocates=own.advocates, cases=own.cases)


@app.task(base=JobTask, bind=True, name="nlp.segment")
def segment_task(self: JobTask) -> None:
    """Run a segmentation; the same data give the run that stands."""
    settings = get_settings()
    prepare_caches(settings)
    with self.store() as store:
        run = segment(store, settings, model=model_revision(settings))
    log.info("segmented", authors=run.authors if run else 0, noise=run.noise if run else 0)
