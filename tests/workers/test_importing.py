"""Files into the store: good rows, bad rows, and imports that were cut off."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from listening import metrics
from listening.errors import ImportFileError, NotFoundError
from listening.ingest import Ingested
from listening.store.posts.posts import read_posts
from listening.store.running.counters import read
from listening.store.session import Store
from listening.store.tables import Brand, QuarantinedRow, Sweep, SweepStatus
from listening.store.tables.types import now
from listening.store.watches.sweeps import get_sweep, latest_sweeps, lose_sweeps, waiting_rows
from tests.conftest import NewStore
from tests.factories import brand, mentions
from workers.jobs import importing
from workers.jobs.importing import import_table, open_file, retry_file
from workers.progress import Silent

HEADER = "id,author,text,date\n"
GOOD = [
    "p1,ann,JetBlue was fine,2024-09-01T10:00Z",
    "p2,bob,lovely,2024-09-01T11:00Z",
    "p3,ann,JetBlue or Delta,2024-09-02T10:00Z",
    "p4,cay,Delta,2024-09-03T10:00Z",
]
NO_DATE, NO_TEXT = "p5,ann,JetBlue again,", "p6,ann,,2024-09-01T10:00Z"
# Lines 2, 4, 6, 7 are good, 3 and 5 are bad.
MIXED = [GOOD[0], NO_DATE, GOOD[1], NO_TEXT, GOOD[2], GOOD[3]]


def write(path: Path, rows: list[str]) -> Path:
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "posts.csv", MIXED)


def texts(store: Store) -> dict[str, str]:
    with store.session() as session:
        return {p.native_id: p.text for batch in read_posts(session) for *_, p in batch}


def waiting(store: Store) -> list[tuple[int, str | None, str]]:
    with store.session() as session:
        return [(row.line, row.field, row.raw) for row in waiting_rows(session)]


def sweep(store: Store) -> Sweep:
    with store.session() as session:
        return latest_sweeps(session, 1)[0]


def test_good_rows_are_posts_and_bad_ones_wait(store: Store, file: Path) -> None:
    brand(store, "JetBlue")
    report = import_table(store, open_file(file))
    assert report.counts == Ingested(rows=4, posts_new=4, mentions_new=2)
    assert (report.quarantined, sorted(report.reasons.values())) == (2, [1, 1])
    assert sorted(texts(store)) == ["p1", "p2", "p3", "p4"]
    assert waiting(store) == [(3, "date", NO_DATE), (5, "text", NO_TEXT)]


def test_a_sweep_tells_what_became_of_the_file(store: Store, file: Path) -> None:
    brand(store, "JetBlue")
    report = import_table(store, open_file(file))
    found = sweep(store)
    assert (found.id, found.label, found.status) == (
        report.sweep_id,
        str(file),
        SweepStatus.DONE,
    )
    assert (found.rows, found.posts_new, found.mentions_new, found.quarantined) == (6, 4, 2, 2)
    assert found.finished_at is not None


def test_the_same_file_again_stores_nothing_twice(store: Store, file: Path) -> None:
    brand(store, "JetBlue")
    import_table(store, open_file(file))
    again = import_table(store, open_file(file))
    assert again.counts == Ingested(rows=4, posts_same=4)
    assert len(waiting(store)) == 2


def test_a_changed_file_edits_and_adds(store: Store, file: Path) -> None:
    import_table(store, open_file(file))
    write(file, [GOOD[0].replace("fine", "awful"), "p9,dan,new,2024-09-09"])
    again = import_table(store, open_file(file))
    assert again.counts == Ingested(rows=2, posts_new=1, posts_edited=1)
    assert texts(store)["p1"] == "JetBlue was awful"


def test_only_the_named_brand_gains_mentions_and_salience_is_the_same(
    new_store: NewStore, file: Path
) -> None:
    named, whole = new_store(), new_store()
    for store, brands in ((named, ["JetBlue"]), (whole, None)):
        brand(store, "JetBlue")
        brand(store, "Delta")
        import_table(store, open_file(file), brands=brands)
    assert list(mentions(named, 2)) == []
    assert list(mentions(whole, 2)) == ["p3", "p4"]
    for store in (named, whole):
        found = {native: view.mention.salience for native, view in mentions(store, 1).items()}
        assert found == {"p1": 1.0, "p3": 0.5}


def test_a_file_all_about_a_brand(store: Store, file: Path) -> None:
    brand(store, "JetBlue", own=["cay"])
    import_table(store, open_file(file), all_about="JetBlue")
    assert list(mentions(store)) == ["p1", "p2", "p3"]


def test_an_unknown_brand_stops_before_anything_is_noted(store: Store, file: Path) -> None:
    for named in ({"brands": ["KLM"]}, {"all_about": "KLM"}):
        with pytest.raises(NotFoundError):
            import_table(store, open_file(file), **named)
    with store.session() as session:
        assert latest_sweeps(session) == []


def test_values_that_could_not_be_read_are_told(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("id,author,text,date,likes\n1,a,hi,2024-09-01,many\n2,a,ho,2024-09-01,3\n")
    report = import_table(store, open_file(path))
    assert report.notes == ("likes: 1 values unreadable, kept as unknown",)


def test_a_gzip_cut_short_stores_nothing(store: Store, tmp_path: Path) -> None:
    rows = "".join(f"p{n},ann,text {n * n % 977},2024-09-01\n" for n in range(50_000))
    path = tmp_path / "posts.csv.gz"
    path.write_bytes(gzip.compress((HEADER + rows).encode())[:-100])
    with pytest.raises(ImportFileError, match="cut short"):
        open_file(path)


# Cut off


class Killed(Silent):
    """Progress that dies after so many batches."""

    def __init__(self, batches: int) -> None:
        self.left = batches

    def advance(self, by: int = 1) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def content(store: Store) -> tuple[object, ...]:
    """All that an import writes, without ids and moments."""
    with store.session() as session:
        posts = [p for batch in read_posts(session) for *_, p in batch]
        rows = session.exec(select(QuarantinedRow).order_by(QuarantinedRow.line)).all()
        names = {b.id: b.name for b in session.exec(select(Brand))}
    found = [
        (view.post.native_id, names[view.mention.brand_id], view.mention.salience)
        for name in names
        for view in mentions(store, name).values()
    ]
    return posts, found, [(r.line, r.raw, r.reason, r.status) for r in rows]


def test_killed_half_way_and_run_again_is_as_one_run(
    new_store: NewStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    whole, cut = new_store(), new_store()
    for store in (whole, cut):
        brand(store, "JetBlue")
        brand(store, "Delta")
    import_table(whole, open_file(file))
    with pytest.raises(KeyboardInterrupt):
        import_table(cut, open_file(file), progress=Killed(2))
    assert list(texts(cut)) == ["p1", "p2"]
    found = sweep(cut)
    assert (found.status, found.error, found.rows) == (SweepStatus.FAILED, "KeyboardInterrupt", 4)
    import_table(cut, open_file(file))
    assert content(cut) == content(whole)


def test_a_file_that_fails_while_it_is_read_is_a_failed_sweep(store: Store, file: Path) -> None:
    table = open_file(file)
    file.unlink()
    with pytest.raises((ImportFileError, OSError)):
        import_table(store, table)
    assert sweep(store).status is SweepStatus.FAILED


# Quarantine


def test_mended_rows_come_in_and_are_resolved(store: Store, file: Path) -> None:
    brand(store, "JetBlue")
    import_table(store, open_file(file))
    write(file, [*MIXED[:1], NO_DATE + "2024-09-05", *MIXED[2:]])
    report = retry_file(store, file, [3, 5])
    assert report.counts == Ingested(rows=1, posts_new=1, mentions_new=1)
    assert texts(store)["p5"] == "JetBlue again"
    assert waiting(store) == [(5, "text", NO_TEXT)]
    assert sweep(store).status is SweepStatus.DONE


def test_only_the_asked_lines_are_read_again(store: Store, file: Path) -> None:
    retry_file(store, file, [])
    assert list(texts(store)) == []
    retry_file(store, file, [7, 4])
    assert list(texts(store)) == ["p2", "p4"]


def test_another_mapping_mends_rows_too(store: Store, file: Path) -> None:
    import_table(store, open_file(file))
    mapping = {"date": "date|=2024-01-01", "text": "text|=(none)"}
    retry_file(store, file, [3, 5], options={"mapping": mapping})
    assert waiting(store) == []
    assert (texts(store)["p5"], texts(store)["p6"]) == ("JetBlue again", "(none)")


def test_rows_still_bad_wait_on_once(store: Store, file: Path) -> None:
    import_table(store, open_file(file))
    report = retry_file(store, file, [3, 5])
    assert (report.counts, report.quarantined) == (Ingested(), 2)
    assert waiting(store) == [(3, "date", NO_DATE), (5, "text", NO_TEXT)]


def test_rows_over_several_lines_and_at_the_end_are_found(store: Store, tmp_path: Path) -> None:
    long = 'p1,ann,"one\ntwo\nthree",'  # lines 2 to 4
    path = write(tmp_path / "posts.csv", [long, GOOD[1], NO_DATE])
    import_table(store, open_file(path))
    assert [line for line, *_ in waiting(store)] == [2, 6]
    write(path, [long + "2024-09-01", GOOD[1], NO_DATE + "2024-09-05"])
    retry_file(store, path, [2, 6])
    assert waiting(store) == []
    assert sorted(texts(store)) == ["p1", "p2", "p5"]


def test_a_json_line_is_mended(store: Store, tmp_path: Path) -> None:
    lines = [
        '{"id": "p1", "author": "a", "text": "one", "date": "2024-09-01"}',
        '{"id": "p2", "author": "a", "text": "two", "date": }',
        '{"id": "p3", "author": "a", "text": "three", "date": "2024-09-01"}',
    ]
    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join(lines))
    import_table(store, open_file(path))
    assert [line for line, *_ in waiting(store)] == [2]
    path.write_text("\n".join(lines).replace('"date": }', '"date": "2024-09-02"}'))
    retry_file(store, path, [2])
    assert (waiting(store), sorted(texts(store))) == ([], ["p1", "p2", "p3"])


@pytest.mark.parametrize("between", [", ", ",\n", ",\n\n  "])
def test_rows_of_a_json_list_are_mended(store: Store, tmp_path: Path, between: str) -> None:
    rows = [f'{{"id": "p{n}", "author": "a", "text": "t{n}", "date": "DATE{n}"}}' for n in range(4)]
    good = "[" + between.join(rows).replace("DATE", "2024-09-1") + "]"
    path = tmp_path / "posts.json"
    path.write_text(good.replace("2024-09-11", "soon").replace("2024-09-13", "soon"))
    import_table(store, open_file(path))
    assert sorted(texts(store)) == ["p0", "p2"]
    path.write_text(good)
    retry_file(store, path, [line for line, *_ in waiting(store)])
    assert (waiting(store), sorted(texts(store))) == ([], ["p0", "p1", "p2", "p3"])


def test_a_file_that_is_gone_leaves_its_rows_waiting(store: Store, file: Path) -> None:
    import_table(store, open_file(file))
    file.unlink()
    with pytest.raises(ImportFileError):
        retry_file(store, file, [3])
    assert len(waiting(store)) == 2


def test_rows_with_another_authors_id_are_quarantined(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "clash.csv"
    file.write_text(
        "id,author_id,created_at,text\n"
        "1,ann,2026-09-01,first\n"
        "1,bob,2026-09-02,second\n"
        "2,bob,2026-09-03,third\n"
    )
    report = import_table(store, open_file(file))
    assert (report.counts.posts_new, report.quarantined) == (2, 1)
    with store.session() as session:
        (row,) = waiting_rows(session)
    assert (row.line, row.field) == (3, "id")
    assert "ids must be unique within a source" in row.reason
    assert '"text": "second"' in row.raw


def test_a_mended_file_imported_again_leaves_nothing_waiting(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "mended.csv"
    file.write_text("id,author_id,created_at,text\n1,ann,someday,first\n2,ann,2026-09-03,third\n")
    assert import_table(store, open_file(file)).quarantined == 1
    file.write_text("id,author_id,created_at,text\n1,ann,2026-09-01,first\n2,ann,2026-09-03,x\n")
    assert import_table(store, open_file(file)).quarantined == 0
    with store.session() as session:
        assert waiting_rows(session) == []


class Meanwhile(Silent):
    """Does something once, when the first batch is written."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work: Callable[[], object] | None = work

    def advance(self, by: int = 1) -> None:
        if self._work is not None:
            work, self._work = self._work, None
            work()


