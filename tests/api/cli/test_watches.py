"""`listening watch`, as a person types it."""

from __future__ import annotations

import json
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from listening.sources.errors import UnavailableError
from listening.store.posts.looks import note_look
from listening.store.session import Store
from listening.store.tables import Sweep, Watch
from listening.store.tables.types import now
from tests.api.cli.conftest import Run
from tests.factories import load, post

OLD = 1_700_000_000
POSTS = """id,author,date,text
1,@ann,2026-09-01T10:00:00Z,jetblue lost my bag
2,@bob,2026-09-02T10:00:00Z,lovely weather
3,@cay,someday,jetblue
"""


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "posts.csv").write_text(POSTS)
    os.utime(folder / "posts.csv", (OLD, OLD))
    return folder


@pytest.fixture
def watched(listening: Run, inbox: Path) -> Run:
    listening("brand", "add", "JetBlue", "--query", "jetblue")
    listening("watch", "add", "jetblue", "folder", "--set", f"path={inbox}")
    return listening


def rows(listening: Run, *words: str) -> list[dict[str, Any]]:
    return json.loads(listening(*words, "--json").stdout)


def test_a_watch_from_adding_to_removing(watched: Run, inbox: Path) -> None:
    (one,) = rows(watched, "watch", "list")
    assert (one["brand"], one["source"], one["where"]) == ("JetBlue", "folder", str(inbox))
    assert (one["schedule"], one["state"], one["last_sweep"]) == ("every 15m", "well", "none yet")
    told = watched("watch", "run", "1").stdout
    assert "3 rows: 2 posts new, 0 edited, 0 known already, 1 in quarantine" in told
    assert "0 rows: 0 posts new" in watched("watch", "run", "1").stdout
    assert rows(watched, "watch", "list")[0]["last_sweep"] == "done, 0 rows"
    shown = watched("watch", "show", "1").stdout
    assert f"Watch 1: JetBlue at folder, {inbox}, every 15m, due 20" in shown
    assert f"path: {inbox}" in shown
    (whole,) = rows(watched, "watch", "show", "1")
    assert [(s["status"], s["rows"], s["posts_new"]) for s in whole["sweeps"]] == [
        ("done", 0, 0),
        ("done", 3, 2),
    ]
    assert watched("watch", "remove", "1", "--yes").stdout == "Watch 1 removed.\n"
    assert "No watch yet" in watched("watch", "list").stdout
    assert json.loads(watched("brand", "list", "--json").stdout)[0]["mentions"] == 1


def test_what_it_listens_for_is_edited_and_the_rest_stays(watched: Run, inbox: Path) -> None:
    watched("watch", "run", "1")
    told = watched("watch", "edit", "1", "--set", "all_mentions=yes").stdout
    assert told.startswith(f"Watch 1 changed: JetBlue at folder, {inbox}, every 15m, due 20")
    told = watched("watch", "run", "1").stdout
    assert "2 known already, 1 in quarantine; 1 mentions new" in told, "the file is read again"
    watched("watch", "edit", "1", "--set", "map.text=text", "--set", "map.author==anonymous")
    watched("watch", "edit", "1", "--set", "all_mentions=", "--set", "map.author=", "--every", "1h")
    (one,) = rows(watched, "watch", "list")
    assert one["params"] == {"path": str(inbox), "map": {"text": "text"}}
    assert one["schedule"] == "every 1h"
    watched("watch", "edit", "1", "--cron", "30 6 * * *", "--quiet", "22:00-05:00")
    assert rows(watched, "watch", "list")[0]["schedule"] == "cron 30 6 * * *, quiet 22:00-05:00"
    watched("watch", "edit", "1", "--every", "15m", "--quiet", "")
    assert rows(watched, "watch", "list")[0]["schedule"] == "every 15m"
    told = watched("watch", "edit", "1", "--set", "map.text=text", "--jitter", "0s").stdout
    assert told.startswith("Watch 1 is so already: ")


def test_added_again_only_its_schedule_is_another(watched: Run, inbox: Path) -> None:
    told = watched(
        "watch", "add", "JetBlue", "folder", "--set", f"path={inbox}/", "--cron", "30 6 * * 1-5",
        "--timezone", "Europe/Berlin", "--quiet", "22:00-07:00", "--jitter", "2m",
    ).stdout  # fmt: skip
    said = "cron 30 6 * * 1-5 Europe/Berlin, quiet 22:00-07:00 Europe/Berlin, jitter 2m"
    assert told.startswith(f"Watch 1 changed: JetBlue at folder, {inbox}, {said}, due 20")
    assert [one["schedule"] for one in rows(watched, "watch", "list")] == [said]


def test_pausing_resuming_and_asking_for_the_past(watched: Run) -> None:
    watched("watch", "run", "1")
    watched("watch", "pause", "1")
    assert rows(watched, "watch", "list", "--brand", "jetblue")[0]["state"] == "paused"
    failed = watched("watch", "run", "1", "--background", check=False)
    assert failed.stderr == "Error: Watch 1 is paused: resume it first.\n"
    told = watched("watch", "backfill", "1", "--since", "2026-09-01", "--until", "2026-09-02")
    assert told.stdout == (
        "Watch 1: 2026-09-01 00:00 to 2026-09-02 00:00 UTC is fetched by its next sweep once it "
        "is resumed.\n"
    )
    assert "Watch 1 is resumed, due 20" in watched("watch", "resume", "1").stdout
    assert watched("watch", "run", "1", "--background").stdout == "Watch 1 is due now.\n"
    assert rows(watched, "watch", "list")[0]["next_due_at"] == "now"
    assert "1 rows: 0 posts new, 0 edited, 1 known already" in watched("watch", "run", "1").stdout
    assert rows(watched, "watch", "show", "1")[0]["backfills"] == []


