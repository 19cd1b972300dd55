"""What is counted and measured: every name that /metrics shows, with its help and labels.

Counters are kept in the store (`listening.store.running.counters`), added to by every process and
never reset. Gauges are read from the state of the store when somebody asks.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """One name: what it means, and the labels it carries."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


_METRICS: dict[str, Metric] = {}
_COUNTERS: dict[str, Metric] = {}


def _gauge(name: str, text: str, *labels: str) -> str:
    _METRICS[name] = Metric(name, text, labels)
    return name


def _counter(name: str, text: str, *labels: str) -> str:
    _COUNTERS[name] = _METRICS[name] = Metric(name, text, labels)
    return name


# What came in, by source.
POSTS_NEW = _counter("listening_posts_new_total", "Posts stored for the first time.", "source")
POSTS_EDITED = _counter(
    "listening_posts_edited_total", "Posts whose text changed since they were stored.", "source"
)
MENTIONS_NEW = _counter("listening_mentions_new_total", "Mentions found in posts.", "source")
QUARANTINED = _counter(
    "listening_quarantined_total", "Rows put aside because they could not be read.", "source"
)
REFUSED = _counter("listening_refused_total", "Posts left out for a tombstone.", "source")
PASSED = _counter(
    "listening_posts_passed_total", "Posts passed over since they mention no brand.", "source"
)
DELETED = _counter(
    "listening_posts_deleted_total", "Posts taken out since their platform did.", "source"
)
LOOKED = _counter(
    "listening_authors_looked_up_total",
    "Authors whose recent posts were asked for, by how: found, failed.",
    "source",
    "outcome",
)
SWEEPS = _counter(
    "listening_sweeps_total", "Sweeps and imports that ended, by how.", "source", "status"
)

# What was made of it.
POSTS_ANALYSED = _counter("listening_posts_analysed_total", "Posts analysed.")
MENTIONS_READ = _counter(
    "listening_mentions_read_total", "Mentions whose sentiment towards the brand was read."
)
POISONED = _counter(
    "listening_posts_given_up_total", "Posts given up because analysing them failed every time."
)

# How the work went. A task without a source has the source "".
TASKS = _counter(
    "listening_tasks_total", "Tasks run, by outcome: done, failed, retried.", "task", "outcome"
)
FAILURES = _counter(
    "listening_failures_total", "What failed, by task and source.", "task", "source"
)
LOST = _counter(
    "listening_lost_total",
    "Work found abandoned by a process that died, and taken up again: sweep, job, claim.",
    "kind",
)

# A summary: written by `listening.store.running.counters.took`, with the two names below.
STAGE_SECONDS = "listening_stage_seconds"
STAGE_SECONDS_SUM = _counter(
    f"{STAGE_SECONDS}_sum", "Seconds spent in a stage of the work.", "stage"
)
STAGE_SECONDS_COUNT = _counter(f"{STAGE_SECONDS}_count", "Runs of a stage of the work.", "stage")


# Gauges: the state at the moment of asking.
STORE_UP = _gauge("listening_store_up", "1 where the store answers at the schema of this code.")
BUILD = _gauge(
    "listening_build_info", "The version of this code, and of the store.", "version", "schema"
)
POSTS = _gauge("listening_posts", "Posts in the store.")
MENTIONS = _gauge(
    "listening_mentions", "Mentions in the store; PostgreSQL's estimate in a large one."
)
AUTHORS = _gauge("listening_authors", "Authors in the store; PostgreSQL's estimate in a large one.")
PENDING = _gauge(
    "listening_posts_pending",
    "Posts still to be analysed; in a large store those out of date are estimated.",
)
POISONED_NOW = _gauge("listening_posts_poisoned", "Posts given up at present.")
LAG = _gauge(
    "listening_lag_seconds", "How long the pending post that waits longest has waited; 0: none."
)
LAST_ANALYSED = _gauge(
    "listening_last_analysed_timestamp_seconds", "When a post was last analysed, Unix time."
)
QUARANTINE = _gauge("listening_quarantine_waiting", "Rejected rows that wait for somebody.")

WATCHES = _gauge("listening_watches", "Watches, paused ones as well.")
WATCHES_DUE = _gauge("listening_watches_due", "Watches that are due and not being swept.")
WATCHES_OVERDUE = _gauge("listening_watches_overdue", "Watches due for more than two minutes.")
WATCHES_FAILING = _gauge("listening_watches_failing", "Watches whose last sweep failed.")
WATCHES_PAUSED = _gauge("listening_watches_paused", "Watches that are paused.")
WATCHES_WARNED = _gauge(
    "listening_watches_warned",
    "Watches with a warning: the format of their source may have changed.",
)
SOURCE_LAG = _gauge(
    "listening_source_lag_seconds",
    "How far behind its platform a watch is; absent where that cannot be told, or it is paused.",
    "source",
    "watch",
)
OVERDUE = _gauge("listening_watch_overdue_seconds", "How late the latest watch is.")
SWEEPS_RUNNING = _gauge("listening_sweeps_running", "Sweeps of watches that run.", "source")
LAST_SWEEP = _gauge(
    "listening_last_good_sweep_timestamp_seconds",
    "When a watch of this source was last swept well, Unix time; absent: not lately.",
    "source",
)

BROKER_UP = _gauge("listening_broker_up", "1 where the broker answers.")
QUEUE_DEPTH = _gauge(
    "listening_queue_depth", "Messages that wait; absent where that is not known.", "queue"
)
WORKERS = _gauge("listening_workers", "Processes seen within a minute.", "kind")
CONSUMERS = _gauge("listening_queue_consumers", "Living workers that consume a queue.", "queue")
WORKER_MEMORY = _gauge(
    "listening_worker_memory_bytes", "Resident memory of a living process.", "kind", "host", "pid"
)
LAST_SEEN = _gauge(
    "listening_last_seen_timestamp_seconds", "When a process was last seen, Unix time.", "kind"
)
JOBS = _gauge("listening_jobs", "Long jobs in the store, by status.", "status")

STORE_SIZE = _gauge("listening_store_size_bytes", "Size of the store on its disk.")
DISK_FREE = _gauge("listening_disk_free_bytes", "Free where the data folder stands.")
DISK_SIZE = _gauge("listening_disk_size_bytes", "Size of the disk of the data folder.")
PROBLEMS = _gauge("listening_problems", "What `listening status` says somebody should see to.")
READ_SECONDS = _gauge("listening_reading_seconds", "How long reading the state took.")
READ_AT = _gauge("listening_reading_timestamp_seconds", "When the state was read, Unix time.")


def counter(name: str) -> Metric:
    """The counter of a name.

    Raises:
        ValueError: none is called so.
    """
    if name not in _COUNTERS:
        raise ValueError(f"no counter is called {name}: name it in listening/metrics.py")
    return _COUNTERS[name]


def metric(name: str) -> Metric:
    """The counter or gauge of a name."""
    return _METRICS[name]


def counters() -> list[Metric]:
    """Every counter, by name."""
    return [_COUNTERS[name] for name in sorted(_COUNTERS)]


def all_metrics() -> list[Metric]:
    """Everything that /metrics may show, in the order of this file."""
    return list(_METRICS.values())
