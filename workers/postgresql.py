"""PostgreSQL's own programs: where they are, and how they are told the address."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo
from sqlalchemy import text
from sqlalchemy.engine import make_url

from listening.errors import StoreError
from listening.store.session import Store

_DEBIAN = Path("/usr/lib/postgresql")
_SECRET = ("password", "sslpassword")
_VERSION = re.compile(r"\) (\d+)")


@dataclass(frozen=True, slots=True)
class Programs:
    """pg_dump and its fellows, of one release, with what they need to reach a database."""

    folder: Path
    conninfo: str  # without the password, which anybody could read off the list of processes
    environment: dict[str, str]

    def command(self, program: str, *arguments: str) -> list[str]:
        """A program that connects, with its arguments."""
        return [
            str(self.folder / program),
            "--no-password",
            f"--dbname={self.conninfo}",
            *arguments,
        ]

    def run(self, command: list[str]) -> None:
        """Run a command to its end.

        Raises:
            StoreError: it failed; says what it said.
        """
        done = subprocess.run(  # noqa: S603  arguments are a list, and no shell reads them
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode:
            raise failed(Path(command[0]).name, done.stderr, done.returncode)


def failed(program: str, said: bytes, code: int) -> StoreError:
    """What to tell when a program of PostgreSQL failed."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return StoreError(f"{program} failed: {' / '.join(lines[:4]) or f'exit code {code}'}")


def programs_for(store: Store) -> Programs:
    """The programs to use for a store: not older than its server.

    Raises:
        StoreError: none is installed, or only older ones; names the package.
    """
    with store.session() as session:
        server = int(session.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
    found = {major: folder for folder in _folders() if (major := _major(folder)) is not None}
    fitting = [major for major in found if major >= server]
    if not fitting:
        have = f"; version {max(found)} is too old" if found else ""
        raise StoreError(
            f"Backing PostgreSQL {server} up takes pg_dump, pg_restore and psql of version "
            f"{server} or later{have}: install postgresql-client-{server}, or put them on the PATH."
        )
    conninfo, environment = _address(store.url)
    return Programs(found[min(fitting)], conninfo, environment)


def _folders() -> list[Path]:
    named = [path.parent for path in sorted(_DEBIAN.glob("*/bin/pg_dump"))]
    on_path = shutil.which("pg_dump")
    # Debian's pg_dump on the path only looks for one of the others.
    if on_path and not (named and Path(on_path).resolve().name == "pg_wrapper"):
        named.append(Path(on_path).parent)
    return [folder for folder in named if (folder / "psql").exists()]


def _major(folder: Path) -> int | None:
    try:
        said = subprocess.run(  # noqa: S603
            [folder / "pg_dump", "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return None
    found = _VERSION.search(said)
    return int(found.group(1)) if found else None


def _address(url: str) -> tuple[str, dict[str, str]]:
    """A connection string without secrets, and an environment with them."""
    parsed = make_url(url)
    query = {name: str(value) for name, value in parsed.query.items() if name not in _SECRET}
    if "sslpassword" in parsed.query:
        raise StoreError(
            "PostgreSQL's programs take no sslpassword from an address: use a key without one, "
            "readable by this user alone."
        )
    given = {
        "host": parsed.host,
        "port": parsed.port,
        "user": parsed.username,
        "dbname": parsed.database,
    }
    facts = {name: str(value) for name, value in given.items() if value is not None} | query
    environment = dict(os.environ)
    password = parsed.password or parsed.query.get("password")
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    return make_conninfo(**facts), environment
