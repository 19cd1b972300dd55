"""E-mail, Slack, and whatever else Apprise knows, by its addresses."""

from __future__ import annotations

import logging
import re
from typing import Any

from listening.config import get_settings
from listening.errors import InvalidError, ListeningError
from listening.fetching import guard
from listening.logs import masked
from listening.sending.message import Message, NotSentError

# On this machine, or as a webhook without a signature.
_REFUSED = frozenset(
    "dbus kde qt glib gnome macosx windows syslog json jsons xml xmls form forms".split()
)
_MAIL = ("mailto", "mailtos")
_LONGEST = 4000


def settled(address: str, field: str = "address") -> tuple[str, str]:
    """An Apprise address that can be used, and as it may be shown.

    Raises:
        InvalidError: it is none, or leads into this machine; says the fix.
    """
    address = address.strip()
    scheme = address.partition("://")[0].lower()
    if scheme in _REFUSED:
        raise InvalidError(
            f"{scheme}:// is not sent to: choose a webhook, which is signed, or another service.",
            field=field,
        )
    return address, as_shown(_plugin(address, field))


def send_by_apprise(address: str, message: Message) -> str:
    """Send it once.

    Raises:
        NotSentError: says why.
    """
    from apprise import AppriseAttachment, LogCapture

    try:
        plugin = _plugin(address, "address")
        _reachable(plugin)
    except (InvalidError, guard.ForbiddenAddressError) as error:
        raise NotSentError(str(error), hopeless=True) from None
    except ListeningError as error:
        raise NotSentError(str(error)) from None
    given: dict[str, Any] = {"title": message.title, "body": message.body}
    if message.file is not None and plugin.attachment_support:
        given["attach"] = AppriseAttachment(str(message.file))
    try:
        with LogCapture(  # type: ignore[no-untyped-call]
            level=logging.WARNING, fmt="%(message)s"
        ) as told:
            arrived = plugin.notify(**given)
            reason = " ".join(told.getvalue().split())
    except Exception as error:  # its plugins fail in ways of their own
        raise NotSentError(
            f"It was not sent: {masked(str(error)) or type(error).__name__}"
        ) from None
    if not arrived:
        raise NotSentError(masked(reason) or "It was not taken, and nobody said why.")
    return "taken"


def as_shown(plugin: Any) -> str:
    """An address without what is secret in it: of tokens Apprise leaves the ends."""
    shown = str(plugin.url(privacy=True)).partition("?")[0].rstrip("/")
    scheme = shown.partition("://")[0]
    if scheme in _MAIL:
        to = [one[1] if isinstance(one, tuple) else str(one) for one in plugin.targets]
        return f"{', '.join(to) or 'nobody'} by {plugin.smtp_host or plugin.host}"
    if _names_host(plugin):  # what follows may be all that keeps others out
        return f"{scheme}://{plugin.host}/..."
    return re.sub(r"://[^@/]{1,500}@", "://****@", shown)


def _plugin(address: str, field: str) -> Any:
    from apprise import Apprise

    plugin = None
    if len(address) <= _LONGEST:
        plugin = Apprise.instantiate(address, suppress_exceptions=True)
    if plugin is None:
        raise InvalidError(
            "This is no address that Apprise can send to: it begins with the service, such as "
            "slack://, tgram://, ntfy:// or mailtos://, and has all the parts that it asks for.",
            field=field,
        )
    return plugin


def _reachable(plugin: Any) -> None:
    """Refuse an address inside this network, where the address names a host at all.

    A mail server is most often inside, and takes nothing but mail.
    """
    if any(str(plugin.url()).startswith(f"{scheme}://") for scheme in _MAIL):
        return
    if _names_host(plugin):
        guard.addresses_of(
            str(plugin.host),
            int(plugin.port or 443),
            allow_private=get_settings().sources_allow_private,
        )


def _names_host(plugin: Any) -> bool:
    """Whether the address says which machine is asked; else the service's own is."""
    return bool(plugin.host) and any("{host}" in template for template in plugin.templates)
