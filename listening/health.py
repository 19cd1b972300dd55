"""What the whole service looks like at one moment, and what of it somebody should see to.

Pure: `listening.store.running.health` reads it, /metrics, `listening status` and pages show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

UNSEEN = timedelta(seconds=60)  # a process that was not seen for so long is not there
OVERDUE = timedelta(seconds=120)
STUCK = timedelta(seconds=120)  # a job says every second that it lives
FAILURES = 3  # in a row; one alone is the weather of the network
MANY_WAITING = 10_000  # messages
REJECTED_SHARE, REJECTED_ROWS = 0.5, 10
LOW_DISK = 2 << 30  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How much there is, and how much is still to do.

    Attributes:
        pending: posts without an analysis of their present text by the present model.
        poisoned: posts given up because analysing them failed every time.
        oldest_pending_at: when the pending post that waits longest arrived or was edited.
        newest_analysed_at: when a post was last analysed.
        model: the present one, as far as analyses tell.
        estimated: pending posts beyond those never analysed are estimated from a sample, and
            counts may be the database's own estimate.
    """

    posts: int = 0
    mentions: int = 0
    authors: int = 0
    analysed: int = 0
    pending: int = 0
    poisoned: int = 0
    oldest_pending_at: datetime | None = None
    newest_analysed_at: datetime | None = None
    model: str | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepState:
    """A sweep as it ended or stands."""

    id: int
    status: str
    started_at: datetime
    finished_at: datetime | None = None
    rows: int = 0
    posts_new: int = 0
    mentions_new: int = 0
    quarantined: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchState:
    """A watch, when it is due, and how its last sweep went."""

    id: int
    brand: str
    source: str
    due_at: datetime | None = None
    paused_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    error: str | None = None
    last: SweepState | None = None
    quiet: bool = False  # its quiet hours, or the back-off after failures, hold it back
    warning: str | None = None  # such as: its format may have changed
    read_until: datetime | None = None  # all that the platform had up to here has been read
    pushed: bool = False  # posts come by themselves: it is never swept

    @property
    def label(self) -> str:
        """Which watch, in words."""
        return f"watch {self.id} ({self.brand} at {self.source})"

    @property
    def running(self) -> bool:
        """Whether it is being swept."""
        return self.last is not None and self.last.status == "running"

    def overdue(self, at: datetime) -> timedelta:
        """How long its sweep is late; nothing where it is paused, held back or being swept."""
        if self.paused_at is not None or self.quiet or self.running or self.due_at is None:
            return timedelta(0)
        return max(at - self.due_at, timedelta(0))

    def lag(self, at: datetime) -> timedelta | None:
        """How far behind its platform it is; None: that cannot be told."""
        return None if self.read_until is None else max(at - self.read_until, timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """A process that said it is up: web, worker, beat."""

    name: str
    kind: str
    host: str
    pid: int
    queues: tuple[str, ...] = ()
    started_at: datetime
    seen_at: datetime
    doing: str | None = None
    memory: int | None = None  # resident bytes

    def alive(self, at: datetime) -> bool:
        """Whether it was seen lately; one seen in the future was before the clock stepped back."""
        return abs(at - self.seen_at) <= UNSEEN


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """A long job and how far it is.

    Attributes:
        rate: things a second in this stage.
        left: seconds until the stage is done.
    """

    id: int
    kind: str
    label: str
    status: str
    stage: str | None = None
    done: int = 0
    total: int | None = None
    rate: float | None = None
    left: float | None = None
    started_at: datetime
    heartbeat_at: datetime
    holder: str = ""
    correlation: str | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that failed: when, what, and what it said."""

    at: datetime | None
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Queues:
    """Messages that wait, by queue; None where the broker did not answer, which `error` tells."""

    depth: Mapping[str, int | None] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One reading of the whole state."""

    at: datetime
    schema: str = ""
    amounts: Amounts = field(default_factory=Amounts)
    watches: Sequence[WatchState] = ()
    workers: Sequence[WorkerState] = ()
    queues: Queues = field(default_factory=Queues)
    jobs: Sequence[JobState] = ()  # running
    jobs_by_status: Mapping[str, int] = field(default_factory=dict)
    troubles: Sequence[Trouble] = ()  # newest first
    quarantined: int = 0  # rows that wait
    store_bytes: int | None = None
    disk_free: int | None = None
    disk_total: int | None = None

    @property
    def lag(self) -> timedelta:
        """How long the pending post that waits longest has waited."""
        oldest = self.amounts.oldest_pending_at
        return timedelta(0) if oldest is None else max(self.at - oldest, timedelta(0))

    def alive(self) -> list[WorkerState]:
        """The processes that are up."""
        return [worker for worker in self.workers if worker.alive(self.at)]

    def consumed(self) -> set[str]:
        """The queues that a living worker consumes."""
        return {queue for worker in self.alive() for queue in worker.queues}

    def as_row(self) -> dict[str, Any]:
        """As JSON, times in ISO 8601, with what is judged of it."""
        row = {
            "at": self.at,
            "problems": problems(self),
            "lag_seconds": self.lag.total_seconds(),
            **asdict(self),
        }
        plain: dict[str, Any] = _plain(row)
        for worker, state in zip(plain["workers"], self.workers, strict=True):
            worker["alive"] = state.alive(self.at)
        for watch, own in zip(plain["watches"], self.watches, strict=True):
            watch["overdue_seconds"] = own.overdue(self.at).total_seconds()
            lag = own.lag(self.at)
            watch["lag_seconds"] = None if lag is None else lag.total_seconds()
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(own) for name, own in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(own) for own in value]
    return value


