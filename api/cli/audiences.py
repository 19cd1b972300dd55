"""`listening customers` and `listening audience`: customer records, audience files."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.context import BrandOption, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

customers = typer.Typer(
    help="Customer records: who of the authors are customers, for audience files alone.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class ListName(StrEnum):
    """The lists."""

    ADVOCATES = "advocates"
    DETRACTORS = "detractors"


class Platform(StrEnum):
    """Whose audience file it is."""

    X = "x"
    GOOGLE = "google"
    META = "meta"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(customers, name="customers")
    app.command()(audience)


@customers.command("import")
def import_file(
    file: Annotated[
        Path, typer.Argument(help="CSV with the columns source and handle, and email or phone.")
    ],
) -> None:
    """Keep the customers of a file; an account that is known already is overwritten."""
    from listening.access import COMMAND_LINE
    from listening.errors import ImportFileError
    from listening.store.flags.customers import import_customers

    try:
        with (
            file.open(encoding="utf-8-sig", newline="") as lines,
            opened() as (_, store),
            store.work() as session,
        ):
            found = import_customers(session, COMMAND_LINE, lines)
    except OSError as error:
        raise ImportFileError(f"{file} cannot be read: {error.strerror or error}") from error
    print(f"{found.stored:,} customer records kept, {found.left_out:,} rows left out.")
    if found.erased:
        print(f"{found.erased:,} are of authors who were erased: not kept.")
    for problem in found.problems:
        print(problem, file=sys.stderr)


@customers.command()
def forget() -> None:
    """Delete every customer record."""
    from listening.access import COMMAND_LINE
    from listening.store.flags.customers import forget_customers

    with opened() as (_, store), store.work() as session:
        gone = forget_customers(session, COMMAND_LINE)
    print(f"{gone:,} customer records deleted.")


def audience(
    brand: BrandOption,
    platform: Annotated[Platform, typer.Option("--for", help="x, google or meta.")],
    people: Annotated[ListName, typer.Option("--list", help="advocates or detractors.")] = (
        ListName.ADVOCATES
    ),
    segment: Annotated[
        int | None, typer.Option(help="Only members of this segment, by number.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File; none: standard output.")
    ] = None,
) -> None:
    """Write a list as an audience file: X by hashed handles, Google and Meta by e-mail or phone."""
    from listening.access import COMMAND_LINE
    from listening.audiences import META_BATCH, AudienceFormat
    from listening.errors import ListeningError
    from listening.flagfilter import FlagFilter
    from listening.store.access.audit import record
    from listening.store.brands.brands import brand_id, get_brand
    from listening.store.flags.audience import audience_of
    from listening.store.flags.stances import flagged_ids
    from listening.store.tables import StanceKind

    form = AudienceFormat(platform.value)
    chosen = FlagFilter(segment=(segment,) if segment is not None else ())
    with opened() as (_, store):
        with store.work() as session:
            found = get_brand(session, brand)
            record(
                session, COMMAND_LINE, "audience.export", noun="audience", noun_id=people.value,
                brand_id=brand_id(found), after={"format": form.value},
            )  # fmt: skip
        with store.session() as session:
            kind = StanceKind(people.value.removesuffix("s"))
            ids = list(flagged_ids(session, brand_id(found), kind, chosen))
            lines = audience_of(session, ids, form)
            try:
                count, files = _written(lines, out, split=form is AudienceFormat.META)
            except OSError as error:
                raise ListeningError(
                    f"{out} cannot be written: {error.strerror or error}"
                ) from error
    count -= len(files) * (form is not AudienceFormat.X)  # the headers
    told = f"{max(count, 0):,} of {len(ids):,} {people.value} are in"
    print(f"{told} {', '.join(files) if len(files) > 1 else 'the file'}.", file=sys.stderr)
    if form is AudienceFormat.META and out is None and count > META_BATCH:
        print(
            f"Meta takes at most {META_BATCH:,} a call: with --out it is written in parts.",
            file=sys.stderr,
        )


def _written(lines: Iterator[str], out: Path | None, *, split: bool) -> tuple[int, list[str]]:
    """How many lines went into which files: one, or FILE, FILE-2 ... as they are sent."""
    from listening.audiences import in_parts

    count, files = 0, [str(out)]
    with ExitStack() as stack:
        file = stack.enter_context(out.open("w", encoding="utf-8")) if out else sys.stdout
        for part, line in in_parts(lines) if out and split else ((1, line) for line in lines):
            if out and part > len(files):
                another = out.with_name(f"{out.stem}-{part}{out.suffix}")
                stack.close()  # the last one
                file = stack.enter_context(another.open("w", encoding="utf-8"))
                files.append(str(another))
            file.write(line)
            count += 1
    return count, files
