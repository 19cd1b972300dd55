"""`listening query`: try a query before it is a brand's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Boolean queries.", no_args_is_help=True)


@app.command()
def test(
    query: Annotated[str, typer.Argument(help="The query, quoted for the shell.")],
    file: Annotated[Path, typer.Argument(help="A file that `listening import` reads.")],
    limit: Annotated[int, typer.Option(min=0, help="Matches to explain.")] = 10,
    source: Annotated[str | None, typer.Option(help="Source of the posts.")] = None,
) -> None:
    """Show which posts of a file a query matches, and why."""
    from rich.console import Console
    from rich.text import Text

    from listening.importing import BadRow, open_table
    from listening.matching import document_of
    from listening.query import Matcher, explain, parse

    parsed = parse(query)
    matcher = Matcher({0: parsed})
    console = Console(highlight=False)
    console.print(f"Read as: {parsed}", markup=False)
    rows = matched = bad = 0
    for row in open_table(file, source=source).rows():
        rows += 1
        if isinstance(row, BadRow):
            bad += 1
            continue
        document = document_of(row)
        match = matcher.match(document).get(0)
        if match is None:
            continue
        matched += 1
        if matched > limit:
            continue
        text = Text(row.text)
        for start, end in match.spans:
            text.stylize("bold reverse", start, end)
        console.print(Text(f"\n{row.native_id}  ", style="dim") + text)
        for line in explain(parsed, document).lines():
            console.print("    " + line, markup=False)
    console.print(
        f"\n{matched:,} of {rows - bad:,} posts match"
        + (f"; {bad:,} rows could not be read" if bad else "")
        + "."
    )
