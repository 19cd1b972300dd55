"""`listening segments`: who they are, where they come from, and what people decide of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.context import AnyBrandOption, opened
from api.cli.persona import persona
from api.cli.show import CsvOption, JsonOption, LimitOption, put

if TYPE_CHECKING:
    from sqlmodel import Session

    from listening.store.tables import Segment

Row = dict[str, Any]

COLUMNS = (
    "segment_id",
    "name",
    "authors",
    "nearest",
    "share",
    "net_sentiment",
    "advocates",
    "detractors",
)
FACTS = (
    "segment_id",
    "name",
    "authors",
    "nearest",
    "share",
    "stability",
    "tentative",
    "pinned",
    "hidden",
)
RUN_COLUMNS = (
    "segmentation_id",
    "created_at",
    "segments",
    "authors",
    "noise",
    "stability",
    "continued",
    "born",
    "died",
    "split",
    "merged",
)
STATE_COLUMNS = (
    "segmentation_id",
    "created_at",
    "size",
    "share",
    "net_sentiment",
    "stability",
    "keywords",
)
EVENT_COLUMNS = (
    "segmentation_id",
    "event",
    "name",
    "other",
    "shared",
    "joined",
    "left",
    "came",
    "gone",
    "moved",
)
NONE_YET = "No segmentation yet: run `listening analyse` and `listening segment`."

Who = Annotated[str, typer.Argument(help="The segment, by number or name.")]
AnyWho = Annotated[
    str | None, typer.Argument(help="The segment, by number or name; none: all of them.")
]
AllOption = Annotated[bool, typer.Option("--all", help="Hidden ones too.")]

app = typer.Typer(
    help="Segments: who they are, where they come from, and what people decide about them.",
    invoke_without_command=True,
)
app.command()(persona)


@app.callback()
def segments(
    context: typer.Context,
    brand: AnyBrandOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 50,
    hidden: AllOption = False,
) -> None:
    """Show the segments of the current run; with --brand, of those who mention it."""
    if context.invoked_subcommand is None:
        _list(brand, as_json, as_csv, limit, hidden)


@app.command("list")
def listed(
    brand: AnyBrandOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 50,
    hidden: AllOption = False,
) -> None:
    """Show the segments of the current run; with --brand, of those who mention it."""
    _list(brand, as_json, as_csv, limit, hidden)


def _list(brand: str | None, as_json: bool, as_csv: bool, limit: int, hidden: bool) -> None:
    from listening.store.brands.brands import get_brand
    from listening.store.rows import segment_rows

    with opened() as (_, store), store.session() as session:
        chosen = get_brand(session, brand) if brand else None
        put(
            segment_rows(session, chosen, hidden=hidden),
            COLUMNS,
            as_json=as_json,
            as_csv=as_csv,
            limit=limit,
            title=f"Segments of those who mention {chosen.name}" if chosen else "Segments",
            empty=NONE_YET,
        )


@app.command()
def show(segment: Who, as_json: JsonOption = False) -> None:
    """Show one segment: its size, its words, its exemplars, how stable it is."""
    import json

    from listening.store.segments.edits import find_segment
    from listening.store.segments.pastrows import segment_row

    with opened() as (_, store), store.session() as session:
        row = segment_row(session, find_segment(session, segment))
    if as_json:
        print(json.dumps(row, ensure_ascii=False, indent=1))
        return
    put([row], FACTS, title=f"Segment {row['name']}")
    if row["merged_into"] is not None:
        print(f"It is part of segment {row['merged_into']}.")
    print("Keywords: " + (", ".join(row["keywords"]) or "none"))
    for text in row["exemplar_texts"]:
        put([{"text": text}], ("text",))


@app.command()
def history(
    segment: AnyWho = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 50,
) -> None:
    """Show every run; of one segment, its size, mood and words in each."""
    from listening.store.segments.edits import find_segment
    from listening.store.segments.pastrows import run_rows, state_rows

    with opened() as (_, store), store.session() as session:
        found = find_segment(session, segment) if segment is not None else None
        put(
            state_rows(session, found) if found else run_rows(session),
            STATE_COLUMNS if found else RUN_COLUMNS,
            as_json=as_json,
            as_csv=as_csv,
            limit=limit,
            title=f"Segment {found.name}, run by run" if found else "Segmentations",
            empty=NONE_YET,
        )


@app.command()
def lineage(
    segment: AnyWho = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 50,
) -> None:
    """Tell what became of segments: in the current run, or of one in every run."""
    from listening.store.segments.edits import find_segment
    from listening.store.segments.pastrows import event_rows

    with opened() as (_, store), store.session() as session:
        found = find_segment(session, segment) if segment is not None else None
        put(
            event_rows(session, found),
            EVENT_COLUMNS,
            as_json=as_json,
            as_csv=as_csv,
            limit=limit,
            title=f"What became of {found.name}" if found else "What became of every segment",
            empty="Nothing is told yet: the next segmentation compares itself with the last.",
        )


@app.command()
def rename(
    segment: Who,
    name: Annotated[str | None, typer.Argument(help="The name; none: by its words again.")] = None,
) -> None:
    """Give a segment a name that no run changes; without one, its words name it again."""
    from listening.store.segments.edits import find_segment

    with opened() as (_, store), store.work() as session:
        found = _changed(session, find_segment(session, segment), name=name)
        print(f"Segment {found.id} is named {found.name}.")


@app.command()
def merge(
    segment: Who,
    into: Annotated[str, typer.Argument(help="The segment that stands for both.")],
) -> None:
    """Make a segment part of another, now and in every later run."""
    from listening.access import COMMAND_LINE
    from listening.store.segments.acts import merge as merged
    from listening.store.segments.edits import find_segment

    with opened() as (_, store), store.work() as session:
        part, other = find_segment(session, segment), find_segment(session, into)
        whole = merged(session, COMMAND_LINE, int(part.id or 0), int(other.id or 0))
        print(
            f"{part.name} ({part.id}) is part of {whole.name} ({whole.id}); "
            "`listening segment` finds the words of the whole."
        )


@app.command()
def unmerge(segment: Who) -> None:
    """Take a merge back: the segment has its own members again."""
    from listening.access import COMMAND_LINE
    from listening.store.segments.acts import unmerge as unmerged
    from listening.store.segments.edits import find_segment

    with opened() as (_, store), store.work() as session:
        part = find_segment(session, segment)
        found = unmerged(session, COMMAND_LINE, int(part.id or 0))
        print(f"{found.name} ({found.id}) stands for itself; `listening segment` words it anew.")


@app.command()
def pin(segment: Who) -> None:
    """Have every run keep a segment, found again or not."""
    _pin(segment, True)


@app.command()
def unpin(segment: Who) -> None:
    """Leave a segment to what runs find."""
    _pin(segment, False)


def _pin(segment: str, pinned: bool) -> None:
    from listening.store.segments.edits import find_segment

    with opened() as (_, store), store.work() as session:
        found = _changed(session, find_segment(session, segment), pinned=pinned)
        kept = "is kept by every run" if pinned else "is no longer pinned"
        print(f"{found.name} ({found.id}) {kept}.")


@app.command()
def hide(segment: Who) -> None:
    """Leave a segment out of lists; `listening segments --all` shows it."""
    _hide(segment, True)


@app.command()
def unhide(segment: Who) -> None:
    """Show a segment in lists again."""
    _hide(segment, False)


def _hide(segment: str, hidden: bool) -> None:
    from listening.store.segments.edits import find_segment

    with opened() as (_, store), store.work() as session:
        found = _changed(session, find_segment(session, segment), hidden=hidden)
        print(f"{found.name} ({found.id}) is {'hidden' if hidden else 'shown'} in lists.")


def _changed(session: Session, segment: Segment, **values: Any) -> Segment:
    from listening.access import COMMAND_LINE
    from listening.store.segments.acts import change_segment

    return change_segment(session, COMMAND_LINE, int(segment.id or 0), **values)
