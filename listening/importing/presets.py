"""Exports that are recognised by their header: one table each.

To add one: name columns that only this export has in `headers` (all of one tuple must be
there), and say for each field which columns serve, best first; a row whose first column is
blank is read from the next. Names are compared without case, spaces and underscores.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from listening.importing.fields import squeeze


@dataclass(frozen=True, slots=True)
class Preset:
    """A known export: how it is recognised, and the columns of each field, best first."""

    name: str
    headers: tuple[tuple[str, ...], ...]  # any of these; each whole
    columns: Mapping[str, tuple[str, ...]]
    source: str  # where no column says
    guess_rest: bool = False  # guess the fields not named here, as for any other file

    def missing(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Name the columns that a header lacks to be this export; the nearest variant counts."""
        have = set(map(squeeze, columns))
        lacks = (
            tuple(name for name in header if squeeze(name) not in have) for header in self.headers
        )
        return min(lacks, key=len)


BRANDWATCH = Preset(
    name="brandwatch",
    headers=(("Query Id", "Query Name", "Date", "Snippet", "Url"),),
    source="brandwatch",
    columns={
        "text": ("Full Text", "Snippet", "Title"),
        "title": ("Title",),
        "author": ("X Author ID", "Twitter Author ID", "Facebook Author ID", "Author", "Domain"),
        "author_handle": ("Author",),
        "author_name": ("Full Name",),
        "date": ("Date",),
        # The address of a tweet holds its own number; the resource id is Brandwatch's.
        "id": ("Url", "Original Url", "Guid", "Resource Id"),
        "url": ("Url", "Original Url"),
        "language": ("Language",),
        "source": ("Content Source", "Content Source Name", "Page Type", "Page Type Name"),
        "kind": ("Engagement Type", "Thread Entry Type"),
        "country": ("Country", "Country Code"),
        "region": ("Region", "State"),
        "city": ("City",),
        "location": ("Location Name",),
        "followers": (
            "X Followers", "Twitter Followers", "Instagram Followers", "Followers",
        ),
        "verified": ("X Verified", "Twitter Verified"),
        "likes": (
            "X Likes", "Twitter Likes", "Likes", "Facebook Likes", "Instagram Likes",
            "Bluesky Likes", "Threads Likes", "Reddit Score",
        ),
        "reposts": (
            "X Reposts", "Twitter Retweets", "Reposts", "Facebook Shares", "Bluesky Reposts",
            "Threads Reposts",
        ),
        "replies": (
            "X Replies", "X Reply Count", "Twitter Reply Count", "Comments", "Facebook Comments",
            "Instagram Comments", "Reddit Comments", "Bluesky Replies", "Threads Replies",
        ),
        "quotes": ("Bluesky Quotes", "Threads Quotes"),
        "views": ("X Views", "Video Views"),
        "rating": ("Rating",),
        "reply_to": ("X Reply to", "Twitter Reply to", "Parent Post Id"),
        "repost_of": ("X Repost of", "X Retweet of", "Twitter Retweet of"),
        "thread": ("Thread Id", "Root Post Id"),
        "links": ("Expanded URLs",),
        "tags": ("Tags",),
    },
)  # fmt: skip

MELTWATER = Preset(
    name="meltwater",
    headers=(
        ("Date", "Headline", "Opening Text", "Hit Sentence", "Influencer"),
        ("Date", "Document ID", "Opening Text", "Hit Sentence", "Author Name"),
    ),
    source="meltwater",
    columns={
        "text": ("Full Text", "Content", "Opening Text", "Hit Sentence", "Headline", "Title"),
        "title": ("Headline", "Title"),
        # A news article without a writer is by its publisher.
        "author": (
            "Author Handle", "Influencer", "Twitter Screen Name", "Author Name", "Source Name",
            "Source",
        ),
        "author_handle": ("Author Handle", "Twitter Screen Name", "Influencer"),
        "author_name": ("Author Name",),
        "date": ("Date",),
        "time": ("Time",),
        "id": ("Tweet Id", "Document ID", "URL"),
        "url": ("URL",),
        "language": ("Language",),
        "source": ("Source Type", "Information Type"),
        "kind": ("Content Type",),
        "country": ("Country",),
        "region": ("State", "Region", "Subregion"),
        "city": ("City",),
        "followers": ("Twitter Followers", "Followers"),
        "likes": ("Likes",),
        "reposts": ("Reposts", "Shares"),
        "replies": ("Replies", "Comments"),
        "quotes": ("Quotes",),
        "views": ("Views",),
        "tags": ("Document Tags",),
        "links": ("Links",),
    },
)  # fmt: skip

