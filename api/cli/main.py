"""`listening`: the commands, and how their errors are shown."""

from __future__ import annotations

import _thread
import os
import sys
import threading
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from api.cli import (
    audiences,
    brands,
    demo,
    doctor,
    export,
    imports,
    jobs,
    keeping,
    lists,
    mentions,
    opinions,
    persona,
    queries,
    reports,
    score,
    segments,
    services,
    sources,
    status,
    users,
    watches,
    work,
)
from api.cli.show import plain

_MOMENT = 0.02  # seconds


class Commands(TyperGroup):
    """The commands; Ctrl-C and a reader that goes away are told here, before Typer does."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Run the command that was named."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader (head, less) has seen enough
            _leave_stdout()
            raise typer.Exit(0) from None
        except KeyboardInterrupt:
            told = "Stopped; what was done is kept, run the same command to go on."
            print(told, file=sys.stderr)
            raise typer.Exit(130) from None
        return result


app = typer.Typer(
    name="listening",
    cls=Commands,
    help="Listen to what people say about a brand, and see who they are and how they feel.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(users.app, name="user")
app.add_typer(users.keys, name="key")
app.add_typer(brands.app, name="brand")
app.add_typer(queries.app, name="query")
app.add_typer(watches.app, name="watch")
app.add_typer(sources.app, name="source")
app.add_typer(imports.quarantine, name="quarantine")
app.add_typer(opinions.app, name="opinions")
app.add_typer(jobs.app, name="job")
app.add_typer(segments.app, name="segments")
app.add_typer(reports.app, name="report")
for module in (
    imports,
    audiences,
    work,
    lists,
    mentions,
    export,
    score,
    services,
    status,
    doctor,
    demo,
    keeping,
    persona,
):
    module.register(app)


@app.callback()
def common(
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of the embedded store (LISTENING_DATA_DIR).")
    ] = None,
) -> None:
    """Set what every command shares."""
    if data_dir is not None:
        os.environ["LISTENING_DATA_DIR"] = str(data_dir)


def main() -> None:
    """Run; an error a person can mend is one line, without a traceback."""
    from listening.errors import ListeningError

    if sys.stdout is None:  # closed by whoever called (>&-)
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  until the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # as files are, whatever the locale says
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.unraisablehook = _interrupt_again
    try:
        app()
    except ListeningError as error:
        print(plain(f"Error: {error}"), file=sys.stderr)
        sys.exit(1)
    except OSError as error:  # the disk is full, a device fails
        _leave_stdout()
        print(plain(f"Error: {error}"), file=sys.stderr)
        sys.exit(1)


def _interrupt_again(lost: sys.UnraisableHookArgs) -> None:
    """A Ctrl-C that struck where Python cannot raise (a callback, a finaliser) is tried again."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        # Not from here: this is still where nothing can be raised.
        threading.Timer(_MOMENT, _thread.interrupt_main).start()
    else:
        sys.__unraisablehook__(lost)


def _leave_stdout() -> None:
    """What could not be written is not tried again when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
