"""One cell of a file -> one value of a post. Blank and unknown are None, never zero."""

from __future__ import annotations

import html
import re
import unicodedata
from math import isfinite

from listening.sources.base import PostKind

_LARGEST_COUNT = 2**63 - 1  # what the store's integers hold

_UNKNOWN = frozenset(
    ("", "-", "–", "—", "n/a", "na", "nan", "nil", "none", "null", "unknown", "und", "\\n", "?")
)
_NO_ID = frozenset(("", "null", "none", "nan", "n/a"))  # somebody may be called Unknown
# With its semicolon only: "&copy=2" in an address is no entity.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# Everything of Unicode's Cc except tab and newline. Joiners and variation selectors are Cf
# and stay: emoji are made of them.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Half a surrogate pair (an emoji cut in two by an exporter) cannot be stored as UTF-8.
_SURROGATE = re.compile(r"[\ud800-\udfff]")

_COUNT = re.compile(r"(\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?) ?([kKmMbB])?$", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:([,.' \u00a0\u202f])\d{3})(?:\1\d{3})*$", re.ASCII)
_RATING = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:/\s*\d+|out of \d+|stars?|★)?$", re.ASCII | re.I)
_STATUS = re.compile(r"https?://[^\s]+/status(?:es)?/(\d+)", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*$", re.ASCII)

_LANGUAGES = {
    "arabic": "ar", "bengali": "bn", "bulgarian": "bg", "catalan": "ca", "chinese": "zh",
    "croatian": "hr", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en",
    "estonian": "et", "finnish": "fi", "french": "fr", "german": "de", "greek": "el",
    "hebrew": "he", "hindi": "hi", "hungarian": "hu", "indonesian": "id", "italian": "it",
    "japanese": "ja", "korean": "ko", "latvian": "lv", "lithuanian": "lt", "malay": "ms",
    "norwegian": "no", "persian": "fa", "polish": "pl", "portuguese": "pt", "romanian": "ro",
    "russian": "ru", "serbian": "sr", "slovak": "sk", "slovenian": "sl", "spanish": "es",
    "swedish": "sv", "tagalog": "tl", "tamil": "ta", "thai": "th", "turkish": "tr",
    "ukrainian": "uk", "urdu": "ur", "vietnamese": "vi",
}  # fmt: skip

_KINDS = {
    "comment": PostKind.COMMENT,
    "quote": PostKind.QUOTE,
    "quoted": PostKind.QUOTE,
    "quotedtweet": PostKind.QUOTE,
    "reply": PostKind.REPLY,
    "repliedto": PostKind.REPLY,
    "repost": PostKind.REPOST,
    "reshare": PostKind.REPOST,
    "retweet": PostKind.REPOST,
    "retweeted": PostKind.REPOST,
    "review": PostKind.REVIEW,
    "share": PostKind.REPOST,
}


def read_text(value: str) -> str:
    """Clean a text: entities unescaped once, NFC, line ends as newlines, no control characters.

    Emoji, joiners and directional marks stay as they are.
    """
    if "&" in value and ";" in value:
        value = _ENTITY.sub(lambda found: html.unescape(found[0]), value)
    if not value.isprintable():
        if "\r" in value or "\x85" in value:
            value = value.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n")
        value = _CONTROL.sub("", value)
        value = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
    return value.strip()


def read_id(value: str) -> str | None:
    """Read a native id; the address of a tweet is its number, and 12.0 is 12."""
    value = read_text(value)
    if value.startswith("http") and (found := _STATUS.match(value)):
        return found[1]
    if value.endswith(".0") and value[:-2].isdecimal():
        return value[:-2]
    return None if value.lower() in _NO_ID else value


def read_author(value: str) -> str | None:
    """Read an author's native id, without the @ where it is a handle."""
    return (read_id(value) or "").removeprefix("@") or None


def read_handle(value: str) -> str | None:
    """Read a handle, without its @."""
    return read_text(value).removeprefix("@") or None


def read_word(value: str) -> str | None:
    """Read a short text that may be missing: a country, a title, a name."""
    value = read_text(value)
    return None if value.lower() in _UNKNOWN else value


def read_count(value: str) -> int | None:
    """Read a count: 1234, "1,234", "1.2K", "3M". Raises ValueError where it is none of these."""
    if value.isdecimal() and len(value) < 19:
        return int(value)
    value = value.strip()
    if value.lower() in _UNKNOWN:
        return None
    if _GROUPED.match(value) and value[0] != "0":
        return int("".join(letter for letter in value if letter.isdecimal()))
    if re.match(r"\d{1,3}(,\d{3})+(\.|$| ?[kKmMbB]$)", value, re.ASCII):
        value = value.replace(",", "")
    found = _COUNT.match(value)
    if not found:
        raise ValueError(f"{value[:40]!r} is not a count")
    scale = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}.get((found[2] or "").lower(), 1)
    number = float(found[1]) * scale
    count = round(number)
    if count > _LARGEST_COUNT or (scale == 1 and count != number):
        raise ValueError(f"{value[:40]!r} is not a count")
    return count


def read_rating(value: str) -> float | None:
    """Read stars as the source counts them: "4", "4.5", "4,5", "4/5", "★★★★☆".

    Raises ValueError where it is none of these.
    """
    value = value.strip()
    if value.lower() in _UNKNOWN:
        return None
    if value[0] == "★" and not value.strip("★☆"):
        return float(value.count("★"))
    found = _RATING.match(value[:64])
    rating = float(found[1].replace(",", ".")) if found else float("nan")
    if not isfinite(rating):
        raise ValueError(f"{value[:40]!r} is not a rating")
    return rating


def read_flag(value: str) -> bool | None:
    """Read a yes or no. Raises ValueError where it is neither."""
    word = value.strip().lower()
    if word in ("true", "1", "yes", "y", "t", "verified", "1.0"):
        return True
    if word in ("false", "0", "no", "n", "f", "unverified", "0.0"):
        return False
    if word in _UNKNOWN:
        return None
    raise ValueError(f"{value[:40]!r} is neither yes nor no")


def read_language(value: str) -> str | None:
    """Read a language as a lower-case BCP-47 tag: "en", "en_GB", "English".

    Raises ValueError for anything else.
    """
    word = value.strip().lower().replace("_", "-")
    if word in _UNKNOWN:
        return None
    word = _LANGUAGES.get(word, word)
    if not _LANGUAGE.match(word):
        raise ValueError(f"{value[:40]!r} is not a language")
    return word


def read_kind(value: str) -> PostKind | None:
    """Read how a post came about; any other word is an ordinary post."""
    word = "".join(letter for letter in value.lower() if letter.isalpha())
    return _KINDS.get(word, PostKind.POST) if word else None


def read_source(value: str) -> str | None:
    """Read a platform's name in lower case; of a list ("SOCIALMEDIA, SOCIALMEDIA_X") the last."""
    word = re.split(r"[,;|\n]", value)[-1].strip(" []\"'").lower()
    return word.removeprefix("socialmedia_") or None


def read_list(value: str) -> tuple[str, ...]:
    """Read a list written in one cell: JSON-like or separated by newline, ";", "|" or ","."""
    value = value.strip()
    if value[:1] == "[" and value[-1:] == "]":
        value = value[1:-1]
    for separator in ("\n", ";", "|", ","):
        if separator in value:
            break
    parts = (read_text(part.strip(" \t'\"")) for part in value.split(separator))
    return tuple(part for part in parts if part and part.lower() not in _UNKNOWN)
