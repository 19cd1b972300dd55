"""What a server answers, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from listening.fetching.addresses import shown
from listening.logs import masked
from listening.sources.errors import FormatChangedError

KEPT_BYTES = 100_000  # of an answer that is not understood, for quarantine
_SAID = 200  # characters of what went wrong


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said.

    Attributes:
        status: 2xx, or one that the caller said it takes.
        headers: names in lower case.
        body: unpacked, at most `MOST_BYTES`.
        url: where it came from in the end.
        moved: where it lies from now on, as far as the server said so for good; None: where it
            was asked for.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    moved: str | None = None

    @property
    def text(self) -> str:
        """The body as UTF-8; what is none is replaced."""
        return self.body.decode("utf-8-sig", "replace")

    def json(self) -> Any:
        """The body as JSON.

        A character that is none is replaced, a number beyond all measure is infinite: one post
        must not hide the others.

        Raises:
            FormatChangedError: it is none; with the answer, for quarantine.
        """
        try:
            try:
                return json.loads(self.body)
            except json.JSONDecodeError:
                raise
            except ValueError:
                return json.loads(self.text, parse_int=_measured)
        except (ValueError, RecursionError) as error:
            raise self.changed(f"no JSON ({error})") from None

    def changed(self, found: str) -> FormatChangedError:
        """The error that says what was found where something else was expected."""
        return FormatChangedError(
            f"{shown(self.url)} answered in a way that is not understood: {found}.",
            raw=masked(self.body[:KEPT_BYTES].decode("utf-8", "replace")),
        )


def _measured(digits: str) -> int | float:
    return int(digits) if len(digits) < 400 else float(digits)


def short(error: Exception) -> str:
    """What went wrong, in one line; it may quote what a server sent."""
    return masked(" ".join(str(error).split())[: 10 * _SAID])[:_SAID] or type(error).__name__


def said(answer: Answer) -> str:
    """The beginning of what a refusal says, in one line."""
    return masked(" ".join(answer.text[:3000].split()))[:300] or "it does not say why"