def test_a_brand_that_is_added_meanwhile_is_found_from_then_on(
    store: Store, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 3)
    import_table(store, open_file(file), progress=Meanwhile(lambda: brand(store, "Delta")))
    assert sorted(mentions(store)) == ["p3", "p4"]


def test_an_import_that_dies_is_known_by_its_heartbeat(
    store: Store, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 3)
    monkeypatch.setattr(importing._Import, "end", lambda *_, **__: None)  # nobody is left to

    def die() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_table(store, open_file(file), progress=Meanwhile(die))
    found = sweep(store)
    assert (found.status, found.rows, found.heartbeat_at is not None) == ("running", 3, True)
    with store.work() as session:
        get_sweep(session, 1).heartbeat_at = now() - timedelta(seconds=61)
    with store.work() as session:
        assert lose_sweeps(session) == 1
    assert sweep(store).status == "lost"
    monkeypatch.undo()
    import_table(store, open_file(file))
    assert sorted(texts(store)) == ["p1", "p2", "p3", "p4"]
    assert sweep(store).status == "done"


def test_an_import_is_counted(store: Store, file: Path) -> None:
    brand(store, "JetBlue")
    import_table(store, open_file(file))
    import_table(store, open_file(file))
    with store.session() as session:
        found = {(one.name, *one.labels.values()): one.value for one in read(session)}
    assert found == {
        (metrics.POSTS_NEW, "file"): 4,
        (metrics.MENTIONS_NEW, "file"): 2,
        (metrics.QUARANTINED, "file"): 4,
        (metrics.SWEEPS, "file", "done"): 2,
    }
