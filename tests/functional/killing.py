"""Everything that runs, killed with SIGKILL at moments nobody chose, and left to finish."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import col, func, select

from listening.config import Settings
from listening.errors import StoreError
from listening.store.posts.posts import count_posts
from listening.store.session import Store
from listening.store.tables import Analysis, Job, JobStatus, Mention, MentionSentiment, Post
from tests.functional.outcome import Outcome, outcome
from tests.functional.processes import PATIENCE, Processes, children_of, free_port, wait_for
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

    def analyses(self) -> bool:
        """Whether something is analysed already; not while the database is away."""
        self.tend()
        with suppress(StoreError), self._store.session() as session:
            return session.exec(select(Analysis.post_id).limit(1)).first() is not None
        return False

    def unfinished(self, posts: int) -> str | None:
        """What is still to be done until every post is analysed, read and flagged; else None."""
        self.tend()
        try:
            return self._unfinished(posts)
        except StoreError as error:
            return str(error)

    def _unfinished(self, posts: int) -> str | None:
        with self._store.session() as session:

            def count(table: Any) -> int:
                return session.exec(select(func.count()).select_from(table)).one()

            stored, analysed = count(Post), count(Analysis)
            if stored != posts or analysed != posts:
                return f"{stored} of {posts} posts are stored, {analysed} analysed"
            scored = select(func.count()).select_from(Mention).join(
                Analysis, col(Analysis.post_id) == col(Mention.post_id)
            ).where(col(Analysis.negative).is_not(None))  # fmt: skip
            read, owed = count(MentionSentiment), session.exec(scored).one()
            if read != owed:
                return f"{read} of {owed} mentions are read"
            running = session.exec(select(Job).where(Job.status == JobStatus.RUNNING)).all()
            if running:
                return "still running: " + ", ".join(
                    f"{job.kind} {job.label}, {job.stage} {job.done} of {job.total}"
                    for job in running
                )
            flagged = select(func.max(Job.started_at)).where(
                Job.kind == "flag", Job.status == JobStatus.DONE
            )
            last = session.exec(flagged).one()
            at = session.exec(select(func.max(Analysis.analysed_at))).one()
            if last is None or at is None or last < at:
                return f"flagged last at {last}, analysed last at {at}"
        return None

    def finish(self, posts: int) -> None:
        """Wait until everything is done.

        Raises:
            AssertionError: nothing has changed for long; with what is missing, and the end of
                what the processes wrote.
        """
        last, since = None, time.monotonic()
        while missing := self.unfinished(posts):
            if missing != last:
                last, since = missing, time.monotonic()
            if time.monotonic() - since > PATIENCE:
                said = "\n".join(self._processes.said().splitlines()[-150:])
                raise AssertionError(f"it does not finish by itself: {missing}\n{said}")
            time.sleep(0.2)


@dataclass(frozen=True)
class Trial:
    """One run of the whole service over a folder of files, from an empty store to its outcome.

    Args:
        work: where its store, caches and log are made.
        folder: of files, which the first brand's watch listens to.
        brands: with their queries.
        posts: how many the files hold; None: whatever one undisturbed sweep finds.
        kills: how many processes to kill, and how many seconds apart.
        cache: of an earlier run, so that the same backend is taken, whatever a timing would say.
        redis: the broker; None: the embedded one.
        url: of an empty database; None: SQLite.
        say: told of every kill.
    """

    work: Path
    folder: Path
    brands: Sequence[tuple[str, str]]
    posts: int | None = None
    kills: int = 0
    between: tuple[float, float] = (0.0, 0.0)
    seed: int = 7
    cache: Path | None = None
    redis: RedisServer | None = None
    url: str | None = None
    say: Callable[[str], None] = lambda _: None

    def outcome(self) -> Outcome:
        """What the store holds in the end."""
        environment = {"LISTENING_DATA_DIR": str(self.work / "data")}
        if self.cache is not None:
            shutil.copytree(self.cache, self.work / "data" / "cache")
        if self.redis is not None:
            environment["LISTENING_BROKER_URL"] = self.redis.url
        if self.url is not None:
            environment["LISTENING_DATABASE_URL"] = self.url
        processes = Processes(self.work, environment)
        processes.run("migrate")
        settings = Settings(data_dir=self.work / "data")
        store = Store(self.url) if self.url else Store.from_settings(settings)
        service = Service(processes, store, self.redis, self.say)
        try:
            service.listen(self.folder, self.brands)
            if self.posts is None:
                processes.run("watch", "run", "1")
            with store.session() as session:
                posts = self.posts or count_posts(session)
            service.tend()
            chance, early = random.Random(self.seed), self.kills // 2
            service.torment(early, chance, between=self.between)
            if self.kills:
                # Models take their time to load: half of the kills come while they work.
                wait_for(service.analyses, "nothing is analysed")
            service.torment(self.kills - early, chance, between=self.between)
            service.finish(posts)
            return outcome(store)
        finally:
            processes.end()
            store.close()


def _killing(pid: int) -> Callable[[], None]:
    def kill() -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    return kill
