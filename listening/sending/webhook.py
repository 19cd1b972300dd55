"""Signed JSON to an address of somebody's own program.

A receiver checks the signature as `listening.signing` makes it: HMAC-SHA256 over the time, a
dot and the body. The id of the delivery stays the same over all tries.
"""

from __future__ import annotations

import json

from listening.errors import SettingsError
from listening.fetching.addresses import shown
from listening.fetching.answers import Answer, said
from listening.fetching.guard import ForbiddenAddressError
from listening.fetching.http import Client
from listening.fetching.pace import retry_after_of
from listening.sending.message import Message, NotSentError
from listening.signing import HEADER, signed
from listening.sources.errors import SourceError

DELIVERY = "X-Listening-Delivery"
EVENT = "X-Listening-Event"
TIMESTAMP = "X-Listening-Timestamp"
SECONDS = 20.0  # for the whole answer

_GONE = 410


def body_of(message: Message) -> bytes:
    """What is sent and signed."""
    payload = {"id": message.uid, **message.payload, "url": message.url}
    payload.pop("path", None)
    return json.dumps(payload, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")


def send_webhook(
    url: str, secret: str, message: Message, *, at: int, seconds: float = SECONDS
) -> str:
    """Send it once; no redirect is followed, which would give it to somebody else.

    Args:
        url: http or https.
        secret: it is signed with.
        message: what.
        at: Unix time.
        seconds: for the whole answer.

    Returns:
        what was answered, for the log.

    Raises:
        NotSentError: says why, and whether another try makes sense.
    """
    body = body_of(message)
    headers = {
        "content-type": "application/json; charset=utf-8",
        HEADER: signed(secret, at, body),
        DELIVERY: message.uid,
        EVENT: message.event,
        TIMESTAMP: str(at),
    }
    client = Client("webhook", whole=seconds)
    try:
        answer = client.once("POST", url, headers, body)
    except ForbiddenAddressError as error:
        raise NotSentError(str(error), hopeless=True) from None
    except (SourceError, SettingsError) as error:
        raise NotSentError(str(error), hopeless=isinstance(error, SettingsError)) from None
    finally:
        client.close()
    return _settled(answer)


def _settled(answer: Answer) -> str:
    status, where = answer.status, shown(answer.url)
    if 200 <= status < 300:
        return f"{status}"
    if 300 <= status < 400:
        raise NotSentError(
            f"{where} leads elsewhere ({status}), and redirects are not followed: enter the "
            "address that it leads to.",
            hopeless=True,
        )
    if status == _GONE:
        raise NotSentError(f"{where} says that it is gone ({status}).", hopeless=True)
    wait = retry_after_of(answer.headers)
    raise NotSentError(f"{where} answers {status}: {said(answer)}", wait=wait)
