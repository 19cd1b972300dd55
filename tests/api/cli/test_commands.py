"""What each command prints and how it fails, without a model."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.api.cli.conftest import Run

POSTS = """id,author,created_at,text,followers
1,@ann,2026-09-01T10:00:00Z,"jetblue lost my bag, again",120
2,@bob,2026-09-02T10:00:00Z,"=HYPERLINK(""x"") jetblue",
3,@cay,2026-09-03T10:00:00Z,nothing to see,7
4,@dan,someday,jetblue,1
5,@jetblue,2026-09-04T10:00:00Z,"@ann jetblue is sorry",900
"""


@pytest.fixture
def filled(listening: Run, tmp_path: Path) -> Run:
    (tmp_path / "posts.csv").write_text(POSTS)
    listening("brand", "add", "JetBlue", "--query", "jetblue", "--own-account", "@jetblue")
    listening("import", "posts.csv", "--source", "twitter")
    return listening


def test_help_names_the_steps_of_the_job(listening: Run) -> None:
    shown = listening("--help").stdout
    for command in ("import", "analyse", "segment", "flag", "advocates", "triage", "up", "doctor"):
        assert f"\n  {command} " in shown


def test_an_import_tells_what_became_of_every_row(listening: Run, tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text(POSTS)
    listening("brand", "add", "JetBlue", "--query", "jetblue", "--own-account", "@jetblue")
    told = listening("import", "posts.csv").stdout
    assert "text: text (guessed)" in told
    assert (
        "5 rows: 4 posts new, 0 edited, 0 known already, 1 in quarantine; 2 mentions new." in told
    )
    again = listening("import", "posts.csv").stdout
    assert "0 posts new, 0 edited, 4 known already, 1 in quarantine; 0 mentions new." in again


def test_a_dry_run_stores_nothing(listening: Run, tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text(POSTS)
    assert "date: created_at (guessed)" in listening("import", "posts.csv", "--dry-run").stdout
    assert not (tmp_path / "data").exists()


def test_a_brand_finds_itself_in_what_is_stored(listening: Run, tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text(POSTS)
    listening("import", "posts.csv")
    added = listening("brand", "add", "JetBlue", "--alias", "jet blue").stdout
    assert added == 'JetBlue: "JetBlue" OR "jet blue"\n3 mentions in the posts stored so far.\n'
    edited = listening("brand", "edit", "JetBlue", "--query", "bag").stdout
    assert edited == "JetBlue: 0 mentions more, 2 fewer.\n"
    (row,) = json.loads(listening("brand", "list", "--json").stdout)
    assert (row["name"], row["mentions"], row["query"]) == ("JetBlue", 1, "bag")


def test_quarantine_shows_and_mends(filled: Run, tmp_path: Path) -> None:
    (row,) = json.loads(filled("quarantine", "list", "--json").stdout)
    assert (row["file"], row["line"], row["field"]) == ("posts.csv", 5, "date")
    (tmp_path / "posts.csv").write_text(POSTS.replace("someday", "2026-09-03"))
    assert "1 posts new" in filled("quarantine", "retry", "posts.csv", "--source", "twitter").stdout
    assert filled("quarantine", "list", "--json").stdout == "[]\n"


def test_exports_in_three_formats_say_the_same(filled: Run, tmp_path: Path) -> None:
    as_csv = list(csv.DictReader(io.StringIO(filled("export", "mentions").stdout)))
    as_jsonl = [
        json.loads(line)
        for line in filled("export", "mentions", "--format", "jsonl").stdout.splitlines()
    ]
    filled("export", "mentions", "--format", "parquet", "--out", "m.parquet")
    as_parquet = pq.read_table(tmp_path / "m.parquet").to_pylist()
    assert [row["native_id"] for row in as_csv] == ["1", "2"]
    assert as_jsonl == as_parquet
    assert as_jsonl[0]["followers"] == 120
    assert as_jsonl[1]["followers"] is None
    assert as_csv[1]["followers"] == ""


def test_a_cell_that_a_spreadsheet_would_run_is_guarded(filled: Run) -> None:
    guarded = list(csv.DictReader(io.StringIO(filled("export", "mentions").stdout)))
    raw = list(csv.DictReader(io.StringIO(filled("export", "mentions", "--raw").stdout)))
    assert guarded[1]["text"] == '\'=HYPERLINK("x") jetblue'
    assert raw[1]["text"] == '=HYPERLINK("x") jetblue'


def test_a_pseudonymised_export_names_nobody(filled: Run) -> None:
    told = filled("export", "authors", "--format", "jsonl", "--pseudonymise").stdout
    told += filled("export", "mentions", "--format", "jsonl", "--pseudonymise").stdout
    assert "ann" not in told
    rows = [json.loads(line) for line in told.splitlines()]
    assert len({row["author_native_id"] for row in rows}) == 4  # the same person, the same name


def test_every_list_is_there_before_anything_was_flagged(filled: Run) -> None:
    for command in ("advocates", "detractors", "triage", "segments"):
        assert filled(command, "--brand", "jetblue", "--json").stdout == "[]\n"
        assert filled(command, "--brand", "jetblue", "--csv").stdout == ""
    assert "run `listening analyse`" in filled("advocates", "--brand", "JetBlue").stdout


def test_a_query_is_tried_on_a_file(filled: Run) -> None:
    told = filled("query", "test", "jetblue NOT bag", "posts.csv").stdout
    assert "2 of 4 posts match; 1 rows could not be read." in told
    assert "jetblue" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["import", "missing.csv"], "missing.csv"),
        (["import", "."], "folder"),
        (["import", "empty.csv"], "empty"),
        (["import", "picture.csv"], "picture.csv"),
        (["import", "cut.csv.gz"], "cut short"),
        (["import", "posts.csv", "--map", "text=nosuch"], "nosuch"),
        (["import", "posts.csv", "--map", "text"], "write field=column"),
        (["import", "posts.csv", "--preset", "brandwatch"], "brandwatch"),
        (["import", "posts.csv", "--all-mentions"], "exactly one --brand"),
        (["import", "posts.csv", "--brand", "Nobody"], "No brand 'Nobody' (known: none yet)"),
        (["brand", "add", "X", "--query", "a b"], "^"),
        (["brand", "add", "X", "--query", "NOT a"], "^"),
        (["advocates", "--brand", "Nobody"], "No brand 'Nobody'"),
        (["export", "mentions", "--format", "parquet"], "--out"),
        (["export", "mentions", "--out", "no/such/folder.csv"], "cannot be written"),
        (["score", "missing.txt"], "missing.txt"),
        (["score", "posts.csv", "--brand", "@"], "'@' names nothing"),
    ],
)
def test_what_cannot_be_done_is_told_without_a_traceback(
    listening: Run, tmp_path: Path, words: list[str], message: str
) -> None:
    (tmp_path / "posts.csv").write_text(POSTS)
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9)
    import gzip

    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(POSTS.encode() * 200)[:-40])
    listening("migrate")
    done = listening(*words, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert message.lower() in done.stderr.lower()
    assert "Traceback" not in done.stderr
    if words[0] == "import":
        assert listening("export", "authors").stdout == ""


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("LISTENING_WEB_PORT", "many", "LISTENING_WEB_PORT"),
        ("LISTENING_DATABASE_URL", "mysql://u:secret@h/d", "not mysql"),
        ("LISTENING_DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/d", "does not answer"),
    ],
)
def test_bad_settings_are_named_and_passwords_are_not(
    listening: Run, name: str, value: str, told: str
) -> None:
    done = listening("brand", "list", check=False, **{name: value})
    assert done.returncode == 1
    assert told in done.stderr
    assert "secret" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
