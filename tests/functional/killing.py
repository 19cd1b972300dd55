"""Everything that runs, killed with SIGKILL at moments nobody chose, and left to finish."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlmodel import col, func, select

from listening.store.session import Store
from listening.store.tables import Analysis, Job, JobStatus, Mention, MentionSentiment, Post
from tests.functional.processes import Processes, children_of, free_port, wait_for
from tests.redis_server import RedisServer


class Service:
    """The whole service: as one command, or each process alone beside a Redis server.

    Args:
        processes: with the settings of the store and the broker in their environment.
        store: the same store, to look into.
        redis: the broker, which is killed too; None: the service is `listening up`.
        say: told of every kill.
    """

    def __init__(
        self,
        processes: Processes,
        store: Store,
        redis: RedisServer | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        port = str(free_port())
        self.kills = 0
        self._processes, self._store, self._redis, self._say = processes, store, redis, say
        self._commands: list[tuple[str, ...]] = [("up", "--port", port)]
        if redis is not None:
            self._commands = [
                ("web", "--port", port),
                ("worker", "--queues", "sweep"),
                ("worker", "--queues", "nlp"),
                ("beat",),
            ]
        self._running: dict[tuple[str, ...], subprocess.Popen[bytes]] = {}

    def listen(self, folder: Path, brands: Sequence[tuple[str, str]], *settings: str) -> None:
        """Brands with their queries, and a watch of a folder of files for the first."""
        for name, query in brands:
            self._processes.run("brand", "add", name, "--query", query)
        words = [word for setting in settings for word in ("--set", setting)]
        self._processes.run(
            "watch", "add", brands[0][0], "folder", "--set", f"path={folder}", *words,
            "--every", "5s",
        )  # fmt: skip

    def tend(self) -> None:
        """Start whatever does not run."""
        for command in self._commands:
            process = self._running.get(command)
            if process is None or process.poll() is not None:
                self._running[command] = self._processes.start(*command)

    def kill_one(self, chance: random.Random) -> None:
        """Kill one process with SIGKILL, whichever; the broker too."""
        victims: list[tuple[str, Callable[[], None]]] = []
        for command, process in self._running.items():
            below = children_of(process.pid)
            for pid, words in {process.pid: " ".join(command), **below}.items():
                victims.append((words.strip(), _killing(pid)))
        if self._redis is not None:
            victims.append(("redis", self._bounce))
        name, kill = chance.choice(sorted(victims, key=lambda one: one[0]))
        kill()
        self.kills += 1
        self._say(f"kill {self.kills}: {name.split('api.cli')[-1].strip()}")

    def _bounce(self) -> None:
        if self._redis is not None:
            self._redis.kill()
            self._redis.start()

    def torment(self, times: int, chance: random.Random, *, between: tuple[float, float]) -> None:
        """Kill so many times, so many seconds apart, and start again what does not by itself."""
        for _ in range(times):
            until = time.monotonic() + chance.uniform(*between)
            while time.monotonic() < until:
                self.tend()
                time.sleep(0.1)
            self.kill_one(chance)
        self.tend()

    def finished(self, posts: int) -> bool:
        """Whether every post is analysed, every mention read, and all flagged since."""
        self.tend()
        with self._store.session() as session:

            def count(table: Any) -> int:
                return session.exec(select(func.count()).select_from(table)).one()

            if count(Post) != posts or count(Analysis) != posts:
                return False
            scored = select(func.count()).select_from(Mention).join(
                Analysis, col(Analysis.post_id) == col(Mention.post_id)
            ).where(col(Analysis.negative).is_not(None))  # fmt: skip
            if count(MentionSentiment) != session.exec(scored).one():
                return False
            running = select(Job.id).where(Job.status == JobStatus.RUNNING)
            if session.exec(running.limit(1)).first() is not None:
                return False
            flagged = select(func.max(Job.started_at)).where(
                Job.kind == "flag", Job.status == JobStatus.DONE
            )
            analysed = select(func.max(Analysis.analysed_at))
            last, at = session.exec(flagged).one(), session.exec(analysed).one()
            return last is not None and at is not None and last >= at

    def finish(self, posts: int) -> None:
        """Wait until everything is done."""
        wait_for(lambda: self.finished(posts), "it does not finish by itself")


def _killing(pid: int) -> Callable[[], None]:
    def kill() -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    return kill
