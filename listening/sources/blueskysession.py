"""Logged in at a personal data server of Bluesky with an app password."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from listening.fetching.http import Answer, Client, shown
from listening.sources.blueskyauthors import said
from listening.sources.errors import AuthenticationError, SourceError
from listening.sources.normalise import optional, part

_CREATE = "com.atproto.server.createSession"
_REFRESH = "com.atproto.server.refreshSession"
_OUTDATED = ("ExpiredToken", "InvalidToken")


@dataclass(frozen=True, slots=True)
class _Tokens:
    access: str
    refresh: str


class Session:
    """Asks as somebody; logs in when first asked, as logins are few a day.

    Args:
        client: asks.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._held: dict[tuple[str, str, str], _Tokens] = {}
        self._renewing = threading.Lock()

    def ask(
        self, service: str, handle: str, password: str, method: str, params: Mapping[str, Any]
    ) -> Answer:
        """What a method answers; status 400 where it refuses what is asked.

        Args:
            service: origin of the server.
            handle: who logs in.
            password: an app password.
            method: such as app.bsky.feed.searchPosts.
            params: of the method.

        Raises:
            AuthenticationError: the login is refused.
            SourceError: as `Client.get`.
        """
        who = (service, handle, password)
        url = f"{service}/xrpc/{method}"
        tokens = self._tokens(who, None)
        answer = self._asked(url, params, tokens)
        if _name(answer) in _OUTDATED:
            answer = self._asked(url, params, self._tokens(who, tokens))
        if answer.status == 401 or _name(answer) in _OUTDATED:
            raise AuthenticationError(f"{shown(url)} does not let us in: {said(answer)}.")
        return answer

    def _asked(self, url: str, params: Mapping[str, Any], tokens: _Tokens) -> Answer:
        headers = {"authorization": f"Bearer {tokens.access}"}
        return self._client.get(url, params, headers=headers, accept=(400, 401))

    def _tokens(self, who: tuple[str, str, str], outdated: _Tokens | None) -> _Tokens:
        """Tokens that hold; other ones than those."""
        with self._renewing:
            held = self._held.get(who)
            if held is None or held == outdated:
                held = (self._refreshed(who[0], outdated) if outdated else None) or self._new(who)
                self._held[who] = held
            return held

    def _new(self, who: tuple[str, str, str]) -> _Tokens:
        service, handle, password = who
        answer = self._client.post(
            f"{service}/xrpc/{_CREATE}", body={"identifier": handle, "password": password}
        )
        return _tokens_of(answer)

    def _refreshed(self, service: str, outdated: _Tokens) -> _Tokens | None:
        """New tokens for the old; None: they cannot be had, so log in again."""
        answer = self._client.request(
            "POST",
            f"{service}/xrpc/{_REFRESH}",
            # A body, even an empty object, is refused.
            headers={"authorization": f"Bearer {outdated.refresh}", "content-length": "0"},
            accept=(400, 401),
        )
        return None if answer.status in (400, 401) else _tokens_of(answer)


def _tokens_of(answer: Answer) -> _Tokens:
    told = answer.json()
    access, refresh = optional(part(told, "accessJwt")), optional(part(told, "refreshJwt"))
    if access is None or refresh is None:
        found = answer.changed("no accessJwt or no refreshJwt")
        if access or refresh:  # what is kept in quarantine holds no token
            found.raw = ""
        raise found
    return _Tokens(access, refresh)


def _name(answer: Answer) -> str | None:
    """How a refusal is called; None: it is none."""
    if answer.status not in (400, 401):
        return None
    try:
        return optional(part(answer.json(), "error"))
    except SourceError:
        return None
