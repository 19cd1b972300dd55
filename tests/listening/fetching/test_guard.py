"""Where sources may connect to: a table of attacks, and real connections that are not made."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening.config import get_settings
from listening.fetching import guard
from listening.fetching.guard import ForbiddenAddressError, addresses_of, is_public
from listening.fetching.http import Client
from listening.sources.errors import UnavailableError
from tests.listening.sources.rawserver import RawServer, Talk, talking

PUBLIC = "93.184.216.34"

INSIDE = [
    # IPv4
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",  # metadata of a cloud
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # the host of a cloud's machine
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",  # metadata of a cloud
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    # IPv6
    "::",
    "::1",
    "::2",
    "100::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "2606:4700::1111%eth0",
    # IPv4 within IPv6: mapped, compatible, translated, 6to4, Teredo, NAT64
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "::10.0.0.1",
    "::8.8.8.8",
    "::ffff:0:127.0.0.1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "2002:a9fe:a9fe::",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2001:0:808:808::f7f7:f7f7",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::8.8.8.8",
    # no address at all
    "",
    "localhost",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "0x7f.0.0.1",
    "１.1.1.1",
    "1.1.1.1%eth0",
    "8.8.8.8 ",
    "::g",
]
OUTSIDE = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "168.63.129.15",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450::1",
    "::ffff:8.8.8.8",
    "2002:808:808::1",
    "64:ff9b::8.8.8.8",
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert is_public(address) is False


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address) is True


@given(st.ip_addresses())
def test_what_python_says_is_inside_is_inside(address: Any) -> None:
    known = address.is_private or address.is_loopback or address.is_link_local
    if known and getattr(address, "ipv4_mapped", None) is None:
        assert not is_public(str(address))


# Spellings that the system's resolver takes for an address, without asking anybody.
ODD = [
    *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1"),
    *("017700000001", "0", "0.0", "0x0", "localhost", "LOCALHOST"),
    *("::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1", "fe80::1%lo"),
    *("169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376"),
]


@pytest.mark.parametrize("host", ODD)
def test_an_odd_spelling_of_an_address_inside_is_refused(host: str) -> None:
    with pytest.raises(ForbiddenAddressError, match="LISTENING_SOURCES_ALLOW_PRIVATE"):
        addresses_of(host, 80, allow_private=False)


@pytest.mark.parametrize(
    "host", ["", "nul\x00byte", "a" * 64 + ".example", "a..example", "\ud800.example", "-", "%31"]
)
def test_what_is_no_host_is_told_as_such(host: str) -> None:
    for allowed in (True, False):
        with pytest.raises(UnavailableError, match="There is no host"):
            addresses_of(host, 80, allow_private=allowed)


def test_a_name_of_no_bounds_is_not_shown_whole() -> None:
    with pytest.raises(UnavailableError) as told:
        addresses_of("a" * 100_000, 80, allow_private=False)
    assert len(str(told.value)) < 1000


class Names:
    """What names lead to, one answer a look-up, the last one for ever; and who was called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.leads: dict[str, list[list[str]]] = {}
        self.looked: list[str] = []
        self.called: list[str] = []
        self.at: dict[str, RawServer] = {}
        self._look, self._call = socket.getaddrinfo, socket.create_connection
        monkeypatch.setattr(socket, "getaddrinfo", self.look)
        monkeypatch.setattr(socket, "create_connection", self.call)

    def look(self, host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host not in self.leads:
            return self._look(host, port, *rest, **more)
        self.looked.append(host)
        answers = self.leads[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, 1, 6, "", (one, port))
            for one in found
        ]

    def call(self, address: Any, timeout: Any = None, **more: Any) -> socket.socket:
        """Connect; an address outside leads to the server that stands for it."""
        self.called.append(address[0])
        if address[0] in self.at:
            return self._call(("127.0.0.1", self.at[address[0]].port), timeout)
        if is_public(address[0]):
            raise ConnectionRefusedError(f"nobody is at {address[0]}")
        return self._call(address, timeout)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    get_settings.cache_clear()
    yield Names(monkeypatch)
    get_settings.cache_clear()


@pytest.fixture
def client() -> Iterator[Client]:
    found = Client("guarded", rate="100000/second", sleep=lambda _: None)
    yield found
    found.close()


@pytest.fixture
def inside() -> Iterator[RawServer]:
    """A server that must never be asked anything."""

    def talk(one: Talk) -> None:
        while one.request():
            one.answer(b"the crown jewels")

    with talking(talk) as server:
        yield server
    assert server.asked == []


