"""What a source delivers, before it is stored, and what a source is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from listening.importing.rows import BadRow


class PostKind(StrEnum):
    """How a post came about."""

    POST = "post"
    COMMENT = "comment"
    REPLY = "reply"
    REPOST = "repost"
    QUOTE = "quote"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPost:
    """One post as a source gave it, normalised. Unknown is None, never zero.

    A post is unique by (source, native_id), its author by (source, author_native_id).
    """

    source: str
    native_id: str
    author_native_id: str
    text: str
    published_at: datetime  # aware; stored as UTC
    title: str | None = None
    url: str | None = None
    language: str | None = None  # as the source declares it, BCP-47, lower case
    kind: PostKind = PostKind.POST
    reply_to: str | None = None  # native ids, at the same source
    thread: str | None = None
    repost_of: str | None = None  # the post that this one reposts or quotes
    country: str | None = None
    region: str | None = None
    city: str | None = None
    likes: int | None = None
    reposts: int | None = None
    replies: int | None = None
    quotes: int | None = None
    views: int | None = None
    rating: float | None = None  # stars, as the source counts them
    media: tuple[str, ...] = ()  # "image", "video", "link"
    links: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()  # given by the source or the export
    author_handle: str | None = None
    author_name: str | None = None
    author_followers: int | None = None
    author_location: str | None = None
    author_verified: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One step of a pull, with the cursor to go on from once it is stored.

    Posts and cursor are stored in one unit of work: a pull that dies anywhere goes on after
    the last batch that was stored.

    Attributes:
        cursor: JSON; replaces the one before, never changed by the source afterwards.
        posts: in the order delivered.
        bad_rows: what could not be read, each with its origin: a file, an address.
        places: origin and line of each post, parallel to `posts`; empty where there are none.
        again: origin -> line from which on it is read anew; what waits in quarantine from
            there on is settled.
        deleted: (source, native id) of posts that the platform says are gone.
        deleted_authors: (source, native id) of accounts that it says are gone.
        read_until: everything that the platform had up to this moment has been read; None: it
            cannot be told. How long ago that is, is the watch's lag.
    """

    cursor: Mapping[str, Any]
    posts: Sequence[RawPost] = ()
    bad_rows: Sequence[tuple[str, BadRow]] = ()
    places: Sequence[tuple[str, int]] = ()
    again: Mapping[str, int] = field(default_factory=dict)
    deleted: Sequence[tuple[str, str]] = ()
    deleted_authors: Sequence[tuple[str, str]] = ()
    read_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time to fetch: from `since` up to, not including, `until`; aware."""

    since: datetime
    until: datetime


def _all(_: RawPost) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a watch listens for.

    Attributes:
        brand: its name.
        terms: words and phrases to search a platform for: whatever mentions the brand has one
            of them. Empty: its query names none that a post must have.
        mentions: whether a post mentions any brand that is tracked; for a source that has to
            look through everything. Only these are kept, so a source need not ask.
    """

    brand: str = ""
    terms: tuple[str, ...] = ()
    mentions: Callable[[RawPost], bool] = _all


ANYTHING = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSetting:
    """One thing that a watch of a source may be told.

    `kind` "table" is several values under one name: `map.text=body`. The default is what
    holds where it is not told; None: the source finds out itself.
    """

    name: str
    help: str
    kind: Literal["text", "flag", "table"] = "text"
    default: str | bool | None = None
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """Something that a platform wants to know before it lets us in.

    Attributes:
        name: of the environment variable, LISTENING_PLATFORM_WHAT.
        help: what it is, in words.
        where: address at which it is to be had.
        optional: whether it works without, if slower.
    """

    name: str
    help: str
    where: str | None = None
    optional: bool = False


# What a watch of any platform may be told; sources that deliver files keep everything anyway.
KEEP_ALL = SourceSetting(
    name="keep_all",
    help="keep posts that mention no brand too: they say what their authors care about",
    kind="flag",
    default=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """What a source is, for whoever sets up a watch.

    Attributes:
        name: as in `listening watch add BRAND NAME`; the posts' source unless it says otherwise.
        help: one sentence.
        settings: what a watch may be told.
        credentials: what the platform asks for.
        rate_limit: what the platform allows, in words.
        terms: address of its terms; None: there is no platform.
        gives, lacks: what posts carry and what cannot be had, in words.
        backfill: whether a window of the past can be fetched.
        only_mentions: posts that mention no tracked brand are passed over, unless the watch
            has `keep_all` or the post stands already.
        pushed: posts come by themselves: a watch of it is never due.
        recent: it is a `SpeaksOfAuthors`, and its terms allow that.
        posts_as: the posts' source where that is another name: two ways to one platform.
        try_with: settings with which the name of a brand is enough to listen; None: it has to
            be told more.
        goes_on_with: settings that may be changed while a pull goes on from its cursor; after
            a change of any other it begins anew.
    """

    name: str
    help: str
    settings: Sequence[SourceSetting] = ()
    credentials: Sequence[Credential] = ()
    rate_limit: str = "none"
    terms: str | None = None
    gives: str = ""
    lacks: str = ""
    backfill: bool = False
    only_mentions: bool = True
    pushed: bool = False
    recent: bool = False
    posts_as: str | None = None
    try_with: Mapping[str, str] | None = None
    goes_on_with: Sequence[str] = ()


class Source(Protocol):
    """A connector to a platform; holds no state between pulls."""

    @property
    def spec(self) -> SourceSpec:
        """What it is."""

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters as they are to be kept, when a watch is made.

        Raises:
            SettingsError: one makes no sense; names it and the fix.
        """

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        """Yield what is new since the cursor, oldest first where the platform lets it.

        The caller stores each batch before it asks for the next, stops asking once the sweep
        has had its share of posts and time, and closes the generator. Every wait on a network
        has a time limit of its own.

        Args:
            params: as `check` gave them back.
            cursor: of the last batch stored; None: the first pull.
            window: a back-fill of this span, with a cursor of its own.
            wanted: what the watch listens for.

        Raises:
            SourceError: one of `listening.sources.errors`; it says what happens next.
        """


class SpeaksOfAuthors(Protocol):
    """A source that can be asked for what somebody has said of late."""

    def recent(self, author_native_id: str, params: Mapping[str, Any], most: int) -> list[RawPost]:
        """The last public posts of an account, the latest first; at most `most`.

        Args:
            author_native_id: as its posts have it.
            params: of the watch that found them.
            most: posts wanted.

        Raises:
            SourceError: as `Source.pull`; UnavailableError where the account is gone.
        """
