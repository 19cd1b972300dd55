"""What commands share: the open store, the brand option, the progress bar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from listening.config import Settings
    from listening.store.session import Store

BrandOption = Annotated[str, typer.Option("--brand", help="The brand, by name.")]
AnyBrandOption = Annotated[
    str | None, typer.Option("--brand", help="Only this brand's; none: all.")
]


@contextmanager
def opened() -> Iterator[tuple[Settings, Store]]:
    """The settings and the store; the embedded store is made and migrated when it is new."""
    from listening.config import get_settings
    from listening.store.schema import migrate, require_current
    from listening.store.session import Store

    settings = get_settings()
    store = Store.from_settings(settings)
    try:
        if settings.database_url is None:
            migrate(store)
        else:
            require_current(store)
        yield settings, store
    finally:
        store.close()


class Bar:
    """Progress on standard error: a bar on a terminal, a line a stage elsewhere."""

    def __init__(self, bars: Bars, *, live: bool) -> None:
        self._bars, self._live = bars, live
        self._task: int | None = None

    def begin(self, what: str, total: int | None = None) -> None:
        """A stage begins."""
        if not self._live:
            self._bars.console.print(f"{what} ...", markup=False)
        self._task = self._bars.add_task(what, total=total)

    def advance(self, by: int = 1) -> None:
        """So much of the stage is done."""
        if self._task is not None:
            self._bars.advance(self._task, by)  # type: ignore[arg-type]

    def end(self) -> None:
        """The stage is done: its bar is full and stands still."""
        if self._task is not None:
            done = self._bars.tasks[self._task].completed or 1
            self._bars.update(self._task, total=done, completed=done)  # type: ignore[arg-type]
            self._bars.stop_task(self._task)  # type: ignore[arg-type]
        self._task = None


@contextmanager
def progress() -> Iterator[Bar]:
    """Bars for the stages of a long command."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield Bar(bars, live=console.is_terminal)
