"""Who wrote a post of Bluesky, and what else they said: asked of the network's own index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from listening.errors import ListeningError
from listening.fetching.http import Answer, Client
from listening.sources.base import RawPost, SourceSetting
from listening.sources.blueskyposts import author_of, post_of_view
from listening.sources.errors import SourceError, UnavailableError
from listening.sources.normalise import clean, part

PUBLIC = "https://public.api.bsky.app"
PROFILES = SourceSetting(
    name="profiles",
    help="look up name, handle and followers of those who mention a brand",
    kind="flag",
    default=True,
)
_AT_ONCE = 25  # profiles of one request

# Asks a method of the network with parameters.
Ask = Callable[[str, Mapping[str, Any]], Answer]


def asking(client: Client) -> Ask:
    """Ask the public index, which wants no key."""

    def ask(method: str, params: Mapping[str, Any]) -> Answer:
        return client.get(f"{PUBLIC}/xrpc/{method}", params, accept=(400,))

    return ask


class Authors:
    """What profiles say, added to posts; asked once an author as long as this lives.

    A post is worth more than what is known of its author: where the look-up fails, posts stay
    as they are and nothing more is asked.

    Args:
        ask: None: nobody is looked up.
    """

    def __init__(self, ask: Ask | None) -> None:
        self._ask, self._known = ask, dict[str, dict[str, Any]]()

    def add_to(self, posts: Sequence[RawPost], whose: Callable[[RawPost], bool]) -> list[RawPost]:
        """The posts with what is known of their authors; only those of some are looked up."""
        wanted = [
            post.author_native_id
            for post in posts
            if post.author_native_id not in self._known and whose(post)
        ]
        missing = list(dict.fromkeys(wanted))
        for start in range(0, len(missing), _AT_ONCE):
            self._look_up(missing[start : start + _AT_ONCE])
        return [self._with_facts(post) for post in posts]

    def _look_up(self, dids: list[str]) -> None:
        if self._ask is None:
            return
        try:
            answer = self._ask("app.bsky.actor.getProfiles", {"actors": dids})
            found = part(answer.json(), "profiles")
        except ListeningError:
            self._ask = None
            return
        self._known |= {did: {} for did in dids}
        for profile in found if isinstance(found, list) else ():
            told = {name: value for name, value in author_of(profile).items() if value is not None}
            self._known[clean(part(profile, "did"))] = told

    def _with_facts(self, post: RawPost) -> RawPost:
        facts = self._known.get(post.author_native_id)
        return replace(post, **facts) if facts else post


def everybody(_: RawPost) -> bool:
    """Whoever wrote it."""
    return True


def recent_posts(ask: Ask, did: str, most: int) -> list[RawPost]:
    """The last posts and replies of somebody, without what they only repeated.

    Raises:
        UnavailableError: the account is gone, or does not want to be read.
        SourceError: as `Source.pull`.
    """
    answer = ask("app.bsky.feed.getAuthorFeed", {"actor": did, "limit": min(max(most, 1), 100)})
    if answer.status == 400:
        raise UnavailableError(f"{did} cannot be read: {said(answer)}.")
    feed = part(answer.json(), "feed")
    if not isinstance(feed, list):
        raise answer.changed("no feed")
    views = [part(one, "post") for one in feed if part(one, "reason") is None]
    found = (post_of_view(view) for view in views if part(view, "author", "did") == did)
    return [post for post in found if isinstance(post, RawPost)][:most]


def said(answer: Answer) -> str:
    """What a refusal says: its name and its sentence."""
    try:
        told = answer.json()
    except SourceError:
        told = None
    words = (clean(part(told, "error")), clean(part(told, "message")))
    return ": ".join(word for word in words if word)[:300] or f"error {answer.status}"
