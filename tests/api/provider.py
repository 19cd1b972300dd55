"""A little OpenID Connect provider: it vouches for whoever a test says, over HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "desk", "a secret of the client & more"


class LittleProvider:
    """Runs until it is closed.

    Attributes:
        claims: of whoever signs in next.
        changes: made to what the ID token says otherwise, for one that must be refused.
        key: that it signs with; `published`: what it says its keys are.
    """

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.published = [self.key]
        self.claims: dict[str, Any] = {"sub": "7", "email": "rita@example.com",
                                       "email_verified": True, "name": "Rita"}  # fmt: skip
        self.changes: dict[str, Any] = {}
        self.algorithm = "RS256"
        self.asked: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.get(self)

            def do_POST(self) -> None:
                provider.post(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self.said_issuer = self.issuer
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        if parts.path == "/.well-known/openid-configuration":
            return self._say(handler, {
                "issuer": self.said_issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            })  # fmt: skip
        if parts.path == "/keys":
            return self._say(handler, dict(KeySet(self.published).as_dict(private=False)))
        sent = {k: v[0] for k, v in parse_qs(parts.query).items()}
        code = f"code-{len(self.asked)}"
        self.asked[code] = sent
        handler.send_response(302)
        back = urlencode({"code": code, "state": sent["state"]})
        handler.send_header("Location", f"{sent['redirect_uri']}?{back}")
        handler.end_headers()
        return None

    def post(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"])).decode()
        sent = {k: v[0] for k, v in parse_qs(body).items()}
        begun = self.asked.pop(sent["code"], None)  # a code is good once
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        user, _, password = (
            base64.b64decode(handler.headers.get("authorization", " ").split()[1])
            .decode().partition(":")
        )  # fmt: skip
        if begun is None or (user, password) != (CLIENT, SECRET) or (
            begun["code_challenge_method"], begun["code_challenge"], begun["redirect_uri"]
        ) != ("S256", challenge, sent["redirect_uri"]):  # fmt: skip
            return self._say(handler, {"error": "invalid_grant"}, 400)
        at = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": at, "exp": at + 300,
                  "nonce": begun["nonce"], **self.claims, **self.changes}  # fmt: skip
        header = {"alg": self.algorithm, "kid": self.key.kid}
        token = jwt.encode(header, {k: v for k, v in claims.items() if v is not None}, self.key)
        return self._say(handler, {"access_token": "x", "token_type": "Bearer", "id_token": token})

    @staticmethod
    def _say(handler: BaseHTTPRequestHandler, value: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(value).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
