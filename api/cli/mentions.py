"""`listening mentions`: a brand's mentions searched, and what people say of those found."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.context import BrandOption, opened
from api.cli.show import CsvOption, JsonOption, LimitOption, put

if TYPE_CHECKING:
    from listening.store.session import Store

COLUMNS = ("mention_id", "published_at", "author", "source", "sentiment", "given_tags", "text")
ALL = 1_000_000_000  # whoever waits at a terminal waits for all of it
_LABELS = "negative, neutral, positive, or none to take it back"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(mentions)


def mentions(
    brand: BrandOption,
    query: Annotated[
        str | None, typer.Option("--query", "-q", help="In the query language of brands.")
    ] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            help="NAME=VALUE as the API names them, such as sentiment=negative, xlanguage=en, "
            "tag=urgent, startDate=2026-03-01; several times.",
        ),
    ] = None,
    sort: Annotated[str, typer.Option(help="newest, oldest, reach or negative.")] = "newest",
    say: Annotated[
        str | None, typer.Option(help=f"Set the sentiment of the first --limit found: {_LABELS}.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Put a tag on them.")] = None,
    untag: Annotated[list[str] | None, typer.Option(help="Take a tag off them.")] = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 20,
) -> None:
    """Search a brand's mentions; the first found can be given a sentiment or tags."""
    from listening.errors import InvalidError
    from listening.searching import search_of
    from listening.store.brands.brands import brand_id, get_brand
    from listening.store.mentions.finding import find
    from listening.store.rows import found_rows, rows_of

    parameters = [("q", query or ""), ("sort", sort)]
    for given in filters or ():
        name, equals, value = given.partition("=")
        if not equals:
            raise InvalidError(f"--filter takes NAME=VALUE, not {given!r}.", field="filter")
        parameters.append((name.strip(), value))
    _refuse_unknown([name for name, _ in parameters])
    search = search_of(parameters)
    with opened() as (_, store):
        with store.session() as session:
            chosen = get_brand(session, brand)
            number = brand_id(chosen)
            ids = []
            if say or tag or untag or not (as_json or as_csv):
                ids = [row.id for row in find(session, number, search, limit=limit, most=ALL).rows]
        _change(store, number, ids, say, tag, untag)
        with store.session() as session:
            put(
                found_rows(session, chosen, search)
                if as_json or as_csv
                else rows_of(session, chosen, ids),
                COLUMNS,
                as_json=as_json,
                as_csv=as_csv,
                title=f"Mentions of {chosen.name}",
                empty="No mention is like that.",
            )


def _refuse_unknown(names: list[str]) -> None:
    from listening.errors import InvalidError
    from listening.searching import FACETS, NAMES

    for name in names:
        if name not in NAMES:
            known = ", ".join([*FACETS, "startDate", "endDate"])
            raise InvalidError(
                f"There is no filter {name!r}; there are {known}, each of the first also with x "
                "before it to leave out.",
                field="filter",
            )


def _change(
    store: Store,
    brand: int,
    ids: list[int],
    say: str | None,
    tag: list[str] | None,
    untag: list[str] | None,
) -> None:
    from listening.access import COMMAND_LINE
    from listening.errors import InvalidError
    from listening.store.mentions.overriding import override
    from listening.store.mentions.tagging import tag_mentions
    from listening.store.tables import SentimentLabel

    if say is not None:
        if say not in (*map(str, SentimentLabel), "none"):
            raise InvalidError(f"--say takes {_LABELS}, not {say!r}.", field="say")
        label = None if say == "none" else SentimentLabel(say)
        with store.work() as session:
            done = override(session, COMMAND_LINE, ids, label, brand_id=brand)
        print(f"{len(done.mention_ids):,} mentions changed.", file=sys.stderr)
    if tag or untag:
        with store.work() as session:
            tagged = tag_mentions(
                session, COMMAND_LINE, ids, add=tag or (), remove=untag or (), brand_id=brand
            )
        print(f"{len(tagged.mention_ids):,} mentions tagged or untagged.", file=sys.stderr)
