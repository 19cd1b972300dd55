"""Deliver what waits in the outbox; killed at any moment, it is delivered by the next run."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import Session

from listening.config import Settings
from listening.errors import ListeningError, SettingsError
from listening.keyring import Keyring
from listening.logs import keep_secret
from listening.sending.apprised import send_by_apprise
from listening.sending.message import Message, NotSentError
from listening.sending.webhook import send_webhook
from listening.store.notifying.channels import secret_of
from listening.store.notifying.deliveries import Claimed, claim_due, record_failure, record_sent
from listening.store.session import Store
from listening.store.tables import ChannelKind, Delivery
from listening.store.tables.types import now
from workers.jobs.reporting import report_file, report_html

AT_ONCE = 4  # a receiver that is slow holds up the others less
UNIT = 8  # claimed together: all are tried well before the claims are over

# What makes a file of an attachment: its name and its bytes; None: it is gone.
Maker = Callable[[Session, Settings, int], "tuple[str, bytes] | None"]
ATTACHMENTS: dict[str, Maker] = {"report": report_file}
# The same as HTML, for mails.
PAGES: dict[str, Callable[[Session, Settings, int], str | None]] = {"report": report_html}


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a run did: deliveries that arrived, and that did not this time."""

    sent: int = 0
    failed: int = 0
    more: bool = False


def deliver_due(store: Store, settings: Settings, *, seconds: float = 45.0) -> Delivered:
    """Send what is due, several at a time, until there is no more or the time is over.

    Args:
        store: migrated.
        settings: hold the secret that addresses are encrypted with.
        seconds: after which no more are begun.
    """
    keyring = Keyring.of(settings)
    ends = time.monotonic() + seconds
    sent = failed = 0
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="deliver") as pool:
        while time.monotonic() < ends:
            with store.work() as session:
                claimed = claim_due(session, now(), UNIT)
            if not claimed:
                return Delivered(sent, failed)
            for arrived in pool.map(lambda one: _deliver(store, settings, keyring, one), claimed):
                sent, failed = sent + arrived, failed + (not arrived)
    return Delivered(sent, failed, more=True)


def _deliver(store: Store, settings: Settings, keyring: Keyring, claimed: Claimed) -> bool:
    """Try one; whether it arrived."""
    try:
        answer = _send(store, settings, keyring, claimed)
    except NotSentError as error:
        with store.work() as session:
            record_failure(session, claimed, str(error), hopeless=error.hopeless, wait=error.wait)
        return False
    except ListeningError as error:
        with store.work() as session:
            hopeless = isinstance(error, SettingsError)
            record_failure(session, claimed, str(error), hopeless=hopeless)
        return False
    with store.work() as session:
        record_sent(session, claimed, answer)
    return True


def _send(store: Store, settings: Settings, keyring: Keyring, claimed: Claimed) -> str:
    secret = secret_of(keyring, claimed.channel)
    for value in _telling(claimed.channel.kind, secret):
        keep_secret(value)
    if claimed.channel.kind is ChannelKind.WEBHOOK:
        message = message_of(settings, claimed.delivery)
        return send_webhook(secret["address"], secret["secret"], message, at=int(time.time()))
    with tempfile.TemporaryDirectory(prefix="listening-") as folder:
        message = replace(
            message_of(settings, claimed.delivery),
            html=_html_of(store, settings, claimed.delivery),
            file=_file_of(store, settings, claimed.delivery, Path(folder)),
        )
        return send_by_apprise(secret["address"], message)


def _telling(kind: ChannelKind, secret: Mapping[str, str]) -> list[str]:
    """What no log may show; of a webhook's address the host may be told, which helps to mend it."""
    if kind is not ChannelKind.WEBHOOK:
        return list(secret.values())
    parts = urlsplit(secret["address"])
    return [secret["secret"], parts.path.strip("/"), parts.query]


def message_of(settings: Settings, delivery: Delivery) -> Message:
    """A delivery as it is sent."""
    path = str(delivery.payload.get("path") or "/")
    return Message(
        uid=delivery.uid,
        event=delivery.event,
        title=delivery.title,
        text=delivery.text,
        url=settings.shown_url + path,
        payload=delivery.payload,
    )


def _html_of(store: Store, settings: Settings, delivery: Delivery) -> str | None:
    """What a mail shows of what is sent along; made anew as well, and kept nowhere."""
    for kind, number in (delivery.attachment or {}).items():
        if kind in PAGES:
            with store.session() as session:
                return PAGES[kind](session, settings, int(number))
    return None


def _file_of(store: Store, settings: Settings, delivery: Delivery, folder: Path) -> Path | None:
    """What is sent along, made anew: so it says nothing of whoever was erased meanwhile."""
    attachment: Mapping[str, Any] = delivery.attachment or {}
    for kind, number in attachment.items():
        maker = ATTACHMENTS.get(kind)
        if maker is None:
            continue
        with store.session() as session:
            made = maker(session, settings, int(number))
        if made is not None:
            name, content = made
            path = folder / Path(name).name
            path.write_bytes(content)
            return path
    return None
