"""A digest as the HTML of a mail: figures by hand, links, and texts that attack."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from listening.digestmail import as_html, bars_of, step_of
from tests.functional.hostile import BIDI, LONG, SCRIPT, ZALGO

DESK = "https://desk.example/listening/"


@dataclass
class Named:
    id: int | None = 1
    name: str = "A & B"
    slug: str = "a / b?"


def day(number: int, *counts: int) -> dict[str, Any]:
    kinds = ("negative", "neutral", "positive", "unscored")
    told = dict(zip(kinds, counts, strict=True))
    when = date(2026, 11, 1) + timedelta(days=number)
    return {"day": when.isoformat(), "mentions": sum(counts), **told}


def counts(mentions: int, negative: int, neutral: int, positive: int) -> dict[str, Any]:
    emotions = dict.fromkeys(("anger", "joy", "optimism", "sadness", "judged", "ironic"), 0)
    return {"mentions": mentions, "negative": negative, "neutral": neutral,
            "positive": positive, **emotions}  # fmt: skip


def content(**more: Any) -> dict[str, Any]:
    window = {"startDate": "2026-11-01", "endDate": "2026-11-02"}
    return {
        "brand": "A & B", "first": "2026-11-01", "last": "2026-11-02",
        "made_at": "2026-11-03T08:00:00+00:00", "as_of": None,
        "counts": counts(1234, 3, 1, 6), "before": counts(8, 1, 1, 2), "days_before": 2,
        "people": {"authors": 4, "reach_total": 9, "reach_unique": 7000, "reach_known": 3},
        "voice": {"mentions": 1234, "all": 2468, "brands": 2},
        "days": [day(0, 2, 1, 1, 0), day(1, 1, 0, 5, 2)],
        "sources": [{"source": "forum", "mentions": 1234, "net_sentiment": 0.3}],
        "incidents": [], "themes": {"rising": [
            {"word": "late bags", "now": 5, "before": 1, "negative": 4}], "authors": 40},
        "advocates": 2, "detractors": 1, "open_cases": 12, "listening": "2 watches.",
        "sentences": [
            {"kind": "volume", "text": "1,234 mentions.", "figures": {}, "filters": window},
            {"kind": "voice", "text": "Half.", "figures": {"share_before": 0.25}, "filters": None},
            {"kind": "themes", "text": "More is said of “late bags”.", "figures": {},
             "filters": window | {"q": '"late" NEAR/3 "bags"'}},
        ],
    } | more  # fmt: skip


class Read(HTMLParser):
    """The elements and attributes of a document, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.links: list[str] = []
        self._words: list[str] = []
        self.feed(html)
        self.words = " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self._words.append(data)


def read(address: str | None = DESK, **more: Any) -> Read:
    return Read(as_html(content(**more), Named(), 7, address))


def test_figures_stand_beside_those_before() -> None:
    words = read().words
    assert "A & B: 1 Nov 2026 to 2 Nov 2026 1,234 mentions, 8 in the 2 days before." in words
    assert "Figure In these days 2 days before Mentions 1,234 8" in words
    assert "Net sentiment (6 − 3) / 10 +0.30 +0.25" in words
    assert "Negative share 3 / 10 scored 30.0% 25.0%" in words
    assert "Share of voice 1,234 / 2,468 50.0% 25.0%" in words
    assert "Unique reach followers known for 3 of 4 authors 7,000 not kept" in words
    assert "Open cases 12 Advocates 2 Detractors 1" in words
    assert "1 Nov 2026 4 2 1 1" in words and "2 Nov 2026 8 1 0 5" in words
    assert "late bags 5 1 4" in words and "forum 1,234 100.0% +0.30" in words
    assert "Nothing was out of the ordinary." in words and "Listening 2 watches." in words


def test_links_lead_into_the_service() -> None:
    base = "https://desk.example/listening/brands/a%20%2F%20b%3F"
    days = "startDate=2026-11-01&endDate=2026-11-02"
    assert read().links == [
        f"{base}/reports/7",
        f"{base}/mentions?{days}",
        f"{base}/mentions?{days}&q=%22late%22+NEAR%2F3+%22bags%22",
        f"{base}/triage",
        f"{base}/advocates",
        f"{base}/detractors",
        f"{base}/reports/7",
        "https://desk.example/listening/settings/notifications",
    ]


@pytest.mark.parametrize("address", [None, "", "  ", "javascript:alert(1)", "desk.example"])
def test_without_an_address_nothing_is_linked(address: str | None) -> None:
    found = read(address)
    assert found.links == []
    assert "1,234 mentions. Half." in found.words and "Open cases 12" in found.words


