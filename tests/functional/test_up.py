"""`listening up`, with real processes: work is done, and a killed worker loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from listening import sample
from listening.config import Settings
from listening.store.brands.brands import brand_id, get_brand
from listening.store.flags.stances import count_stances
from listening.store.session import Store
from listening.store.tables import Analysis, StanceKind
from tests.functional.processes import LISTENING, children_of, free_port, wait_for

pytestmark = [pytest.mark.model, pytest.mark.server]


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
    workers = {p: c for p, c in children_of(process.pid).items() if "api.cli worker" in c}
    assert workers
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    posts = len(sample.POSTS.read_text(encoding="utf-8").splitlines())
    wait_for(lambda: analysed() == posts)
    wait_for(lambda: detractors() > 10)
    log = (folder / "up.log").read_text()
    assert "worker (nlp) ended with -9; starting it again" in log
    assert "worker (sweep) ended with -9; starting it again" in log
    pages = f"http://127.0.0.1:{port}"
    with urllib.request.urlopen(f"{pages}/brands/brindlecup") as answer:
        assert "printed in the terminal" in answer.read().decode()
    assert f"{pages}/welcome/" in log
    words = ("user", "add", "rita", "--role", "viewer"), ("key", "make", "rita", "test")
    *_, key = (
        subprocess.run(
            [LISTENING, *one], env=environment, check=True, capture_output=True, text=True
        ).stdout.strip()
        for one in words
    )
    asked = urllib.request.Request(
        f"{pages}/api/v1/brands", headers={"Authorization": f"Bearer {key}"}
    )
    with urllib.request.urlopen(asked) as answer:
        assert "Brindlecup" in answer.read().decode()
    store.close()

    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    wait_for(lambda: not children_of(process.pid))
