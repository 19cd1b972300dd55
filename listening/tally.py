"""Counting posts, author by author, without keeping them (pure)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from listening.sources.base import PostKind

_HASHTAG = re.compile(r"(?<![\w#&/])[#＃](\w{2,50})\b")
_ADDRESS = re.compile(r"https?://[^\s<>\"')\]]+", re.IGNORECASE)
_IMAGE = re.compile(r"\.(?:avif|gif|jpe?g|png|webp)$", re.IGNORECASE)
_VIDEO = re.compile(r"\.(?:m3u8|m4v|mov|mp4|webm)$", re.IGNORECASE)
_VIDEO_SITES = frozenset({"dailymotion.com", "tiktok.com", "vimeo.com", "youtu.be", "youtube.com"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFacts:
    """A post as far as personas are concerned.

    Attributes:
        scored: whether the models gave it a sentiment; the three and the emotion are then the
            likeliest.
        reactions: likes, reposts, replies and quotes, as far as known; None: none is known.
    """

    source: str
    kind: PostKind
    published_at: datetime  # aware
    text: str = ""
    media: Sequence[str] = ()
    links: Sequence[str] = ()
    tags: Sequence[str] = ()
    sentiment: str | None = None
    emotion: str | None = None
    reactions: int | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it links to, those in the text too."""
        return (*self.links, *_ADDRESS.findall(self.text))

    @property
    def hashtags(self) -> frozenset[str]:
        """Hashtags of the text and tags of the source, folded; numbers are none."""
        found = [*_HASHTAG.findall(self.text), *(tag.strip().lstrip("#") for tag in self.tags)]
        return frozenset(t.casefold() for t in found if t and not t.isdecimal())

    @property
    def sites(self) -> frozenset[str]:
        """Hosts it links to, without www."""
        return frozenset(host for host in map(_host, self.addresses) if host)

    @property
    def formats(self) -> frozenset[str]:
        """What it carries of link, image and video, as far as the source tells; else text."""
        found = {kind for kind in map(_format, self.media) if kind}
        found |= {_format(address) or "link" for address in self.addresses}
        return frozenset(found) or frozenset({"text"})


def _host(address: str) -> str | None:
    try:
        host = urlsplit(address.strip()).hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host and "." in host else None


def _format(value: str) -> str | None:
    """What a medium or an address is: a word of the source, an ending, a site of videos."""
    word = value.strip().casefold()
    for name in ("image", "video", "link"):
        if word == name or word.startswith(f"{name}/"):
            return name
    if word in {"photo", "picture", "gif", "animated_gif"}:
        return "video" if word == "animated_gif" else "image"
    path = word.partition("?")[0].partition("#")[0]
    if _IMAGE.search(path):
        return "image"
    if _VIDEO.search(path) or _host(word) in _VIDEO_SITES:
        return "video"
    return None


@dataclass(slots=True)
class Tally:
    """Posts counted, author by author; what was read is not kept.

    Attributes:
        authors: whose posts were counted.
        by_author: (kind of thing, thing) to the authors who have it in a post, where kind is
            "hashtag" or "site"; by_post: to the posts.
        hours: posts by weekday (Monday first) and hour, UTC: 7 rows of 24.
        reactions: per format, of the posts whose reactions are known.
    """

    authors: int = 0
    posts: int = 0
    sentiments: Counter[str] = field(default_factory=Counter)
    emotions: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    by_author: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_post: Counter[tuple[str, str]] = field(default_factory=Counter)
    hours: list[list[int]] = field(default_factory=lambda: [[0] * 24 for _ in range(7)])
    reactions: dict[str, list[int]] = field(default_factory=dict)

    def add(self, posts: Iterable[PostFacts]) -> None:
        """All posts of one author."""
        self.authors += 1
        mine: set[tuple[str, str]] = set()
        for post in posts:
            mine |= self._add(post)
        self.by_author.update(mine)

    def _add(self, post: PostFacts) -> set[tuple[str, str]]:
        self.posts += 1
        self.sources[post.source] += 1
        self.kinds[post.kind.value] += 1
        self.hours[post.published_at.weekday()][post.published_at.hour] += 1
        if post.sentiment is not None:
            self.sentiments[post.sentiment] += 1
        if post.emotion is not None:
            self.emotions[post.emotion] += 1
        for name in post.formats:
            self.formats[name] += 1
            if post.reactions is not None:
                self.reactions.setdefault(name, []).append(post.reactions)
        things = {("hashtag", tag) for tag in post.hashtags}
        things |= {("site", host) for host in post.sites}
        self.by_post.update(things)
        return things


def packed(tally: Tally, *, least: int = 0, reactions: bool = True) -> dict[str, Any]:
    """A tally as JSON.

    Args:
        tally: to be kept.
        least: hashtags and sites of fewer authors are left out.
        reactions: whether to keep them; everyone's are compared with by nobody.
    """
    things = {thing for thing, authors in tally.by_author.items() if authors >= least}
    return {
        "authors": tally.authors,
        "posts": tally.posts,
        **{name: dict(getattr(tally, name)) for name in _COUNTERS},
        "things": [
            [*thing, tally.by_author[thing], tally.by_post[thing]] for thing in sorted(things)
        ],
        "hours": tally.hours,
        "reactions": tally.reactions if reactions else {},
    }


def unpacked(kept: dict[str, Any]) -> Tally:
    """The tally again."""
    things = [((kind, name), authors, posts) for kind, name, authors, posts in kept["things"]]
    return Tally(
        authors=kept["authors"],
        posts=kept["posts"],
        **{name: Counter(kept[name]) for name in _COUNTERS},
        by_author=Counter({thing: authors for thing, authors, _ in things}),
        by_post=Counter({thing: posts for thing, _, posts in things}),
        hours=kept["hours"],
        reactions=kept["reactions"],
    )


_COUNTERS = ("sentiments", "emotions", "sources", "kinds", "formats")
