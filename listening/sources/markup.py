"""HTML as posts hold it, read in one pass: whatever is sent, time grows with its length only.

The parser of the standard library takes minutes for some texts of 200 kB, and posts are written
by anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

# What begins a paragraph, and what begins a line.
_PARAGRAPHS = frozenset("p blockquote pre h1 h2 h3 h4 h5 h6 table ul ol hr".split())
_LINES = frozenset(
    "div br li tr dt dd section article aside main nav header footer address details summary "
    "figure figcaption caption option".split()
)
_CELLS = frozenset(("td", "th"))
# Nothing within is for people; where the first two are not closed, all that follows is theirs.
_SILENT = {
    name: re.compile(rf"(?i)</{name}(?=[\s/>])")
    for name in ("script", "style", "title", "template", "noscript")
} | {"head": re.compile(r"(?i)</head(?=[\s/>])|<body(?=[\s/>])")}
_OPEN_ENDED = frozenset(("script", "style"))

_BEGIN = re.compile(r"<(?=/?[a-zA-Z]|[!?])")  # others are signs: 1 < 2, <3
_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s/>]*+)((?:=\s*+"[^"]*+"|=\s*+'[^']*+'|[^>])*+)>""")
_LOOSE_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)([^>]*+)>")
_ATTRIBUTE = re.compile(r"""([^\s"'>/=]++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]*+)))?""")
_LONG_NUMBER = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9a-fA-F]{7,}+);?")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")


class Reading:
    """What HTML says.

    Attributes:
        text: with line breaks where blocks begin and end, spaces as they stand.
        links: what its anchors lead to, as it is written there.
    """

    def __init__(self, markup: str) -> None:
        self._parts: list[str] = []
        self.links: list[str] = []
        for tag, closing, rest in self._tags(markup):
            if tag in _SILENT:
                continue
            if tag in _PARAGRAPHS:
                self._parts.append("\n\n")
            elif tag in _LINES and not (tag == "br" and closing):
                self._parts.append("\n")
            elif tag in _CELLS:
                self._parts.append(" ")
            if tag == "a" and not closing and (link := _href(rest)) is not None:
                self.links.append(link)
        self.text = "".join(self._parts)

    def _add(self, text: str, *, escaped: bool = True) -> None:
        if escaped and "&" in text:
            # A number of thousands of digits is refused by Python, and no character anyway.
            text = unescape(_LONG_NUMBER.sub("\ufffd", text))
        self._parts.append(text)

    def _tags(self, markup: str) -> Iterator[tuple[str, bool, str]]:
        """Each tag: its name, whether it closes, what else it says. Text is added on the way."""
        at, pattern, never_closed = 0, _TAG, set[str]()
        while (sign := _BEGIN.search(markup, at)) is not None:
            begin = sign.start()
            self._add(markup[at:begin])
            passed = self._no_tag(markup, begin)
            if passed is not None:
                at = passed
                continue
            found = pattern.match(markup, begin)
            if found is None and pattern is _TAG and markup.find(">", begin) >= 0:
                # A quote without an end; from here on quotes say nothing.
                pattern = _LOOSE_TAG
                found = pattern.match(markup, begin)
            if found is None:  # "a < b" that nobody escaped: no tag can begin here any more
                self._add(markup[begin:])
                return
            at, name, closing = found.end(), found[2].lower(), bool(found[1])
            yield name, closing, found[3]
            if name in _SILENT and not closing and not found[3].endswith("/"):
                end = None if name in never_closed else _SILENT[name].search(markup, at)
                if end is not None:
                    at = end.start()
                elif name in _OPEN_ENDED:
                    return
                else:
                    never_closed.add(name)
        self._add(markup[at:])

    def _no_tag(self, markup: str, begin: int) -> int | None:
        """Where it goes on, if what begins here is no tag: a comment, a text as it is."""
        if markup.startswith("<!--", begin):
            return _behind(markup, "-->", begin + 2)
        if markup.startswith("<![CDATA[", begin):
            end = _behind(markup, "]]>", begin)
            self._add(markup[begin + 9 : end].removesuffix("]]>"), escaped=False)
            return end
        if markup.startswith(("<!", "<?"), begin):
            return _behind(markup, ">", begin)
        return None


def _behind(markup: str, end: str, begin: int) -> int:
    """Behind the next `end`; without one the rest belongs to it, as in browsers."""
    found = markup.find(end, begin)
    return len(markup) if found < 0 else found + len(end)


def _href(rest: str) -> str | None:
    for found in _ATTRIBUTE.finditer(rest):
        if found[1].lower() == "href":
            value = next((one for one in found.groups()[1:] if one is not None), "")
            # Only what ends in ; is an entity: "?a=1&copy=2" is as it stands.
            return _ENTITY.sub(lambda entity: unescape(entity[0]), value)
    return None
