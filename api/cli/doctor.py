"""`listening doctor`: is everything there, and which way does it run."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Check store, broker, models and what each scores, engine backend, disk and versions."""
    from workers.jobs.checking import check_all

    findings = check_all()
    if as_json:
        print(json.dumps([f.as_row() for f in findings], indent=1))
    else:
        from rich.console import Console
        from rich.text import Text

        console = Console(highlight=False)
        styles = {"ok": "green", "warning": "yellow", "failed": "bold red"}
        for f in findings:
            line = Text(f"{f.state:<8}", style=styles[f.state]) + Text(f"{f.what:<12}", "bold")
            console.print(line + Text(f.text), soft_wrap=True)
    if any(f.state == "failed" for f in findings):
        raise typer.Exit(1)
