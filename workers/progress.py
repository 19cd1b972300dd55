"""How long work tells how far it is, whoever is watching."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told by a job; shown as a bar, written to the store, or thrown away."""

    def begin(self, what: str, total: int | None = None) -> None:
        """A stage begins; `total` is None where it cannot be known."""

    def advance(self, by: int = 1) -> None:
        """So much of the stage is done."""

    def end(self) -> None:
        """The stage is done."""


class Silent:
    """Nobody watches."""

    def begin(self, what: str, total: int | None = None) -> None:
        """Nothing."""

    def advance(self, by: int = 1) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""
