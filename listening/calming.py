"""Texts of strangers without what moves them beyond their own place (pure)."""

from __future__ import annotations

import re

# Directions that are forced, and characters that steer a terminal or a parser.
_FORCED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
_MARKS = re.compile(f"({_MARK}{{2}}){_MARK}+")


def calm(text: str) -> str:
    """A text as a line can bear it: no forced direction, two marks upon a letter at most."""
    return _MARKS.sub(r"\1", _FORCED.sub("", text)).strip()
