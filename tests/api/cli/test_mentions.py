"""`listening mentions`: search, filters, what is said of those found."""

from __future__ import annotations

import json
from pathlib import Path

from listening.config import Settings
from listening.store.session import Store
from tests.api.cli.conftest import Run
from tests.factories import analyse, load, opinion, post


def test_searched_filtered_and_changed(listening: Run, tmp_path: Path) -> None:
    listening("brand", "add", "JetBlue", "--query", "jetblue")
    store = Store.from_settings(Settings(data_dir=tmp_path / "data", _env_file=None))  # type: ignore[call-arg]
    load(
        store,
        post("jetblue lost my bag", id="a", author="ann", at="2026-09-01T12:00Z"),
        post("jetblue lost my seat", id="b", author="bob", at="2026-09-02T12:00Z"),
        post("jetblue bag fees", id="c", author="cem", at="2026-09-03T12:00Z"),
    )
    analyse(store, {"a": opinion(-0.9), "b": opinion(-0.9), "c": opinion(0.9)})
    store.close()
    find = ("mentions", "--brand", "JetBlue")

    def found(*more: str) -> list[str]:
        return [row["native_id"] for row in json.loads(listening(*find, *more, "--json").stdout)]

    assert found() == ["c", "b", "a"]
    assert found("-q", "lost") == ["b", "a"]
    assert found("-q", "bag", "--filter", "sentiment=negative") == ["a"]
    assert found("--filter", "xsentiment=negative", "--sort", "oldest") == ["c"]
    shown = listening(*find, "-q", "lost", "--limit", "1", "--say", "positive", "--tag", "Seats")
    assert "1 mentions changed." in shown.stderr
    assert "Seats" in shown.stdout
    assert found("--filter", "sentiment=positive") == ["c", "b"]
    assert found("--filter", "tag=Seats") == ["b"]
    listening(*find, "--filter", "overridden=true", "--say", "none", "--untag", "seats")
    assert found("--filter", "tag=Seats") == found("--filter", "overridden=true") == []
    refused = listening(*find, "--filter", "colour=red", check=False)
    assert (refused.returncode, "There is no filter 'colour'" in refused.stderr) == (1, True)
    refused = listening(*find, "-q", "lost AND", check=False)
    assert (refused.returncode, "a term is missing" in refused.stderr) == (1, True)