_TALKWALKER_ARTICLE = "article_extended_attributes"
TALKWALKER = Preset(
    name="talkwalker",
    headers=(
        ("url", "published", "content", "extra_author_attributes.name"),
        ("url", "published", "indexed", "title_snippet", "content"),
        ("url", "published", "content", "extra_source_attributes.name"),
    ),
    source="talkwalker",
    columns={
        "text": ("content", "content_snippet", "title", "title_snippet"),
        "title": ("title", "title_snippet"),
        "author": (
            "extra_author_attributes.id",
            "extra_author_attributes.short_name",
            "extra_author_attributes.url",
            "extra_author_attributes.name",
            "extra_source_attributes.name",
            "domain_url",
        ),
        "author_handle": ("extra_author_attributes.short_name",),
        "author_name": ("extra_author_attributes.name",),
        "date": ("published",),
        "id": ("url", "external_id"),
        "url": ("url",),
        "language": ("lang",),
        "source": ("source_type",),
        "country": (
            "extra_author_attributes.world_data.country_code",
            "extra_article_attributes.world_data.country_code",
            "extra_author_attributes.world_data.country",
            "extra_article_attributes.world_data.country",
        ),
        "region": (
            "extra_author_attributes.world_data.region",
            "extra_article_attributes.world_data.region",
        ),
        "city": (
            "extra_author_attributes.world_data.city",
            "extra_article_attributes.world_data.city",
        ),
        "followers": (
            "source_extended_attributes.twitter_followers",
            "source_extended_attributes.instagram_followers",
            "source_extended_attributes.facebook_followers",
        ),
        "likes": tuple(
            f"{_TALKWALKER_ARTICLE}.{site}_likes"
            for site in ("twitter", "instagram", "facebook", "youtube")
        ),
        "reposts": tuple(
            f"{_TALKWALKER_ARTICLE}.{site}"
            for site in ("twitter_retweets", "twitter_shares", "facebook_shares")
        ),
        "replies": (f"{_TALKWALKER_ARTICLE}.num_comments",),
        "views": (f"{_TALKWALKER_ARTICLE}.youtube_views",),
        "reply_to": ("parent_url",),
        "thread": ("root_url",),
        "tags": ("tags_customer",),
    },
)

FOURCAT = Preset(
    name="4cat",
    headers=(("id", "thread_id", "author", "body", "timestamp"),),
    source="4cat",
    guess_rest=True,
    columns={
        "text": ("body", "subject"),
        "title": ("subject",),
        "author": ("author_id", "author"),
        "author_handle": ("author",),
        "author_name": ("author_fullname", "author_name"),
        "date": ("timestamp", "unix_timestamp"),
        "id": ("id",),
        "url": ("url", "post_url", "link"),
        "language": ("language_guess", "language", "lang"),
        "thread": ("thread_id",),
        "reply_to": ("reply_to", "replied_to_id", "reply_to_id"),
        "likes": ("like_count", "likes", "num_likes", "score"),
        "reposts": ("retweet_count", "repost_count", "shares", "num_shares"),
        "replies": ("reply_count", "replies", "num_comments", "comments"),
        "tags": ("hashtags",),
        "links": ("urls",),
    },
)

PRESETS: dict[str, Preset] = {
    preset.name: preset for preset in (BRANDWATCH, MELTWATER, TALKWALKER, FOURCAT)
}


def recognise(columns: Iterable[str]) -> Preset | None:
    """Find the preset whose header this is."""
    columns = list(columns)
    return next((preset for preset in PRESETS.values() if not preset.missing(columns)), None)
