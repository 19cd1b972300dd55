"""Import a file: posts and mentions into the store, bad rows into quarantine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from listening import metrics
from listening.importing import BadRow, Table
from listening.importing.whole import open_file
from listening.ingest import Ingested
from listening.logs import correlation
from listening.matching import BrandMatcher, BrandRule
from listening.sources.base import RawPost
from listening.store.brands.brands import brand_id, brand_rules, get_brand
from listening.store.running.counters import add
from listening.store.session import Store
from listening.store.tables import SweepStatus
from listening.store.tables.types import now
from listening.store.watches.sweeps import (
    begin_sweep,
    end_sweep,
    get_sweep,
    resolve_older,
    resolve_rows,
    waiting_rows,
)
from listening.taking import Rows, count_into, take_rows, unknown_values
from workers.progress import Progress, Silent

BATCH = 2000
SOURCE = "file"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file.

    Attributes:
        sweep_id: its entry among the sweeps.
        counts: of the rows that were read.
        quarantined: rows kept aside.
        reasons: why, with their counts, most frequent first.
        notes: what was assumed or kept as unknown.
    """

    sweep_id: int
    counts: Ingested
    quarantined: int
    reasons: dict[str, int]
    notes: tuple[str, ...]


def import_table(
    store: Store,
    table: Table,
    *,
    brands: Sequence[str] | None = None,
    all_about: str | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a file, a unit of work a batch; importing it again stores nothing twice.

    Args:
        store: migrated.
        table: of `open_file`.
        brands: match these; None: every brand in the store.
        all_about: a brand that every row mentions.
        progress: told of bytes.
    """
    progress = progress or Silent()
    work = _Import(store, str(table.path), str(table.path), brands, all_about)
    total, seen = table.progress().bytes_total, 0
    progress.begin(f"Importing {table.path.name}", total)
    line = 1
    try:
        for row in table.rows():
            line, began = table.progress().line, line
            if work.take(row, began):
                done = table.progress().bytes_read
                progress.advance(done - seen)
                seen = done
        work.flush()
    except BaseException as error:
        work.end(error=str(error) or type(error).__name__)
        raise
    with store.work() as session:
        resolve_older(session, str(table.path), work.sweep_id)
    work.end()
    progress.advance(total - seen)
    progress.end()
    reasons = dict(sorted(work.reasons.items(), key=lambda item: -item[1]))
    notes = tuple(unknown_values(table))
    return ImportReport(work.sweep_id, work.counts, work.bad, reasons, notes)


class _Import:
    """Gathers rows and writes them a batch at a time, counts and all."""

    def __init__(
        self,
        store: Store,
        file: str,
        label: str,
        brands: Sequence[str] | None,
        all_about: str | None,
    ) -> None:
        self.counts = Ingested()
        self.bad = 0
        self.reasons: dict[str, int] = {}
        self._store, self._file, self._brands = store, file, brands
        self._rules: list[BrandRule] | None = None
        with store.work() as session:
            self._listen(session)
            self._about = brand_id(get_brand(session, all_about)) if all_about else None
            sweep = begin_sweep(session, source=SOURCE, label=label, correlation=correlation())
            sweep.heartbeat_at = now()
        self.sweep_id = int(sweep.id or 0)
        self._rows = Rows()

    def _listen(self, session: Session) -> None:
        """Brands as they are now: one that is added meanwhile is not missed."""
        rules = brand_rules(session)
        if rules != self._rules:
            self._rules, self._matcher = rules, BrandMatcher(rules)
            self._brand_ids = [rule.id for rule in brand_rules(session, self._brands)]

    def take(self, row: RawPost | BadRow, line: int) -> bool:
        """Take in a row that begins at `line` or after; True when a batch was written."""
        self._rows.add(row, line)
        if len(self._rows) < BATCH:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        """Write what was gathered, with the sweep's counts, in one unit of work."""
        with self._store.work() as session:
            self._listen(session)
            taken = take_rows(
                session,
                self._rows,
                self._matcher,
                brand_ids=self._brand_ids,
                all_about=self._about,
                sweep_id=self.sweep_id,
                file=self._file,
                source=SOURCE,
            )
            counts, bad = self.counts + taken.counts, self.bad + taken.quarantined
            self._count(session, counts, bad)
        self.counts, self.bad = counts, bad
        for row in taken.rejected:
            self.reasons[row.reason] = self.reasons.get(row.reason, 0) + 1
        self._rows = Rows()

    def _count(self, session: Session, counts: Ingested, bad: int) -> None:
        sweep = get_sweep(session, self.sweep_id)
        count_into(sweep, counts, bad)
        # Found lost (the machine slept) and yet alive: there is nobody whom it could disturb.
        sweep.status, sweep.finished_at, sweep.error = SweepStatus.RUNNING, None, None
        sweep.heartbeat_at = now()
        session.add(sweep)

    def end(self, *, error: str | None = None) -> None:
        """Note how the import ended."""
        with self._store.work() as session:
            end_sweep(session, get_sweep(session, self.sweep_id), error=error)
            status = SweepStatus.FAILED if error else SweepStatus.DONE
            add(session, metrics.SWEEPS, source=SOURCE, status=str(status))


def retry_file(
    store: Store,
    path: Path,
    lines: Sequence[int],
    *,
    options: Mapping[str, object] | None = None,
    brands: Sequence[str] | None = None,
    all_about: str | None = None,
) -> ImportReport:
    """Read the quarantined lines of a file again, after it or its mapping was mended.

    Raises:
        ImportFileError: the file is no longer there or cannot be read.
    """
    table = open_file(path, **(options or {}))
    work = _Import(store, str(path), f"{path} (quarantine)", brands, all_about)
    waiting, read, bad = sorted(set(lines)), set[int](), set[int]()
    begins = waiting[0] if waiting else 1
    try:
        for row in table.rows(start_line=begins):
            begins, began = table.progress().line, begins
            # Of a JSON list many rows may stand on one line: all of them are read.
            own = {line for line in waiting if began <= line < begins or line == began}
            if own:
                work.take(row, began)
                (bad if isinstance(row, BadRow) else read).update(own)
            if not waiting or begins > waiting[-1]:
                break
        work.flush()
    except BaseException as error:
        work.end(error=str(error) or type(error).__name__)
        raise
    with store.work() as session:
        # A row that clashed is in quarantine again, and waits.
        again = {row.line for row in waiting_rows(session, str(path)) if row.field == "id"}
        resolve_rows(session, str(path), sorted(read - bad - again))
    work.end()
    return ImportReport(work.sweep_id, work.counts, work.bad, work.reasons, ())
