"""`listening source list | test`, as a person types them, against a platform on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from listening.store.session import Store
from tests.api.cli.conftest import ROOT, Run
from tests.factories import load, post
from tests.listening.sources.cases.hackernews import hit
from tests.listening.sources.platform import Asked, Platform, Reply, serving
from workers.jobs.erasing import erase, find_people

NOW = int(datetime.now(UTC).timestamp())
DAY = f"{datetime.fromtimestamp(NOW - 9000, UTC):%Y-%m-%d %H:%M}"
# The program as it is installed, its source reaching the platform of the test.
PROGRAM = """
import sys
from listening.sources import registry
from listening.sources.hackernews import HackerNews
from tests.listening.sources.platform import TurnedClient

class There:
    address = sys.argv.pop(1)

registry.REGISTRY["hackernews"] = HackerNews(TurnedClient(There()))
from api.cli.main import main
main()
"""


class Forum:
    """A search that gives what it has, whatever is searched for."""

    def __init__(self) -> None:
        broken = hit(4, NOW - 6000, comment_text="jetblue broken")
        del broken["author"]
        self.hits = [
            hit(
                1, NOW - 9000, author="ann", title="JetBlue ends a route", story_id=1, points=120,
                num_comments=0, url="https://example.com/route",
            ),
            hit(2, NOW - 8000, author="bob", comment_text="Delta, not jetblue", story_id=1),
            hit(3, NOW - 7000, author="cay", comment_text="another line altogether"),
            broken,
        ]  # fmt: skip

    def answer(self, asked: Asked) -> Reply:
        return Reply({"hits": self.hits, "nbHits": len(self.hits)})


@pytest.fixture
def platform() -> Iterator[Platform]:
    with serving(Forum().answer) as platform:
        yield platform


@pytest.fixture
def typed(platform: Platform, tmp_path: Path) -> Run:
    """Run `listening ...`, Hacker News being the platform."""

    def run(*words: str, check: bool = True, **environment: str) -> Any:
        own = {
            "LISTENING_DATA_DIR": str(tmp_path / "data"),
            "LISTENING_SOURCES_ALLOW_PRIVATE": "true",
            "PYTHONPATH": str(ROOT),
        }
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, platform.address, *words],
            capture_output=True, text=True, cwd=tmp_path, env=os.environ | own | environment,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr
        return done

    return run


def lines(text: str) -> list[str]:
    """Lines that say something, their gaps closed."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip(" ─")]


def test_what_would_be_stored_is_shown_and_nothing_is(typed: Run, platform: Platform) -> None:
    typed("brand", "add", "JetBlue")
    typed("brand", "add", "Delta")
    shown = lines(typed("source", "test", "hackernews", "--brand", "jetblue").stdout)
    assert shown[:4] == [
        "Listening for JetBlue at hackernews; nothing is stored.",
        "3 posts read, 2 would be stored, 1 passed over (no brand in it), 1 could not be read.",
        "Delta: 1 mention",
        "JetBlue: 2 mentions",
    ]
    assert shown[4:7] == [
        "First posts",
        "published at author mentions text url",
        f"{DAY} ann JetBlue JetBlue ends a route https://news.ycombinator.com/item?id=1",
    ]
    assert "bob Delta, JetBlue Delta, not jetblue https://" in shown[7]
    assert shown[8:10] == ["Could not be read", "where line field reason raw"]
    assert "1 author author is missing or makes no sense" in shown[10]
    assert (
        "There: handle 100 %, title 33 %, url 100 %, likes 33 %, replies 33 %, thread 67 %, "
        "media 33 %, links 33 %."
    ) in shown
    assert any(line.startswith("Not there: name, followers, location,") for line in shown)
    assert shown[-1].startswith("It gives text, title, author,")
    (asked,) = platform.asked
    assert asked.query["query"] == '"JetBlue"'
    assert asked.headers["user-agent"].startswith("listening/")
    status = json.loads(typed("status", "--json").stdout)
    assert (status["amounts"]["posts"], status["amounts"]["authors"]) == (0, 0)
    assert (status["quarantined"], status["watches"], status["jobs"]) == (0, [], [])


