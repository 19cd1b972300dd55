"""What an analysis is to be followed by, told from the jobs alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from listening.store.posts.owing import flag_is_owed, segment_is_owed
from listening.store.session import Store
from listening.store.tables import AuditEntry, Job, JobStatus, Segmentation

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DONE, LOST, RUNNING = JobStatus.DONE, JobStatus.LOST, JobStatus.RUNNING
LABELS = {"analyse": "Pending posts", "flag": "All brands", "segment": "All authors"}


def ran(
    store: Store, kind: str, began: int, status: JobStatus = DONE, label: str | None = None
) -> None:
    """A job that began so many minutes before noon and took one."""
    start = NOON - timedelta(minutes=began)
    ended = start + timedelta(minutes=1)
    with store.work() as session:
        session.add(
            Job(
                kind=kind,
                label=label or LABELS[kind],
                status=status,
                started_at=start,
                heartbeat_at=ended,
                finished_at=None if status is RUNNING else ended,
                holder="one",
            )
        )


def owed(store: Store) -> tuple[bool, bool]:
    """Whether flag and segment are."""
    with store.session() as session:
        return flag_is_owed(session, NOON), segment_is_owed(session, NOON)


def segmented(store: Store) -> None:
    with store.work() as session:
        session.add(Segmentation(fingerprint="f", model="m", authors=9, noise=0))


def test_nothing_follows_nothing(store: Store) -> None:
    assert owed(store) == (False, False)


@pytest.mark.parametrize("status", [DONE, LOST, JobStatus.FAILED, JobStatus.CANCELLED])
def test_an_analysis_is_followed_by_both_however_it_ended(store: Store, status: JobStatus) -> None:
    ran(store, "analyse", 30, status)
    assert owed(store) == (True, True)


def test_one_that_runs_sees_to_it_itself(store: Store) -> None:
    ran(store, "analyse", 30)
    ran(store, "analyse", 1, RUNNING)
    assert owed(store) == (False, False)


def test_what_followed_is_owed_no_more(store: Store) -> None:
    ran(store, "analyse", 30)
    ran(store, "flag", 20)
    ran(store, "segment", 20)
    segmented(store)
    assert owed(store) == (False, False)
    ran(store, "analyse", 10)
    assert owed(store) == (True, False), "people are segmented anew by night or when they moved"


def test_a_persons_word_on_a_mention_is_followed_after_a_while(store: Store) -> None:
    ran(store, "analyse", 40)
    ran(store, "segment", 40)
    segmented(store)

    def said(minutes: int) -> None:
        with store.work() as session:
            session.add(
                AuditEntry(
                    by="sam", action="mention.override", noun="mention", noun_id="1",
                    at=NOON - timedelta(minutes=minutes),
                )
            )  # fmt: skip

    said(35)
    ran(store, "flag", 30)
    assert owed(store) == (False, False)
    said(20)
    assert owed(store) == (True, False)
    ran(store, "flag", 9)
    said(8)
    assert owed(store) == (False, False), "not all anew at every click"


@pytest.mark.parametrize("status", [LOST, JobStatus.FAILED])
def test_a_flagging_that_did_not_end_well_is_owed(store: Store, status: JobStatus) -> None:
    ran(store, "analyse", 30)
    ran(store, "flag", 20, status)
    assert owed(store)[0] is True


def test_flagging_one_brand_is_not_flagging_all(store: Store) -> None:
    ran(store, "analyse", 30)
    ran(store, "flag", 20, label="Brindlecup")
    assert owed(store)[0] is True


def test_an_analysis_that_ended_while_others_flagged_is_followed_by_another(store: Store) -> None:
    ran(store, "flag", 30)
    ran(store, "analyse", 30)
    assert owed(store)[0] is True


def test_what_follows_an_analysis_that_just_ended_is_on_its_way(store: Store) -> None:
    ran(store, "analyse", 1)
    assert owed(store)[0] is False


def test_a_flagging_that_died_is_owed_at_once(store: Store) -> None:
    ran(store, "analyse", 30)
    ran(store, "flag", 1, LOST)
    assert owed(store)[0] is True


def test_a_segmentation_that_died_is_left_for_a_while(store: Store) -> None:
    ran(store, "analyse", 30)
    ran(store, "segment", 1, LOST)
    assert owed(store)[1] is False


def test_a_segmentation_cut_off_is_tried_again_but_not_for_ever(store: Store) -> None:
    segmented(store)
    ran(store, "segment", 50)
    ran(store, "segment", 40, LOST)
    assert owed(store)[1] is True
    ran(store, "segment", 30, LOST)
    assert owed(store)[1] is True
    ran(store, "segment", 20, LOST)
    assert owed(store)[1] is False


@pytest.mark.parametrize("status", [JobStatus.CANCELLED, JobStatus.FAILED])
def test_one_that_was_stopped_is_left_alone(store: Store, status: JobStatus) -> None:
    segmented(store)
    ran(store, "segment", 40, status)
    assert owed(store)[1] is False


def test_too_few_to_segment_is_not_asked_again(store: Store) -> None:
    ran(store, "analyse", 30)
    ran(store, "segment", 20)
    assert owed(store)[1] is False
    ran(store, "analyse", 10)
    assert owed(store)[1] is True
