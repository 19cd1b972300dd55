"""Addresses that persons type and servers send: one spelling on the wire, or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening.errors import ListeningError, SettingsError
from listening.fetching.addresses import origin_of, shown, wire_address
from listening.fetching.http import Client
from listening.sources.errors import UnavailableError

NO_ADDRESS = [
    *("", " ", "example.com", "/etc/passwd", "//example.com", "http:", "http://", "http:///x"),
    *("file:///etc/passwd", "FILE:///etc/passwd", "gopher://example.com/1", "ftp://example.com/"),
    *("data:text/plain,hello", "javascript:alert(1)", "ws://example.com/", "httpx://example.com/"),
    *("http://exa mple.com/", "http://example.com\r\nHost: inside/", "http://example.com/\r\nX: y"),
    *("http://example.com/\tx", "http://example.com/\x00", "ht\ntp://example.com/", "http://a\\b/"),
    *("http://127.0.0.1\\@example.com/", "http://example.com:0/", "http://example.com:65536/"),
    *("http://example.com:-1/", "http://example.com:http/", "http://[::1/", "http://::1/"),
    *("http://[fe80::1%25lo]/", "http://[v1.x]/", "http://[1.2.3.4]/", "http://a..b/", "http://./"),
    *("http://.example.com/", "http://%31%32%37.0.0.1/", "http://example.com%2f@inside/"),
    *("http://a℀b.example/", "http://example。com／x/", "http://" + "ä" * 80 + ".example/"),
    "http://example.com/" + "x" * 20_000,
]  # fmt: skip


@pytest.mark.parametrize("url", NO_ADDRESS)
def test_what_is_no_address_of_the_web_is_refused_at_once(url: str, client: Client) -> None:
    refused = "no web address|There is no host"
    with pytest.raises(ListeningError, match=refused) as told:
        client.get(url)
    assert isinstance(told.value, SettingsError | UnavailableError)
    assert len(str(told.value)) < 1000


@pytest.mark.parametrize(
    ("url", "wire"),
    [
        ("http://example.com", "http://example.com"),
        (" https://example.com/a ", "https://example.com/a"),
        ("HTTPS://EXAMPLE.com:443/A", "https://example.com:443/A"),
        ("http://example.com./", "http://example.com/"),
        ("http://public@127.0.0.1/", "http://127.0.0.1/"),
        ("http://me:hunter2@example.com:8080/x", "http://example.com:8080/x"),
        ("http://example.com/a b?c d#e f", "http://example.com/a%20b?c%20d"),
        ("http://example.com/caf\u00e9?q=\u00fc", "http://example.com/caf%C3%A9?q=%C3%BC"),
        ("http://example.com/caf%C3%A9?a=%zz&b=1+2", "http://example.com/caf%C3%A9?a=%zz&b=1+2"),
        ("http://example.com/\ud800", "http://example.com/%EF%BF%BD"),
        ("http://B\u00fccher.example/", "http://xn--bcher-kva.example/"),
        ("http://faß.example/", "http://xn--fa-hia.example/"),
        ("http://例え。テスト/", "http://xn--r8jz45g.xn--zckzah/"),
        ("http://①②⑦.⓪.⓪.①/", "http://127.0.0.1/"),
        ("http://my_host.example/", "http://my_host.example/"),
        ("http://[2606:4700:0:0::1111]:8080/", "http://[2606:4700::1111]:8080/"),
        ("http://[::FFFF:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
    ],
)
def test_an_address_has_one_spelling_on_the_wire(url: str, wire: str) -> None:
    assert wire_address(url) == wire
    assert wire_address(wire) == wire
    assert wire.isascii()


@given(st.text() | st.text(st.sampled_from("htp:/[]@%.?#1aé\\ \n\ud800")).map("http://".__add__))
def test_any_text_is_an_address_or_is_refused(url: str) -> None:
    shown(url)
    try:
        found = wire_address(url)
    except SettingsError:
        return
    assert found.isascii() and found.isprintable() and " " not in found
    assert wire_address(found) == found
    assert origin_of(url) == origin_of(found)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://example.com/a?key=hunter2#x", "https://example.com/a"),
        ("https://me:hunter2@example.com/a", "https://example.com/a"),
        ("https://me:hunter2@[broken/a?key=hunter2", "[broken/a"),
        ("http://[?key=hunter2", "http://["),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url: str, told: str) -> None:
    assert shown(url).removeprefix("https://***@") == told.removeprefix("https://***@")
    assert "hunter2" not in shown(url)
