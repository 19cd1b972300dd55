"""RSS and Atom as posts: bytes in, whatever they are; nothing is fetched, nothing expanded."""

from __future__ import annotations

import codecs
import hashlib
import re
from calendar import timegm
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html.entities import name2codepoint
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from listening.fetching.http import Answer
from listening.importing.rows import BadRow
from listening.sources.base import PostKind, RawPost
from listening.sources.normalise import (
    clean,
    count,
    html_text,
    language,
    moment,
    optional,
    web_address,
    words,
)
from listening.sources.searching import bad_row

# More of these than any feed has cost feedparser time by their square.
_PREFIXES, _TAGS = 200, 1000
_SEEN = 10_000  # entries without a time of which the first is kept
_ID = 500  # characters; a longer one is its hash
_PAGE = 200_000  # characters of a page that are looked through for a feed

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BARE = ((b"<\x00?\x00", "utf-16-le"), (b"\x00<\x00?", "utf-16-be"))
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]+)["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
_LATIN = frozenset(("ascii", "iso8859-1", "cp1252"))  # all mean what Windows means by it
_SEVEN_BITS = ("iso2022", "hz", "utf-7")  # look like ASCII and are not

_BEFORE = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_DOCTYPE = re.compile(r"<!doctype", re.IGNORECASE)
_WITHIN = re.compile(r"""[^"'\[\]<>]+|"[^"]*"|'[^']*'|<!--.*?(?:-->|\Z)|.""", re.DOTALL)
_ROOT = re.compile(r"<(?:[\w.-]+:)?(\w+)")
_FEED = re.compile(r"<(?:[\w.-]+:)?(?:rss|feed|rdf)\b", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?:#([xX]?)([0-9a-fA-F]+)|(\w+));")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PREFIX = re.compile(r"xmlns:([\w.-]+)")
_TAG = re.compile(r"<(?:[\w.-]+:)?(?:category|subject|keywords|tags)\b", re.IGNORECASE)
_ENTRY = re.compile(r"<(?:[\w.-]+:)?(?:item|entry)\b", re.IGNORECASE)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:.+")
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/rdf+xml")


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed says.

    Attributes:
        posts: oldest first.
        bad_rows: entries that say nothing.
        seen: of entries that do not tell when they were published: when that is taken to be,
            in seconds, by a short form of their id.
    """

    posts: list[RawPost]
    bad_rows: list[tuple[str, BadRow]]
    seen: dict[str, int]


def read(answer: Answer, address: str, seen: Mapping[str, Any], now: datetime) -> Feed:
    """The entries of a feed.

    Args:
        answer: the feed.
        address: as the watch names it; ids that are no addresses are its own.
        seen: of the last time.
        now: when it was asked.

    Raises:
        FormatChangedError: it is none; names the feed of a page, where there is one.
    """
    parsed = _parsed(answer, address)
    about = parsed["feed"]
    told = _time(about, "updated_parsed") or _time(about, "published_parsed")
    posts: list[RawPost] = []
    bad: list[tuple[str, BadRow]] = []
    dates: dict[str, int] = {}
    for entry in parsed["entries"]:
        native = _id(entry, address)
        published = _time(entry, "published_parsed") or _time(entry, "created_parsed")
        if published is None:
            # What it says first stands: an edit moves `updated`, and a feed may tell no time.
            short = hashlib.sha256(native.encode("utf-8", "replace")).hexdigest()[:16]
            first = _time(entry, "updated_parsed") or min(told or now, now)
            published = moment(seen.get(short)) or first.replace(microsecond=0)
            if len(dates) < _SEEN:
                dates[short] = int(published.timestamp())
        post = _post(entry, about, native, published, address)
        if post.text:
            posts.append(post)
        else:
            bad.append(bad_row(answer.url, entry, "text", "neither a text nor a title"))
    posts.sort(key=lambda post: post.published_at)
    return Feed(posts, bad, dates)


def _parsed(answer: Answer, address: str) -> Any:
    import feedparser

    text = _document(answer)
    prefixes = set(_PREFIX.findall(text))
    tags = max(len(_TAG.findall(part)) for part in _ENTRY.split(text))
    if len(prefixes) > _PREFIXES or tags > _TAGS:
        raise answer.changed(f"{len(prefixes)} namespaces, {tags} categories of an entry")
    try:
        found = feedparser.parse(
            text.encode("utf-8", "replace"),
            response_headers={
                "content-type": "application/xml; charset=utf-8",
                "content-location": address,
            },
            # Only text is taken from markup, so none has to be made safe.
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # it fails in many ways on what is no feed
        raise answer.changed(f"no feed that can be read ({type(error).__name__})") from error
    if not found.get("version") and not found["entries"]:
        raise answer.changed("no feed, neither RSS nor Atom")
    return found


def _document(answer: Answer) -> str:
    """The root element alone: without a document type there is nothing to expand or to fetch."""
    text = _FORBIDDEN.sub("", decoded(answer))
    begin = _skipped(text)
    root = _ROOT.match(text, begin)
    if root and root[1].lower() == "html":
        raise answer.changed(_of_page(text, answer.url))
    if not root or root[1].lower() not in ("rss", "feed", "rdf", "channel"):
        root = _FEED.search(text, begin)  # some have a warning of their server before it
    if not root:
        raise answer.changed("no feed, neither RSS nor Atom" if text.strip() else "nothing")
    return _REFERENCE.sub(_known, text[root.start() :])


def _skipped(text: str) -> int:
    """Where the root element begins: after declarations, comments and a document type."""
    at = 0
    while at < len(text):
        if found := _BEFORE.match(text, at):
            at = found.end()
        elif found := _DOCTYPE.match(text, at):
            at = _after_doctype(text, found.end())
        else:
            break
    return at


def _after_doctype(text: str, at: int) -> int:
    depth = 0
    for token in _WITHIN.finditer(text, at):
        sign = token[0]
        if sign == ">" and depth == 0:
            return token.end()
        depth += (sign in "[<") - (sign in "]>") if len(sign) == 1 else 0
    return len(text)


def _known(found: re.Match[str]) -> str:
    """A reference that XML knows; a name of HTML's as its sign; what is no character is gone."""
    hexadecimal, digits, name = found.groups()
    if name:
        if name in ("amp", "lt", "gt", "quot", "apos") or name not in name2codepoint:
            return found[0]
        return chr(name2codepoint[name])
    try:
        number = int(digits[:12], 16 if hexadecimal else 10)
    except ValueError:
        return ""
    sign = chr(number) if number < 0x110000 else "\x00"
    return "" if _FORBIDDEN.match(sign) else found[0]


def decoded(answer: Answer) -> str:
    """The text of an answer, by what it is rather than by what it says it is."""
    body = answer.body
    for mark, wide in (*_BOMS, *_BARE):
        if body.startswith(mark):
            return body.decode(wide, "replace").removeprefix("\ufeff")
    header = _CHARSET.search(answer.headers.get("content-type", ""))
    inside = _DECLARED.match(body[:400])
    told = [header[1] if header else "", inside[1].decode("ascii") if inside else ""]
    names = [name for one in told if (name := _codec(one))]
    if not any(name.startswith(_SEVEN_BITS) for name in names):
        text = body.decode("utf-8", "replace")
        broken = text.count("\ufffd")
        # Bytes that make UTF-8 by chance are rare; some broken ones among many good ones are not.
        if 2 * broken <= len(body) - len(text):
            return text
    for name in names:
        if name != "utf-8":
            return body.decode("cp1252" if name in _LATIN else name, "replace")
    return body.decode("cp1252", "replace")


def _codec(name: str) -> str | None:
    try:
        found = codecs.lookup(name)
    except LookupError:
        return None
    # Not all that Python calls a codec is an encoding of text.
    return found.name if getattr(found, "_is_text_encoding", True) else None


def _of_page(text: str, url: str) -> str:
    reader = _Links()
    reader.feed(text[:_PAGE])
    feeds = [found for link in reader.feeds if (found := web_address(urljoin(url, link)))]
    if not feeds:
        return "a web page and no feed"
    return f"a web page and no feed (the page names one: write --set address={feeds[0]} )"


class _Links(HTMLParser):
    """The feeds that a page names."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feeds: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        other = tag == "link" and "alternate" in told.get("rel", "").lower().split()
        if other and told.get("type", "").strip().lower() in _FEED_TYPES:
            self.feeds.append(told.get("href", ""))


def _time(facts: Any, name: str) -> datetime | None:
    told = dict.get(facts, name)
    try:
        return moment(datetime.fromtimestamp(timegm(told), UTC)) if told else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _id(entry: Any, address: str) -> str:
    """What stays the same when an entry is edited: its id, else its address, else its words."""
    told = clean(entry.get("id")) or clean(entry.get("link"))
    if not told:
        said = "\n".join([clean(entry.get("title")), clean(entry.get("summary"))])
        told = hashlib.sha256(said.encode()).hexdigest()[:32]
    native = told if _SCHEME.fullmatch(told) else f"{address}#{told}"
    return native if len(native) <= _ID else hashlib.sha256(native.encode()).hexdigest()


def _post(entry: Any, about: Any, native: str, published: datetime, address: str) -> RawPost:
    text, links, tongue = _text(entry)
    title = _title(entry)
    author, name = _author(entry, about, address)
    kinds = [*_media(entry), *(["link"] if links else [])]
    answered = entry.get("thr_in-reply-to")
    parent = clean(answered.get("ref")) if isinstance(answered, dict) else ""
    return RawPost(
        source="feed",
        native_id=native,
        author_native_id=author,
        author_name=name,
        text=text or title or "",
        title=title,
        url=web_address(entry.get("link")),
        published_at=published,
        language=language(tongue) or language(about.get("language")),
        kind=PostKind.COMMENT if parent else PostKind.POST,
        reply_to=parent or None,
        replies=count(entry.get("slash_comments") or entry.get("thr_total")),
        links=links,
        media=tuple(dict.fromkeys(kinds)),
        tags=words([tag.get("label") or tag.get("term") for tag in entry.get("tags") or ()]),
    )


def _text(entry: Any) -> tuple[str, tuple[str, ...], Any]:
    """Text, links and language: of the whole content, else of the summary."""
    for detail in (*(entry.get("content") or ()), entry.get("summary_detail")):
        if isinstance(detail, dict):
            text, links = _plain(detail.get("value"), detail)
            if text:
                return text, links, detail.get("language")
    text, links = _plain(entry.get("summary"), None)
    return text, links, None


def _title(facts: Any) -> str | None:
    text, _ = _plain(facts.get("title"), facts.get("title_detail"))
    return " ".join(text.split()) or None


def _plain(value: Any, detail: Any) -> tuple[str, tuple[str, ...]]:
    kind = clean(detail.get("type")) if isinstance(detail, dict) else "text/html"
    if kind == "text/plain":
        return clean(value), ()
    return html_text(value) if "html" in kind or "xml" in kind else ("", ())


def _author(entry: Any, about: Any, address: str) -> tuple[str, str | None]:
    """Id and name: of whoever wrote it, at the site; else of the site."""
    origin = entry.get("source") if isinstance(entry.get("source"), dict) else about
    site = _host(origin.get("link")) or _host(about.get("link")) or _host(address) or address
    for detail in (*(entry.get("authors") or ()), entry.get("author_detail") or {}):
        name, mail = optional(detail.get("name")), optional(detail.get("email"))
        if known := name or mail or optional(detail.get("href")):
            return f"{site}/{known.casefold()}"[:_ID], name
    return site, _title(origin)


def _host(link: Any) -> str:
    try:
        return (urlsplit(clean(link)).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _media(entry: Any) -> Iterator[str]:
    for one in (*_links(entry), *(entry.get("media_content") or ())):
        kind = clean(one.get("medium")) or clean(one.get("type")).partition("/")[0]
        if kind in ("image", "video"):
            yield kind
    if entry.get("media_thumbnail"):
        yield "image"


def _links(entry: Any) -> Iterator[Any]:
    return (link for link in entry.get("links") or () if link.get("rel") == "enclosure")
