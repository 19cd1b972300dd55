"""Where a source may connect to: an address that a person typed must not open this network.

The check is made on the addresses that are then connected to, at every connection: a name that
leads elsewhere between the check and the connection (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

from listening.errors import SettingsError
from listening.sources.errors import UnavailableError

PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_LOOKS = 8  # addresses of one name that are tried

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_CARRIES_V4 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
_TRANSLATED = ipaddress.ip_network("64:ff9b:1::/48")  # local translation, RFC 8215


class ForbiddenAddressError(SettingsError):
    """An address inside this network, which no source may reach unless it is allowed."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet; what is none is not."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return _is_public(found)


def _is_public(found: Address) -> bool:
    if isinstance(found, ipaddress.IPv6Address):
        inner = _within(found)
        if inner is not None:
            return _is_public(inner)
        if found in _TRANSLATED or found.is_site_local:
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def _within(found: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for: mapped, 6to4, Teredo, NAT64."""
    if found.ipv4_mapped is not None:
        return found.ipv4_mapped
    if found.sixtofour is not None:
        return found.sixtofour
    if found.teredo is not None:
        return found.teredo[1]
    if any(found in network for network in _CARRIES_V4):
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return None


def addresses_of(host: str, port: int, *, allow_private: bool) -> list[str]:
    """The IP addresses of a host that may be connected to.

    Args:
        host: a name or an address, without brackets.
        port: where.
        allow_private: whether addresses of this network count.

    Raises:
        ForbiddenAddressError: one is of this network.
        UnavailableError: there is no such host.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnavailableError(f"There is no host {host!r} ({error}).") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private:
        # One inside is enough: a name with both kinds is how such an attack looks.
        for address in addresses:
            if not is_public(address):
                raise ForbiddenAddressError(
                    f"{host} leads to {address}, an address inside this network, which sources "
                    "may not reach; set LISTENING_SOURCES_ALLOW_PRIVATE=true if it is meant."
                )
    return addresses[:_LOOKS]


def connect(
    host: str,
    port: int,
    *,
    allow_private: bool,
    timeout: float | None,
    options: Iterable[Any] = (),
    opened: Callable[..., socket.socket] = socket.create_connection,
) -> socket.socket:
    """A connection to a host that may be connected to, by the very address that was checked.

    Raises:
        ForbiddenAddressError: it is inside this network.
        UnavailableError: there is no such host.
        OSError: nobody answers there.
    """
    last: OSError | None = None
    ends = None if timeout is None else time.monotonic() + timeout
    for address in addresses_of(host, port, allow_private=allow_private):
        left = None if ends is None else max(ends - time.monotonic(), 0.01)
        try:
            found = opened((address, port), left)
        except OSError as error:
            last = error
            continue
        for option in options:
            found.setsockopt(*option)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return found
    raise last or OSError(f"{host} has no address")
