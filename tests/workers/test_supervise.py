"""Children are kept up, and end with whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.processes import children_of, wait_for

ROOT = Path(__file__).resolve().parents[2]
PARENT = """
import sys
from workers.supervise import Supervisor
wait = [sys.executable, "-c", "import time; time.sleep(600)"]
Supervisor({"one": wait, "two": wait}, lambda line: print(line, flush=True)).run()
"""

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="reads /proc, and only Linux ends orphans"
)


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        wait_for(lambda: len(children_of(process.pid)) == 2)
        yield process
        if process.poll() is None:
            process.terminate()


def lives(pid: int) -> bool:
    try:
        facts = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return False
    return facts[0] not in {"Z", "X"}


def test_one_that_dies_is_started_again(parent: subprocess.Popen[str]) -> None:
    one, two = sorted(children_of(parent.pid))
    os.kill(one, signal.SIGKILL)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "one ended with -9; starting it again in 2 s\n"
    wait_for(lambda: len(children_of(parent.pid)) == 2)
    assert two in children_of(parent.pid)
    assert one not in children_of(parent.pid)


def test_told_to_end_it_ends_them_first(parent: subprocess.Popen[str]) -> None:
    children = list(children_of(parent.pid))
    parent.terminate()
    assert parent.wait(60) == 0
    assert [pid for pid in children if lives(pid)] == []


def test_killed_it_takes_them_along(parent: subprocess.Popen[str]) -> None:
    children = list(children_of(parent.pid))
    parent.kill()
    parent.wait(60)
    wait_for(lambda: not any(lives(pid) for pid in children))
