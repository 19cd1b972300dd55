"""What a channel is told about where to send: checked, kept as a secret, shown without it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from listening.errors import InvalidError, SettingsError
from listening.fetching.addresses import wire_address
from listening.sending import apprised
from listening.store.tables.notifying import ChannelKind

_MAIL = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_SECURITY = {"ssl": 465, "starttls": 587, "none": 25}
_MOST_PEOPLE = 50

Secret = dict[str, str]


def settle(kind: ChannelKind, given: Mapping[str, str]) -> tuple[Secret, str]:
    """What is to be kept of an address, and how it may be shown.

    Args:
        kind: e-mail: to, server, port, security ("ssl", "starttls", "none"), user, password,
            sender; otherwise: address.
        given: as a person entered it.

    Raises:
        InvalidError: names the field and the fix.
    """
    if kind is ChannelKind.EMAIL:
        return _email(given)
    address = given.get("address", "").strip()
    if not address:
        raise InvalidError("Write the address to send to.", field="address")
    if kind is ChannelKind.WEBHOOK:
        return _webhook(address)
    if kind is ChannelKind.SLACK and not address.startswith(
        ("slack://", "https://hooks.slack.com/")
    ):
        raise InvalidError(
            "Write the address of an incoming webhook of Slack, which begins with "
            "https://hooks.slack.com/, or slack://TOKEN/#channel.",
            field="address",
        )
    kept, shown = apprised.settled(address)
    return {"address": kept}, shown


def new_secret() -> str:
    """What a webhook is signed with."""
    return secrets.token_urlsafe(32)


def _webhook(address: str) -> tuple[Secret, str]:
    if "@" in address.partition("://")[2].partition("/")[0]:
        raise InvalidError(
            "A name and password in the address are not sent: leave them out, and check the "
            "signature instead.",
            field="address",
        )
    try:
        url = wire_address(address)
    except SettingsError as error:
        raise InvalidError(str(error), field="address") from None
    parts = urlsplit(url)
    # What follows the host is often the only secret that such an address has.
    shown = f"{parts.scheme}://{parts.netloc}" + ("/..." if len(parts.path) > 1 else "")
    return {"address": url, "secret": new_secret()}, shown


def _email(given: Mapping[str, str]) -> tuple[Secret, str]:
    to = [one for one in re.split(r"[\s,;]+", given.get("to", "")) if one]
    if not to or len(to) > _MOST_PEOPLE or not all(map(_MAIL.fullmatch, to)):
        raise InvalidError(
            f"Write 1 to {_MOST_PEOPLE} mail addresses, with a comma between two.", field="to"
        )
    server = given.get("server", "").strip()
    if not _HOST.fullmatch(server):
        raise InvalidError(
            "Write the name of a mail server, such as smtp.example.com.", field="server"
        )
    security = given.get("security", "").strip() or "starttls"
    if security not in _SECURITY:
        raise InvalidError("Choose ssl, starttls or none.", field="security")
    port = given.get("port", "").strip() or str(_SECURITY[security])
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise InvalidError("Write a port from 1 to 65535.", field="port")
    sender = given.get("sender", "").strip()
    if not _MAIL.fullmatch(sender):
        raise InvalidError("Write the mail address that it comes from.", field="sender")
    user, password = given.get("user", "").strip(), given.get("password", "")
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
    scheme, mode = ("mailto", "insecure") if security == "none" else ("mailtos", security)
    people = ",".join(quote(one, safe="@") for one in to)
    address = (
        f"{scheme}://{login}{server}:{port}/?mode={mode}&smtp={quote(server, safe='')}"
        f"&from={quote(sender, safe='@')}&to={people}&name=Listening"
    )
    kept, shown = apprised.settled(address, "server")
    return {"address": kept}, shown
