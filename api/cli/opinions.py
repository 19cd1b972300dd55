"""`listening opinions`: what people said about the models' opinions, measured and learned."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.context import AnyBrandOption, BrandOption, opened, progress
from api.cli.show import CsvOption, JsonOption, plain, put, table

if TYPE_CHECKING:
    from listening.store.session import Store
    from workers.jobs.correcting import Tuned
    from workers.jobs.labelling import LabelledFile

app = typer.Typer(
    help="Opinions: export people's labels, evaluate the models on labels, learn from them.",
    no_args_is_help=True,
)

# Unreadable rows that are named one by one; --json names all.
_NAMED = 20
_SCORES = {"log_loss": "log loss", "macro_recall": "macro recall", "right": "labels met"}
_CORRECTION_COLUMNS = (
    "brand",
    "version",
    "active",
    "stale",
    "labels",
    "kind",
    "before",
    "after",
    "created_at",
)


class Task(StrEnum):
    """What the labels are about."""

    SENTIMENT = "sentiment"
    EMOTION = "emotion"
    IRONY = "irony"
    OFFENSIVE = "offensive"


class Numbers(StrEnum):
    """What a number says of sentiment."""

    SIGNS = "signs"
    STARS = "stars"
    POSITIONS = "positions"


FileArgument = Annotated[Path, typer.Argument(help="CSV or JSON lines, gzip or not.")]
ColumnOption = Annotated[
    str | None, typer.Option("--column", help="Column of the texts; none: guessed.")
]
LabelOption = Annotated[
    str | None, typer.Option("--label", help="Column of the labels; none: guessed.")
]
NumbersOption = Annotated[
    Numbers,
    typer.Option(
        "--numbers", help="Numbers are signs (-1, 0, 1), stars (1 to 5) or positions (0, 1, 2)."
    ),
]


@app.command()
def export(
    file: Annotated[
        Path | None, typer.Argument(help="File to write; none: standard output.")
    ] = None,
    brand: AnyBrandOption = None,
    pseudonymise: Annotated[
        bool, typer.Option("--pseudonymise", help="@handles in texts masked, ids as hashes.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write over a file that is there.")
    ] = False,
) -> None:
    """Write the sentiment that people set as a labelled CSV file."""
    from listening.errors import ConflictError
    from listening.exporting import write_file, write_rows
    from listening.store.brands.brands import get_brand
    from listening.store.keeping.tombstones import store_salt
    from listening.store.mentions.corrections import override_rows
    from workers.jobs.labelling import without_names

    if file is not None and file.is_file() and not overwrite:
        raise ConflictError(
            f"{file} is there already, and may hold labels of its own: name another file, or add "
            "--overwrite."
        )
    with opened() as (_, store):
        with store.work() as session:
            salt = store_salt(session)
        with store.session() as session:
            rows = override_rows(session, get_brand(session, brand) if brand else None)
            rows = without_names(rows, salt if pseudonymise else None)
            if file is None:
                count = write_rows(rows, sys.stdout, "csv")
            else:
                count = write_file(rows, file, "csv")
    print(f"{count:,} labels{f' written to {file}' if file else ''}.", file=sys.stderr)


@app.command()
def evaluate(
    file: FileArgument,
    brand: Annotated[
        str | None, typer.Option("--brand", help="What every row is about; none: column brand.")
    ] = None,
    task: Annotated[Task, typer.Option("--task", help="What the labels are about.")] = (
        Task.SENTIMENT
    ),
    column: ColumnOption = None,
    label: LabelOption = None,
    numbers: NumbersOption = Numbers.SIGNS,
    uncorrected: Annotated[
        bool, typer.Option("--uncorrected", help="The models alone, without corrections.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare the models' opinions with the labels of a file."""
    from workers.jobs.evaluating import evaluate_file, named_brands
    from workers.models import models

    found = _labelled(file, brand, task, column, label, numbers)
    names = sorted({row.brand for row in found.texts if row.brand})
    with progress() as bar:
        if names and task is Task.SENTIMENT:
            with opened(begins=True) as (_, store), store.session() as session:
                result = evaluate_file(
                    models(),
                    found,
                    named_brands(session, names),
                    session=None if uncorrected else session,
                    progress=bar,
                )
        else:
            result = evaluate_file(models(), found, {}, task=task.value, progress=bar)
    report = result.as_dict()
    if as_json:
        json.dump(report, sys.stdout, ensure_ascii=False, indent=1)
        print()
        return
    _show_evaluation(report)
    _show_unreadable(found)


