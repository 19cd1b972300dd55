"""Addresses of servers as a person types them: instances, forums."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from listening.errors import SettingsError
from listening.sources.normalise import clean

_HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z0-9]|localhost")


def server_of(where: str, typed: Any, example: str, *, folder: bool = False) -> str:
    """The address of a server as a person types it, in one spelling; https where it is not told.

    Args:
        where: which setting, for the error.
        typed: a name, or an address.
        example: of a name.
        folder: whether it may lie in a folder of the server.

    Raises:
        SettingsError: it is none.
    """
    text = clean(typed)
    if "@" in text:  # it is not shown, there may be a password in it
        raise SettingsError(f"{where}: write the server's name alone, such as {example}.")
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        raise _no_server(where, text, example) from None
    path = parts.path.rstrip("/")
    more = parts.query or parts.fragment or (path and not folder)
    if not _HOST.fullmatch(host) or parts.scheme not in ("https", "http") or more:
        raise _no_server(where, text, example)
    found = f"{host}{port}{path}"
    return found if parts.scheme == "https" else f"http://{found}"


def base_of(server: str) -> str:
    """The web address of a server as `server_of` gave it."""
    return server if "://" in server else f"https://{server}"


def host_of(address: Any) -> str:
    """The host of an address; empty where it has none."""
    try:
        return urlsplit(clean(address)).hostname or ""
    except ValueError:
        return ""


def _no_server(where: str, text: str, example: str) -> SettingsError:
    return SettingsError(f"{where}: {text!r} is no server; write its name, such as {example}.")
