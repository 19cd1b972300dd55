"""Stores and brokers to test with: SQLite files, PostgreSQL and Redis servers of the run's own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from listening.store.schema import migrate
from listening.store.session import Store
from tests import redis_server

# Before anything imports numba: what it compiled once is found again by the next run.
_CACHE = Path(__file__).parents[1] / "data" / "cache" / "numba"
os.environ.setdefault("NUMBA_CACHE_DIR", str(_CACHE))

# Nor does a test ever reach the store, the queue or the models of whoever runs it.
for _name in [name for name in os.environ if name.startswith("LISTENING_")]:
    del os.environ[_name]

# On CI the same examples every time; elsewhere new ones, which is where bugs are found.
settings.register_profile("listening", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("listening")

# Whoever runs the tests in the background may have them ignore Ctrl-C, which some of them send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

NewStore = Callable[..., Store]
# Neither UTC nor the order of bytes, so that a store that leans on either is found out.
_SETTINGS = (
    "-c timezone=America/New_York -c fsync=off -c full_page_writes=off -c shared_buffers=32MB"
)
_COLLATION = ("--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en")


class SQLiteFiles:
    """Databases as files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._made = folder, 0
        self._template = folder / "template.db"
        _migrated(f"sqlite:///{self._template}")

    def create(self, *, migrated: bool) -> str:
        """The address of a fresh database."""
        self._made += 1
        path = self._folder / f"{self._made}.db"
        if migrated:
            shutil.copy(self._template, path)
        return f"sqlite:///{path}"

    def drop(self, store: Store) -> None:
        """Forget a database."""
        Path(str(store.engine.url.database)).unlink(missing_ok=True)


class PostgreSQLServer:
    """A server that listens on a socket in its own folder, and nowhere else."""

    def __init__(self, binaries: Path, folder: Path, settings: str = _SETTINGS) -> None:
        self._binaries, self._folder, self._data = binaries, folder, folder / "data"
        self._settings, self._made = settings, 0

    def start(self) -> None:
        """Make the cluster where there is none, and start it."""
        if os.getuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
        if not self._data.exists():
            own = ("-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
            self._run("initdb", *own, *_COLLATION)
        # An empty listen address: no port is taken, so none can be taken already.
        listen = f"-c listen_addresses= -c unix_socket_directories={self._folder}"
        log = str(self._folder / "log")
        self._run("pg_ctl", "start", "-w", "-l", log, "-o", f"{listen} {self._settings}")

    def prepare(self) -> None:
        """Make the database that fresh ones are copied from."""
        self._sql("CREATE DATABASE template_listening")
        _migrated(self.address("template_listening"))

    def stop(self) -> None:
        """Stop this server, and only this one: its data folder names the process."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate")

    def address(self, database: str) -> str:
        """A database of this server."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def create(self, *, migrated: bool) -> str:
        """The address of a fresh database."""
        self._made += 1
        template = "template_listening" if migrated else "template1"
        self._sql(f"CREATE DATABASE test_{self._made} TEMPLATE {template}")
        return self.address(f"test_{self._made}")

    def drop(self, store: Store) -> None:
        """Forget a database."""
        self._sql(f"DROP DATABASE {store.engine.url.database}")

    def _sql(self, statement: str) -> None:
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), "-D", str(self._data), *arguments]
        # PostgreSQL refuses to run as root.
        user = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
        done = subprocess.run(
            command, cwd=self._folder, text=True, check=False, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, **user,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")


def _migrated(url: str) -> None:
    store = Store(url)
    migrate(store)
    store.close()


def server_binaries() -> Path | None:
    """The newest PostgreSQL where Debian puts them, else the one on the path."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(found, key=lambda path: int(path.parts[-3]), default=None)
    path = newest or shutil.which("initdb")
    return Path(path).parent if path else None


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder in memory where there is room, since a database is made for every test.

    Not pytest's own: the server's user could not enter it, and a socket's path must be short.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2**30
    with tempfile.TemporaryDirectory(prefix="test-", dir=memory if roomy else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def sqlite() -> Iterator[SQLiteFiles]:
    with _scratch() as folder:
        yield SQLiteFiles(folder)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQLServer]:
    """One server for each test process."""
    binaries = server_binaries()
    if binaries is None:
        absent = "no PostgreSQL under /usr/lib/postgresql or on the path: apt install postgresql"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(absent)
    with _scratch() as folder:
        server = PostgreSQLServer(binaries, folder)
        server.start()
        try:
            server.prepare()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def _redis() -> Iterator[redis_server.RedisServer]:
    """One server for each test process."""
    absent = redis_server.missing()
    if absent is not None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(absent)
    with _scratch() as folder:
        server = redis_server.RedisServer(str(shutil.which("redis-server")), folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def redis(_redis: redis_server.RedisServer) -> redis_server.RedisServer:
    """A server with nothing in it. Whoever kills it starts it again."""
    _redis.clear()
    return _redis


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def new_store(request: pytest.FixtureRequest) -> Iterator[NewStore]:
    """Makes stores, migrated or empty, on each of the two databases."""
    databases = request.getfixturevalue(request.param)
    stores: list[Store] = []

    def new(*, migrated: bool = True) -> Store:
        stores.append(Store(databases.create(migrated=migrated)))
        return stores[-1]

    yield new
    for store in stores:
        store.close()
        databases.drop(store)


@pytest.fixture
def store(new_store: NewStore) -> Store:
    """A migrated store with nothing in it."""
    return new_store()
