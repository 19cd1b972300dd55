"""`listening advocates | detractors | triage | segments`: the reviewed lists."""

from __future__ import annotations

import typer

from api.cli.context import AnyBrandOption, BrandOption, opened
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
SEGMENT_COLUMNS = (
    "segment_id",
    "name",
    "authors",
    "nearest",
    "share",
    "net_sentiment",
    "advocates",
    "detractors",
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (advocates, detractors, triage, segments):
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
    from listening.store.brands import get_brand
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
    from listening.store.brands import get_brand
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


def segments(
    brand: AnyBrandOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 50,
) -> None:
    """Show the segments of the current run; with --brand, of those who mention it."""
    from listening.store.brands import get_brand
    from listening.store.rows import segment_rows

    with opened() as (_, store), store.session() as session:
        chosen = get_brand(session, brand) if brand else None
        put(
            segment_rows(session, chosen),
            SEGMENT_COLUMNS,
            as_json=as_json,
            as_csv=as_csv,
            limit=limit,
            title=f"Segments of those who mention {chosen.name}" if chosen else "Segments",
            empty="No segmentation yet: run `listening analyse` and `listening segment`.",
        )
