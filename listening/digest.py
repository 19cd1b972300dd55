"""A digest as JSON and as a PDF: figures and words of many authors, nobody's name or text (pure).

Names come in only where somebody who may see them opens it, and are never kept in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).with_name("report.typ")
UNKNOWN = "unknown"
_MINUS = "\N{MINUS SIGN}"

Content = Mapping[str, Any]


def title_of(content: Content) -> str:
    """What a digest is called."""
    return f"{content['brand']}: {_span(content)}"


def subject_lines(content: Content) -> list[str]:
    """What a message says of it: figures alone, no word that an author wrote."""
    counts = content["counts"]
    lines = [s["text"] for s in content["sentences"] if s["kind"] not in _OF_AUTHORS]
    lines.append(
        f"Open cases: {content['open_cases']:,}. Advocates: {content['advocates']:,}, detractors: "
        f"{content['detractors']:,}."
    )
    if not counts["mentions"]:
        lines.append("No mentions at all may be a watch that fails: the page says how that goes.")
    return lines


_OF_AUTHORS = {"themes", "negative_theme"}


def file_name(content: Content) -> str:
    """What the file is called: letters that every mailbox takes."""
    named = f"{content['brand']} {content['first']} {content['last']}".lower()
    kept = "".join(c if c.isascii() and (c.isalnum() or c == "-") else " " for c in named)
    return f"report-{'-'.join(kept.split())[:100]}.pdf"


def shown_texts(content: Content, parts: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """What the PDF and the mail show, all of it as text that is ready.

    Args:
        content: of the digest.
        parts: people and cases as they are now: title, head and rows each.
    """
    counts = content["counts"]
    known = counts["anger"] + counts["joy"] + counts["optimism"] + counts["sadness"]
    return {
        "title": title_of(content),
        "subtitle": f"{counts['mentions']:,} mentions{_before(content)}",
        "made": f"Made on {_moment(content['made_at'])}; days are UTC.",
        "as_of": _moment(content["as_of"]) if content["as_of"] else None,
        "figures": _figures(content),
        "sentences": [s["text"] for s in content["sentences"]],
        "days": [dict(day) for day in content["days"]],
        "incidents": [one["text"] for one in content["incidents"]],
        "sources": [
            [
                s["source"],
                f"{s['mentions']:,}",
                percent(s["mentions"], counts["mentions"]),
                signed(s["net_sentiment"]),
            ]
            for s in content["sources"]
        ],
        "themes": [
            [t["word"], f"{t['now']:,}", f"{t['before']:,}", f"{t['negative']:,}"]
            for t in content["themes"].get("rising", [])
        ],
        "themes_note": "Words said by more authors than before, beyond chance; of "
        f"{content['themes'].get('authors', 0):,} authors read.",
        "parts": [dict(part) for part in parts],
        "emotions": _emotions(counts, known),
        "listening": content["listening"],
        "formulas": (
            f"Net sentiment: (positive {_MINUS} negative) / scored mentions. Share of voice: its "
            "mentions / mentions of all tracked brands. Reach: followers of each author once, of "
            "those that are known. Sentiment is towards the brand; a person's word comes first."
        ),
    }


def as_pdf(data: Mapping[str, Any]) -> bytes:
    """The digest as a PDF."""
    import typst  # a hundred milliseconds that only this needs

    made = typst.compile(TEMPLATE, sys_inputs={"data": json.dumps(data)})
    return bytes(made)


def _figures(content: Content) -> list[dict[str, str]]:
    counts, people = content["counts"], content.get("people")
    scored = counts["negative"] + counts["neutral"] + counts["positive"]
    net = (counts["positive"] - counts["negative"]) / scored if scored else None
    share = content.get("voice")
    found = [
        {
            "name": "Net sentiment",
            "value": signed(net),
            "how": f"({counts['positive']:,} {_MINUS} {counts['negative']:,}) / {scored:,}",
        },
        {
            "name": "Share of voice",
            "value": percent(share["mentions"], share["all"]) if share else "alone",
            "how": f"{share['mentions']:,} / {share['all']:,}" if share else "no other brand",
        },
        {
            "name": "Unique reach",
            "value": f"{people['reach_unique']:,}" if people and people["reach_known"] else UNKNOWN,
            "how": f"followers known for {people['reach_known']:,} of {people['authors']:,} authors"
            if people
            else "not counted",
        },
        {
            "name": "Open cases",
            "value": f"{content['open_cases']:,}",
            "how": f"{content['advocates']:,} advocates, {content['detractors']:,} detractors",
        },
    ]
    return found


def figures_of(content: Content, kind: str) -> Mapping[str, Any]:
    """What a sentence of a kind rests on; nothing where there is none."""
    return next((one["figures"] for one in content["sentences"] if one["kind"] == kind), {})


def before_of(content: Content) -> Mapping[str, Any] | None:
    """The figures of the days before; None where nothing was stored yet on any of them."""
    missing = figures_of(content, "volume").get("days_missing", 0)
    found: Mapping[str, Any] | None = content["before"]
    return found if missing < content["days_before"] else None


def _before(content: Content) -> str:
    before = before_of(content)
    if before is None:
        return ""
    return f", {before['mentions']:,} in the {content['days_before']} days before"


def _emotions(counts: Mapping[str, int], known: int) -> str:
    if not known:
        return ""
    shares = [
        f"{name} {percent(counts[name], known)}" for name in ("anger", "joy", "optimism", "sadness")
    ]
    ironic = percent(counts["ironic"], counts["judged"])
    return (
        f"{', '.join(shares)}: of {known:,} mentions whose emotion is known. May be ironic: "
        f"{ironic} of {counts['judged']:,}."
    )


def _span(content: Content) -> str:
    return f"{day_text(content['first'])} to {day_text(content['last'])}"


def day_text(text: str) -> str:
    """17 Feb 2015, of a day in ISO form."""
    day = date.fromisoformat(text)
    return f"{day.day} {day:%b %Y}"


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    return f"{day_text(moment.date().isoformat())}, {moment:%H:%M} UTC"


def percent(part: int, whole: int) -> str:
    """A share as a percentage; of nothing it is unknown."""
    return f"{part / whole:.1%}" if whole else UNKNOWN


def signed(value: float | None) -> str:
    """A figure in [-1, 1] with its sign."""
    if value is None:
        return UNKNOWN
    text = f"{abs(value):.2f}"
    return text if text == "0.00" else ("+" if value > 0 else _MINUS) + text