def test_a_brand_that_is_not_tracked_is_tried_by_its_name(typed: Run, platform: Platform) -> None:
    (row,) = json.loads(typed("source", "test", "hackernews", "--brand", "Delta", "--json").stdout)
    assert platform.asked[0].query["query"] == '"Delta"'
    assert (row["read"], row["stored"], row["passed"]) == (3, 1, 2)
    assert row["mentions"] == {"Delta": 1}
    assert [one["text"] for one in row["posts"]] == ["Delta, not jetblue"]
    (bad,) = row["bad_rows"]
    assert (bad["where"], bad["line"], bad["field"]) == (
        "https://hn.algolia.com/api/v1/search_by_date", 1, "author",
    )  # fmt: skip
    assert "jetblue broken" in bad["raw"]
    assert row["facts"]["likes"] == 1
    assert json.loads(typed("brand", "list", "--json").stdout) == []


def test_of_one_brand_it_need_not_be_told_and_settings_are_those_of_a_watch(
    typed: Run, platform: Platform
) -> None:
    typed("brand", "add", "Delta")
    words = ("--set", "query=air line", "--set", "keep_all=yes", "--json")
    (row,) = json.loads(typed("source", "test", "hackernews", *words).stdout)
    assert platform.asked[0].query["query"] == '"air line"'
    assert (row["stored"], row["passed"], row["mentions"]) == (3, 0, {"Delta": 1})


def test_posts_of_erased_authors_are_not_shown(typed: Run, tmp_path: Path) -> None:
    typed("brand", "add", "JetBlue")
    store = Store(f"sqlite:///{tmp_path / 'data' / 'listening.db'}")
    load(store, post(id="1", author="ann", source="hackernews"))
    erase(store, find_people(store, "hackernews", ["ann"]))
    store.close()
    done = typed("source", "test", "hackernews")
    assert "3 posts read, 1 would be stored, " in done.stdout
    assert "1 left out (its author was erased)" in done.stdout
    assert "ann" not in done.stdout


def test_an_empty_platform_is_nothing(typed: Run, platform: Platform) -> None:
    platform.answer = lambda _: Reply({"hits": [], "nbHits": 0})
    done = typed("source", "test", "hackernews", "--brand", "JetBlue")
    assert "0 posts read, 0 would be stored.\n" in done.stdout
    assert "There:" not in done.stdout


FAILURES = [
    (
        [Reply("no", 403)],
        "authentication",
        "hackernews does not let us in: ",
        "It needs no credential: it blocks us.",
    ),
    (
        [Reply(status=429, headers={"Retry-After": "7200"})],
        "rate limit",
        "hackernews asks for a pause: ",
        "Try again in 7,200 s; a watch does so by itself.",
    ),
    (
        [Reply(status=503)] * 4,
        "unavailable",
        "hackernews does not deliver: ",
        "Check settings and network, or try again later; a watch does so by itself.",
    ),
    (
        [Reply({"found": ["something else"]})],
        "format",
        "hackernews answers in a way that is not understood: ",
        "Check the settings; where they are right, listening has to learn the new format.",
    ),
]


@pytest.mark.parametrize(
    ("faults", "kind", "told", "fix"), FAILURES, ids=[kind for _, kind, *_ in FAILURES]
)
def test_a_failure_is_told_with_its_fix(
    typed: Run, platform: Platform, faults: list[Reply], kind: str, told: str, fix: str
) -> None:
    words = ("source", "test", "hackernews", "--brand", "JetBlue")
    platform.faults = list(faults)
    failed = typed(*words, check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"Error: {told}")
    assert failed.stderr.endswith(f"{fix}\n")
    assert "Traceback" not in failed.stderr
    answered = 'It answered: {"found": ["something else"]}\n'
    assert failed.stdout == (answered if kind == "format" else "")
    platform.faults = list(faults)
    failed = typed(*words, "--json", check=False)
    (row,) = json.loads(failed.stdout)
    assert (failed.returncode, row["error"], row["fix"]) == (1, kind, fix)
    assert row["told"].startswith(told)


