"""What commands share: the open store, the brand option, the progress bar."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from listening.config import Settings
    from listening.store.session import Store
    from workers.recording import Recorder

BrandOption = Annotated[str, typer.Option("--brand", help="The brand, by name.")]
AnyBrandOption = Annotated[
    str | None, typer.Option("--brand", help="Only this brand's; none: all.")
]


@contextmanager
def opened(*, begins: bool = False) -> Iterator[tuple[Settings, Store]]:
    """The settings and the store; the embedded store is migrated where its schema is older.

    All that the command sets off carries one correlation id.

    Args:
        begins: whether work may begin with this command: it makes the embedded store where
            there is none. Others refuse, so that a folder named wrongly is no empty service.

    Raises:
        StoreError: there is no store, or one at another schema version.
    """
    from listening.logs import configure, correlated, correlation, new_correlation
    from listening.store.schema import migrate, require_current
    from listening.store.session import Store

    settings = known_credentials()
    configure(quiet=True)
    if not begins:
        _require_store(settings)
    store = Store.from_settings(settings)
    try:
        if settings.database_url is None:
            migrate(store)
        else:
            require_current(store)
        with correlated(correlation() or new_correlation()):
            yield settings, store
    finally:
        store.close()


def _require_store(settings: Settings) -> None:
    from listening.errors import StoreError

    path = settings.data_dir / "listening.db"
    if settings.database_url is None and not (path.is_file() and path.stat().st_size):
        raise StoreError(
            f"There is no store in {settings.data_dir}: name its folder with --data-dir, or begin "
            "one there with `listening up`, `listening brand add NAME` or `listening import FILE`."
        )


def known_credentials() -> Settings:
    """The settings; and sources find the credentials that are kept in the store."""
    from listening.config import get_settings
    from listening.store.watches.credentials import serve_credentials

    settings = get_settings()
    serve_credentials(settings)
    return settings


# Where there is no terminal to draw on, a line so often. Seconds.
TOLD_EVERY = 10.0


class Bar:
    """Progress on standard error: a bar on a terminal, lines elsewhere."""

    def __init__(self, bars: Bars, *, live: bool) -> None:
        self._bars, self._live = bars, live
        self._task: int | None = None
        self._what, self._done, self._began, self._told = "", 0, 0.0, 0.0
        self._total: int | None = None

    def begin(self, what: str, total: int | None = None) -> None:
        """A stage begins."""
        if not self._live:
            self._bars.console.print(f"{what} ...", markup=False)
        self._what, self._done, self._total = what, 0, total
        self._began = self._told = time.monotonic()
        self._task = self._bars.add_task(what, total=total)

    def advance(self, by: int = 1) -> None:
        """So much of the stage is done."""
        if self._task is None:
            return
        self._done += by
        self._bars.advance(self._task, by)  # type: ignore[arg-type]
        if not self._live and time.monotonic() - self._told >= TOLD_EVERY:
            self._tell()

    def _tell(self) -> None:
        """One line: how far, how fast, how long still."""
        from listening.store.running.jobs import pace

        self._told = time.monotonic()
        found = pace(self._done, self._total, self._told - self._began)
        parts = [f"{self._done:,}" + (f" of {self._total:,}" if self._total else "")]
        parts += [] if found.rate is None else [rate_of(found.rate)]
        parts += [] if found.left is None else [f"{lasting(found.left)} left"]
        self._bars.console.print(f"{self._what}: {', '.join(parts)}", markup=False)

    def end(self) -> None:
        """The stage is done: its bar is full and stands still."""
        if self._task is not None:
            done = self._bars.tasks[self._task].completed or 1
            self._bars.update(self._task, total=done, completed=done)  # type: ignore[arg-type]
            self._bars.stop_task(self._task)  # type: ignore[arg-type]
        self._task = None


def rate_of(rate: float) -> str:
    """Things a second, short: 0.4/s, 950/s, 12.3k/s, 1.2M/s."""
    for size, letter in ((1e6, "M"), (1e4, "k")):
        if rate >= size:
            return f"{rate / (1e3 if letter == 'k' else size):.1f}{letter}/s"
    return f"{rate:.0f}/s" if rate >= 10 else f"{rate:.1f}/s"


def lasting(seconds: float) -> str:
    """A span of time, short: 42 s, 3 min, 2 h 5 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def progress() -> Iterator[Bar]:
    """Bars for the stages of a long command."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """Things a second, of late."""

        def render(self, task: Task) -> Text:
            """The rate, or nothing while there is none."""
            rate = task.finished_speed or task.speed
            return Text(rate_of(rate) if rate else "")

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield Bar(bars, live=console.is_terminal)


@contextmanager
def job(store: Store, kind: str, label: str) -> Iterator[Recorder]:
    """A long command: shown here, and in the store for `listening job`."""
    from listening.logs import correlated, correlation, new_correlation
    from workers.recording import recorded

    with (
        correlated(correlation() or new_correlation()),
        progress() as bar,
        recorded(store, kind, label, shown=bar) as recorder,
    ):
        yield recorder
