"""`listening erase | retention | backup | restore | vacuum` as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from listening.store.schema import newest_version
from tests.api.cli.conftest import Run

POSTS = """id,author,created_at,text,followers
1,@annika,2020-09-01T10:00:00Z,"jetblue lost my bag",120
2,@boris,2099-01-01T10:00:00Z,"not yet",5
3,@boris,2020-09-02T10:00:00Z,"@annika jetblue is fine",5
4,@annika,someday,jetblue,1
"""


@pytest.fixture
def filled(listening: Run, tmp_path: Path) -> Run:
    (tmp_path / "posts.csv").write_text(POSTS)
    listening("brand", "add", "JetBlue", "--query", "jetblue")
    listening("import", "posts.csv", "--source", "twitter")
    return listening


def authors(run: Run) -> list[str]:
    rows = run("export", "authors", "--format", "jsonl").stdout.splitlines()
    return [json.loads(row)["author_native_id"] for row in rows]


def test_erasing_asks_first(filled: Run) -> None:
    told = filled("erase", "author", "twitter", "@annika", stdin="n\n", check=False)
    assert told.returncode == 1
    assert told.stdout.startswith(
        "twitter annika (@annika): 1 posts, 1 mentions, 1 posts by others that name them, "
        "1 quarantined rows\nErase 1 for good?"
    )
    assert authors(filled) == ["annika", "boris"]


def test_erasing_for_good(filled: Run, tmp_path: Path) -> None:
    told = filled("erase", "author", "twitter", "@annika", "--yes").stdout
    assert (
        "1 authors erased with 1 posts and 1 quarantined rows; masked in 1 posts by others. "
        "1 tombstones keep them away." in told
    )
    assert authors(filled) == ["boris"]
    data = [path.read_bytes() for path in (tmp_path / "data").glob("listening.db*")]
    assert data and not any(b"annika" in content for content in data)
    again = filled("import", "posts.csv", "--source", "twitter").stdout
    assert "1 by erased authors" in again
    assert authors(filled) == ["boris"]
    told = filled("erase", "author", "twitter", "annika", "--dry-run").stdout
    assert told == (
        "twitter annika: nothing stored\n"
        "  erased before: a tombstone keeps them from being stored.\n"
    )


def test_erasing_a_list_of_people(filled: Run, tmp_path: Path) -> None:
    (tmp_path / "gone.txt").write_text("@annika\n\nboris\n")
    told = filled("erase", "author", "twitter", "zoe", "--file", "gone.txt", "--yes").stdout
    assert "twitter zoe: nothing stored\n  never seen: a tombstone keeps them" in told
    assert "2 authors erased with 2 posts" in told
    assert authors(filled) == []


def test_nobody_to_erase_is_an_error(listening: Run) -> None:
    told = listening("erase", "author", "twitter", check=False)
    assert (told.returncode, told.stderr) == (
        1,
        "Error: Nobody to erase: name native ids or @handles, or a --file of them.\n",
    )
    told = listening("erase", "author", "twitter", "--file", "no.txt", check=False)
    assert told.stderr == "Error: no.txt cannot be read: No such file or directory.\n"


def test_retention_is_set_shown_and_applied(filled: Run) -> None:
    assert filled("retention", "set", "jetblue", "30").stdout == (
        "JetBlue: mentions are kept for 30 days.\n"
    )
    (row,) = json.loads(filled("retention", "show", "--json").stdout)
    assert row == {"brand": "JetBlue", "days": 30, "mentions": 2, "expired": 2}
    told = filled("retention", "apply", "--yes").stdout
    assert told == "2 mentions, 2 posts and 2 authors went.\n"
    assert authors(filled) == []
    assert filled("retention", "set", "jetblue", "off").stdout == (
        "JetBlue: mentions are kept for good.\n"
    )
    assert "Posts that no brand mentions are kept for good." in filled("retention", "show").stdout


@pytest.mark.parametrize(
    ("days", "told"),
    [
        ("soon", "'soon' is no retention: a number of days, or \"off\"."),
        ("0", "0 days cannot be kept: a retention is 1 to 36500 days, or off."),
    ],
)
def test_a_retention_without_sense_is_refused(filled: Run, days: str, told: str) -> None:
    done = filled("retention", "set", "JetBlue", days, check=False)
    assert (done.returncode, done.stderr) == (1, f"Error: {told}\n")


def test_a_backup_goes_to_another_place(filled: Run, tmp_path: Path) -> None:
    told = filled("backup", "b.db").stdout
    assert told.startswith("b.db: ") and told.endswith(
        f"of schema version {newest_version()}, checked.\n"
    )
    filled("erase", "author", "twitter", "boris", "--yes")
    refused = filled("restore", "b.db", check=False)
    assert "is not empty: say --replace" in refused.stderr
    told = filled("restore", "b.db", "--replace", "--yes").stdout
    assert "1 authors, erased since that backup, were erased again." in told
    assert authors(filled) == ["annika"]
    elsewhere = {"LISTENING_DATA_DIR": str(tmp_path / "new")}
    filled("restore", "b.db", **elsewhere)
    rows = filled("export", "authors", "--format", "jsonl", **elsewhere).stdout
    assert [json.loads(row)["author_native_id"] for row in rows.splitlines()] == ["annika", "boris"]


def test_a_vacuum_tells_sizes(filled: Run) -> None:
    told = filled("vacuum").stdout
    assert told.startswith("Store ") and told.endswith(" after.\n")
