"""`listening advocates | detractors | triage`: the reviewed lists."""

from __future__ import annotations

import typer

from api.cli.context import BrandOption, opened
from api.cli.show import CsvOption, JsonOption, LimitOption, put

STANCE_COLUMNS = (
    "rank",
    "author",
    "source",
    "score",
    "low",
    "high",
    "followers",
    "segment",
    "reason",
)
CASE_COLUMNS = ("priority", "urgency", "author", "followers", "similar", "published_at", "text")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (advocates, detractors, triage):
        app.command()(command)


def advocates(
    brand: BrandOption,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 20,
) -> None:
    """Show who speaks for a brand, with the reason."""
    _stances(brand, "advocate", as_json, as_csv, limit)


def detractors(
    brand: BrandOption,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 20,
) -> None:
    """Show who speaks against a brand, with the reason."""
    _stances(brand, "detractor", as_json, as_csv, limit)


def _stances(name: str, kind: str, as_json: bool, as_csv: bool, limit: int) -> None:
    from listening.store.brands.brands import get_brand
    from listening.store.rows import stance_rows
    from listening.store.tables import StanceKind

    with opened() as (_, store), store.session() as session:
        brand = get_brand(session, name)
        put(
            stance_rows(session, brand, StanceKind(kind)),
            STANCE_COLUMNS,
            as_json=as_json,
            as_csv=as_csv,
            limit=limit,
            title=f"{kind.capitalize()}s of {brand.name}",
            empty=f"No {kind} flagged: run `listening analyse` and `listening flag` first?",
        )


def triage(
    brand: BrandOption,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 20,
) -> None:
    """Show the open negative mentions of a brand, most urgent first."""
    from listening.store.brands.brands import get_brand
    from listening.store.rows import case_rows

    with opened() as (_, store), store.session() as session:
        brand_row = get_brand(session, brand)
        put(
            case_rows(session, brand_row),
            CASE_COLUMNS,
            as_json=as_json,
            as_csv=as_csv,
            limit=limit,
            title=f"Most urgent negative mentions of {brand_row.name}",
            empty="No open case: run `listening analyse` and `listening flag` first?",
        )
