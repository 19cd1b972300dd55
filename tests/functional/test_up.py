"""`listening up`, with real processes: work is done, and a killed worker loses nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from listening import sample
from listening.config import Settings
from listening.store.brands import brand_id, get_brand
from listening.store.session import Store
from listening.store.stances import count_stances
from listening.store.tables import Analysis, StanceKind

pytestmark = [pytest.mark.model, pytest.mark.server, pytest.mark.xdist_group("sample")]

LISTENING = Path(sys.executable).parent / "listening"
PATIENCE = 240.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.3)


def children_of(pid: int) -> dict[int, str]:
    """Every process below `pid`, with its command line."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == pid or parent in found:
                found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
        except (OSError, ValueError, IndexError):
            continue
    return found


@pytest.fixture
def up(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path, int]]:
    port = free_port()
    environment = os.environ | {"LISTENING_DATA_DIR": str(tmp_path)}
    words = ("brand", "add", "Brindlecup", "--query", "brindlecup*", "--own-account", "brindlecup")
    subprocess.run([LISTENING, *words], env=environment, check=True, capture_output=True)
    with (tmp_path / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [LISTENING, "up", "--port", str(port)], env=environment, stdout=log, stderr=log
        )
        yield process, tmp_path, port
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_a_killed_worker_loses_nothing(up: tuple[subprocess.Popen[bytes], Path, int]) -> None:
    process, folder, port = up
    environment = os.environ | {"LISTENING_DATA_DIR": str(folder)}
    store = Store.from_settings(Settings(data_dir=folder))

    def analysed() -> int:
        from sqlmodel import func, select

        with store.session() as session:
            return session.exec(select(func.count()).select_from(Analysis)).one()

    def detractors() -> int:
        with store.session() as session:
            counts = count_stances(session, brand_id(get_brand(session, "Brindlecup")))
            return counts.get(StanceKind.DETRACTOR, 0)

    subprocess.run(
        [LISTENING, "import", str(sample.POSTS)], env=environment, check=True, capture_output=True
    )
    wait_for(lambda: analysed() > 0)
    workers = {p: c for p, c in children_of(process.pid).items() if "workers.app:app worker" in c}
    assert workers
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    posts = len(sample.POSTS.read_text(encoding="utf-8").splitlines())
    wait_for(lambda: analysed() == posts)
    wait_for(lambda: detractors() > 10)
    assert "worker ended with -9; starting it again" in (folder / "up.log").read_text()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/brands/brindlecup") as answer:
        assert "Strongest detractors" in answer.read().decode()
    store.close()

    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    wait_for(lambda: not children_of(process.pid))
