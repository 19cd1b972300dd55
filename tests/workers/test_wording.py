"""Words of praise and complaint, found for every segment of the current run."""

from __future__ import annotations

from sqlmodel import select

from listening.store.session import Store
from listening.store.tables import SegmentState
from tests.factories import analyse, brand, load, mentions, opinion, post
from tests.segmented import run_of
from workers.jobs.wording import word_segments


def test_every_segment_gets_its_words_once(store: Store) -> None:
    brand(store, "JetBlue", "jetblue")
    said = {}
    for n in range(24):
        good = n % 2 == 0
        text = f"jetblue crew made it pleasant {n}" if good else f"jetblue lost luggage {n}"
        load(store, post(text, id=f"p{n:02}", author=f"a{n:02}"))
        said[f"p{n:02}"] = opinion(0.9 if good else -0.9)
    analyse(store, said)
    run_of(store, "one", {"planes": [f"a{n:02}" for n in range(20)],
                          "trains": [f"a{n:02}" for n in range(20, 24)]})  # fmt: skip
    assert word_segments(store) == 2
    assert word_segments(store) == 0
    with store.session() as session:
        planes, trains = session.exec(select(SegmentState).order_by(SegmentState.id)).all()  # type: ignore[arg-type]
    assert trains.figures["words"] == {}
    found = planes.figures["words"]["1"]
    praised = {row["word"]: row for row in found["praise"]}
    assert set(found) == {"praise", "complaint"}
    assert not any("jetblue" in word for word in praised)
    assert any("pleasant" in word or "crew" in word for word in praised)
    row = found["praise"][0]
    by_id = {int(v.mention.id or 0): native for native, v in mentions(store, 1).items()}
    assert (row["praise"], row["complaint"], len(row["mentions"])) == (10, 0, 3)
    assert all(int(by_id[i][1:]) % 2 == 0 for i in row["mentions"])
    assert planes.figures["mentions"] == 20


def test_without_a_run_there_is_nothing_to_do(store: Store) -> None:
    assert word_segments(store) == 0
