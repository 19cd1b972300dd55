"""Where a source may connect to: an address that a person typed must not open this network.

The check is made on the addresses that are then connected to, at every connection: a name that
leads elsewhere between the check and the connection (DNS rebinding) gains nothing. What is
public is told by tables of our own, so that it is the same under every version of Python.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from listening.errors import SettingsError
from listening.sources.errors import UnavailableError

PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_LOOKS = 8  # addresses of one name that are tried
_SHOWN = 200  # characters of a name

# Networks of IPv4 that nobody offers anything to the public in: IANA's special-purpose addresses.
_CLOSED = [
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by a carrier's customers, and by clouds for their own
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, and the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments, and the metadata of one cloud
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "168.63.129.16/32",  # public by number, but each machine of one cloud finds its host there
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
]
# Of IPv6 only what is given out to the public, less what is not.
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
_KEPT_BACK = [
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
]
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")  # NAT64, the way to IPv4 from IPv6 alone


class ForbiddenAddressError(SettingsError):
    """An address inside this network, which no source may reach unless it is allowed."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet; what is none is not."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return _is_open(found)
    if found.scope_id is not None:  # a zone is of this machine
        return False
    inner = _within(found)
    if inner is not None:
        return _is_open(inner)
    return found in _GIVEN_OUT and not any(found in network for network in _KEPT_BACK)


def _is_open(found: ipaddress.IPv4Address) -> bool:
    return not any(found in network for network in _CLOSED)


def _within(found: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for: mapped, 6to4, NAT64."""
    if found.ipv4_mapped is not None:
        return found.ipv4_mapped
    if found.sixtofour is not None:
        return found.sixtofour
    if found in _TRANSLATED:
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
    if not host:  # which would be this machine
        raise UnavailableError("There is no host without a name.")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError, OverflowError) as error:
        raise UnavailableError(f"There is no host {host[:_SHOWN]!r} ({error}).") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise UnavailableError(f"There is no host {host[:_SHOWN]!r}.")
    if not allow_private:
        # One inside is enough: a name with both kinds is how such an attack looks.
        for address in addresses:
            if not is_public(address):
                led = "is" if host == address else f"leads to {address},"
                raise ForbiddenAddressError(
                    f"{host[:_SHOWN]} {led} an address inside this network, which sources may "
                    "not reach; set LISTENING_SOURCES_ALLOW_PRIVATE=true if it is meant."
                )
    return addresses[:_LOOKS]


def in_turn(addresses: list[str], timeout: float | None) -> Iterator[tuple[str, float | None]]:
    """Addresses with the seconds that each may take: one that is silent leaves time for others."""
    ends = None if timeout is None else time.monotonic() + timeout
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        yield address, None if ends is None else max((ends - time.monotonic()) / left, 0.01)


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
    addresses = addresses_of(host, port, allow_private=allow_private)
    for address, seconds in in_turn(addresses, timeout):
        try:
            found = opened((address, port), seconds)
        except OSError as error:
            last = error
            continue
        try:
            for option in options:
                found.setsockopt(*option)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            with suppress(OSError):
                found.close()
            raise
        return found
    raise last or OSError(f"{host} has no address")
