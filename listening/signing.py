"""Signatures of pushes: who knows the secret has sent these bytes, and not long ago.

The header is `t=UNIX,v1=HEX`: HMAC-SHA256 over the time, a dot and the body, with the secret as
it is shown for a key. Several `v1` may stand there, while a sender changes from one secret to
another.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from listening.errors import ListeningError

HEADER = "X-Listening-Signature"
MOST_AGE = 300  # seconds

_LONGEST = 1000  # characters
_TIME = re.compile(r"[1-9]\d{0,11}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII | re.IGNORECASE)
_FORM = f"{HEADER}: t=UNIX,v1=HEX"


class SignatureError(ListeningError):
    """A signature is missing, unreadable, too old, or another's."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a sender says: the moment, Unix time, and digests of which one has to fit."""

    at: int
    digests: tuple[str, ...]

    def fits(self, digest: str) -> bool:
        """Whether the body has one of the digests; how long that takes tells nothing."""
        found = [hmac.compare_digest(one, digest) for one in self.digests]
        return any(found)


def read_signature(header: str | None, now: float) -> Signature:
    """The signature in a header.

    Args:
        header: its value; None: it was not sent.
        now: Unix time.

    Raises:
        SignatureError: it is missing, cannot be read, or is of another time.
    """
    if header is None:
        raise SignatureError(f"The push is not signed: send the header {_FORM}.")
    parts = [part.strip().partition("=") for part in header[:_LONGEST].split(",")]
    times = [value for name, _, value in parts if name == "t"]
    digests = [value for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not _TIME.fullmatch(times[0]):
        raise SignatureError(f"The signature names no time: send the header {_FORM}.")
    if not digests or not all(map(_DIGEST.fullmatch, digests)):
        raise SignatureError(
            f"The signature holds no digest of 64 hexadecimal digits: send the header {_FORM}."
        )
    age = now - int(times[0])
    if abs(age) > MOST_AGE:
        when = f"{age:.0f} s old" if age > 0 else f"of a time {-age:.0f} s ahead"
        raise SignatureError(
            f"The signature is {when}, and {MOST_AGE} s are allowed: sign each push when it is "
            "sent, and set the sender's clock."
        )
    return Signature(int(times[0]), tuple(digest.lower() for digest in digests))


def digest_over(secret: str, at: int) -> hmac.HMAC:
    """The digest of a push, to be updated with its body."""
    return hmac.new(secret.encode(), f"{at}.".encode(), hashlib.sha256)


def signed(secret: str, at: int, body: bytes) -> str:
    """The header's value for a push."""
    digest = digest_over(secret, at)
    digest.update(body)
    return f"t={at},v1={digest.hexdigest()}"
