"""`listening status`: what runs, what waits, what failed, like `top` with --watch."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.context import opened
from api.cli.show import plain

if TYPE_CHECKING:
    from rich.console import Group

    from listening.config import Settings
    from listening.health import Health
    from listening.store.session import Store

# Looking must not be what the machine is busy with: a reading of a second is repeated every five.
_TIMES_COST = 5.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(status)


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two looks.")] = 2.0,
    check: Annotated[
        bool, typer.Option("--check", help="Exit code 1 where somebody should see to something.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="As JSON; with --watch a line a look.")
    ] = False,
) -> None:
    """Show watches, what is pending, queues, processes, running jobs and the last errors."""
    with opened() as (settings, store):
        look = Look(settings, store)
        if watch:
            _go_on(look, every, as_json)
            return
        health = look()
    if as_json:
        print(json.dumps(look.as_row(health), ensure_ascii=False, indent=1))
    else:
        _console().print(look.shown(health))
    if check and look.problems(health):
        raise typer.Exit(1)


@dataclass(slots=True)
class Look:
    """Reads the state, and remembers the last time to tell a rate."""

    settings: Settings
    store: Store
    rate: float | None = None  # posts analysed a second, since the last look
    cost: float = 0.0
    _before: tuple[float, float] | None = None

    def __call__(self) -> Health:
        """The state now.

        Raises:
            StoreError: the store does not answer.
        """
        from listening import metrics
        from listening.store.running.counters import read
        from listening.store.running.health import health

        began = time.monotonic()
        with self.store.session() as session:
            found = health(session, self.settings)
            counted = read(session)
        self.cost = time.monotonic() - began
        analysed = sum(c.value for c in counted if c.name == metrics.POSTS_ANALYSED)
        if self._before is not None and began > self._before[0]:
            self.rate = (analysed - self._before[1]) / (began - self._before[0])
        self._before = (began, analysed)
        return found

    def problems(self, health: Health) -> list[str]:
        """What somebody should see to."""
        from listening.health import problems

        return problems(health)

    def as_row(self, health: Health) -> dict[str, Any]:
        """As JSON."""
        return {
            "store": self.store.shown_url,
            "posts_per_second": self.rate,
            **health.as_row(),
        }

    def shown(self, health: Health) -> Group:
        """As tables."""
        from api.cli.board import board

        return board(health, self.store.shown_url, self.rate)


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 140)


def _go_on(look: Look, every: float, as_json: bool) -> None:
    """Look again and again; a store that does not answer is told, and asked again."""
    from rich.live import Live
    from rich.text import Text

    from listening.errors import StoreError

    console = _console()
    live = console.is_terminal and not as_json
    with Live(console=console, screen=True, auto_refresh=False) if live else _Printing() as board:
        while True:
            try:
                health = look()
                shown: Any = _line(look.as_row(health)) if as_json else look.shown(health)
            except StoreError as error:
                told = plain(str(error))
                shown = _line({"error": told}) if as_json else Text(told, "bold red")
            board.update(shown, refresh=True)
            time.sleep(max(every, _TIMES_COST * look.cost))


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


class _Printing:
    """Not a terminal: one look after the other."""

    def __enter__(self) -> _Printing:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, shown: Any, *, refresh: bool) -> None:
        """Print it."""
        if isinstance(shown, str):
            print(shown, flush=refresh)
        else:
            _console().print(shown)
            sys.stdout.flush()
