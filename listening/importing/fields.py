"""The fields a file can give, what each becomes in a post, and the columns it is known by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from listening.importing import values


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its attribute in `RawPost`, how a cell is read, and column names, best first.

    `attribute` is None for fields that a post is derived from rather than copied into.
    """

    attribute: str | None
    read: Callable[[str], Any]
    names: str


# Names are compared without case, spaces, underscores and hyphens (`squeeze`). Where two
# columns of a file serve, the one named earlier here is taken.
FIELDS: dict[str, Field] = {
    "text": Field(
        "text",
        values.read_text,
        "text full_text fulltext body content contents message tweet tweet_text post_text "
        "comment_text review_text post review comment selftext caption opening_text hit_sentence "
        "extended_tweet.full_text status description snippet",
    ),
    "author": Field(
        "author_native_id",
        values.read_author,
        "author_id author_native_id user_id user_id_str user.id_str user.id author.id author.did "
        "from_user_id from_id owner_id author_channel_id",
    ),
    "author_handle": Field(
        "author_handle",
        values.read_handle,
        "author_handle handle username user_name screen_name user_screen_name author_username "
        "user.screen_name author.username author.handle account user_handle from_user author user "
        "reviewer by",
    ),
    "author_name": Field(
        "author_name",
        values.read_word,
        "author_name full_name author_fullname display_name author.name user.name "
        "author_display_name author.display_name reviewer_name name",
    ),
    "date": Field(
        "published_at",
        values.read_text,
        "published_at created_at created_at_iso published publish_date published_date "
        "tweet_created created creation_date date_published date_created created_time posted_at "
        "post_date review_date date_utc date_utc_or_offset datetime date timestamp created_utc "
        "indexed_at at time",
    ),
    "time": Field(None, values.read_text, "time"),
    "id": Field(
        "native_id",
        values.read_id,
        "native_id id_str id tweet_id post_id comment_id review_id doc_id mention_id message_id "
        "status_id guid uuid resource_id uri",
    ),
    "title": Field("title", values.read_word, "title subject headline thread_title"),
    "url": Field("url", values.read_word, "url permalink link tweet_url post_url address"),
    "language": Field(
        "language", values.read_language, "language lang language_code detected_language"
    ),
    "kind": Field("kind", values.read_kind, "kind post_kind post_type tweet_type engagement_type"),
    "reply_to": Field(
        "reply_to",
        values.read_id,
        "reply_to reply_to_id in_response_to_tweet_id in_reply_to_status_id_str "
        "in_reply_to_status_id in_reply_to_tweet_id in_reply_to_id in_reply_to parent_id "
        "parent_post_id",
    ),
    "thread": Field("thread", values.read_id, "thread thread_id conversation_id root_post_id"),
    "repost_of": Field(
        "repost_of", values.read_id, "repost_of retweet_of retweeted_status.id_str retweet_of_id"
    ),
    "country": Field("country", values.read_word, "country country_code"),
    "region": Field("region", values.read_word, "region state province"),
    "city": Field("city", values.read_word, "city town"),
    "likes": Field(
        "likes",
        values.read_count,
        "likes like_count likes_count favorites favorite_count favourite_count favourites "
        "public_metrics.like_count thumbs_up thumbs_up_count digg_count upvotes ups score",
    ),
    "reposts": Field(
        "reposts",
        values.read_count,
        "reposts repost_count retweet_count retweets retweets_count "
        "public_metrics.retweet_count shares share_count shares_count reblogs_count",
    ),
    "replies": Field(
        "replies",
        values.read_count,
        "replies reply_count replies_count public_metrics.reply_count num_comments comment_count "
        "comments_count comments",
    ),
    "quotes": Field("quotes", values.read_count, "quotes quote_count public_metrics.quote_count"),
    "views": Field(
        "views",
        values.read_count,
        "views view_count views_count impression_count public_metrics.impression_count "
        "impressions play_count plays",
    ),
    "rating": Field("rating", values.read_rating, "rating stars star_rating review_rating"),
    "followers": Field(
        "author_followers",
        values.read_count,
        "author_followers followers followers_count follower_count user.followers_count "
        "author.public_metrics.followers_count user_followers author_followers_count",
    ),
    "verified": Field(
        "author_verified",
        values.read_flag,
        "author_verified verified is_verified user.verified user_verified author.verified",
    ),
    "location": Field(
        "author_location",
        values.read_word,
        "author_location user_location user.location location author.location",
    ),
    "source": Field("source", values.read_source, "source platform network source_type"),
    "media": Field("media", values.read_list, "media media_type media_types"),
    "links": Field("links", values.read_list, "links urls outlinks"),
    "tags": Field("tags", values.read_list, "tags labels document_tags"),
}

# Other words for the fields, so that `--map` takes what a RawPost or our own format calls them.
ALIASES = {
    field.attribute: name
    for name, field in FIELDS.items()
    if field.attribute is not None and field.attribute not in FIELDS
} | {"author_id": "author", "lang": "language", "handle": "author_handle", "name": "author_name"}


def squeeze(name: str) -> str:
    """Reduce a column's name to what names are compared by."""
    return "".join(letter for letter in name.casefold() if letter.isalnum() or letter == ".")


GUESSES: dict[str, tuple[str, ...]] = {
    field: tuple(dict.fromkeys(map(squeeze, spec.names.split()))) for field, spec in FIELDS.items()
}
_KNOWN = frozenset(name for names in GUESSES.values() for name in names)


def is_known(name: str) -> bool:
    """Tell whether a column of this name would be understood without a mapping."""
    return squeeze(name) in _KNOWN
