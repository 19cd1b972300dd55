"""Celery's tasks: a dozen lines over a job.

What a task sets off is sent after its own commit; what is lost on the way the beat makes up.
"""

from __future__ import annotations

import time

import structlog

from listening.config import get_settings
from listening.logs import correlated, new_correlation
from listening.store.posts.owing import ALL_AUTHORS, ALL_BRANDS
from listening.store.running.leases import holder_of, take
from listening.store.tables.types import now
from workers.app import LONG_HARD, LONG_SOFT, app
from workers.base import JobTask
from workers.holder import this_holder

log = structlog.get_logger()

# How long one run analyses before others get their turn, and how often at most all brands are
# flagged again while there is more to analyse. Seconds.
SLICE, FLAG_EVERY = 30.0, 120.0
# So many workers at most are woken to place the authors of one run.
HELPERS = 16
# Counting takes at most one part in so many of the time, and a pause of a few seconds. Seconds.
COUNT_REST, COUNT_LEAST = 10.0, 3.0


@app.task(base=JobTask, bind=True, name="sweep.due")
def due_task(self: JobTask) -> None:
    """Send a sweep for each watch that is due, each with a correlation id of its own."""
    from listening.store.watches.watches import due_watches

    with self.store.session() as session:
        due = due_watches(session, now())
    for watch_id in due:
        with correlated(new_correlation()):
            self.after("sweep.watch", watch_id, once=f"watch:{watch_id}")


@app.task(base=JobTask, bind=True, name="sweep.watch")
def watch_task(self: JobTask, watch_id: int) -> None:
    """Sweep one watch; what it found is analysed next, and its authors are looked up."""
    from listening.store.posts.looks import looks_owed
    from workers.jobs.sweeping import sweep_watch

    report = sweep_watch(self.store, watch_id, holder=this_holder())
    if report.skipped is not None:
        return
    log.info("swept", watch=watch_id, sweep=report.sweep_id, error=report.error)
    self.after("nlp.analyse", once="nlp.analyse")
    self.after("keep.count", once="keep.count")
    with self.store.session() as session:
        owed = looks_owed(session, get_settings(), watch_id)
    if owed:
        self.after("sweep.look", watch_id, once=f"look:{watch_id}")


@app.task(base=JobTask, bind=True, name="sweep.look")
def look_task(self: JobTask, watch_id: int) -> None:
    """Look up authors for one watch; what they said is analysed next."""
    from workers.jobs.looking import look

    looked = look(self.store, get_settings(), watch_id)
    if not looked.authors:
        return
    found = looked.counts
    log.info("authors looked up", watch=watch_id, authors=looked.authors, failed=looked.failed)
    if found.posts_new or found.posts_edited:
        self.after("nlp.analyse", once="nlp.analyse")


@app.task(base=JobTask, bind=True, name="nlp.analyse")
def analyse_task(self: JobTask) -> None:
    """Analyse for a while; the rest is the next run's, after whatever else waits.

    Whoever wrote the posts is given their segment at once.
    """
    from listening.store.segments.segments import current_segmentation
    from workers.jobs.analysing import analyse_pending
    from workers.jobs.correcting import settle_all
    from workers.jobs.placing import follow
    from workers.models import models
    from workers.recording import recorded

    store, settings = self.store, get_settings()
    with recorded(store, "analyse", "Pending posts") as progress:
        done = analyse_pending(store, models(), progress=progress, seconds=SLICE)
        profiled, placed = follow(
            store, settings, model=models().revision, progress=progress, seconds=SLICE
        )
    settled = settle_all(store)  # what a kill in the middle of a correction left
    if done.more or profiled.more or placed.more:
        self.after("nlp.analyse", once=f"nlp.analyse:{this_holder()}")
    if placed.authors:
        log.info("authors placed", authors=placed.authors, moved=placed.moved, left=placed.left)
    if not (done.posts or done.mentions or settled):
        return
    log.info("analysed", posts=done.posts, mentions=done.mentions, more=done.more)
    with store.work() as session:
        flags = not done.more or take(session, "flagging", str(self.request.id), FLAG_EVERY)
        segments = not done.more and current_segmentation(session) is None
    if flags:
        self.after("nlp.flag", once="nlp.flag")
    if segments:
        self.after("nlp.segment", once="nlp.segment")


