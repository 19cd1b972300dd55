"""What is pushed, into the store: whole or not at all, in one unit of work."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from listening import metrics
from listening.errors import ConflictError, ImportFileError, NotFoundError
from listening.importing import BadRow, open_table
from listening.importing.packing import look_into
from listening.importing.whole import TooLargeError, read_through
from listening.ingest import Ingested
from listening.logs import correlation
from listening.matching import BrandMatcher, BrandRule, Matched
from listening.sources.base import RawPost
from listening.sources.push import NAME
from listening.sources.reading import in_settings, reading_options
from listening.sources.registry import where
from listening.store.brands.brands import brand_rules
from listening.store.running.counters import add, took
from listening.store.session import Store
from listening.store.tables import Brand, Sweep, SweepStatus, Watch
from listening.store.watches.sweeps import begin_sweep, end_sweep
from listening.taking import Rows, count_into, take_rows, unknown_values

# Of one push. Whoever else writes to SQLite waits while it is stored, so it is bounded.
MOST_BYTES = 10_000_000
MOST_UNPACKED = 20_000_000
MOST_ROWS = 50_000

_MOST_WATCHES = 2**31  # beyond what the store's numbers can be


class UnknownFormatError(ImportFileError):
    """It is nothing that can be read as text: an archive, a workbook, an image."""


class NoRowError(ImportFileError):
    """A table in which no row can be read.

    Args:
        message: the first row's line and reason.
        rows: all that were tried.
    """

    def __init__(self, message: str, rows: Sequence[BadRow]) -> None:
        super().__init__(message)
        self.rows = rows


@dataclass(frozen=True, slots=True)
class PushReport:
    """What became of a push.

    Attributes:
        sweep_id: its entry among the sweeps.
        counts: of the posts.
        quarantined: rows kept aside.
        rejected: the rows that could not be read, in the order of their lines.
        notes: what was assumed or kept as unknown.
    """

    sweep_id: int
    counts: Ingested
    quarantined: int
    rejected: Sequence[BadRow]
    notes: Sequence[str]


def push_watch(session: Session, watch_id: int, *, lock: bool = False) -> Watch:
    """A watch that takes pushes.

    Args:
        session: open.
        watch_id: its number.
        lock: let nobody else push to it, pause or remove it until the unit of work ends.

    Raises:
        NotFoundError: there is none of this number.
    """
    found = None
    if 0 < watch_id < _MOST_WATCHES:
        wanted = select(Watch).where(Watch.id == watch_id)
        found = session.exec(wanted.with_for_update(key_share=True) if lock else wanted).first()
    if found is None or found.source != NAME:
        raise NotFoundError(f"There is no watch {watch_id} that takes pushes.")
    return found


def require_running(watch: Watch) -> None:
    """Refuse what is pushed while nobody listens.

    Raises:
        ConflictError: the watch is paused.
    """
    if watch.paused_at is not None:
        raise ConflictError(
            f"Watch {watch.id} is paused: push again once it is resumed "
            f"(`listening watch resume {watch.id}`)."
        )


def take_push(store: Store, watch_id: int, body: Path) -> PushReport:
    """Store what was pushed, with its sweep, and only then return; again it changes nothing.

    Args:
        store: migrated.
        watch_id: the watch.
        body: a file that holds what was sent.

    Raises:
        NotFoundError, ConflictError: the watch is gone, or paused.
        TooLargeError, UnknownFormatError, ImportFileError: nothing of it was stored; says why.
        StoreError: the store does not answer, and has nothing of it.
    """
    began = time.monotonic()
    with store.session() as session:
        watch = push_watch(session, watch_id)
        require_running(watch)
        rules = brand_rules(session)
    try:
        rows, notes = _read(body, watch.params)
    except ImportFileError as error:
        with store.work() as session:
            end_sweep(session, _sweep(session, push_watch(session, watch_id)), error=str(error))
            add(session, metrics.SWEEPS, source=NAME, status=str(SweepStatus.FAILED))
        raise
    matcher: BrandMatcher = _MatchedAhead(rules, rows.posts)
    with store.work() as session:
        # One push of a watch at a time: what the one before stored is not counted as new.
        watch = push_watch(session, watch_id, lock=True)
        require_running(watch)
        if (standing := brand_rules(session)) != rules:  # changed meanwhile
            rules, matcher = standing, BrandMatcher(standing)
        sweep = _sweep(session, watch)
        taken = take_rows(
            session,
            rows,
            matcher,
            brand_ids=[rule.id for rule in rules],
            all_about=watch.brand_id if watch.params.get("all_mentions") is True else None,
            sweep_id=int(sweep.id or 0),
            file=address_of(watch_id),
            source=NAME,
        )
        count_into(sweep, taken.counts, taken.quarantined)
        end_sweep(session, sweep)
        add(session, metrics.SWEEPS, source=NAME, status=str(SweepStatus.DONE))
        took(session, NAME, time.monotonic() - began)
    rejected = sorted(taken.rejected, key=lambda row: row.line)
    return PushReport(int(sweep.id or 0), taken.counts, taken.quarantined, rejected, notes)


def address_of(watch_id: int) -> str:
    """Where a watch takes pushes, on whatever server."""
    return f"/api/v1/push/{watch_id}"


class _MatchedAhead(BrandMatcher):
    """Has matched these posts already: nobody has to wait for it while they are stored.

    Args:
        rules: the brands.
        posts: that stay alive as long as this; any other is matched when asked for.
    """

    def __init__(self, rules: Sequence[BrandRule], posts: Sequence[RawPost]) -> None:
        super().__init__(rules)
        self._found = {id(post): BrandMatcher.match(self, post) for post in posts}

    def match(self, post: RawPost) -> list[Matched]:
        """The brands a post mentions."""
        found = self._found.get(id(post))
        return super().match(post) if found is None else found


def _sweep(session: Session, watch: Watch) -> Sweep:
    brand = session.get_one(Brand, watch.brand_id)
    label = f"{brand.name} at {NAME}: {where(watch.params)}"
    return begin_sweep(
        session, source=NAME, label=label, watch_id=watch.id, correlation=correlation()
    )


def _read(body: Path, params: Mapping[str, Any]) -> tuple[Rows, list[str]]:
    """All rows, and what was assumed."""
    options = reading_options(params)
    try:
        if not read_through(body, MOST_UNPACKED):
            raise ImportFileError(f"{body} is empty: send rows")
        try:
            look_into(body, options["encoding"])
        except ImportFileError as error:
            raise UnknownFormatError(str(error)) from error
        table = open_table(body, **options)
        rows, line = Rows(), 1
        for row in table.rows():
            rows.add(row, line)
            line = table.progress().line
            if len(rows) > MOST_ROWS:
                raise TooLargeError(
                    f"{body} holds more than {MOST_ROWS:,} rows: split it into several"
                )
        if rows.bad and not rows.posts:
            first = rows.bad[0]
            raise NoRowError(
                f"{body}: no row can be read; line {first.line}: {first.reason}", rows.bad
            )
    except ImportFileError as error:
        error.args = (_told(error, body),)
        raise
    return rows, [*table.notes, *unknown_values(table)]


def _told(error: ImportFileError, body: Path) -> str:
    """A message for whoever sent it: they know no file, and no options of a command."""
    message = in_settings(str(error)).replace(str(body), "The body")
    message = message.replace("fetch it again", "send it again").removesuffix(".")
    message = message.removesuffix(" Nothing was stored").removesuffix(".")
    return f"{message}. Nothing was stored."
