"""What platforms send, as the store wants it: text without markup, moments, counts, languages.

These never fail on what a platform may send: what makes no sense is None.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from listening.sources.markup import Reading

# In a text an address ends at a quote or a bracket of any script; one that stands alone has
# none but the apostrophe.
_LINK = re.compile(
    r"(?i)https?://[^\s\x00-\x1f\x7f<>\"'“”„«»‹›「」『』【】（）〈〉《》。、，；！？]+"
)
_ADDRESS = re.compile(r"(?i)https?://[^\s\x00-\x1f\x7f<>\"\\]+")
_TRAILING = ".,;:!?…*_’]}"
_LONGEST_ADDRESS = 4000
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
_UNKNOWN = frozenset(("und", "zxx", "mul", "mis"))
_OWN_USE = re.compile(r"q[a-t][a-z]")  # qaa to qtz, which say what a platform means by them
_LONGEST_LANGUAGE = 35
_MOST = 2**53
_ABSURD = 10**40  # no id is
_SINCE_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)  # by which a clock may be wrong
_COMPACT = {8: "%Y%m%d", 14: "%Y%m%d%H%M%S"}  # by digits; seconds since 1970 have 9 to 11
_TEXT = 1_000_000  # characters of a post
_MARKUP = 10 * _TEXT


def clean(value: Any) -> str:
    """A text, without what no store takes: NUL, lone surrogates."""
    if not isinstance(value, str):
        return ""
    text = value.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    return text[:_TEXT].strip()


def optional(value: Any) -> str | None:
    """A text or, where there is none, None; a number is its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < _ABSURD else None
    return clean(value) or None


def html_text(markup: Any) -> tuple[str, tuple[str, ...]]:
    """The text of HTML, blocks on lines of their own, and the addresses it links to."""
    reading = Reading(markup[:_MARKUP] if isinstance(markup, str) else "")
    lines = (" ".join(line.split()) for line in reading.text.split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    links = (link for link in map(web_address, reading.links) if link)
    return clean(text), tuple(dict.fromkeys(links))


def web_address(value: Any) -> str | None:
    """An address of the web, or None: nothing else is ever made a link."""
    text = clean(value)
    if len(text) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(text):
        return None
    try:
        return text if urlsplit(text).hostname else None
    except ValueError:
        return None


def links_in(text: str) -> tuple[str, ...]:
    """The addresses in a text, each once."""
    found = (web_address(_trimmed(link)) for link in _LINK.findall(clean(text)))
    return tuple(dict.fromkeys(link for link in found if link))


def _trimmed(link: str) -> str:
    """Without the signs of the sentence it stands in; a bracket that it opened is its own."""
    end, open_ones = len(link), link.count("(") - link.count(")")
    while end:
        if link[end - 1] == ")" and open_ones < 0:
            open_ones += 1
        elif link[end - 1] not in _TRAILING:
            break
        end -= 1
    return link[:end]


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
    """A moment in UTC from ISO text, seconds, milli- or microseconds since 1970; else None.

    Without a zone it is UTC. Before 1990, or further ahead than a clock may be wrong, it is
    None: a post of tomorrow would hide whatever comes before then.
    """
    found: datetime | None = None
    try:
        if isinstance(value, datetime):
            found = value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found = _from_number(value)
        elif isinstance(value, str):
            text = value.strip()
            found = (
                _from_number(int(text[:20]))
                if text.isascii() and text.isdigit()
                else datetime.fromisoformat(text)
            )
        if found is None:
            return None
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        found = found.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return found if _EARLIEST <= found <= datetime.now(UTC) + _AHEAD else None


def _from_number(value: float) -> datetime | None:
    if isinstance(value, int) and (form := _COMPACT.get(len(str(value)[:20]))):
        return datetime.strptime(str(value), form).replace(tzinfo=UTC)
    for size, unit in ((1e11, "seconds"), (1e14, "milliseconds"), (1e17, "microseconds")):
        if 0 < value < size:
            return _SINCE_1970 + timedelta(**{unit: value})
    return None


def language(value: Any) -> str | None:
    """A language code in lower case; one that says nothing is None."""
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    text = clean(value).replace("_", "-").lower()
    if len(text) > _LONGEST_LANGUAGE or not _LANGUAGE.fullmatch(text):
        return None
    first = text.partition("-")[0]
    return None if first in _UNKNOWN or _OWN_USE.fullmatch(first) else text


def words(values: Any) -> tuple[str, ...]:
    """Texts of a list, each once; hashtags lose their #."""
    if not isinstance(values, Iterable) or isinstance(values, str | bytes | dict):
        return ()
    found = (clean(value).lstrip("#＃").strip() for value in values)
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
