"""Bodies of answers, unpacked, and never beyond a size."""

from __future__ import annotations

import zlib
from typing import Any

PACKINGS = ("gzip", "x-gzip", "deflate")
_MOST_MEMBERS = 1000  # of one gzip; each is work, however little it holds
_GZIP = b"\x1f\x8b"


class TooLargeError(Exception):
    """More came than may."""


class BrokenError(Exception):
    """What came cannot be unpacked, or is not all."""


class Unpacker:
    """Takes a body in parts.

    Args:
        packing: of `PACKINGS`; empty: it is not packed.
        most: bytes, packed and unpacked.

    Attributes:
        body: what was unpacked so far.
    """

    def __init__(self, packing: str, most: int) -> None:
        self.body = bytearray()
        self._packing, self._most = packing, most
        self._taken = self._members = 0
        self._held = b""
        self._inner: Any = None
        self._done = False

    def feed(self, part: bytes) -> None:
        """One part more.

        Raises:
            TooLargeError: the body is too large; `body` is as much of it as may be.
            BrokenError: it cannot be unpacked.
        """
        self._taken += len(part)
        if not self._packing:
            self._keep(part)
            return
        try:
            self._unpack(self._held + part)
        except zlib.error as error:
            raise BrokenError(f"it cannot be unpacked ({error})") from None
        if self._taken > self._most:
            raise TooLargeError

    def _keep(self, part: bytes) -> None:
        self.body += part
        if len(self.body) > self._most:
            del self.body[self._most :]
            raise TooLargeError

    def _unpack(self, data: bytes) -> None:
        self._held = b""
        while data and not self._done:
            if self._inner is None:
                if len(data) < len(_GZIP):
                    self._held = data
                    return
                self._open(data)
                continue
            self._keep(self._inner.decompress(data, self._most + 1 - len(self.body)))
            if not self._inner.eof:
                return
            data, self._inner = self._inner.unused_data, None
            self._members += 1
            if self._members > _MOST_MEMBERS:
                raise BrokenError("it has too many parts")

    def _open(self, data: bytes) -> None:
        """Begin a member; what is none behind the last one is padding."""
        zipped = data.startswith(_GZIP)
        if self._members and not (zipped and self._packing != "deflate"):
            self._done = True
        elif zipped:
            self._inner = zlib.decompressobj(wbits=31)
        elif self._packing == "deflate" and not _has_header(data):
            self._inner = zlib.decompressobj(wbits=-15)
        else:
            self._inner = zlib.decompressobj(wbits=15)

    def end(self) -> bytes:
        """The whole body.

        Raises:
            BrokenError: it is not all.
        """
        if self._packing and self._taken and (self._inner is not None or not self._members):
            raise BrokenError("it broke off")
        return bytes(self.body)


def _has_header(data: bytes) -> bool:
    """Whether "deflate" is what it should be, zlib; some servers leave its header out."""
    return data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0