@app.task(base=JobTask, bind=True, name="nlp.flag")
def flag_task(self: JobTask) -> None:
    """Flag every brand."""
    from workers.jobs.flagging import flag
    from workers.leasing import held
    from workers.recording import recorded

    with held(self.store, "flag") as ours:
        if not ours:
            return
        with recorded(self.store, "flag", ALL_BRANDS) as progress:
            for own in flag(self.store, get_settings(), progress=progress):
                log.info("flagged", brand=own.brand, advocates=own.advocates, cases=own.cases)
    self.after("keep.count", once="keep.count")


@app.task(
    base=JobTask,
    bind=True,
    name="nlp.segment",
    soft_time_limit=LONG_SOFT,
    time_limit=LONG_HARD,
    # One that needs more memory than there is would be killed and begin again for ever.
    reject_on_worker_lost=False,
)
def segment_task(self: JobTask) -> None:
    """Find segments; the same data give the run that stands.

    Where there are many authors, others are woken to help with giving them theirs.
    """
    from listening.store.segments.segmentations import chunks_of
    from workers.jobs.drifting import current_run, note_segmented
    from workers.jobs.finishing import shared
    from workers.jobs.segmenting import begin, complete
    from workers.leasing import held
    from workers.models import model_revision, prepare_caches
    from workers.recording import recorded

    store, settings = self.store, get_settings()
    prepare_caches(settings)
    with held(store, "segment") as ours:
        if not ours:
            return
        before = current_run(store)
        with recorded(store, "segment", ALL_AUTHORS) as progress:
            run = begin(store, settings, model=model_revision(settings), progress=progress)
            if run is not None and not shared(run):
                run = complete(store, settings, run, progress=progress)
        note_segmented(store, before)
    if run is None or not shared(run):
        log.info("segmented", authors=run.authors if run else 0, noise=run.noise if run else 0)
        return
    for helper in range(min(HELPERS, chunks_of(run))):
        self.after("nlp.place", once=f"nlp.place:{helper}")


@app.task(base=JobTask, bind=True, name="nlp.place")
def place_task(self: JobTask) -> None:
    """Give authors their segments of a run that is being made; the last one finishes it."""
    from workers.jobs.finishing import help_placing
    from workers.models import prepare_caches
    from workers.recording import recorded

    settings = get_settings()
    prepare_caches(settings)
    with recorded(self.store, "place", ALL_AUTHORS) as progress:
        run = help_placing(self.store, settings, progress=progress)
    if run is not None:
        log.info("segmented", authors=run.authors, noise=run.noise)


@app.task(base=JobTask, bind=True, name="nlp.drift")
def drift_task(self: JobTask) -> None:
    """Segment by day where enough people have come or moved since the last time."""
    from workers.jobs.drifting import check_drift

    drift = check_drift(self.store, get_settings())
    if drift.enough:
        log.info("authors have moved", moved=drift.moved, authors=drift.authors)
        self.after("nlp.segment", once="nlp.segment")


@app.task(base=JobTask, bind=True, name="keep.house")
def house_task(self: JobTask) -> None:
    """Retention, and what piled up."""
    from workers.jobs.keeping import keep_house
    from workers.leasing import held
    from workers.recording import recorded

    with held(self.store, "house") as ours:
        if not ours:
            return
        with recorded(self.store, "keep", "Keeping house") as progress:
            kept = keep_house(self.store, get_settings(), progress=progress)
    log.info("kept house", **{name: count for name, count in kept.as_row().items() if count})


@app.task(base=JobTask, bind=True, name="keep.count")
def count_task(self: JobTask) -> None:
    """Count what changed; after a while of it, others get ten times as long."""
    from workers.jobs.counting import count, themes_are_due
    from workers.leasing import held
    from workers.recording import recorded

    with self.store.session() as session:
        if holder_of(session, "counted") is not None:
            return
    with held(self.store, "count") as ours:
        if not ours:
            return
        began = time.monotonic()
        with recorded(self.store, "count", ALL_BRANDS) as progress:
            counted = count(self.store, progress=progress)
        took = time.monotonic() - began
        with self.store.work() as session:
            take(session, "counted", str(self.request.id), COUNT_REST * took + COUNT_LEAST)
    if counted.days or counted.windows:
        log.info("counted", days=counted.days, windows=counted.windows, seconds=round(took, 1))
    if themes_are_due(self.store):
        self.after("nlp.themes", once="nlp.themes")


