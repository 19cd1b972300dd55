"""A unit that deletes is tried again where it and a worker waited for each other."""

from __future__ import annotations

import threading

import pytest
from sqlmodel import Session, col, select

from listening.errors import StoreError
from listening.store.session import Store
from listening.store.tables import Brand
from tests.factories import brand
from workers.alone import alone


@pytest.mark.server
def test_two_that_wait_for_each_other_both_get_through(new_store) -> None:  # type: ignore[no-untyped-def]
    store: Store = new_store()
    if store.dialect == "sqlite":  # one writer at a time: nobody can wait so
        assert alone(store, lambda session: session.get_bind().dialect.name) == "sqlite"
        return
    first, second = brand(store, "Delta"), brand(store, "JetBlue")
    met, done, worker = threading.Barrier(2), [], []

    def lock(session: Session, which: int) -> None:
        session.exec(select(Brand).where(col(Brand.id) == which).with_for_update()).one()

    def found_out_after(session: Session, time: str) -> None:
        """Whoever looks first is given up: here always the one that deletes."""
        session.connection().exec_driver_sql(f"SET LOCAL deadlock_timeout = '{time}'")

    def delete(session: Session) -> None:
        found_out_after(session, "100ms")
        lock(session, first)
        if not done:
            done.append("tried")
            met.wait(10)
        lock(session, second)
        done.append("deleted")

    def write() -> None:
        with store.work() as session:
            found_out_after(session, "60s")
            lock(session, second)
            met.wait(10)
            lock(session, first)
            worker.append("written")

    thread = threading.Thread(target=write)
    thread.start()
    alone(store, delete)
    thread.join()
    assert done == ["tried", "deleted"]
    assert worker == ["written"]


def test_whatever_else_goes_wrong_is_told_at_once(store: Store) -> None:
    tries = []

    def fails(session: Session) -> None:
        tries.append(1)
        session.connection().exec_driver_sql("SELECT * FROM no_such_table")

    with pytest.raises(StoreError, match="no_such_table"):
        alone(store, fails)
    assert tries == [1]
