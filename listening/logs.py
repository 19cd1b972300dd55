"""Logs: one line of key=value (JSON where LISTENING_LOG_JSON is set), secrets left out."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from listening.config import get_settings

# The password of an address, wherever one slips into a message.
_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@\s]+@")

# A line for every message that comes and goes; ours say what was done.
_CHATTY = ("celery.worker.strategy", "celery.app.trace", "celery.beat")


def masked(text: str) -> str:
    """A text with the passwords of its addresses replaced by asterisks."""
    return _PASSWORD.sub(r"\1***@", text)


def without_passwords(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A structlog processor that masks passwords of addresses."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = masked(value)
    return event


def configure() -> None:
    """Send our logs and the libraries' through the same processors to standard error."""
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
        structlog.processors.format_exc_info,
        without_passwords,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler()
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
    root.setLevel(get_settings().log_level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