@pytest.mark.parametrize(
    "leads",
    [
        ["127.0.0.1"],
        [PUBLIC, "127.0.0.1"],
        ["10.0.0.1", PUBLIC],
        [*[PUBLIC] * 9, "::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
    ],
)
def test_a_name_with_one_address_inside_is_refused(
    names: Names, client: Client, inside: RawServer, leads: list[str]
) -> None:
    names.leads["both.example"] = [leads]
    with pytest.raises(ForbiddenAddressError):
        client.get(f"http://both.example:{inside.port}/")
    assert names.called == []


def test_a_name_is_looked_up_once_and_what_was_checked_is_called(
    names: Names, client: Client, inside: RawServer
) -> None:
    names.leads["rebound.example"] = [[PUBLIC], ["127.0.0.1"]]
    with pytest.raises(ForbiddenAddressError):  # at the second try: it leads inside by then
        client.get(f"http://rebound.example:{inside.port}/")
    assert names.looked == ["rebound.example"] * 2
    assert names.called == [PUBLIC]


def test_a_redirect_inside_is_refused(names: Names, client: Client, inside: RawServer) -> None:
    targets = [
        f"http://127.0.0.1:{inside.port}/",
        f"//127.1:{inside.port}/",
        f"http://localhost:{inside.port}/latest/meta-data",
        f"http://2130706433:{inside.port}/",
        f"http://public@127.0.0.1:{inside.port}/",
        f"http://[::ffff:127.0.0.1]:{inside.port}/",
        f"HTTP://①②⑦.⓪.⓪.①:{inside.port}/",
        "http://169.254.169.254/latest/meta-data/",
        f"http://inside.example:{inside.port}/",
    ]

    def talk(one: Talk) -> None:
        while asked := one.request():
            number = int(asked.split()[1][1:])
            target = targets[number].encode().decode("latin-1")
            one.answer(head=f"Location: {target}", status="302 Found")

    names.leads |= {"public.example": [[PUBLIC]], "inside.example": [["127.0.0.1"]]}
    with talking(talk) as server:
        names.at[PUBLIC] = server
        for number in range(len(targets)):
            with pytest.raises(ForbiddenAddressError):
                client.get(f"http://public.example/{number}")
        assert len(server.asked) == len(targets), "each asked once, none tried again"
    assert set(names.called) == {PUBLIC}


def test_what_is_allowed_is_reached(
    names: Names, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    get_settings.cache_clear()

    def talk(one: Talk) -> None:
        while one.request():
            one.answer(b"hello")

    with talking(talk) as server:
        assert client.get(f"http://127.0.0.1:{server.port}/").body == b"hello"
        assert client.get(f"http://localhost.:{server.port}/").body == b"hello"
        client.close()


# What websockets use.


def test_a_socket_leads_only_where_it_may(names: Names, inside: RawServer) -> None:
    names.leads["rebound.example"] = [[PUBLIC], ["127.0.0.1"]]
    for host in ("127.0.0.1", "localhost", "127.1", "::1", "169.254.169.254"):
        with pytest.raises(ForbiddenAddressError):
            guard.connect(
                host, inside.port, allow_private=False, timeout=1, opened=socket.create_connection
            )
    assert names.called == []
    with pytest.raises(ConnectionRefusedError, match=PUBLIC):
        guard.connect(
            "rebound.example", 443, allow_private=False, timeout=1, opened=socket.create_connection
        )
    assert (names.looked, names.called) == (["rebound.example"], [PUBLIC])


def test_a_socket_takes_the_next_address_where_one_is_silent(names: Names) -> None:
    names.leads["two.example"] = [["8.8.8.8", PUBLIC]]
    asked = []

    def opened(address: Any, seconds: Any) -> socket.socket:
        asked.append((address[0], round(seconds)))
        return names.call(address, seconds)

    with talking(lambda one: None) as server:
        names.at[PUBLIC] = server
        found = guard.connect("two.example", 443, allow_private=False, timeout=10, opened=opened)
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        found.close()
    # Half of the time is left for the second, however long the first takes.
    assert asked == [("8.8.8.8", 5), (PUBLIC, 10)]


def test_a_socket_that_cannot_be_set_up_is_closed() -> None:
    made: list[socket.socket] = []

    def opened(address: Any, seconds: Any) -> socket.socket:
        made.append(socket.create_connection(address, seconds))
        return made[0]

    with talking(lambda one: None) as server:
        with pytest.raises(OSError, match="not available"):
            guard.connect(
                "127.0.0.1",
                server.port,
                allow_private=True,
                timeout=None,
                options=[(socket.SOL_SOCKET, 9999, 1)],
                opened=opened,
            )
        assert made[0].fileno() == -1


def test_a_socket_to_nobody_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        guard.connect("127.0.0.1", port, allow_private=True, timeout=1)
