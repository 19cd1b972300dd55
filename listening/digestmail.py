"""A digest as the HTML of a mail: what the PDF shows, with links into the service (pure).

It leaves the house as the PDF does, so it names nobody. Mail programs keep neither style sheets
nor scripts, and load no images: its styles are inline, its figures are text and coloured cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, StrictUndefined, Template

from listening.calming import calm
from listening.digest import (
    Content,
    before_of,
    day_text,
    figures_of,
    percent,
    shown_texts,
    signed,
)
from listening.notifying import OfBrand, page_of_brand
from listening.reports import Counts, net_sentiment

TEMPLATE = Path(__file__).with_name("report.html")
MOST_BARS = 31  # Gmail shows no more than the first 102 KB of a mail
_STEPS = (1, 7, 28)  # days of a bar
_KINDS = ("negative", "neutral", "positive", "unscored")


@dataclass(frozen=True, slots=True)
class Beside:
    """A figure, and what it was before; None: that is not known or not kept."""

    name: str
    how: str
    value: str
    before: str | None


@dataclass(frozen=True, slots=True)
class Bar:
    """Some days' mentions; `parts` are percentages of the highest bar, by sentiment."""

    first: str
    mentions: int
    counts: Mapping[str, int]
    parts: Sequence[tuple[str, float]]

    @property
    def width(self) -> float:
        """Percent of the highest."""
        return sum(size for _, size in self.parts)


def as_html(content: Content, brand: OfBrand, report_id: int, address: str | None) -> str:
    """The digest as a whole HTML document.

    Args:
        content: of the digest.
        brand: of the digest, as it is called now.
        report_id: its number.
        address: by which people reach the pages; None: not known, and nothing is linked.
    """
    base = _base(address)

    def link(*parts: object, filters: Mapping[str, str] | None = None) -> str | None:
        query = f"?{urlencode(filters)}" if filters else ""
        return f"{base}{page_of_brand(brand, *parts)}{query}" if base else None

    shown = shown_texts(content)
    figures = {one["name"]: one for one in shown["figures"]}
    bars = bars_of(content["days"])
    return _template().render(
        shown,
        page=link("reports", report_id),
        settings=f"{base}/settings/notifications" if base else None,
        said=[
            (one["text"], link("mentions", filters=one["filters"]) if one["filters"] else None)
            for one in content["sentences"]
        ],
        beside=list(_beside(content, figures)),
        days_before=content["days_before"] if before_of(content) else 0,
        missing=figures_of(content, "volume").get("days_missing", 0),
        reach=figures["Unique reach"],
        people=[
            ("Open cases", content["open_cases"], link("triage")),
            ("Advocates", content["advocates"], link("advocates")),
            ("Detractors", content["detractors"], link("detractors")),
        ],
        bars=bars,
        kinds=[kind for kind in _KINDS if any(bar.counts[kind] for bar in bars)],
        step=step_of(len(content["days"])),
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # What is shown passes here, whoever wrote it.
        finalize=lambda value: calm(value) if type(value) is str else value,
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def _base(address: str | None) -> str | None:
    address = (address or "").strip().rstrip("/")
    return address if urlsplit(address).scheme in {"http", "https"} else None


def step_of(days: int) -> int:
    """Days of a bar, so that there are not too many."""
    return next((step for step in _STEPS if days <= step * MOST_BARS), _STEPS[-1])


def bars_of(days: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Mentions by sentiment over time; none where there are no mentions at all."""
    step = step_of(len(days))
    chunks = [days[at : at + step] for at in range(0, len(days), step)]
    sums = [{kind: sum(int(d[kind]) for d in one) for kind in _KINDS} for one in chunks]
    most = max((sum(counts.values()) for counts in sums), default=0)
    if not most:
        return []
    return [
        Bar(
            day_text(one[0]["day"]),
            sum(counts.values()),
            counts,
            [(kind, 100 * count / most) for kind, count in counts.items() if count],
        )
        for one, counts in zip(chunks, sums, strict=True)
    ]


def _beside(content: Content, figures: Mapping[str, Mapping[str, str]]) -> Iterator[Beside]:
    now, before = content["counts"], before_of(content)
    was: tuple[str | None, ...] = (None, None, None)
    if before:
        negative = percent(before["negative"], sum(_three(before)))
        was = f"{before['mentions']:,}", signed(net_sentiment(_three(before))), negative
    yield Beside("Mentions", "", f"{now['mentions']:,}", was[0])
    net, voice = figures["Net sentiment"], figures["Share of voice"]
    yield Beside(net["name"], net["how"], net["value"], was[1])
    scored = sum(_three(now))
    how = f"{now['negative']:,} / {scored:,} scored"
    yield Beside("Negative share", how, percent(now["negative"], scored), was[2])
    share = figures_of(content, "voice").get("share_before") if before else None
    told = f"{share:.1%}" if share is not None else None
    yield Beside(voice["name"], voice["how"], voice["value"], told)


def _three(counts: Mapping[str, Any]) -> Counts:
    return counts["negative"], counts["neutral"], counts["positive"]
