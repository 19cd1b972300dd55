"""OpenID Connect: asking a provider who somebody is (code flow with PKCE, state and nonce).

The provider is the one that whoever runs this service names; its addresses and keys are read
from it and kept for an hour. What it says is believed only where its signature, issuer,
audience, time and nonce fit.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from listening.config import Settings
from listening.errors import ProviderError, SettingsError
from listening.logs import keep_secret

_KEPT = 3600.0  # seconds
_AGAIN = 30.0  # seconds between two looks for a key that is not known
_TIMEOUT = 10.0
_LEEWAY = 60  # seconds that clocks differ by
# Signed by a key pair of the provider; never "none", and no secret shared with us.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Started:
    """A sign-in that began: where the browser goes, and what it must come back with."""

    address: str
    state: str
    nonce: str
    verifier: str


class Provider:
    """One provider, as the settings name it.

    Args:
        settings: with `oidc_issuer` and `oidc_client_id`.

    Raises:
        SettingsError: one of them is missing, or the issuer is not reached safely.
    """

    def __init__(self, settings: Settings) -> None:
        if not settings.oidc_issuer or not settings.oidc_client_id:
            raise SettingsError("LISTENING_OIDC_ISSUER and LISTENING_OIDC_CLIENT_ID go together.")
        self.issuer = settings.oidc_issuer
        self._id = settings.oidc_client_id
        secret = settings.oidc_client_secret
        self._secret = secret.get_secret_value() if secret is not None else None
        if self._secret:
            keep_secret(self._secret)
        self._scopes = settings.oidc_scopes
        _safe(self.issuer)
        self._lock = Lock()
        self._facts: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._facts_at = self._keys_at = float("-inf")

    def start(self, back: str) -> Started:
        """Begin a sign-in.

        Args:
            back: the address of ours that the browser returns to.

        Raises:
            ProviderError: it does not answer as it should.
        """
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        with self._session(back) as session:
            address, state = session.create_authorization_url(
                self._place("authorization_endpoint"), code_verifier=verifier, nonce=nonce
            )
        return Started(address, state, nonce, verifier)

    def finish(self, back: str, code: str, started: Mapping[str, str]) -> dict[str, Any]:
        """What the provider says of whoever came back with a code.

        Raises:
            ProviderError: it does not answer, or what it says cannot be believed.
        """
        try:
            with self._session(back) as session:
                token = session.fetch_token(
                    self._place("token_endpoint"), code=code, grant_type="authorization_code",
                    code_verifier=started["verifier"], timeout=_TIMEOUT, allow_redirects=False,
                )  # fmt: skip
        except ProviderError:
            raise
        except Exception as error:  # what it answers decides what authlib raises
            raise _failed("refused the code") from error
        sent = token.get("id_token")
        if not isinstance(sent, str) or len(sent) > _MOST_BYTES:
            raise _failed("sent no ID token")
        return self._believed(sent, started["nonce"])

    def _session(self, back: str) -> Any:
        return OAuth2Session(
            self._id, self._secret, scope=self._scopes, redirect_uri=back,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if self._secret else "none",
        )  # fmt: skip

    def _believed(self, token: str, nonce: str) -> dict[str, Any]:
        wanted: Any = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self._id},
            "sub": {"essential": True},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "nonce": {"essential": True, "value": nonce},
        }
        try:
            claims = self._decoded(token)
            jwt.JWTClaimsRegistry(leeway=_LEEWAY, **wanted).validate(claims)
        except (JoseError, ValueError, TypeError) as error:
            raise _failed("sent an ID token that does not hold") from error
        many = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (many or "azp" in claims) and claims.get("azp") != self._id:
            raise _failed("sent an ID token for another client")
        return claims

    def _decoded(self, token: str) -> dict[str, Any]:
        """The claims; where the key is not known, the keys are looked up once more."""
        try:
            return dict(jwt.decode(token, self._key_set(), algorithms=_ALGORITHMS).claims)
        except (JoseError, ValueError):
            if time.monotonic() - self._keys_at < _AGAIN:
                raise
            keys = self._key_set(anew=True)
            return dict(jwt.decode(token, keys, algorithms=_ALGORITHMS).claims)

    def _key_set(self, *, anew: bool = False) -> KeySet:
        with self._lock:
            if self._keys is None or anew or time.monotonic() - self._keys_at > _KEPT:
                found: Any = _read(self._place_now("jwks_uri"))
                self._keys = KeySet.import_key_set(found)
                self._keys_at = time.monotonic()
            return self._keys

    def _place(self, name: str) -> str:
        with self._lock:
            return self._place_now(name)

    def _place_now(self, name: str) -> str:
        """An address of the provider, from its configuration."""
        if time.monotonic() - self._facts_at > _KEPT:
            facts = _read(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if facts.get("issuer") != self.issuer:
                raise _failed("says that its issuer is another than LISTENING_OIDC_ISSUER")
            self._facts, self._facts_at = facts, time.monotonic()
        place = self._facts.get(name)
        if not isinstance(place, str):
            raise _failed(f"does not say its {name}")
        _safe(place)
        return place


def _read(address: str) -> dict[str, Any]:
    try:
        answer = requests.get(address, timeout=_TIMEOUT, allow_redirects=False)
        if answer.status_code != 200 or len(answer.content) > _MOST_BYTES:
            raise _failed("does not answer as expected")
        found = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise _failed("does not answer") from error
    if not isinstance(found, dict):
        raise _failed("does not answer as expected")
    return found


def _safe(address: str) -> None:
    """Secrets go over TLS, or stay on this machine."""
    parts = urlsplit(address)
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise SettingsError("LISTENING_OIDC_ISSUER and what it names have to be https://...")


def _failed(what: str) -> ProviderError:
    return ProviderError(f"The provider you sign in with {what}: try again, or tell an admin.")
