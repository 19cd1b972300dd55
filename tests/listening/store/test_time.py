"""Times go in with a zone and come out in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from listening.store.session import Store
from listening.store.tables import Brand


def kept(store: Store, moment: datetime) -> datetime:
    with store.work() as session:
        session.add(Brand(name="A", slug="a", query="a", created_at=moment))
    with store.session() as session:
        return session.query(Brand).one().created_at


def test_a_time_comes_back_in_utc(store: Store) -> None:
    abroad = datetime(2026, 3, 1, 1, 30, 15, 123456, tzinfo=timezone(timedelta(hours=5.5)))
    found = kept(store, abroad)
    assert found == datetime(2026, 2, 28, 20, 0, 15, 123456, tzinfo=UTC)
    assert found.tzinfo is UTC


def test_a_time_in_the_hour_that_clocks_repeat_is_kept(store: Store) -> None:
    # The server's own zone, New York, has this hour twice.
    assert kept(store, datetime(2026, 11, 1, 6, 30, tzinfo=UTC)).isoformat() == (
        "2026-11-01T06:30:00+00:00"
    )


def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="a naive time cannot be stored"):
        kept(store, datetime(2026, 3, 1))  # noqa: DTZ001
