"""`listening up`: web, workers and beat as children of one process."""

from __future__ import annotations

import ctypes
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
_PR_SET_PDEATHSIG = 1


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
    """What is run, by name, with this interpreter: the commands that run each alone as well."""
    own = [sys.executable, "-m", "api.cli"]
    return {
        "web": [*own, "web", "--host", host, "--port", str(port)],
        "worker (sweep)": [*own, "worker", "--queues", "sweep"],
        "worker (nlp)": [*own, "worker", "--queues", "nlp"],
        "beat": [*own, "beat"],
    }


class Supervisor:
    """Keeps children up until it is told to stop. Where it is killed, they end with it.

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
                child.command,
                env=self._environment,
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509  one thread, no locks held
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


def _die_with(parent: int) -> Callable[[], None] | None:
    """For a child, right after the fork: end when `parent` does, however that ends.

    None where the system cannot (only Linux can): children then go on without it.
    """
    if not sys.platform.startswith("linux"):
        return None
    # Loaded before the fork: afterwards a lock of the loader may be held for ever.
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it ended before that
            os._exit(1)

    return arrange
