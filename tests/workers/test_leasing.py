"""Leases held while something runs; of a process that was killed they are free at once."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from listening.store.running.leases import holder_of, take
from listening.store.session import Store
from listening.store.tables import Lease
from workers.holder import this_holder
from workers.leasing import held, try_take

ROOT = Path(__file__).resolve().parents[2]


def until(store: Store) -> object:
    with store.session() as session:
        lease = session.get(Lease, "segment")
        return lease.until if lease else None


def test_held_for_the_block_and_no_longer(store: Store) -> None:
    with held(store, "segment") as ours:
        assert ours is True
        with store.work() as session:
            assert holder_of(session, "segment") == this_holder()
            assert take(session, "segment", "another", 60) is False
    with store.session() as session:
        assert holder_of(session, "segment") is None


def test_given_up_where_the_work_fails(store: Store) -> None:
    with pytest.raises(RuntimeError), held(store, "segment"):
        raise RuntimeError
    with store.session() as session:
        assert holder_of(session, "segment") is None


def test_refused_where_another_has_it(store: Store) -> None:
    with store.work() as session:
        take(session, "segment", "another", 60)
    with held(store, "segment") as ours:
        assert ours is False
    with store.session() as session:
        assert holder_of(session, "segment") == "another"


def test_renewed_while_the_work_goes_on(store: Store) -> None:
    with held(store, "segment", seconds=1.0) as ours:
        assert ours
        first = until(store)
        deadline = time.monotonic() + 30
        while until(store) == first:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with store.work() as session:
            assert take(session, "segment", "another", 1.0) is False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_what_a_killed_process_held_is_free_at_once(store: Store) -> None:
    code = (
        "import os, signal, sys\n"
        "from listening.store.session import Store\n"
        "from workers.holder import this_holder\n"
        "from workers.leasing import try_take\n"
        "assert try_take(Store(sys.argv[1]), 'segment', this_holder(), 3600)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, store.url], cwd=ROOT, capture_output=True, text=True
    )
    assert (killed.returncode, killed.stderr) == (-9, "")
    with store.session() as session:
        assert holder_of(session, "segment") is not None
    assert try_take(store, "segment", this_holder(), 3600) is True
