"""`listening score`: opinions for texts from anywhere, without the store."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer


class TextFormat(StrEnum):
    """How the texts come."""

    AUTO = "auto"
    LINES = "lines"
    JSONL = "jsonl"
    CSV = "csv"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(score)


def score(
    file: Annotated[str, typer.Argument(help="File of texts, or - for standard input.")],
    form: Annotated[
        TextFormat, typer.Option("--format", help="None: told from name and content.")
    ] = TextFormat.AUTO,
    column: Annotated[
        str | None, typer.Option(help="Column or key that holds the text; none: guessed.")
    ] = None,
    embed: Annotated[bool, typer.Option("--embed", help="Add the sentence vector.")] = False,
    brand: Annotated[
        list[str] | None,
        typer.Option(
            "--brand",
            help="Add the sentiment towards this name (repeat), found in any case as words, "
            "@handle or #hashtag.",
        ),
    ] = None,
) -> None:
    """Score texts as JSON lines on standard output, in their order."""
    from workers.jobs.scoring import named, read_texts, score_texts
    from workers.models import models

    bad = 0
    brands = list(named(brand or []))  # a bad name is told before the model is loaded
    texts = read_texts(file, form=str(form), column=column)
    for line in score_texts(models(), texts, embed=embed, brands=brands):
        bad += '"error":' in line[:40]
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    if bad:
        print(f'{bad:,} rows could not be read: see their "error".', file=sys.stderr)
        raise typer.Exit(1)
