"""`listening report`: what changed, digests and when they are made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.context import BrandOption, job, opened
from api.cli.show import CsvOption, JsonOption, plain, put

app = typer.Typer(help="What changed, and digests: by hand and on a schedule.",
                  no_args_is_help=True)  # fmt: skip

DaysOption = Annotated[int, typer.Option("--days", help="Whole days that it looks back.")]
NumberArgument = Annotated[int, typer.Argument(help="As `listening report list` has it.")]


@app.command()
def show(
    brand: BrandOption,
    window: Annotated[str, typer.Option("--window", help="7, 28, 90 or all.")] = "28",
) -> None:
    """Print what changed in a window."""
    from listening.store.brands.brands import get_brand, list_brands
    from listening.store.counts.overviews import Asked, overview

    with opened() as (_, store), store.session() as session:
        one = get_brand(session, brand)
        found = overview(session, one, list_brands(session), Asked(window=window))
    part = found.part.window
    print(plain(f"{one.name}, {part.first} to {part.last}"))
    for sentence in found.sentences:
        print(plain(f"  {sentence.text}"))


@app.command()
def make(
    brand: BrandOption,
    days: DaysOption = 7,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write it here as well.")] = None,
    tell: Annotated[
        bool, typer.Option("--tell", help="Tell the channels that ask for reports.")
    ] = False,
) -> None:
    """Make a digest now."""
    from listening.access import COMMAND_LINE
    from listening.digest import title_of
    from listening.store.brands.brands import get_brand
    from listening.store.reports.digests import report_pdf
    from listening.store.reports.schedules import make_now

    with opened() as (_, store), store.work() as session:
        report = make_now(session, COMMAND_LINE, get_brand(session, brand), days, tell=tell)
        if pdf is not None:
            pdf.write_bytes(report_pdf(session, report, names=True))
    print(plain(f"Report {report.id}: {title_of(report.content)}"))


@app.command("list")
def list_(brand: BrandOption, as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """Show the digests that were made, the latest first."""
    from listening.digest import title_of
    from listening.store.brands.brands import get_brand
    from listening.store.reports.digests import list_reports

    with opened() as (_, store), store.session() as session:
        rows = [
            {
                "report": report.id,
                "title": title_of(report.content),
                "mentions": report.content["counts"]["mentions"],
                "made_at": report.made_at.isoformat(timespec="minutes"),
                "made_by": report.made_by,
            }
            for report in list_reports(session, get_brand(session, brand))
        ]
    columns = ("report", "title", "mentions", "made_at", "made_by")
    put(rows, columns, as_json=as_json, as_csv=as_csv)


@app.command()
def pdf(brand: BrandOption, report: NumberArgument, file: Path) -> None:
    """Write a digest as a PDF, with the people in it as they are stored now."""
    from listening.store.brands.brands import get_brand
    from listening.store.reports.digests import get_report, report_pdf

    with opened() as (_, store), store.session() as session:
        found = get_report(session, get_brand(session, brand), report)
        file.write_bytes(report_pdf(session, found, names=True))
    print(plain(f"{file}"))


@app.command()
def schedule(
    brand: BrandOption,
    name: Annotated[str, typer.Option("--name")] = "Weekly",
    cron: Annotated[str, typer.Option("--cron", help="Five fields.")] = "0 8 * * 1",
    timezone: Annotated[str, typer.Option("--timezone", help="IANA name.")] = "UTC",
    days: DaysOption = 7,
    channel: Annotated[
        list[int] | None,
        typer.Option("--channel", help="Told (repeat); none: those that ask for reports."),
    ] = None,
) -> None:
    """Have digests made by themselves."""
    from listening.access import COMMAND_LINE
    from listening.store.brands.brands import get_brand
    from listening.store.reports.schedules import Wanted, add_schedule

    wanted = Wanted(name=name, cron=cron, timezone=timezone, days=days, channels=channel or [])
    with opened() as (_, store), store.work() as session:
        added = add_schedule(session, COMMAND_LINE, get_brand(session, brand), wanted)
    print(plain(f"Schedule {added.id}, {added.name}: next {added.next_due_at:%Y-%m-%d %H:%M} UTC"))


@app.command()
def schedules(brand: BrandOption, as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """Show when digests are made."""
    from listening.store.brands.brands import get_brand
    from listening.store.reports.schedules import list_schedules

    with opened() as (_, store), store.session() as session:
        rows = [
            {
                "schedule": one.id,
                "name": one.name,
                "cron": one.cron,
                "timezone": one.timezone,
                "days": one.days,
                "next": None if one.paused else one.next_due_at.isoformat(timespec="minutes"),
            }
            for one in list_schedules(session, get_brand(session, brand))
        ]
    columns = ("schedule", "name", "cron", "timezone", "days", "next")
    put(rows, columns, as_json=as_json, as_csv=as_csv)


@app.command()
def unschedule(brand: BrandOption, schedule: Annotated[int, typer.Argument()]) -> None:
    """Remove a schedule; its digests stay."""
    from listening.access import COMMAND_LINE
    from listening.store.brands.brands import get_brand
    from listening.store.reports.schedules import remove_schedule

    with opened() as (_, store), store.work() as session:
        remove_schedule(session, COMMAND_LINE, get_brand(session, brand), schedule)
    print(f"Schedule {schedule} is removed.")


@app.command()
def due() -> None:
    """Make the digests that are due, as the beat does."""
    from workers.jobs.reporting import make_due_reports

    with opened() as (_, store):
        made = make_due_reports(store)
    print(f"{len(made)} made.")


@app.command()
def recount() -> None:
    """Count every day of every brand again; pages are as of before until it is done."""
    from listening.store.counts.daymarks import mark_everything
    from workers.jobs.summing import sum_up

    with opened() as (_, store), job(store, "count", "All brands") as told:
        with store.work() as session:
            mark_everything(session)
        sum_up(store, progress=told)
    print("Everything is counted.")
