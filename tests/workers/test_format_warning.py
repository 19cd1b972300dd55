"""A watch is warned of where much more of its source could not be read than before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from listening import metrics
from listening.importing import BadRow
from listening.sources import registry
from listening.sources.base import ANYTHING, Batch, SourceSpec, Wanted, Window
from listening.sources.errors import UnavailableError
from listening.store.session import Store
from listening.store.tables import SweepStatus
from tests.factories import brand, post
from tests.workers.listed import counted, make_due, stored, sweep, swept, watch

WARNED = (
    "6 of 20 rows could not be read, 2 of 120 before: its format may have changed; "
    "see `listening quarantine list`"
)


class Rows:
    """A source whose every pull gives so many posts, and rows that cannot be read."""

    def __init__(self) -> None:
        self.gives: tuple[int, int] = (0, 0)
        self.text = "JetBlue"
        self.fails = False
        self.pulls = 0
        self.deleted: tuple[tuple[str, str], ...] = ()

    @property
    def spec(self) -> SourceSpec:
        return SourceSpec(name="rows", help="Rows.")

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return dict(params)

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        self.pulls += 1
        good, bad = self.gives
        yield Batch(
            cursor={"pull": self.pulls},
            posts=[post(self.text, id=f"{self.pulls}-{n}", source="rows") for n in range(good)],
            bad_rows=[
                (f"pull {self.pulls}", BadRow(line=n, field="author", reason="missing", raw=str(n)))
                for n in range(bad)
            ],
            deleted=self.deleted,
        )
        if self.fails:
            raise UnavailableError("it broke off")


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Rows:
    source = Rows()
    monkeypatch.setitem(registry.REGISTRY, "rows", source)
    return source


@pytest.fixture
def one(store: Store, rows: Rows) -> int:
    brand(store, "JetBlue")
    return watch(store, "rows")


def warned(store: Store, rows: Rows, own: int, good: int, bad: int) -> str | None:
    """What the watch warns of after one more sweep."""
    rows.gives = (good, bad)
    make_due(store, own)
    sweep(store, own)
    return stored(store, own).warning


def test_a_jump_is_told_until_it_is_over(store: Store, rows: Rows, one: int) -> None:
    assert warned(store, rows, one, 0, 9) is None, "nothing came before it"
    with store.work() as session:
        session.connection().exec_driver_sql("DELETE FROM sweep")
    assert [warned(store, rows, one, 59, 1) for _ in range(2)] == [None, None]
    for _ in range(25):  # sweeps that find nothing are not what was before
        assert warned(store, rows, one, 0, 0) is None
    assert warned(store, rows, one, 14, 6) == WARNED
    assert warned(store, rows, one, 19, 0) == WARNED, "too few to be sure"
    for _ in range(3):  # by now the bad ones would be what is usual
        assert warned(store, rows, one, 0, 60) == WARNED
    assert warned(store, rows, one, 20, 0) is None


def test_a_sweep_that_failed_in_the_end_tells_too(store: Store, rows: Rows, one: int) -> None:
    warned(store, rows, one, 60, 1)
    warned(store, rows, one, 58, 1)
    rows.fails = True
    assert warned(store, rows, one, 14, 6) == WARNED
    assert swept(store, one)[0].status is SweepStatus.FAILED


def test_posts_passed_over_were_read_all_the_same(store: Store, rows: Rows, one: int) -> None:
    rows.text = "lovely weather"
    assert warned(store, rows, one, 100, 0) is None
    assert warned(store, rows, one, 44, 6) is None, "6 of 50, not 6 of 6"
    assert (swept(store, one)[0].rows, swept(store, one)[0].passed) == (6, 44)
    assert counted(store)[metrics.PASSED] == 144.0
    assert metrics.DELETED not in counted(store)


def test_posts_that_the_platform_took_out_are_counted(store: Store, rows: Rows, one: int) -> None:
    warned(store, rows, one, 3, 0)
    rows.deleted = (("rows", "1-0"), ("rows", "1-2"), ("rows", "never-seen"))
    warned(store, rows, one, 0, 0)
    assert swept(store, one)[0].deleted == 2
    assert counted(store)[metrics.DELETED] == 2.0
