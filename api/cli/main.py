"""`listening`: the commands, and how their errors are shown."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from api.cli import brands, demo, doctor, export, imports, lists, queries, score, services, work

app = typer.Typer(
    name="listening",
    help="Listen to what people say about a brand, and see who they are and how they feel.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(brands.app, name="brand")
app.add_typer(queries.app, name="query")
app.add_typer(imports.quarantine, name="quarantine")
for module in (imports, work, lists, export, score, services, doctor, demo):
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

    try:
        app()
    except ListeningError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # the reader (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        print("Stopped; what was done is kept, run the same command to go on.", file=sys.stderr)
        sys.exit(130)
