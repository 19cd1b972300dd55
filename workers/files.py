"""The embedded queue: Kombu's filesystem transport, made to bear kills and broken files.

Kombu's own writes a message in place, so that a reader may meet half of one; moves what it
reads through the folder for temporary files, where a kill leaves it; and stops at a file that
is no message. Here a message appears whole, is taken by one rename within the folder, and what
cannot be read is dropped: messages only wake up, the store says what is to do.
"""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem

SCHEME = "listening-files"

# A message that nobody took for so long wakes nobody up any more; what a kill left goes as well.
_OLDEST = 24 * 3600.0
_LEFT = 3600.0
_TIDY_EVERY = 600.0

log = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    """Messages as files `TIME_ID.QUEUE.msg`; a queue's exchange has its name."""

    _tidied: float | None = None

    @property
    def _folder(self) -> Path:
        return Path(self.data_folder_in)

    def get_table(self, exchange: str) -> list[Any]:
        """The queue of an exchange: no file keeps it, so none can break or grow."""
        return [filesystem.exchange_queue_t(exchange, "", exchange)]

    def _queue_bind(self, *_: Any, **__: Any) -> None:
        """Bindings are by name."""

    def _delete(self, queue: str, *_: Any, **__: Any) -> None:
        self._purge(queue)

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        self._tidy()
        # In the order sent; the clock may step back, which makes one message early, no more.
        name = f"{time.time_ns():020d}_{uuid4().hex}.{queue}"
        part = self._folder / f"{name}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(payload), encoding="utf-8")
            part.rename(self._folder / f"{name}.msg")
        except OSError as error:
            part.unlink(missing_ok=True)
            raise ChannelError(f"Cannot write a message to {self._folder}: {error}") from error

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        for name in self._waiting(queue):
            path = self._folder / name
            taken = path.with_suffix(".taken")
            try:
                path.rename(taken)
            except OSError:  # another worker was first
                continue
            found = _read(taken)
            taken.unlink(missing_ok=True)
            if found is not None:
                return found
            log.warning("dropped a message of %s that cannot be read: %s", queue, name)
        raise Empty

    def _size(self, queue: str) -> int:
        return len(self._waiting(queue))

    def _purge(self, queue: str) -> int:
        names = self._waiting(queue)
        for name in names:
            (self._folder / name).unlink(missing_ok=True)
        return len(names)

    def _waiting(self, queue: str) -> list[str]:
        """The files of a queue, oldest first."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return []
        return sorted(name for name in names if name.partition(".")[2] == f"{queue}.msg")

    def _tidy(self) -> None:
        """Now and then, remove what a kill left and what nobody consumes."""
        moment = time.monotonic()
        if self._tidied is None or moment - self._tidied > _TIDY_EVERY:
            self._tidied = moment
            tidy(self._folder)


class Transport(filesystem.Transport):
    """Files in one folder."""

    Channel = Channel


def tidy(folder: Path) -> int:
    """Remove half messages, taken ones that a kill left, and old ones; returns how many."""
    now, gone = time.time(), 0
    for path in folder.glob("*.*"):
        oldest = {".part": _LEFT, ".taken": _LEFT, ".msg": _OLDEST}.get(path.suffix)
        try:
            # A file of the future was written before the clock stepped back.
            if oldest is not None and abs(now - path.stat().st_mtime) > oldest:
                path.unlink()
                gone += 1
        except OSError:  # taken meanwhile
            continue
    return gone


def _read(path: Path) -> dict[str, Any] | None:
    """A message; None where the file holds none."""
    try:
        found = json.loads(path.read_bytes())
        properties = found["properties"]
        needed = [found["body"], found["headers"], properties["delivery_tag"]]
        needed.append(properties["delivery_info"]["exchange"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return None if None in needed else found


TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
