"""Every error a person can meet, with one ancestor.

A message names what is wrong, where (file, line, field) and what to do about it; the
ways in (command line, pages) print it as it is, without a traceback.
"""

from __future__ import annotations

import math


class ListeningError(Exception):
    """Something a person can mend; its message is written for that person."""


class SettingsError(ListeningError):
    """A setting is missing or makes no sense."""


class StoreError(ListeningError):
    """The store cannot be reached, or is not at the schema version this code needs."""


class NotFoundError(ListeningError):
    """A named thing (brand, author, segment) is not in the store."""


class ConflictError(ListeningError):
    """The thing exists already, or was changed by somebody else meanwhile."""


class ForbiddenError(ListeningError):
    """Whoever asks may not do this."""


class ProviderError(ListeningError):
    """Who vouches for people does not answer as it should; what it said goes to the log alone."""


class TooManyTriesError(ListeningError):
    """Something was tried too often: says when to try again."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        wait = (
            f"{self.seconds} s" if self.seconds < 90 else f"{math.ceil(self.seconds / 60)} minutes"
        )
        super().__init__(f"There were too many tries: wait {wait}, then try again.")


class InvalidError(ListeningError):
    """What was entered does not fit: names the field and the fix."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class QueryError(ListeningError):
    """A query that cannot be read: tells the column and what was expected there."""

    def __init__(self, message: str, *, column: int | None = None) -> None:
        super().__init__(message)
        self.column = column


class ImportFileError(ListeningError):
    """A file that cannot be imported at all; nothing of it was stored."""


class BrokerError(ListeningError):
    """The broker, which carries messages between processes, cannot be reached."""
