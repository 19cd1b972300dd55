"""Lists of flagged authors: who is on them, in what order, and what brings somebody back."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import select

from listening.flagfilter import Cursor, FlagFilter
from listening.store.flags.flags import refresh_flags, refresh_segments
from listening.store.flags.reviewing import act, undo
from listening.store.flags.stances import (
    count_flagged,
    count_stances,
    cursor_of,
    flagged_ids,
    stance_views,
)
from listening.store.segments.segments import FoundMembership
from listening.store.session import Store
from listening.store.tables import (
    Author,
    Flag,
    FlagStatus,
    Mention,
    Segmentation,
    StanceChange,
    StanceKind,
)
from tests.factories import author_id, mentions
from tests.flagged import ANN, SETTINGS, flag_row, flagged_brand, say
from tests.segmented import Cluster, store_run
from workers.jobs.flagging import flag

FANS, FOES = StanceKind.ADVOCATE, StanceKind.DETRACTOR


@pytest.fixture
def flagged(store: Store) -> Store:
    flagged_brand(store)
    return store


def names(store: Store, kind: StanceKind, **chosen: object) -> list[str]:
    with store.session() as session:
        wanted = FlagFilter(**chosen)  # type: ignore[arg-type]
        found = stance_views(session, brand_id=1, kind=kind, chosen=wanted)
        assert count_flagged(session, 1, kind, wanted) == len(found)
        assert list(flagged_ids(session, 1, kind, wanted)) == [v.flag.author_id for v in found]
        return [view.author.native_id for view in found]


def act_on(store: Store, *natives: str, action: str, **more: object) -> str:
    with store.work() as session:
        ids = [author_id(store, native) for native in natives]
        return act(session, ANN, 1, ids, action, **more).batch  # type: ignore[arg-type]


def test_every_flagged_author_has_a_row_and_nobody_else(flagged: Store) -> None:
    with flagged.session() as session:
        rows = session.exec(select(Author.native_id, Flag.kind).where(Flag.author_id == Author.id))
        assert dict(rows.all()) == {"fan1": FANS, "fan2": FANS, "foe1": FOES, "foe2": FOES}


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("surest", ["foe1", "foe2"]),
        ("score", ["foe1", "foe2"]),
        ("reach", ["foe2", "foe1"]),  # 300, 200
        ("recent", ["foe1", "foe2"]),
    ],
)
def test_orders(flagged: Store, sort: str, expected: list[str]) -> None:
    assert names(flagged, FOES, sort=sort) == expected


def test_unknown_reach_comes_last(flagged: Store) -> None:
    assert names(flagged, FANS, sort="reach") == ["fan2", "fan1"]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"reach": "known"}, ["fan2"]),
        ({"reach": "unknown"}, ["fan1"]),
        ({"reach_from": 100}, ["fan2"]),
        ({"reach_from": 101}, []),
        ({"reach_to": 100}, ["fan2"]),
        ({"reach_to": 99}, []),
        ({"since": date(2026, 9, 3)}, ["fan1"]),
        ({"until": date(2026, 9, 2)}, ["fan2"]),
        ({"since": date(2026, 9, 2), "until": date(2026, 9, 3)}, ["fan1", "fan2"]),
        ({"source": ("file",)}, ["fan1", "fan2"]),
        ({"source": ("x",)}, []),
        ({"xsource": ("file",)}, []),
        ({"status": ("new",)}, ["fan1", "fan2"]),
        ({"xstatus": ("new",)}, []),
        ({"assignee": "nobody"}, ["fan1", "fan2"]),
        ({"coordinated": True}, []),
        ({"discount": "none"}, ["fan1", "fan2"]),
        ({"turned_since": date(2026, 9, 2)}, ["fan1", "fan2"]),
        ({"turned_since": date(2026, 9, 3)}, []),
    ],
)
def test_filters(flagged: Store, chosen: dict[str, object], expected: list[str]) -> None:
    assert names(flagged, FANS, **chosen) == expected


def test_a_cursor_goes_on_where_a_page_ended_whatever_came_before(flagged: Store) -> None:
    say(flagged, "fan3", 0.9, 0.9)
    flag(flagged, SETTINGS)
    chosen = FlagFilter()
    with flagged.session() as session:
        whole = stance_views(session, brand_id=1, kind=FANS)
        seen: list[int] = []
        after: Cursor | None = None
        while page := stance_views(session, brand_id=1, kind=FANS, limit=1, after=after):
            seen += [view.flag.author_id for view in page]
            after = cursor_of(page[-1].flag, chosen)
    assert seen == [view.flag.author_id for view in whole]
    assert len(seen) == 3


def test_segments_are_filtered_by_and_follow_the_run(flagged: Store) -> None:
    fan1, fan2 = author_id(flagged, "fan1"), author_id(flagged, "fan2")
    with flagged.work() as session:
        store_run(
            session,
            Segmentation(fingerprint="r", model="m", params={"min_posts": 1}, authors=2, noise=1),
            [Cluster(name="crew", keywords=["crew"], exemplars=[])],
            [
                FoundMembership(author_id=fan1, label=0, noise=False, strength=0.9),
                FoundMembership(author_id=fan2, label=0, noise=True, strength=0.1),
            ],
        )
        refresh_segments(session)
    segment = flag_row(flagged, "fan1").segment_id  # type: ignore[union-attr]
    assert segment is not None
    assert names(flagged, FANS, segment=(segment,)) == ["fan1"]  # fan2 is only near it
    assert names(flagged, FANS, xsegment=(segment,)) == ["fan2"]


def test_the_dismissed_stay_away_until_new_evidence_says_the_same(flagged: Store) -> None:
    act_on(flagged, "foe1", action="dismiss", reason="works for a rival")
    assert names(flagged, FOES) == ["foe2"]
    assert names(flagged, FOES, status=("dismissed",)) == ["foe1"]
    flag(flagged, SETTINGS)
    assert names(flagged, FOES) == ["foe2"]
    say(flagged, "foe1", 0.1, first=10)  # new, and not against the brand
    flag(flagged, SETTINGS)
    assert names(flagged, FOES) == ["foe2"]
    say(flagged, "foe1", -0.8, first=12)
    flag(flagged, SETTINGS)
    assert names(flagged, FOES) == ["foe1", "foe2"]
    found = flag_row(flagged, "foe1")
    assert found is not None
    assert found.status is FlagStatus.BACK
    assert found.news == [mentions(flagged)["foe1-12"].mention.id]


def test_dismissed_again_it_stays_away_again(flagged: Store) -> None:
    act_on(flagged, "foe1", action="dismiss", reason="a joke")
    say(flagged, "foe1", -0.8, first=12)
    flag(flagged, SETTINGS)
    act_on(flagged, "foe1", action="dismiss", reason="a joke still")
    flag(flagged, SETTINGS)
    assert names(flagged, FOES) == ["foe2"]


def test_who_was_dismissed_as_one_comes_back_as_the_other(flagged: Store) -> None:
    act_on(flagged, "foe2", action="dismiss", reason="a joke")
    say(flagged, "foe2", *[0.9] * 12, first=10)
    flag(flagged, SETTINGS)
    assert "foe2" in names(flagged, FANS)


def test_a_mark_takes_somebody_off_at_once_and_undo_brings_them_back(flagged: Store) -> None:
    batch = act_on(flagged, "fan1", action="mark", value="employee")
    assert names(flagged, FANS) == ["fan2"]
    flag(flagged, SETTINGS)
    assert names(flagged, FANS) == ["fan2"]
    with flagged.work() as session:
        undo(session, ANN, 1, batch)
    flag(flagged, SETTINGS)
    assert names(flagged, FANS) == ["fan1", "fan2"]


def test_counts_leave_out_the_dismissed(flagged: Store) -> None:
    act_on(flagged, "foe1", action="dismiss", reason="no")
    with flagged.session() as session:
        assert count_stances(session, 1) == {FANS: 2, FOES: 1, StanceKind.PASSIVE: 1}


def test_making_them_anew_changes_nothing(flagged: Store) -> None:
    act_on(flagged, "foe1", "mild", action="note", note="call her")

    def rows() -> list[dict[str, object]]:
        with flagged.session() as session:
            found = session.exec(select(Flag).order_by(Flag.id)).all()  # type: ignore[arg-type]
            return [one.model_dump() for one in found]

    before = rows()
    assert len(before) == 5  # the touched one too
    with flagged.work() as session:
        refresh_flags(session, 1)
    assert rows() == before


def test_a_change_of_stance_is_kept_with_its_mention(flagged: Store) -> None:
    with flagged.session() as session:
        (change,) = session.exec(
            select(StanceChange).where(StanceChange.author_id == author_id(flagged, "foe1"))
        ).all()
        assert (change.was, change.kind) == (StanceKind.PASSIVE, FOES)
        assert change.mention_id == mentions(flagged)["foe1-1"].mention.id
    with flagged.work() as session:
        session.delete(session.get(Mention, change.mention_id))
    flag(flagged, SETTINGS)
    with flagged.session() as session:
        (change,) = session.exec(
            select(StanceChange).where(StanceChange.author_id == author_id(flagged, "foe1"))
        ).all()
        assert change.mention_id == mentions(flagged)["foe1-2"].mention.id
