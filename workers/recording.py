"""Long work in the store while it runs: how far it is, that it lives, and that it may stop.

A thread of its own writes, once a second: the job never waits for its own record, and one
that is silent for minutes (a clustering) is still known to live.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from listening.errors import ListeningError, StoreError
from listening.logs import correlation as present_correlation
from listening.store.running.jobs import beat_job, begin_job, end_job
from listening.store.session import Store
from listening.store.tables import JobStatus
from listening.store.tables.types import now
from workers.holder import this_holder
from workers.progress import Progress, Silent

EVERY = 1.0  # seconds


class Cancelled(ListeningError):  # noqa: N818  nothing is wrong: somebody asked for it
    """Somebody asked the job to stop; what it has done stands."""


class Recorder:
    """Progress that stands in the store, and is shown by another one besides.

    The row is made when the first stage begins: a job that finds nothing to do leaves none.

    Args:
        store: migrated.
        kind: import, analyse, match, flag, segment, ...
        label: what is worked on, in words.
        holder: the process that works.
        correlation: of the sweep or command that set it off.
        shown: told of everything as well.
        every: seconds between two writes.
    """

    def __init__(
        self,
        store: Store,
        kind: str,
        label: str,
        *,
        holder: str,
        correlation: str | None = None,
        shown: Progress | None = None,
        every: float = EVERY,
    ) -> None:
        self.job_id: int | None = None
        self._store, self._shown, self._every = store, shown or Silent(), every
        self._about = (kind, label, holder, correlation)
        self._stage: str | None = None
        self._done, self._stage_at = 0, now()
        self._total: int | None = None
        self._cancelled = False
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, what: str, total: int | None = None) -> None:
        """A stage begins; the first makes the row.

        Raises:
            Cancelled: somebody asked for it.
        """
        self._check()
        self._stage, self._done, self._total, self._stage_at = what, 0, total, now()
        if self._thread is None:
            self._open()
            self._thread = threading.Thread(target=self._watch, name="recorder", daemon=True)
            self._thread.start()
        self._shown.begin(what, total)

    def advance(self, by: int = 1) -> None:
        """So much of the stage is done; 0 only asks whether to go on.

        Raises:
            Cancelled: somebody asked for it.
        """
        self._done += by
        self._shown.advance(by)
        self._check()

    def end(self) -> None:
        """The stage is done."""
        self._shown.end()

    def finish(self, status: JobStatus, error: str | None = None) -> None:
        """Write how the job ended; it is told nothing afterwards."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if error is not None:
            self._open()
        if self.job_id is not None:
            self._write()
            with self._store.work() as session:
                end_job(session, self.job_id, status, error)

    def _check(self) -> None:
        if self._cancelled:
            raise Cancelled(f"Job {self.job_id} was cancelled; what it has done is kept.")

    def _open(self) -> None:
        if self.job_id is None:
            kind, label, holder, correlation = self._about
            with self._store.work() as session:
                self.job_id = begin_job(
                    session, kind, label, holder=holder, correlation=correlation
                )

    def _watch(self) -> None:
        while not self._ended.wait(self._every):
            # A store that does not answer for a while is the job's to meet, not its record's.
            with suppress(StoreError):
                self._write()

    def _write(self) -> None:
        with self._store.work() as session:
            self._cancelled |= beat_job(
                session,
                self.job_id or 0,
                stage=self._stage,
                done=self._done,
                total=self._total,
                stage_at=self._stage_at,
            )


@contextmanager
def recorded(
    store: Store,
    kind: str,
    label: str,
    *,
    holder: str | None = None,
    correlation: str | None = None,
    shown: Progress | None = None,
    every: float = EVERY,
) -> Iterator[Recorder]:
    """A job from its first stage to its end: done, cancelled, or failed with its error.

    Args:
        store: migrated.
        kind: import, analyse, match, flag, segment, ...
        label: what is worked on, in words.
        holder: None: this process and thread.
        correlation: None: the one that log lines carry.
        shown: told of everything as well, such as a bar.
        every: seconds between two writes.

    Raises:
        Cancelled: somebody asked for it; told by the recorder when the job next advances.
    """
    recorder = Recorder(
        store,
        kind,
        label,
        holder=holder or this_holder(),
        correlation=correlation or present_correlation(),
        shown=shown,
        every=every,
    )
    try:
        yield recorder
    except BaseException as error:
        status, why = _ending(error)
        # Where the store is what failed, the job is found lost by its heartbeat.
        with suppress(StoreError):
            recorder.finish(status, why)
        raise
    recorder.finish(JobStatus.DONE)


def _ending(error: BaseException) -> tuple[JobStatus, str | None]:
    if isinstance(error, Cancelled | KeyboardInterrupt | SystemExit | GeneratorExit):
        return JobStatus.CANCELLED, None
    return JobStatus.FAILED, str(error) or type(error).__name__