@pytest.mark.parametrize(
    ("before", "missing", "told"),
    [
        (None, 0, "In these days Mentions 1,234 Net sentiment"),
        (counts(0, 0, 0, 0), 2, "In these days Mentions 1,234 Net sentiment"),
        (counts(8, 0, 0, 0), 1, "Mentions 1,234 8 Net sentiment (6 − 3) / 10 +0.30 unknown"),
    ],
)
def test_what_was_not_stored_is_not_zero(before: Any, missing: int, told: str) -> None:
    said = {"kind": "volume", "text": "x", "figures": {"days_missing": missing}, "filters": None}
    found = read(before=before, sentences=[said]).words
    assert told in found
    note = "Of the 2 days before, 1 lies before anything stored."
    assert (note in found) is (missing == 1)
    assert ("in the 2 days before." in found) is (missing == 1)


def test_unknown_reads_unknown() -> None:
    found = read(counts=counts(0, 0, 0, 0), before=None, people=None, voice=None, days=[],
                 themes={}, sources=[], as_of="2026-11-03T07:30:00+00:00").words  # fmt: skip
    assert "Net sentiment (0 − 0) / 0 unknown" in found
    assert "Unique reach not counted unknown" in found
    assert "Share of voice no other brand alone" in found
    assert "Nothing stood out." in found and "by sentiment" not in found
    assert "since 3 Nov 2026, 07:30 UTC and was being counted" in found


@pytest.mark.parametrize(
    ("days", "step"), [(0, 1), (7, 1), (31, 1), (32, 7), (217, 7), (218, 28), (366, 28)]
)
def test_bars_of_many_days_are_few(days: int, step: int) -> None:
    assert step_of(days) == step
    made = bars_of([day(n, 1, 0, 0, 0) for n in range(days)])
    assert sum(bar.mentions for bar in made) == days
    assert len(made) <= 31


def test_bars_are_parts_of_the_highest() -> None:
    first, second = bars_of([day(0, 2, 1, 1, 0), day(1, 1, 0, 5, 2)])
    assert first.parts == [("negative", 25.0), ("neutral", 12.5), ("positive", 12.5)]
    assert (first.width, second.width) == (50.0, 100.0)
    assert bars_of([day(0, 0, 0, 0, 0)]) == []


def test_nothing_is_loaded_run_or_styled_from_elsewhere() -> None:
    found = read()
    assert found.tags <= set(
        "html head meta title body table tr td th h1 h2 p ul li a b br span".split()
    )
    names = {name for name, _ in found.attributes}
    assert not names & {"src", "class", "id", "background", "srcset", "onclick"}
    styles = " ".join(value for name, value in found.attributes if name == "style")
    assert "url(" not in styles and "@" not in styles
    # Text and ground have the colours of the mail program; bars and legend alone bring theirs.
    assert not re.search(r"(?<![-\w])color:(?!#(d9603f|8a95a5|2fa583|c9b458))", styles)
    assert ("content", "light dark") in found.attributes


def test_hostile_texts_are_text_and_stay_in_their_place() -> None:
    bad = f"{SCRIPT} {BIDI} {ZALGO} {LONG} \x00\x1b[31m"
    html = as_html(
        content(
            brand=bad, listening=bad, incidents=[{"text": bad}],
            sources=[{"source": bad, "mentions": 1, "net_sentiment": None}],
            themes={"rising": [{"word": bad, "now": 5, "before": 1, "negative": 4}], "authors": 9},
            sentences=[{"kind": "themes", "text": bad, "figures": {}, "filters": {"q": bad}}],
        ),
        Named(name=bad, slug=bad), 7, 'https://desk.example/"><script>x</script>',
    )  # fmt: skip
    found = Read(html)
    assert not found.tags & {"script", "img", "style"}
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert found.words.count("<script>alert(1)</script><img src=x onerror=alert(1)>") == 7
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", html)
    assert "z\u0336\u0350algo\u0315\u0360" in html and "\u0489" not in html
    assert "{{7*7}}" in html and "49" not in found.words
    assert all(link.startswith("https://desk.example/") for link in found.links)


def test_a_mail_of_a_year_is_shown_whole() -> None:
    """Gmail cuts a mail off after 102 KB."""
    rising = [{"word": LONG, "now": 5, "before": 1, "negative": 4}] * 20
    said = {"kind": "x", "text": LONG, "figures": {}, "filters": {"q": LONG}}
    html = as_html(
        content(days=[day(n, 9, 9, 9, 9) for n in range(366)], sentences=[said] * 6,
                themes={"rising": rising, "authors": 9}),
        Named(), 7, DESK,
    )  # fmt: skip
    assert len(html.encode()) < 60_000
