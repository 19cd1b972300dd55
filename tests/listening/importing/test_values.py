"""Single cells."""

from __future__ import annotations

import pytest

from listening.importing import values
from listening.sources.base import PostKind


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("  plain  ", "plain"),
        ("Tom &amp; Ann &lt;3 &#39;ok&#39; &#x1F642;", "Tom & Ann <3 'ok' 🙂"),
        ("&amp;lt;", "&lt;"),
        ("https://e.org/?a=1&copy=2; AT&T", "https://e.org/?a=1&copy=2; AT&T"),
        ("cafe\u0301", "café"),
        ("👩\u200d👩\u200d👧 ❤\ufe0f", "👩\u200d👩\u200d👧 ❤\ufe0f"),
        ("a\r\nb\rc\u0085d\te", "a\nb\nc\nd\te"),
        ("a\x00b\x1bc\x7fd\x9be", "abcde"),
        ("cut \ud83d", "cut \ufffd"),
    ],
)
def test_texts(written, expected) -> None:
    assert values.read_text(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0", 0), ("1234", 1234), ("1,234", 1234), ("1,234,567", 1234567), ("1.234", 1234),
        ("1 234", 1234), ("1.2K", 1200), ("3M", 3_000_000), ("1,200 K", 1_200_000), ("12.0", 12),
        ("1e+06", 1_000_000), ("", None), (" ", None), ("-", None), ("N/A", None), ("nan", None),
    ],
)  # fmt: skip
def test_counts(written, expected) -> None:
    assert values.read_count(written) == expected


@pytest.mark.parametrize("written", ["-5", "many", "12.5", "1,2", "9" * 25, "0.123", "1e99"])
def test_no_counts(written) -> None:
    with pytest.raises(ValueError):
        values.read_count(written)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("4", 4.0), ("4.5", 4.5), ("4,5", 4.5), ("4/5", 4.0), ("3 out of 5", 3.0), ("5 stars", 5.0),
     ("★★★☆☆", 3.0), ("", None), ("N/A", None)],
)  # fmt: skip
def test_ratings(written, expected) -> None:
    assert values.read_rating(written) == expected


@pytest.mark.parametrize("written", ["good", "-1", "inf"])
def test_no_ratings(written) -> None:
    with pytest.raises(ValueError):
        values.read_rating(written)


def test_flags() -> None:
    assert [values.read_flag(word) for word in ("True", "1", "no", "0", "", "-")] == [
        True, True, False, False, None, None,
    ]  # fmt: skip
    with pytest.raises(ValueError):
        values.read_flag("maybe")


def test_languages() -> None:
    words = ("en", "en_GB", "English", "pt-BR", "und", "")
    assert [values.read_language(word) for word in words] == [
        "en", "en-gb", "en", "pt-br", None, None,
    ]  # fmt: skip
    with pytest.raises(ValueError):
        values.read_language("Klingon dialect")


def test_ids_and_handles() -> None:
    assert values.read_id("https://x.com/ann/status/111?s=20") == "111"
    assert values.read_id("12.0") == "12"
    assert values.read_id("null") is None
    assert values.read_author("@ann") == "ann"
    assert values.read_handle("@ann") == "ann"


def test_kinds_and_sources() -> None:
    assert values.read_kind("RETWEET") is PostKind.REPOST
    assert values.read_kind("replied_to") is PostKind.REPLY
    assert values.read_kind("news") is PostKind.POST
    assert values.read_kind("") is None
    assert values.read_source("SOCIALMEDIA, SOCIALMEDIA_TWITTER") == "twitter"
    assert values.read_source("Mastodon") == "mastodon"


@pytest.mark.parametrize(
    ("written", "expected"),
    [("", ()), ("a", ("a",)), ("a; b;", ("a", "b")), ("['a', 'b']", ("a", "b")),
     ("a, b\nc", ("a, b", "c")), ("[]", ())],
)  # fmt: skip
def test_lists(written, expected) -> None:
    assert values.read_list(written) == expected
