"""Drawing, excerpts, paging and wording: literal values in, literal values out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from api.web import excerpts, formats
from api.web.excerpts import marked, shortened
from api.web.figures import day_chart, raised, scale, share_bar, spark, urgency_terms
from api.web.paging import Page, page_of
from listening.errors import NotFoundError
from listening.reports import Day
from listening.store.tables import Author

MONDAY = date(2026, 9, 7)


def days(*counts: tuple[int, int, int, int]) -> list[Day]:
    return [Day(MONDAY + timedelta(n), *own) for n, own in enumerate(counts)]


def test_bars_are_stacked_from_the_bottom_and_end_at_their_count() -> None:
    chart = day_chart(days((10, 4, 3, 2), (0, 0, 0, 0)))
    assert chart is not None
    first, empty = chart.bars
    assert [p.kind for p in first.parts] == ["negative", "neutral", "positive", "unscored"]
    assert [p.count for p in first.parts] == [4, 3, 2, 1]
    assert first.parts[0].start + first.parts[0].size == pytest.approx(chart.height)
    assert first.parts[-1].start == pytest.approx(14.0)
    assert empty.parts == ()
    assert [tick.label for tick in chart.levels] == ["0", "5", "10"]


def test_many_days_share_a_bar_and_lose_no_mention() -> None:
    chart = day_chart(days(*[(2, 1, 0, 1)] * 400))
    assert chart is not None
    assert chart.days_per_bar == 5
    assert len(chart.bars) == 80
    assert sum(bar.mentions for bar in chart.bars) == 800
    assert not chart.unscored


def test_no_days_no_chart() -> None:
    assert day_chart([]) is None
    assert spark([]) == ()


@pytest.mark.parametrize("count", [1, 2, 5, 8, 55, 92])
def test_dates_are_at_most_five_at_equal_steps(count: int) -> None:
    chart = day_chart(days(*[(1, 0, 1, 0)] * count))
    assert chart is not None
    places = [tick.at for tick in chart.dates]
    assert 1 <= len(places) <= 5
    steps = {round(b - a, 1) for a, b in pairwise(places)}
    assert len(steps) <= 2


def test_shares_fill_the_bar() -> None:
    stripes = share_bar(1, 1, 2)
    assert [s.share for s in stripes] == [0.25, 0.25, 0.5]
    assert stripes[-1].x + stripes[-1].width == 100
    assert share_bar(0, 0, 0) == ()


def test_the_scale_keeps_within_its_ends() -> None:
    drawn = scale(-0.5, -1.4, 0.0)
    assert (drawn.low, drawn.score, drawn.high, drawn.width) == (0, 25, 50, 50)


def test_an_unknown_term_is_none_and_not_zero() -> None:
    terms = {t.name: t.value for t in urgency_terms({"risk": 0.0, "negativity": 0.5})}
    assert terms["risk"] == 0.0
    assert terms["reach"] is None


def test_danger_lifts_an_urgency_and_is_said() -> None:
    danger = {"negativity": 0.0, "risk": 1.0, "repeat": 0.0, "freshness": 0.0}
    assert raised(0.55, danger) == pytest.approx(0.35 / 0.85)
    assert raised(0.2, {"risk": 0.2, "negativity": 0.2}) is None
    assert raised(0.2, {}) is None


@pytest.mark.parametrize(
    ("spans", "found"),
    [
        ([], ["abcdef"]),
        ([[0, 3]], ["[abc]", "def"]),
        ([[4, 9], [1, 2]], ["a", "[b]", "cd", "[ef]"]),
        ([[0, 3], [2, 4], [4, 5]], ["[abcde]", "f"]),
        ([[3, 1], [50, 60], [-4, 1], [1]], ["[a]", "bcdef"]),
    ],
)
def test_brand_words_are_marked(spans: list[list[int]], found: list[str]) -> None:
    pieces = marked("abcdef", spans)
    assert [f"[{p.text}]" if p.marked else p.text for p in pieces] == found


def test_a_long_text_is_cut_between_words() -> None:
    assert shortened("short") is None
    cut = shortened("word " * 200)
    assert cut is not None
    assert cut.endswith("word …")
    assert len(shortened("x" * 5000) or "") < 500


def test_a_page_knows_its_place() -> None:
    page = page_of(101, 3, lambda limit, offset: list(range(offset, min(offset + limit, 101))))
    assert (page.last, page.first_row, page.last_row, list(page.rows)) == (3, 101, 101, [100])
    with pytest.raises(NotFoundError, match="no page 4; the last one is page 3"):
        page_of(101, 4, lambda limit, offset: [])
    assert page_of(0, 1, lambda limit, offset: []).last == 1


@pytest.mark.parametrize(
    ("number", "total", "links"),
    [
        (1, 500, [1, 2, None, 10]),
        (3, 500, [1, 2, 3, 4, None, 10]),
        (5, 500, [1, None, 4, 5, 6, None, 10]),
        (4, 500, [1, 2, 3, 4, 5, None, 10]),
        (10, 500, [1, None, 9, 10]),
    ],
)
def test_far_pages_are_left_out(number: int, total: int, links: list[int | None]) -> None:
    assert Page([], number, total).links == links


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (formats.number(None), "unknown"),
        (formats.number(0), "0"),
        (formats.number(1234567), "1,234,567"),
        (formats.percent(None), "unknown"),
        (formats.percent(0.0004), "<0.1%"),
        (formats.percent(0), "0.0%"),
        (formats.signed(None), "unknown"),
        (formats.signed(-0.374), "−0.37"),
        (formats.signed(0.5), "+0.50"),
        (formats.signed(-0.001), "0.00"),
        (formats.decimal(None), "unknown"),
        (formats.leaning(-0.001), "neutral"),
        (formats.day(date(2015, 2, 7)), "7 Feb 2015"),
        (formats.moment(datetime(2015, 2, 7, 4, 5, tzinfo=UTC)), "7 Feb 2015, 04:05 UTC"),
        (formats.plural(1, "mention"), "1 mention"),
        (formats.plural(1200, "reply", "replies"), "1,200 replies"),
        (formats.not_scored({"no words": 3, "odd": 1}), "3 without words, 1 odd"),
        (formats.brand_url("ac/dc?", "triage"), "/brands/ac%2Fdc%3F/triage"),
        (formats.author_name(Author(source="s", native_id="7", handle="@me")), "@me"),
        (formats.author_name(Author(source="s", native_id="7", name="  ")), "7"),
        (formats.author_account(Author(source="b", native_id="", handle="m", name="M")), "@m at b"),
    ],
)  # fmt: skip
def test_wording(made: str, text: str) -> None:
    assert made == text


@pytest.mark.parametrize(
    ("hours", "text"),
    [(0.5, "due in 30 min"), (4, "due in 4 h"), (72, "due in 3 days"), (-5, "overdue by 5 h")],
)
def test_due(hours: float, text: str) -> None:
    now = datetime(2026, 9, 1, tzinfo=UTC)
    assert formats.due(now + timedelta(hours=hours), now) == text


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/x?y=1", True),
        (" HTTP://a.example ", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//a.example", False),
        ("https://", False),
        ("http://[broken", False),
        ("", False),
        (None, False),
    ],
)
def test_only_web_addresses_are_safe(url: str | None, safe: bool) -> None:
    assert (formats.safe_url(url) is not None) is safe


def test_names_are_tamed() -> None:
    assert formats.tamed("  Zoë  ") == "Zoë"
    assert formats.tamed("z\u0336\u0350\u0321\u0489algo") == "z\u0336\u0350algo"
    assert formats.tamed("\u202egnp.exe\u202c \u2067ש") == "gnp.exe ש"
    assert formats.tamed("x" * 81) == "x" * 79 + "…"


def test_of_an_endless_text_a_list_opens_the_beginning() -> None:
    assert excerpts.opened("a" * 2000) == "a" * 2000
    assert excerpts.opened("a" * 2001) == "a" * 2000 + " …"
    assert (excerpts.unopened("a" * 2000), excerpts.unopened("a" * 2002)) == (0, 2)