def test_a_sweep_that_fails_says_why_and_is_noted(watched: Run, inbox: Path) -> None:
    inbox.rename(inbox.with_name("away"))
    failed = watched("watch", "run", "1", check=False)
    assert failed.returncode == 1
    assert f"Error: Watch 1: The folder {inbox} cannot be read" in failed.stderr
    (one,) = rows(watched, "watch", "list")
    assert (one["state"], one["failures"]) == ("failing", 1)
    assert "(1 failures in a row)" in watched("watch", "show", "1").stdout


WRONG = [
    ("watch add JetBlue foldr", "No source 'foldr' (there are: "),
    ("watch add JetBlue folder", "path is missing (the folder); write --set path=..."),
    ("watch add JetBlue folder --set path", "--set path: write name=value"),
    ("watch add JetBlue folder --set path=. --set path=.", "--set path=.: path is set twice"),
    ("watch add Delta folder --set path=.", "No brand 'Delta' (known: JetBlue)"),
    ("watch add JetBlue folder --set path=. --every soon", "--every soon: write a number"),
    ("watch add JetBlue folder --set path=. --every 4s", "interval: 4 s does not go"),
    ("watch add JetBlue folder --set path=. --quiet 22", "--quiet 22: write from-until"),
    ("watch add JetBlue folder --set path=. --cron x", "cron: 'x' has 1 fields"),
    ("watch run 7", "No watch 7: `listening watch list` shows those there are."),
    ("watch backfill 1 --since then", "--since then: write a day or a time"),
    ("watch backfill 1 --since 2026-02-01 --until 2026-01-01", "before it begins"),
]


def test_what_cannot_be_done_names_the_fix(watched: Run) -> None:
    for words, told in WRONG:
        failed = watched(*words.split(), check=False)
        assert (failed.returncode, failed.stdout) == (1, ""), words
        assert told in failed.stderr
        assert "Traceback" not in failed.stderr


def test_a_format_that_may_have_changed_is_shown_with_counts_and_lag(
    watched: Run, tmp_path: Path
) -> None:
    watched("watch", "run", "1")
    warning = "6 of 20 rows could not be read, 2 of 120 before: its format may have changed"
    store = Store(f"sqlite:///{tmp_path / 'data' / 'listening.db'}")
    with store.work() as session:
        own = session.get_one(Watch, 1)
        own.warning, own.read_until = warning, now() - timedelta(minutes=90, seconds=30)
        last = session.get_one(Sweep, 1)
        last.passed, last.deleted = 1234, 5
    store.close()
    (one,) = rows(watched, "watch", "list")
    assert (one["state"], one["warning"]) == ("format?", warning)
    assert "format?" in watched("watch", "list").stdout
    shown = watched("watch", "show", "1").stdout
    assert f"  warning: {warning}\n" in shown
    assert re.search(r"  read until 20\S+ \d\d:\d\d UTC, 1 h 30 min ago\n", shown)
    assert re.search(r" passed +deleted +quarantined\b.* 1,234 +5 +1\b", shown, re.S)
    (whole,) = rows(watched, "watch", "show", "1")
    assert whole["read_until"].startswith("20")
    assert (whole["sweeps"][0]["passed"], whole["sweeps"][0]["deleted"]) == (1234, 5)
    status = json.loads(watched("status", "--json").stdout)
    assert f"Watch 1 (JetBlue at folder): {warning}." in status["problems"]
    assert 5430 <= status["watches"][0]["lag_seconds"] < 5600
    watched("watch", "pause", "1")
    assert rows(watched, "watch", "list")[0]["state"] == "paused"


def test_looking_up_authors_is_shown_where_it_is_on(listening: Run, tmp_path: Path) -> None:
    listening("brand", "add", "JetBlue")
    listening("watch", "add", "JetBlue", "hackernews")
    assert "looked up" not in listening("watch", "show", "1").stdout
    store = Store(f"sqlite:///{tmp_path / 'data' / 'listening.db'}")
    load(store, *(post(id=a, author=a, source="hackernews") for a in ("ann", "bob", "cay")))
    with store.work() as session:
        note_look(session, "hackernews", "ann", posts=7)
        note_look(session, "hackernews", "bob", error=UnavailableError("gone"))
    store.close()
    on = {"LISTENING_INTERESTS_POSTS": "20"}
    told = "  recent posts of 2 authors looked up (1 could not be read), 7 posts; "
    assert f"{told}1 authors wait\n" in listening("watch", "show", "1", **on).stdout
    assert f"{told}switched off\n" in listening("watch", "show", "1").stdout
    (row,) = json.loads(listening("watch", "show", "1", "--json", **on).stdout)
    assert row["looks"].pop("last_at").startswith("20")
    assert row["looks"] == {"on": True, "authors": 2, "failed": 1, "posts": 7, "waiting": 1}
