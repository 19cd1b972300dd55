"""How a source fails, and what then becomes of its watch."""

from __future__ import annotations

from listening.errors import ListeningError


class SourceError(ListeningError):
    """A source did not deliver: the watch is tried again, later each time, up to an hour."""


class UnavailableError(SourceError):
    """It does not answer, or is not there: most likely it will be again soon."""


class AuthenticationError(SourceError):
    """It does not let us in. A person must mend that, so it is tried once an hour only."""


class FormatChangedError(SourceError):
    """It answers in a way that is not understood; tried once an hour, for an update of ours.

    Args:
        message: what was expected.
        raw: the answer, kept in quarantine.
    """

    def __init__(self, message: str, *, raw: str = "") -> None:
        super().__init__(message)
        self.raw = raw


class RateLimitError(SourceError):
    """It asks for a pause: no failure of the watch, which goes on when the pause is over.

    Args:
        message: which limit.
        retry_after: seconds, at most a day; None: an hour.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = 3600.0 if retry_after is None else retry_after
