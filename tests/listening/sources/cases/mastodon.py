"""Mastodon as https://docs.joinmastodon.org/methods/timelines/ describes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from listening.fetching.http import Client
from listening.sources.base import PostKind, RawPost, Source
from listening.sources.mastodon import Mastodon
from tests.listening.sources.contract import Case
from tests.listening.sources.platform import Asked, Reply

HOST = "mastodon.social"


def status(native: int, at: datetime, content: str, **facts: Any) -> dict[str, Any]:
    """A status with what every status has, and nothing known beside it."""
    return {
        "id": str((int(at.timestamp() * 1000) << 16) + native),
        "uri": f"https://{HOST}/users/one/statuses/{native}",
        "url": None,
        "created_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "in_reply_to_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": None,
        "content": content,
        "reblog": None,
        "account": {
            "id": "1",
            "username": "one",
            "acct": "one",
            "display_name": "",
            "url": f"https://{HOST}/@one",
            "emojis": [],
        },
        "media_attachments": [],
        "mentions": [],
        "tags": [],
        "emojis": [],
        "card": None,
        "poll": None,
        "edited_at": None,
        **facts,
    }


def bare(native: int, at: datetime, text: str) -> RawPost:
    """The same as it must be read."""
    return RawPost(
        source="mastodon",
        native_id=f"https://{HOST}/users/one/statuses/{native}",
        author_native_id=f"https://{HOST}/@one",
        author_handle=f"one@{HOST}",
        text=text,
        published_at=at,
    )


class MastodonCase(Case):
    name = "mastodon"
    bad_field = "uri"
    edits = True  # what is read again within ten minutes

    def __init__(self) -> None:
        self.start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=8)
        rich = status(
            1,
            self.start,
            '<p>Flying <a href="https://fosstodon.org/tags/JetBlue" class="mention hashtag">'
            '#<span>JetBlue</span></a> — schön :blobcat:</p><p><a href="https://example.org/a/b">'
            '<span class="invisible">https://</span><span class="ellipsis">example.org/a</span>'
            '<span class="invisible">/b</span></a></p>',
            uri="https://fosstodon.org/users/two/statuses/77",
            url="https://fosstodon.org/@two/77",
            language="de",
            spoiler_text="Travel",
            sensitive=True,
            in_reply_to_id="12",
            replies_count=2,
            reblogs_count=3,
            favourites_count=4,
            quotes_count=1,
            edited_at=self.start.isoformat(),
            tags=[{"name": "jetblue", "url": f"https://{HOST}/tags/jetblue"}],
            media_attachments=[{"id": "1", "type": "image"}, {"id": "2", "type": "gifv"}],
            account={
                "id": "2",
                "username": "two",
                "acct": "two@fosstodon.org",
                "display_name": "Two :verified: ✈️",
                "url": "https://fosstodon.org/@two",
                "followers_count": 120,
                "emojis": [{"shortcode": "verified", "url": "https://example.org/v.png"}],
            },
        )
        self.statuses = [
            rich,
            *(status(n, self.moment(n), f"<p>jetblue {n}</p>") for n in range(2, 95)),
        ]
        self.posts = [
            RawPost(
                source="mastodon",
                native_id="https://fosstodon.org/users/two/statuses/77",
                author_native_id="https://fosstodon.org/@two",
                author_handle="two@fosstodon.org",
                author_name="Two ✈️",
                author_followers=120,
                text="Flying #JetBlue — schön :blobcat:\n\nhttps://example.org/a/b",
                title="Travel",
                url="https://fosstodon.org/@two/77",
                published_at=self.start,
                language="de",
                kind=PostKind.REPLY,
                likes=4,
                reposts=3,
                replies=2,
                quotes=1,
                media=("image", "video", "link"),
                links=("https://example.org/a/b",),
                tags=("jetblue",),
            ),
            *(bare(n, self.moment(n), f"jetblue {n}") for n in range(2, 95)),
        ]
        self.later = bare(200, self.moment(120), "JetBlue again")

    def moment(self, number: int) -> datetime:
        return self.start + timedelta(seconds=3 * number)

    def source(self, client: Client) -> Source:
        return Mastodon(client)

    def answer(self, asked: Asked) -> Reply:
        assert (asked.host, asked.path) == (HOST, "/api/v1/timelines/tag/jetblue")
        assert asked.query.keys() <= {"limit", "max_id", "min_id"}
        assert "authorization" not in asked.headers
        size = int(asked.query["limit"])
        assert size <= 40
        found = sorted(self.statuses, key=lambda one: int(one["id"]))
        if "max_id" in asked.query:
            found = [one for one in found if int(one["id"]) < int(asked.query["max_id"])]
        if "min_id" in asked.query:
            found = [one for one in found if int(one["id"]) > int(asked.query["min_id"])][:size]
        shown = found[::-1][:size]
        if not shown:
            return Reply([])
        here = f"https://{HOST}{asked.path}?limit={size}"
        link = (
            f'<{here}&max_id={shown[-1]["id"]}>; rel="next", '
            f'<{here}&min_id={shown[0]["id"]}>; rel="prev"'
        )
        return Reply(shown, headers={"Link": link})

    def post_later(self) -> None:
        self.statuses.append(status(200, self.moment(120), "<p>JetBlue again</p>"))

    def empty(self) -> None:
        self.statuses.clear()

    def break_one(self) -> str:
        broken = status(300, self.moment(100), "<p>jetblue broken</p>")
        del broken["uri"]
        self.statuses.append(broken)
        return "jetblue broken"

    def edit(self) -> RawPost:
        self.statuses[-1]["content"] = "<p>JetBlue, edited</p>"
        return bare(94, self.moment(94), "JetBlue, edited")
