"""What platforms send, as the store wants it: text without markup, moments, counts, languages.

These never fail on what a platform may send: what makes no sense is None.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

# What begins a paragraph, and what begins a line.
_PARAGRAPHS = frozenset("p blockquote pre h1 h2 h3 h4 h5 h6 table ul ol hr".split())
_LINES = frozenset("div br li tr section article".split())
_SILENT = frozenset("script style head title template noscript".split())
_LINK = re.compile(r"https?://[^\s<>\"']+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
_UNKNOWN = frozenset(("und", "zxx", "mul", "mis"))
_MOST = 2**53
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_TEXT = 1_000_000  # characters of a post


def clean(value: Any) -> str:
    """A text, without what no store takes: NUL, lone surrogates."""
    if not isinstance(value, str):
        return ""
    text = value.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    return text[:_TEXT].strip()


def optional(value: Any) -> str | None:
    """A text or, where there is none, None; a number is its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return clean(value) or None


def html_text(markup: Any) -> tuple[str, tuple[str, ...]]:
    """The text of HTML, blocks on lines of their own, and the addresses it links to."""
    reader = _Reader()
    if isinstance(markup, str):
        reader.feed(markup)
        reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    return clean(text), tuple(dict.fromkeys(reader.links))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.links: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        else:
            self._break(tag)
        if tag == "a" and (link := web_address(dict(attrs).get("href"))):
            self.links.append(link)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag != "br":
            self._break(tag)

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self.parts.append("\n\n")
        elif tag in _LINES:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def web_address(value: Any) -> str | None:
    """An address of the web, or None: nothing else is ever made a link."""
    text = clean(value)
    return text if _LINK.fullmatch(text) and len(text) <= 4000 else None


def links_in(text: str) -> tuple[str, ...]:
    """The addresses in a text, each once."""
    found = (link.rstrip(".,;:!?)]}»”’") for link in _LINK.findall(text))
    return tuple(dict.fromkeys(found))


def count(value: Any) -> int | None:
    """A count; unknown, negative or absurd is None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value) if len(value) < 20 else None
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        value = int(value)
    return value if isinstance(value, int) and 0 <= value < _MOST else None


def moment(value: Any) -> datetime | None:
    """A moment in UTC from ISO text, seconds, milli- or microseconds since 1970; else None."""
    found: datetime | None = None
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = _from_number(float(value))
    elif isinstance(value, str):
        text = value.strip()
        if text.isascii() and text.isdigit():
            found = _from_number(float(text[:20]))
        else:
            found = _from_text(text)
    if found is None:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    try:
        found = found.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return found if found >= _EARLIEST else None


def _from_number(value: float) -> datetime | None:
    for size in (1e11, 1e14, 1e17):
        if 0 < value < size:
            try:
                return datetime.fromtimestamp(value / (size / 1e11), UTC)
            except (OverflowError, ValueError, OSError):
                return None
    return None


def _from_text(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def language(value: Any) -> str | None:
    """A language code in lower case; one that says nothing is None."""
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    text = clean(value).replace("_", "-").lower()
    return text if _LANGUAGE.fullmatch(text) and text not in _UNKNOWN else None


def words(values: Any) -> tuple[str, ...]:
    """Texts of a list, each once; hashtags lose their #."""
    if not isinstance(values, Iterable) or isinstance(values, str | bytes | dict):
        return ()
    found = (clean(value).lstrip("#") for value in values)
    return tuple(dict.fromkeys(one for one in found if one))


def part(value: Any, *path: str | int) -> Any:
    """What lies at a path of keys and places in JSON; None where the path ends early."""
    for step in path:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        elif isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value
