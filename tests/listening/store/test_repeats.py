"""Writes that are sent twice."""

from __future__ import annotations

from datetime import timedelta

from listening.store.access.repeats import (
    begin_repeat,
    end_repeat,
    forget_old_repeats,
    forget_repeat,
)
from listening.store.session import Store
from tests.factories import at

NOON = at("2026-09-01T12:00Z")


def begin(store: Store, key: str = "k", digest: str = "d", minutes: float = 0) -> object:
    with store.work() as session:
        return begin_repeat(session, "ada", key, digest, NOON + timedelta(minutes=minutes))


def test_the_first_is_worked_on_and_the_second_is_told_so(store: Store) -> None:
    assert begin(store) is None
    again = begin(store, minutes=1)
    assert (again.request_hash, again.status) == ("d", None)  # type: ignore[attr-defined]


def test_the_answer_is_given_again_for_a_day(store: Store) -> None:
    begin(store)
    with store.work() as session:
        end_repeat(session, "ada", "k", 201, {"etag": '"1"'}, '{"a": 1}')
    again = begin(store, minutes=1439)
    assert (again.status, again.headers, again.body) == (201, {"etag": '"1"'}, '{"a": 1}')  # type: ignore[attr-defined]
    assert begin(store, minutes=1441) is None


def test_keys_are_each_ones_own(store: Store) -> None:
    begin(store)
    with store.work() as session:
        assert begin_repeat(session, "bob", "k", "d", NOON) is None


def test_what_failed_may_be_sent_again(store: Store) -> None:
    begin(store)
    with store.work() as session:
        forget_repeat(session, "ada", "k")
    assert begin(store) is None


def test_what_a_killed_process_left_may_be_sent_again(store: Store) -> None:
    begin(store)
    assert begin(store, minutes=3) is None


def test_old_ones_go(store: Store) -> None:
    begin(store)
    begin(store, key="later", minutes=30)
    with store.work() as session:
        assert forget_old_repeats(session, NOON + timedelta(days=1, minutes=10)) == 1