def problems(health: Health) -> list[str]:
    """What somebody should see to, each in one sentence with the fix; empty: all is well."""
    parts = (_processes, _watches, _jobs, _queues, _disk)
    return [sentence for part in parts for sentence in part(health)]


def _processes(health: Health) -> Iterator[str]:
    consumed, pending = health.consumed(), health.amounts.pending
    if pending and "nlp" not in consumed:
        yield (
            f"No worker consumes the queue nlp, and {_count(pending, 'post')} pending: start one, "
            "or run `listening up`."
        )
    listened = [w for w in health.watches if w.paused_at is None and not w.pushed]
    if listened and "sweep" not in consumed:
        yield (
            f"No worker consumes the queue sweep, and {_count(len(listened), 'watch', 'watches')} "
            "to be swept: start one, or run `listening up`."
        )
    beats = [w for w in health.workers if w.kind == "beat"]
    expected = listened or any(w.kind == "worker" for w in health.alive())
    if expected and not any(beat.alive(health.at) for beat in beats):
        last = max((beat.seen_at for beat in beats), default=None)
        seen = "was never seen" if last is None else f"was last seen {_moment(last)}"
        yield f"The beat {seen}: nothing is started on time; start one, or run `listening up`."


def _watches(health: Health) -> Iterator[str]:
    for watch in health.watches:
        if watch.paused_at is not None:
            continue
        if watch.failures >= FAILURES:
            since = f" since {_moment(watch.failing_since)}" if watch.failing_since else ""
            why = f": {watch.error}" if watch.error else "."
            yield f"{_upper(watch.label)} fails{since}, {watch.failures} times in a row{why}"
        if watch.overdue(health.at) > OVERDUE and watch.due_at is not None:
            yield f"{_upper(watch.label)} is due since {_moment(watch.due_at)} and was not swept."
        if watch.warning is not None:
            yield f"{_upper(watch.label)}: {watch.warning}."
            continue
        last = watch.last
        if last is None or last.rows < REJECTED_ROWS:
            continue
        if last.quarantined >= REJECTED_SHARE * last.rows:
            yield (
                f"The format of {watch.source} may have changed: {last.quarantined:,} of "
                f"{last.rows:,} rows of the last sweep of {watch.label} could not be read; "
                "`listening quarantine list` shows why."
            )


def _jobs(health: Health) -> Iterator[str]:
    for job in health.jobs:
        if abs(health.at - job.heartbeat_at) > STUCK:
            yield (
                f"Job {job.id} ({job.kind} {job.label}) was last heard of "
                f"{_moment(job.heartbeat_at)}: its process died or hangs."
            )


def _queues(health: Health) -> Iterator[str]:
    if health.queues.error is not None:
        yield f"The broker does not answer: {health.queues.error}"
    for queue, depth in sorted(health.queues.depth.items()):
        if depth is not None and depth >= MANY_WAITING:
            yield f"{depth:,} messages wait in the queue {queue}: add workers to it."


def _disk(health: Health) -> Iterator[str]:
    if health.disk_free is not None and health.disk_free < LOW_DISK:
        yield (
            f"The disk is nearly full: {health.disk_free / (1 << 30):.1f} GiB are free; make room "
            "before writing fails."
        )


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one} is" if number == 1 else f"{number:,} {many or one + 's'} are"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
