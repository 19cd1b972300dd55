"""Addresses of the web: as they go over the wire, and as they may be shown."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, quote, urlencode, urlsplit, urlunsplit

from listening.errors import SettingsError
from listening.fetching import guard
from listening.logs import masked

_SCHEMES = ("http", "https")
_LONGEST = 16_000
_SHOWN = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONE = re.compile(r"[\ud800-\udfff]")
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_-])?")
# What stays as it is: all that ASCII may show but what begins or ends an address elsewhere.
_SAFE = "!#$%&'()*+,-./:;=?@[\\]^_`{|}~"


def wire_address(url: str) -> str:
    """An address as it is asked for: in ASCII, the host in its one spelling.

    A name before an @ is left out and so is what stands behind a #: neither is ever sent.

    Raises:
        SettingsError: it is no address of the web.
    """
    try:
        parts, host = _parted(url.strip(" "))
        port = parts.port
        if port == 0:
            raise ValueError("there is no port 0")
    except ValueError as error:
        raise SettingsError(
            f"{shown(url)!r} is no web address ({error}); one begins with https:// or http://."
        ) from None
    netloc = f"[{host}]" if ":" in host else host
    if port is not None:
        netloc += f":{port}"
    return urlunsplit((parts.scheme, netloc, _quoted(parts.path), _quoted(parts.query), ""))


def _parted(url: str) -> tuple[SplitResult, str]:
    if len(url) > _LONGEST:
        raise ValueError("it is too long")
    if _CONTROL.search(url):
        raise ValueError("it holds a control character")
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"its kind is {parts.scheme!r}" if parts.scheme else "it is of no kind")
    if "\\" in parts.netloc:
        raise ValueError("it holds a backslash")
    return parts, _host(parts.hostname or "")


def _host(host: str) -> str:
    if ":" in host:
        if "%" in host:  # a zone of this machine
            raise _none(host)
        return str(ipaddress.IPv6Address(host))
    if not host.isascii():
        import idna

        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError as error:
            raise ValueError(f"there is no such host: {error}") from None
    host = host.removesuffix(".").lower()
    if not _NAME.fullmatch(host):
        raise _none(host)
    return host


def _none(host: str) -> ValueError:
    return ValueError(f"there is no host {host[:100]!r}" if host else "it names no host")


def _quoted(part: str) -> str:
    """A path or query in ASCII; what is percent-encoded already stays so."""
    return quote(_LONE.sub("\ufffd", part), safe=_SAFE)


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a web address.

    Raises:
        SettingsError: it is none.
    """
    parts = urlsplit(wire_address(url))
    return parts.scheme, parts.hostname or "", parts.port or guard.PORTS[parts.scheme]


def with_query(url: str, params: Mapping[str, Any] | None) -> str:
    """An address with parameters added; None is left out, a list is several."""
    if not params:
        return url
    given = {name: value for name, value in params.items() if value is not None}
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise SettingsError(f"{shown(url)!r} is no web address ({error}).") from None
    added = urlencode(given, doseq=True, errors="replace")
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, added]))))


def shown(url: str) -> str:
    """An address as it may be shown: without its query, which may hold a key, or password."""
    try:
        parts = urlsplit(masked(url))
        bare = parts._replace(query="", fragment="", netloc=parts.netloc.rpartition("@")[2])
        return urlunsplit(bare)[:_SHOWN]
    except ValueError:
        # Not to be taken apart: what stands before an @ or behind a ? may be secret all the same.
        return masked(re.split("[?#]", url, maxsplit=1)[0].rpartition("@")[2])[:_SHOWN]
