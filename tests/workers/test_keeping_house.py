"""Keeping house: what piles up by itself goes after a while, bounded and once it was read."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from listening.config import Settings
from listening.store.session import Store
from listening.store.tables import (
    Author,
    Backfill,
    Claim,
    Counter,
    Job,
    JobStatus,
    Lease,
    Membership,
    Presence,
    QuarantinedRow,
    QuarantineStatus,
    Segment,
    Segmentation,
    SegmentationFit,
    SegmentState,
    Sweep,
    SweepStatus,
    Watch,
)
from listening.store.tables.types import now
from listening.store.watches.sweeps import quarantine
from tests.factories import at, brand, load, post, posts
from tests.wholestore import NOON
from workers.jobs import keeping
from workers.jobs.keeping import Kept, keep_house

TODAY = at("2026-09-11T12:00Z")
OLD, YOUNG = "2026-09-01T11:59Z", "2026-09-01T12:00Z"  # of ten days, one minute past and not yet


def ago(**length: float) -> datetime:
    return now() - timedelta(**length)


def jobs_of(store: Store) -> list[str]:
    with store.session() as session:
        return sorted(session.exec(select(Job.label)))


def test_old_jobs_are_forgotten_and_running_ones_never(store: Store) -> None:
    with store.work() as session:
        for label, status, days in (
            ("old", JobStatus.DONE, 31),
            ("failed", JobStatus.FAILED, 31),
            ("young", JobStatus.DONE, 29),
            ("running", JobStatus.RUNNING, 31),
        ):
            moment = ago(days=days)
            session.add(
                Job(kind="flag", label=label, status=status, holder="me", heartbeat_at=moment)
            )
    assert keep_house(store, Settings()) == Kept(jobs=2)
    assert jobs_of(store) == ["running", "young"]
    assert keep_house(store, Settings(keep_jobs_days=28)) == Kept(jobs=1)


def test_rows_go_once_they_were_read(store: Store) -> None:
    with store.work() as session:
        rows = [(n, None, "r", f"row {n}") for n in range(3)]
        quarantine(session, sweep_id=None, file="a.csv", rows=rows)
        for row in session.exec(select(QuarantinedRow)):
            row.created_at = ago(days=31 if row.line < 2 else 29)
            row.status = QuarantineStatus.RESOLVED if row.line else QuarantineStatus.WAITING
            session.add(row)
    assert keep_house(store, Settings()) == Kept(rows=1)
    with store.session() as session:
        assert sorted(session.exec(select(QuarantinedRow.raw))) == ["row 0", "row 2"]


def test_the_dead_are_struck_off(store: Store) -> None:
    load(store, *(post(id=f"p{n}") for n in range(4)))
    with store.work() as session:
        texts = {one.native_id: one for one in posts(session)}
        for hours in (23, 25):
            seen = ago(hours=hours)
            session.add(Presence(name=f"w{hours}", kind="web", host="h", pid=1, seen_at=seen))
            session.add(Lease(name=f"l{hours}", holder="me", until=seen))
        for native, hours, error, digest in (
            ("p0", 25, None, "x"),
            ("p1", 23, None, "x"),
            ("p2", 25, "poisoned", texts["p2"].text_hash),
            ("p3", 25, "poisoned", "of the text before"),
        ):
            session.add(
                Claim(
                    post_id=int(texts[native].id or 0), holder="w", until=ago(hours=hours),
                    text_hash=digest, model="m", error=error,
                )
            )  # fmt: skip
        session.add(Counter(name="a", labels="{}", value=0))
        session.add(Counter(name="b", labels="{}", value=1))
    assert keep_house(store, Settings()) == Kept(presences=1, leases=1, claims=2, counters=1)
    with store.session() as session:
        assert list(session.exec(select(Presence.name))) == ["w23"]
        assert list(session.exec(select(Lease.name))) == ["l23"]
        assert len(session.exec(select(Claim)).all()) == 2


def test_each_watch_keeps_its_latest_sweeps(store: Store) -> None:
    jetblue = brand(store, "JetBlue")
    with store.work() as session:
        for watch in (1, 2):
            session.add(Watch(id=watch, brand_id=jetblue, source="folder", params_key=str(watch)))
        session.flush()
        for n in range(5):
            for watch in (1, 2, None):
                # The second watch was swept lately only.
                session.add(
                    Sweep(
                        watch_id=watch, source="folder", label=f"{watch}-{n}",
                        status=SweepStatus.RUNNING if n == 0 and watch == 1 else SweepStatus.DONE,
                        started_at=ago(days=1 if watch == 2 else 91),
                    )
                )  # fmt: skip
            session.flush()
        session.add(Backfill(watch_id=1, since=NOON, until=NOON, finished_at=ago(days=31)))
        session.add(Backfill(watch_id=1, since=NOON, until=NOON))
        last = session.exec(select(Sweep).where(Sweep.label == "None-0")).one()
        quarantine(session, sweep_id=last.id, file="a.csv", rows=[(1, None, "r", "raw")])
    assert keep_house(store, Settings(keep_sweeps_least=2)) == Kept(sweeps=5, backfills=1)
    with store.session() as session:
        assert sorted(session.exec(select(Sweep.label))) == [
            "1-0", "1-3", "1-4", "2-0", "2-1", "2-2", "2-3", "2-4", "None-3", "None-4",
        ]  # fmt: skip
        assert session.exec(select(QuarantinedRow)).one().sweep_id is None


def test_old_segmentations_lose_their_members_and_history_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "UNIT", 1)  # memberships in fives
    load(store, *(post(id=f"p{n}", author=f"a{n}") for n in range(7)))
    with store.work() as session:
        session.add(Segment(id=1, name="mine", renamed=True))
        people = list(session.exec(select(Author.id).order_by(col(Author.id))))
        for run in (1, 2, 3, 4):
            session.add(
                Segmentation(
                    id=run, fingerprint=f"f{run}", model="m", authors=7, noise=0, current=run == 1
                )
            )
            session.flush()
            state = SegmentState(segmentation_id=run, segment_id=1, label=0, size=7, exemplars=[1])
            state.figures = {"mentions": 3, "words": {"1": {}}}
            session.add_all([state, SegmentationFit(segmentation_id=run, data=b"fit")])
            session.add_all(
                Membership(
                    segmentation_id=run, author_id=int(person or 0), segment_id=1, noise=False,
                    strength=1.0,
                )
                for person in people
            )  # fmt: skip
    assert keep_house(store, Settings(keep_segmentations=1)) == Kept(memberships=2 * (7 + 1))
    with store.session() as session:
        runs = select(Segmentation.fingerprint).order_by(col(Segmentation.id))
        assert list(session.exec(runs)) == ["f1", None, None, "f4"]
        assert len(session.exec(select(Membership)).all()) == 14
        assert sorted(session.exec(select(SegmentationFit.segmentation_id))) == [1, 4]
        states = list(session.exec(select(SegmentState).order_by(col(SegmentState.id))))
        found = [(*state.exemplars, *state.figures) for state in states]
        assert found == [(1, "mentions", "words"), ("mentions",), ("mentions",), found[0]]
        assert session.exec(select(Segment)).one().name == "mine"
