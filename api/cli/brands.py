"""`listening brand`: what is listened for."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.context import job, opened
from api.cli.show import CsvOption, JsonOption, put

app = typer.Typer(help="Brands: their names, queries and own accounts.", no_args_is_help=True)

QueryOption = Annotated[
    str | None,
    typer.Option("--query", help="Boolean query; none: the name and aliases as phrases."),
]
AliasOption = Annotated[list[str] | None, typer.Option("--alias", help="Another name (repeat).")]
OwnOption = Annotated[
    list[str] | None,
    typer.Option("--own-account", help="A handle of the brand itself: not a mention (repeat)."),
]


@app.command()
def add(
    name: str, query: QueryOption = None, alias: AliasOption = None, own_account: OwnOption = None
) -> None:
    """Add a brand, and find it in the posts that are stored already."""
    from listening.access import COMMAND_LINE
    from listening.store.brands.edits import add_brand
    from workers.jobs.wishing import match_brand

    with opened(begins=True) as (_, store), job(store, "match", name) as told:
        with store.work() as session:
            brand = add_brand(
                session,
                COMMAND_LINE,
                name=name,
                query=query,
                names=alias or [],
                own_accounts=own_account or [],
            )
        new, _gone = match_brand(store, brand, progress=told)
    print(f"{name}: {brand.query}")
    print(f"{new:,} mentions in the posts stored so far.")


@app.command()
def edit(
    name: str, query: QueryOption = None, alias: AliasOption = None, own_account: OwnOption = None
) -> None:
    """Change a brand's query, aliases or own accounts; its mentions follow."""
    from listening.access import COMMAND_LINE
    from listening.store.brands.brands import brand_id, get_brand
    from listening.store.brands.edits import edit_brand
    from workers.jobs.wishing import match_brand

    with opened() as (_, store), job(store, "match", name) as told:
        with store.work() as session:
            brand = edit_brand(
                session,
                COMMAND_LINE,
                brand_id(get_brand(session, name)),
                query=query,
                names=alias,
                own_accounts=own_account,
            )
        new, gone = match_brand(store, brand, progress=told)
    print(f"{name}: {new:,} mentions more, {gone:,} fewer.")


@app.command("list")
def list_(as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """Show every brand with its query and how many mentions it has."""
    from listening.store.brands.brands import aliases_of, brand_id, list_brands
    from listening.store.mentions.mentions import count_mentions
    from listening.store.tables import AliasKind

    with opened() as (_, store), store.session() as session:
        rows = [
            {
                "name": b.name,
                "mentions": count_mentions(session, brand_id(b)),
                "query": b.query,
                "own_accounts": aliases_of(session, b, AliasKind.OWN_ACCOUNT),
            }
            for b in list_brands(session)
        ]
    columns = ("name", "mentions", "query", "own_accounts")
    put(rows, columns, as_json=as_json, as_csv=as_csv, empty="No brand yet: listening brand add.")


@app.command()
def remove(
    name: str, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Remove a brand with its mentions, stances and cases; posts and authors stay."""
    from listening.access import COMMAND_LINE
    from listening.store.brands.brands import brand_id, get_brand
    from listening.store.brands.edits import remove_brand

    with opened() as (_, store):
        if not yes:
            typer.confirm(f"Remove {name} with its mentions, flags and cases?", abort=True)
        with store.work() as session:
            number = brand_id(get_brand(session, name))
            remove_brand(session, COMMAND_LINE, number, typed=name)
    print(f"{name} removed.")
