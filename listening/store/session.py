"""The only place that opens sessions and commits.

`Store` holds the engine; `store.session()` reads, `store.work()` is one unit of work:
it commits when the block ends well and rolls back when it raises.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlmodel import Session

from listening.config import Settings
from listening.errors import SettingsError, StoreError

CONNECT_SECONDS = 10  # PostgreSQL's own default is to wait as long as the network does


class Store:
    """The SQL store behind one address.

    Args:
        url: SQLAlchemy address, `sqlite:///...` or `postgresql://...`.

    Raises:
        StoreError: the address cannot be read; the password is never shown.
    """

    def __init__(self, url: str) -> None:
        self.url = _with_driver(url)
        self.engine = _engine(self.url)

    @classmethod
    def from_settings(cls, settings: Settings) -> Store:
        """The store the settings name; makes the data folder of the embedded one.

        Raises:
            StoreError: the address cannot be read, or the folder not be made.
        """
        if settings.database_url is None:
            try:
                settings.folder(".")
            except SettingsError as error:
                raise StoreError(str(error)) from error
        return cls(settings.store_url)

    @property
    def shown_url(self) -> str:
        """The address without its password."""
        url = make_url(self.url).difference_update_query(["password", "sslpassword"])
        return url.render_as_string(hide_password=True)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session to read with; whatever it changed is thrown away when it closes."""
        with self._open() as session:
            yield session

    @contextmanager
    def work(self) -> Iterator[Session]:
        """One unit of work: committed whole, or not at all."""
        with self._open() as session:
            session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
            yield session
            session.commit()

    @contextmanager
    def _open(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            try:
                yield session
            except DBAPIError as error:
                session.rollback()
                if (why := _failure(self.shown_url, error)) is None:
                    raise
                raise StoreError(why) from error
            except UnicodeEncodeError as error:
                session.rollback()
                if error.encoding != "utf-8":  # raised beside the store, not by it
                    raise
                # A file name or an argument in another encoding than this terminal's.
                raise StoreError(
                    f"{error.object[:80]!r} is not UTF-8 and cannot be stored: write or rename "
                    "it in UTF-8."
                ) from error
            except BaseException:
                session.rollback()
                raise

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def _with_driver(url: str) -> str:
    """Name the installed PostgreSQL driver where the address leaves it open."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
            raise StoreError(
                f"The store speaks SQLite and PostgreSQL, not {parsed.get_backend_name()}; "
                "set LISTENING_DATABASE_URL to sqlite:///... or postgresql://..."
            )
        engine = create_engine(url, **_options(parsed))
    except (ArgumentError, NoSuchModuleError, ValueError):
        # What they say may quote the password.
        raise StoreError(
            "LISTENING_DATABASE_URL cannot be read; expected sqlite:///path/file.db or "
            "postgresql://user:password@host/name"
        ) from None
    except ImportError as error:
        raise StoreError(
            f"LISTENING_DATABASE_URL names a driver that is not installed ({error.name}); "
            "write postgresql://user:password@host/name"
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _options(url: URL) -> dict[str, Any]:
    """Of an engine: a server that went away is told from one that answers, and not for minutes."""
    if url.get_backend_name() != "postgresql":
        return {}
    waits = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS}
    return {"pool_pre_ping": True, "connect_args": waits}


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """WAL lets readers go on beside one writer; the driver's own BEGIN is switched off."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "foreign_keys=ON",
        "busy_timeout=30000",
        "synchronous=NORMAL",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    """The day of a time is its day in UTC, whatever zone the server keeps."""
    connection.execute("SET TIME ZONE 'UTC'")
    connection.commit()


def _begin_sqlite(connection: Any) -> None:
    """A unit of work takes the writer's place at once: after reading it could not wait for it."""
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def _failure(url: str, error: DBAPIError) -> str | None:
    """What is wrong with the store as such; None where it is about what was written."""
    text = str(error.orig).strip().splitlines()[0]
    undefined = getattr(error.orig, "sqlstate", None) in {"42P01", "42703"}
    if undefined or "no such table" in text or "no such column" in text:
        return (
            f"The store {url} has no tables yet, or older ones: run `listening migrate`. ({text})"
        )
    unreachable = ("not a database", "malformed", "invalid connection option")
    if isinstance(error, OperationalError) or any(words in text for words in unreachable):
        return f"The store {url} does not answer: {text}"
    return None
