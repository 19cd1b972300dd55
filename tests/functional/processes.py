"""Real processes of the product: started, watched through /proc and the store, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

LISTENING = Path(sys.executable).parent / "listening"
PATIENCE = 240.0


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(holds: Callable[[], object], what: str = "waited in vain") -> None:
    """Wait until something holds; long enough for a slow and busy machine."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def children_of(pid: int) -> dict[int, str]:
    """Every process below `pid`, with its command line."""
    found: dict[int, str] = {}
    parents: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").iterdir():
        try:
            facts = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            if facts[0] not in {"Z", "X"}:
                words = (entry / "cmdline").read_text().replace("\0", " ")
                parents[int(entry.name)] = (int(facts[1]), words)
        except (OSError, ValueError, IndexError):
            continue
    while True:
        below = {p for p, (parent, _) in parents.items() if parent == pid or parent in found}
        if below == set(found):
            return found
        found = {p: parents[p][1] for p in below}


class Processes:
    """Processes started with one environment; every one is ended with the test.

    Args:
        folder: of their log.
        environment: beside this process's.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.log = folder / "processes.log"
        self.environment = os.environ | environment
        self._started: list[subprocess.Popen[bytes]] = []

    def run(self, *words: str) -> str:
        """Run a command to its end; what it printed."""
        done = subprocess.run(
            [LISTENING, *words], env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command that goes on."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [LISTENING, *words], env=self.environment, stdout=log, stderr=log
            )
        self._started.append(process)
        return process

    def said(self) -> str:
        """What all of them wrote so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def end(self) -> None:
        """End those that still run, in order and then by force."""
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._started:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