@app.task(base=JobTask, bind=True, name="nlp.themes")
def themes_task(self: JobTask) -> None:
    """Find what the windows are about that people look at."""
    from workers.jobs.counting import find_themes
    from workers.leasing import held
    from workers.recording import recorded

    with held(self.store, "themes") as ours:
        if not ours:
            return
        with recorded(self.store, "themes", ALL_BRANDS) as progress:
            found = find_themes(self.store, progress=progress)
    if found:
        log.info("found themes", windows=found)


@app.task(base=JobTask, bind=True, name="keep.cases")
def cases_task(self: JobTask) -> None:
    """Wake cases whose snooze is over, escalate those that are late."""
    from workers.jobs.casetime import keep_time

    done = keep_time(self.store)
    if done.woken or done.escalated:
        log.info("cases timed", woken=done.woken, escalated=done.escalated)


@app.task(base=JobTask, bind=True, name="keep.figures")
def figures_task(self: JobTask) -> None:
    """Count what pages show of large runs, for a while; the rest is the next one's."""
    from workers.jobs.figuring import make_figures
    from workers.recording import recorded

    with recorded(self.store, "figures", ALL_AUTHORS) as progress:
        figured = make_figures(self.store, progress=progress, seconds=SLICE)
    if figured.things:
        log.info("figures made", things=figured.things, more=figured.more)


@app.task(base=JobTask, bind=True, name="keep.report")
def report_task(self: JobTask) -> None:
    """Make the digests that are due."""
    from workers.jobs.reporting import make_due_reports

    made = make_due_reports(self.store)
    if made:
        log.info("made reports", reports=made)
        self.after("keep.deliver", once="keep.deliver")


@app.task(base=JobTask, bind=True, name="keep.incidents")
def incidents_task(self: JobTask) -> None:
    """Have those told who ask for incidents."""
    from workers.jobs.reporting import tell_incidents

    told = tell_incidents(self.store)
    if told:
        log.info("told of incidents", deliveries=told)
        self.after("keep.deliver", once="keep.deliver")


@app.task(base=JobTask, bind=True, name="keep.settle")
def settle_task(self: JobTask) -> None:
    """Find the sweeps and jobs whose process died, and send what should have followed."""
    from workers.jobs.settling import settle_all_lost

    settled = settle_all_lost(self.store)
    if settled.sweeps or settled.jobs:
        log.warning("lost with its process", sweeps=settled.sweeps, jobs=settled.jobs)
    for task in settled.owed:
        self.after(task, once=task)
    for watch_id in settled.looks:
        self.after("sweep.look", watch_id, once=f"look:{watch_id}")


@app.task(base=JobTask, bind=True, name="keep.deliver")
def deliver_task(self: JobTask) -> None:
    """Send the notifications that wait."""
    from workers.jobs.delivering import deliver_due

    done = deliver_due(self.store, get_settings())
    if done.sent or done.failed:
        log.info("delivered", sent=done.sent, failed=done.failed)
    if done.more:
        self.after("keep.deliver", once="keep.deliver")


@app.task(
    base=JobTask, bind=True, name="nlp.match", soft_time_limit=LONG_SOFT, time_limit=LONG_HARD
)
def match_task(self: JobTask) -> None:
    """Match stored posts against the brands that somebody changed; what is new is analysed."""
    from workers.jobs.wishing import match_wanted
    from workers.leasing import held
    from workers.recording import recorded

    with held(self.store, "match") as ours:
        if not ours:
            return
        with recorded(self.store, "match", "Changed brands") as progress:
            new, gone = match_wanted(self.store, progress=progress)
    log.info("matched", new=new, gone=gone)
    self.after("nlp.analyse", once="nlp.analyse")
    self.after("nlp.flag", once="nlp.flag")


@app.task(base=JobTask, bind=True, name="keep.erase")
def erase_task(self: JobTask) -> None:
    """Erase the authors whom somebody asked to have erased."""
    from workers.jobs.wishing import erase_wanted
    from workers.leasing import held
    from workers.recording import recorded

    with held(self.store, "erase") as ours:
        if not ours:
            return
        with recorded(self.store, "erase", "Authors who asked for it") as progress:
            done = erase_wanted(self.store, progress=progress)
    log.info("erased", people=done)
