"""`listening up`: web, worker and beat as children of one process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

# A child that dies is started again, later each time it dies at once.
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0
_STAYED_UP = 30.0
_PATIENCE = 15.0


@dataclass(slots=True)
class Child:
    """One process that is kept up."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait: float = field(default=_FIRST_WAIT)
    due: float = 0.0


def commands(host: str, port: int) -> dict[str, list[str]]:
    """What is run, by name, with this interpreter."""
    python = sys.executable
    celery = [python, "-m", "celery", "--quiet", "--app", "workers.app:app"]
    return {
        "web": [
            python,
            *("-m", "uvicorn", "--factory", "api.web.app:create_app"),
            *("--host", host, "--port", str(port), "--log-level", "warning"),
        ],
        # One child process, which holds the model.
        "worker": [*celery, "worker", "--queues", "sweep,nlp", "--concurrency", "1"],
        "beat": [*celery, "beat"],
    }


class Supervisor:
    """Keeps children up until it is told to stop.

    Args:
        commands: by name.
        say: told what happens, in one line.
        environment: of the children; None: this process's.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        say: Callable[[str], None],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.children = [Child(name, command) for name, command in commands.items()]
        self._say = say
        self._environment = dict(os.environ if environment is None else environment)
        self._stopping = False

    def run(self) -> None:
        """Start everything; return when stopped by SIGTERM or SIGINT and all children ended."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            while not self._stopping:
                for child in self.children:
                    self._tend(child)
                time.sleep(0.2)
        finally:
            self._end_all()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _tend(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None:
            code = child.process.poll()
            if code is None:
                return
            stayed = now - child.started > _STAYED_UP
            child.wait = _FIRST_WAIT if stayed else min(child.wait * 2, _LONGEST_WAIT)
            child.process, child.due = None, now + child.wait
            self._say(f"{child.name} ended with {code}; starting it again in {child.wait:.0f} s")
        if now >= child.due:
            # A session of its own: Ctrl-C reaches this process, which ends them in order.
            child.process = subprocess.Popen(  # noqa: S603
                child.command, env=self._environment, start_new_session=True
            )
            child.started = now

    def _end_all(self) -> None:
        running = [c for c in self.children if c.process is not None]
        for child in running:
            if child.process is not None and child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE
        for child in running:
            if child.process is None:
                continue
            try:
                child.process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                os.killpg(child.process.pid, signal.SIGKILL)
                child.process.wait()