WRONG = [
    ("source test hackernew", "No source 'hackernew'"),
    ("source test hackernews", "say what to search for: --set query=... Or name a brand: --brand"),
    ("source test hackernews --set querry=x", "no setting 'querry' (did you mean query?)"),
    ("source test folder", "path is missing (the folder); write --set path=..."),
    ("source test folder --set path=gone", "gone"),
]


def test_what_cannot_be_done_names_the_fix(typed: Run, platform: Platform) -> None:
    for words, told in WRONG:
        failed = typed(*words.split(), check=False)
        assert failed.returncode == 1, words
        assert told in failed.stderr
        assert "Traceback" not in failed.stderr
    assert platform.asked == []


def test_a_folder_is_tried_too(listening: Run, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "posts.csv").write_text(
        "id,author,date,text\n1,@ann,2026-09-01T10:00:00Z,lovely weather\n2,@bob,someday,jetblue\n"
    )
    os.utime(inbox / "posts.csv", (1_700_000_000, 1_700_000_000))
    words = ("source", "test", "folder", "--set", f"path={inbox}", "--brand", "JetBlue")
    shown = lines(listening(*words).stdout)
    assert shown[1:3] == [
        "1 posts read, 1 would be stored, 1 could not be read.",
        "JetBlue: 0 mentions",
    ]
    assert "2026-09-01 10:00 ann lovely weather ?" in shown
    (row,) = json.loads(listening(*words, "--set", "all_mentions=yes", "--json").stdout)
    assert row["mentions"] == {"JetBlue": 1}
    assert json.loads(listening("quarantine", "list", "--json").stdout) == []


def test_a_feed_inside_this_network_is_told(listening: Run) -> None:
    words = ("source", "test", "feed", "--set", "address=http://127.0.0.1:9/feed.xml")
    done = listening(*words, check=False)
    assert done.returncode == 1
    assert "Error: 127.0.0.1 is an address inside this network" in done.stderr


def test_a_watch_that_is_pushed_to_is_never_due(listening: Run) -> None:
    listening("brand", "add", "JetBlue")
    added = listening("watch", "add", "JetBlue", "push", "--set", "label=crm").stdout
    assert added == "Watch 1 added: JetBlue at push, crm, when pushed.\n"
    (row,) = json.loads(listening("watch", "list", "--json").stdout)
    assert (row["schedule"], row["state"], row["next_due_at"]) == ("", "well", "when pushed")
    told = listening("status").stdout
    assert "when pushed" in told
    assert "to be swept" not in told
    assert "secret=" in listening("watch", "secret", "1").stdout


def test_sources_say_what_they_take_and_give(listening: Run) -> None:
    found = json.loads(listening("source", "list", "--json").stdout)
    rows = {row["name"]: row for row in found}
    folder = rows["folder"]
    assert (folder["name"], folder["required"], folder["backfill"]) == ("folder", ["path"], True)
    assert "map.NAME" in folder["settings"]
    assert (folder["recent"], rows["hackernews"]["recent"]) == (False, True)
    shown = listening("source", "list").stdout
    assert "added to them. Needs path.\n" in shown
    assert "Needs LISTENING_X_BEARER_TOKEN.\n" in shown
    assert (
        "  --set path=...  the folder (required)\n" in listening("source", "show", "folder").stdout
    )
    one = listening("source", "show", "hackernews").stdout
    assert "  rate limit: 10,000 requests an hour\n" in one
    assert "  back-fill: yes; authors looked up: yes\n  terms: https://www.ycombinator.com" in one
    assert "missing\n" in listening("source", "show", "x").stdout
    (told,) = json.loads(listening("source", "show", "X", "--json").stdout)
    assert told == rows["x"]
