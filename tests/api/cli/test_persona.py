"""`listening segments persona` and `listening author` on a store without models."""

from __future__ import annotations

import json
from pathlib import Path

from listening.config import Settings
from listening.store.session import Store
from tests.api.cli.conftest import Run
from tests.factories import analyse, load, opinion, post
from tests.segmented import run_of


def filled(listening: Run, tmp_path: Path) -> Run:
    listening("brand", "add", "JetBlue", "--query", "jetblue")
    store = Store.from_settings(Settings(data_dir=tmp_path / "data", _env_file=None))  # type: ignore[call-arg]
    load(
        store,
        *(post(f"jetblue #tea {n}", id=f"p{n}", author=f"a{n}", author_handle=f"who{n}",
               author_name=None) for n in range(4)),
        post("something else", id="p9", author="a9"),
    )  # fmt: skip
    analyse(store, {f"p{n}": opinion(0.9) for n in range(4)} | {"p9": opinion(0.0)})
    run_of(store, "one", {"tea": ["a0", "a1", "a2", "a3"], "rest": ["a9"]})
    store.close()
    return listening


def test_a_persona_as_json_and_as_text(listening: Run, tmp_path: Path) -> None:
    run = filled(listening, tmp_path)
    found = json.loads(run("segments", "persona", "tea", "--json").stdout)
    assert (found["segment_id"], found["name"], found["brand"]) == (1, "tea", None)
    assert found["coverage"]["members"] == 4
    assert found["brands"][0]["net_sentiment"] == 1.0
    assert found["affinities"] == [
        {"kind": "hashtag", "name": "tea", "times": 1.07, "count": 4, "of": 4,
         "everyone_count": 4, "everyone_of": 5},
    ] or found["affinities"] == []  # fmt: skip
    shown = run("segments", "persona", "1", "--brand", "JetBlue").stdout
    assert "Segment 1: tea" in shown
    assert "all 4 members, of those who mention JetBlue; 4 posts, 4 scored" in shown
    assert "Busiest from 10:00 to 13:00 UTC: 100.0% of posts." in shown


def test_an_author_by_handle(listening: Run, tmp_path: Path) -> None:
    run = filled(listening, tmp_path)
    found = json.loads(run("author", "@who2", "--json").stdout)
    assert (found["author"], found["segment"], found["strength"]) == ("who2", "tea", 0.5)
    assert [said["text"] for said in found["latest_mentions"]] == ["jetblue #tea 2"]
    assert "Segment: tea, strength 0.50" in run("author", "a2").stdout


def test_whom_nobody_knows_is_said_in_one_line(listening: Run, tmp_path: Path) -> None:
    run = filled(listening, tmp_path)
    nobody = run("author", "nobody", check=False)
    assert nobody.returncode == 1
    assert nobody.stderr.startswith("Error: No author nobody: give a number")
    none = run("segments", "persona", "9", check=False)
    assert none.stderr.startswith("Error: No segment 9")