@app.command()
def tune(
    brand: BrandOption,
    file: Annotated[
        Path | None, typer.Argument(help="Labels; none: --overrides takes the store's own.")
    ] = None,
    overrides: Annotated[
        bool, typer.Option("--overrides", help="Learn from the sentiment that people set here.")
    ] = False,
    column: ColumnOption = None,
    label: LabelOption = None,
    numbers: NumbersOption = Numbers.SIGNS,
    sample: Annotated[
        bool,
        typer.Option("--sample", help="The texts were drawn by lot, not since the model erred."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be learned.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Learn a light correction of a brand's sentiment; kept only where it is surely better."""
    from listening.errors import ListeningError
    from workers.jobs.correcting import tune_overrides

    if (file is None) is not overrides:
        raise ListeningError("Name a file of labels, or --overrides, and not both.")
    if file is None:
        with opened() as (settings, store), progress() as bar:
            tuned = tune_overrides(store, settings, brand, dry_run=dry_run, progress=bar)
    else:
        found = _labelled(file, brand, Task.SENTIMENT, column, label, numbers)
        tuned = _tune_file(brand, found, sample=sample, dry_run=dry_run)
        if not as_json:
            _show_unreadable(found)
    _show_tuned(tuned, as_json=as_json, dry_run=dry_run)


def _tune_file(brand: str, found: LabelledFile, *, sample: bool, dry_run: bool) -> Tuned:
    from listening.store.brands.brands import get_brand
    from workers.jobs.correcting import tune as run
    from workers.jobs.evaluating import labelled_texts, named_brands
    from workers.models import models

    with opened() as (settings, store), progress() as bar:
        with store.session() as session:
            row = get_brand(session, brand)
            brands = named_brands(session, [brand])
        return run(
            store,
            settings,
            row,
            labelled_texts(models(), found.texts, brands, progress=bar),
            model=models().revision,
            sample=sample,
            dry_run=dry_run,
            progress=bar,
        )


@app.command()
def corrections(
    brand: AnyBrandOption = None, as_json: JsonOption = False, as_csv: CsvOption = False
) -> None:
    """Show what was learned: every version, and which one counts."""
    from workers.jobs.correcting import correction_rows

    with opened() as (settings, store):
        rows = correction_rows(store, settings, brand)
    if as_json or as_csv:
        put(rows, (), as_json=as_json, as_csv=as_csv)
        return
    for row in rows:
        row |= {when: row.get(f"macro_recall_{when}") for when in ("before", "after")}
    empty = "No correction yet: `listening opinions tune FILE --brand NAME`."
    table(rows, _CORRECTION_COLUMNS, title="Corrections, macro recall held out", empty=empty)
    for row in rows:
        if row["active"] and row["stale"]:
            print(
                plain(
                    f"{row['brand']}: version {row['version']} was learned on another model and "
                    "counts for nothing the present one reads: tune again."
                )
            )


@app.command()
def revert(
    brand: BrandOption,
    to: Annotated[
        str | None,
        typer.Option("--to", help="Version to go to, or none; not given: the one before."),
    ] = None,
) -> None:
    """Make an earlier correction of a brand count again, or none; its mentions follow."""
    from workers.jobs.correcting import revert as run

    with opened() as (settings, store), progress() as bar:
        version = _version(store, brand, to)
        changed = run(store, settings, brand, version, progress=bar)
    now = f"version {version} counts" if version is not None else "no correction counts"
    print(f"{brand}: {now}; {changed:,} mentions worked out again, stances and cases with them.")


def _version(store: Store, brand: str, to: str | None) -> int | None:
    from listening.errors import ListeningError
    from listening.store.brands.brands import get_brand
    from listening.store.mentions.corrections import corrections_of

    if to is not None and to.strip().casefold() == "none":
        return None
    if to is not None:
        if not to.strip().isdecimal():
            raise ListeningError(f"--to {to!r} is neither a version nor none.")
        return int(to)
    with store.session() as session:
        own = corrections_of(session, get_brand(session, brand))
    active = next((c.version for c in own if c.active), None)
    if active is None:
        raise ListeningError(f"{brand} has no correction that counts: say --to VERSION.")
    return max((c.version for c in own if c.version < active), default=None)


def _labelled(
    file: Path,
    brand: str | None,
    task: Task,
    column: str | None,
    label: str | None,
    numbers: Numbers,
) -> LabelledFile:
    from workers.jobs.labelling import about, read_labelled

    found = read_labelled(
        file, task=task.value, text_column=column, label_column=label, numbers=numbers.value
    )
    return found if brand is None else about(found, brand)


def _show_evaluation(report: dict[str, Any]) -> None:
    skipped = sum(report["not_scored"].values())
    print(f"{report['labels']:,} labels of {report['task']}, {report['scored']:,} scored.")
    for reason, count in report["not_scored"].items():
        print(f"{count:,} not scored ({reason}).")
    if report["towards_brand"]:
        print(f"{report['towards_brand']:,} read towards the brand that the row names.")
    if report["corrected"]:
        print(f"{report['corrected']:,} with the correction of their brand.")
    if not report["scored"]:
        if skipped or report["unreadable"]:
            print("Nothing to compare.")
        return
    for name in ("macro_recall", "macro_f1", "accuracy", "expected_calibration_error"):
        print(f"{name.replace('_', ' ')}: {report[name]:.3f}")
    classes = report["classes"]
    table(
        [
            {"label": name, **dict(zip(classes, row, strict=True)), **report["by_class"][name]}
            for name, row in zip(classes, report["confusion"], strict=True)
        ],
        ("label", *classes, "precision", "recall", "f1"),
        title="Labels (rows) and what was said (columns)",
    )
    table(
        report["worst"],
        ("line", "truth", "said", "confidence", "text"),
        title="Worst mistakes",
        empty="None.",
    )


def _show_unreadable(found: LabelledFile) -> None:
    bad = found.unreadable
    if not bad:
        return
    print(f"{len(bad):,} rows could not be read:", file=sys.stderr)
    for one in bad[:_NAMED]:
        told = f"{one.field}: {one.reason}" if one.field else one.reason
        print(plain(f"  {found.path}:{one.line}: {told}"), file=sys.stderr)
    if len(bad) > _NAMED:
        print(f"  and {len(bad) - _NAMED:,} more.", file=sys.stderr)


def _show_tuned(tuned: Tuned, *, as_json: bool, dry_run: bool) -> None:
    fitted = tuned.fitted
    scores = fitted.scores.rounded() if fitted.scores else None
    if as_json:
        row = {
            "brand": tuned.brand,
            "accepted": fitted.accepted,
            "reason": fitted.reason,
            "labels": fitted.labels,
            "anchors": fitted.anchors,
            "version": tuned.version,
            "mentions": tuned.mentions,
            "scores": scores,
        }
        json.dump(row, sys.stdout, ensure_ascii=False, indent=1)
        print()
        return
    print(f"{tuned.brand}: {fitted.labels:,} labels, {fitted.anchors:,} unlabelled beside them.")
    if scores is not None:
        for name, shown in _SCORES.items():
            before, after = scores[f"{name}_before"], scores[f"{name}_after"]
            print(f"{shown}: {before:.3f} before, {after:.3f} after, on texts held out")
    if not fitted.accepted:
        print(f"Refused: {fitted.reason}. Nothing was changed.")
    elif dry_run:
        print(f"Would be accepted: {fitted.reason}. Nothing was changed (--dry-run).")
    else:
        print(f"Accepted as version {tuned.version}: {fitted.reason}.")
        print(f"{tuned.mentions:,} mentions worked out again, stances and cases with them.")
