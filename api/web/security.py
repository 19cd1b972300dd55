"""Headers on every answer, how much is taken, and which names this server answers to."""

from __future__ import annotations

from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Pages show what strangers wrote: nothing inline runs, and nothing comes from elsewhere.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


class SecurityHeaders:
    """Sets `HEADERS` on every HTTP answer, and keeps pages about people out of caches."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the headers set."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                static = scope["path"].startswith("/static/")
                headers["Cache-Control"] = "no-cache" if static else "no-store"
            await send(message)

        await self.app(scope, receive, send_with_headers)


class BodyLimit:
    """Refuses bodies that no form and no request of the API needs; pushes have their own limit."""

    MOST = 4 * 2**20  # bytes
    _OWN = ("/api/v1/push/",)

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body counted."""
        if scope["type"] != "http" or scope["path"].startswith(self._OWN):
            await self.app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "")
        if said.isdecimal() and int(said) > self.MOST:
            await self._refusal()(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.MOST:
                raise HTTPException(413, self._told())
            return message

        await self.app(scope, counted, send)

    def _told(self) -> str:
        return f"At most {self.MOST // 2**20} MiB are taken at once: send less, more often."

    def _refusal(self) -> PlainTextResponse:
        return PlainTextResponse(self._told() + "\n", 413)


class KnownHosts:
    """Over the loopback address, answers only to the names of this machine.

    A server there has no other guard against a page elsewhere whose own name is made to
    point here (DNS rebinding). Over any other address it is reached by names that only
    whoever runs it knows.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        own = scope.get("server")
        if own is not None and is_loopback(own[0]):
            asked = host_of(Headers(scope=scope).get("host", ""))
            if not is_loopback(asked):
                refusal = PlainTextResponse("This server is reached as http://localhost.\n", 421)
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)


def is_secure(request: Request) -> bool:
    """Whether browsers come over TLS, perhaps to a proxy before this server."""
    public = request.app.state.site.settings.public_url or ""
    return request.url.scheme == "https" or public.startswith("https:")


def host_of(header: str) -> str:
    """The host of a Host header, without port and brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()


def is_loopback(host: str) -> bool:
    """Whether a name or address is this machine's own and nobody else's."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
