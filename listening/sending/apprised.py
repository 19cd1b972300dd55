"""E-mail, Slack, and whatever else Apprise knows, by its addresses."""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import unquote_plus

from listening.config import get_settings
from listening.errors import InvalidError, ListeningError
from listening.fetching import guard
from listening.logs import masked
from listening.sending.mail import is_mail, send_mail
from listening.sending.message import Message, NotSentError

# On this machine, or as a webhook without a signature.
_REFUSED = frozenset(
    "dbus kde qt glib gnome macosx windows syslog json jsons xml xmls form forms vapid".split()
)
# Options that have a plugin read a file, ask another address, or write down where it asks.
_REFUSED_OPTIONS = frozenset(
    "attach attachment blossom callbackurl discovery endpoint file file_url keyfile redirect relay "
    "store subfile template webhook wkd".split()
)
_MOST_UNQUOTED = 5  # plugins decode a value more than once
_LONGEST = 4000


def settled(address: str, field: str = "address") -> tuple[str, str]:
    """An Apprise address that can be used, and as it may be shown.

    Raises:
        InvalidError: it is none, or leads into this machine; says the fix.
    """
    address = address.strip()
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
            if is_mail(plugin):
                arrived = send_mail(plugin, message, given.get("attach"))
            else:
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
    if is_mail(plugin):
        to = [one[1] if isinstance(one, tuple) else str(one) for one in plugin.targets]
        return f"{', '.join(to) or 'nobody'} by {plugin.smtp_host or plugin.host}"
    if _names_host(plugin):  # what follows may be all that keeps others out
        return f"{scheme}://{plugin.host}/..."
    return re.sub(r"://[^@/]{1,500}@", "://****@", shown)


def _plugin(address: str, field: str) -> Any:
    from apprise import Apprise, AppriseAsset

    scheme = address.partition("://")[0].lower()
    if scheme in _REFUSED:
        raise InvalidError(
            f"{scheme}:// is not sent to: choose a webhook, which is signed, or another service.",
            field=field,
        )
    plugin = None
    if len(address) <= _LONGEST:
        _options_fit(address, field)
        # Where a redirect leads nobody has looked at.
        asset = AppriseAsset(http_redirects=False)
        plugin = Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
    if plugin is None:
        raise InvalidError(
            "This is no address that Apprise can send to: it begins with the service, such as "
            "slack://, tgram://, ntfy:// or mailtos://, and has all the parts that it asks for.",
            field=field,
        )
    return plugin


def _options_fit(address: str, field: str) -> None:
    """Refuse options that lead to a file of this machine or to a second address."""
    # Not read as a web address: where plugins begin their options differs.
    for option in re.split(r"[?&;]", address)[1:]:
        name, _, value = _unquoted(option).partition("=")
        name, value = name.strip(" :+-").lower(), value.strip()
        refused = name in _REFUSED_OPTIONS or name.startswith("pgp")
        # Only names of time zones have a slash that leads nowhere.
        leads = value.startswith(("~", ".", "file:")) or "\\" in value or "//" in value
        if refused or leads or ("/" in value and name != "tz") or value.startswith("/"):
            raise InvalidError(
                f"The option {name[:40]!r} is not taken: options that name a file or another "
                "address are left out, as are templates, keys and redirects.",
                field=field,
            )


def _unquoted(value: str) -> str:
    for _ in range(_MOST_UNQUOTED):
        value = unquote_plus(value)
    return value


def _reachable(plugin: Any) -> None:
    """Refuse an address inside this network, where the address names a host at all.

    A mail server is most often inside, and takes nothing but mail.
    """
    if is_mail(plugin):
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
