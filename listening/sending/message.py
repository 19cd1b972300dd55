"""What is sent, and how sending it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from listening.errors import ListeningError


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A notification that is ready to go.

    Attributes:
        uid: the same whenever it is tried, so that a receiver knows it again.
        event: its kind.
        title, text: for a person.
        url: the page to open.
        payload: for a program: JSON.
        html: the same and more as a page, which a mail shows instead of the text.
        file: to send along, where the receiver takes files.
    """

    uid: str
    event: str
    title: str
    text: str
    url: str
    payload: Mapping[str, Any]
    html: str | None = None
    file: Path | None = None

    @property
    def body(self) -> str:
        """Text and address, as a person gets them."""
        return "\n\n".join(filter(None, [self.text, self.url]))


class NotSentError(ListeningError):
    """It did not arrive.

    Args:
        message: why, for a person.
        hopeless: another try would go the same way until somebody mends the channel.
        wait: seconds that the receiver asked for.
    """

    def __init__(self, message: str, *, hopeless: bool = False, wait: float | None = None) -> None:
        super().__init__(message)
        self.hopeless, self.wait = hopeless, wait
