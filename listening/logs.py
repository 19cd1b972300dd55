"""Logs: one line of key=value (JSON where LISTENING_LOG_JSON is set), secrets left out.

Everything goes the same way: our own lines, and those of Celery, uvicorn, SQLAlchemy and
whatever else logs. All that one sweep or command sets off carries the same `correlation`.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, quote_plus

import structlog

from listening.config import get_settings

# The password of an address, wherever one slips into a message; a key in its query; a header.
# (bounded, since what a server says comes through here: without, a long text takes for ever)
_PASSWORD = re.compile(r"(://[^:/@\s]{0,200}:)[^@\s]{1,500}+@")
_KEYED = r"[\w-]*(?:token|secret|passw(?:or)?d|api[_-]?key|signature)"
_IN_QUERY = re.compile(rf"(?i)([?&]{_KEYED}=)[^&\s\"'#]+")
_IN_HEADER = re.compile(
    r"(?i)(\bbearer\s+|\bauthorization[\"']?\s*[:=]\s*[\"']?(?:\w+\s+)?)[\w.~+/=-]{8,}"
)
_IN_PATH = re.compile(r"(/welcome/)[\w-]{8,}")  # one-time links
_SECRET_NAME = re.compile(rf"(?i){_KEYED}|authorization|.*dsn")
_DEEPEST = 6
_SHORTEST_SECRET = 6
_KEPT: tuple[str, ...] = ()  # the longest first, since one may be part of another
_KEEPING = threading.Lock()

# They bring handlers of their own, which know nothing of ours.
_OWN_HANDLERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "celery", "celery.task", "alembic")

# A line for every message that comes and goes; ours say what was done.
_CHATTY = (
    "celery.worker.strategy",
    "celery.app.trace",
    "celery.beat",
    "alembic.runtime.migration",
)


def new_correlation() -> str:
    """An id for all that one sweep or command sets off."""
    return secrets.token_hex(8)


def correlation() -> str | None:
    """The id that log lines carry at present."""
    found: str | None = structlog.contextvars.get_contextvars().get("correlation")
    return found


@contextmanager
def correlated(id: str | None) -> Iterator[None]:
    """Put an id into every log line of the block; None leaves the present one."""
    if id is None:
        yield
        return
    with structlog.contextvars.bound_contextvars(correlation=id):
        yield


def masked(text: str) -> str:
    """A text with the passwords and keys of its addresses replaced by asterisks."""
    for secret in _KEPT:
        text = text.replace(secret, "***")
    text = _PASSWORD.sub(r"\1***@", text)
    text = _IN_PATH.sub(r"\1***", text)
    text = _IN_QUERY.sub(r"\1***", text)
    return _IN_HEADER.sub(r"\1***", text)


def keep_secret(value: str) -> None:
    """From now on this value is masked wherever a text is; too short a one would mask words.

    So it is as addresses and JSON write it.
    """
    global _KEPT
    if len(value) < _SHORTEST_SECRET or value in _KEPT:
        return
    written = (
        value,
        quote(value, errors="replace"),
        quote(value, safe="", errors="replace"),
        quote_plus(value, errors="replace"),
        json.dumps(value)[1:-1],
    )
    with _KEEPING:
        _KEPT = tuple(sorted({*_KEPT, *written}, key=lambda own: (-len(own), own)))


def without_passwords(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A structlog processor that masks secrets, in nested values and exceptions too."""
    for name, value in event.items():
        if name not in _OF_STRUCTLOG:
            event[name] = _hidden(name, value)
    return event


# What structlog itself passes on from one processor to the next.
_OF_STRUCTLOG = {"_record", "_from_structlog", "exc_info"}


def _hidden(name: Any, value: Any, depth: int = 0) -> Any:
    """A value as it may be written, by the name it goes under."""
    if isinstance(name, str) and _SECRET_NAME.fullmatch(name) and value is not None:
        return "***"
    if isinstance(value, str):
        return masked(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth >= _DEEPEST:
        return masked(str(value))
    if isinstance(value, Mapping):
        return {own: _hidden(own, inner, depth + 1) for own, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(None, inner, depth + 1) for inner in value]
    return masked(str(value) if isinstance(value, BaseException) else repr(value))


class _ToStandardError(logging.StreamHandler[Any]):
    """Writes to what standard error is at the moment of writing."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr


def configure(*, quiet: bool = False) -> None:
    """Send our logs and the libraries' through the same processors to standard error.

    Args:
        quiet: warnings and errors alone, unless LISTENING_LOG_LEVEL says otherwise: a command
            shows what it does in its own way.
    """
    final: Any = (
        structlog.processors.JSONRenderer()
        if get_settings().log_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        without_passwords,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = _ToStandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                without_passwords,
                final,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    settings = get_settings()
    unasked = quiet and "log_level" not in settings.model_fields_set
    root.setLevel("WARNING" if unasked else settings.log_level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _OWN_HANDLERS:
        own = logging.getLogger(name)
        own.handlers, own.propagate = [], True
