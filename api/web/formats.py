"""How figures, times and names read on a page (pure). Unknown reads "unknown", never 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import quote, urlsplit

from listening.calming import calm
from listening.store.mentions.mentions import NOT_YET, MentionView
from listening.store.tables import Author, SentimentBasis

UNKNOWN = "unknown"
_MINUS = "\N{MINUS SIGN}"
# As the models name them.
_NOT_SCORED = {
    "language": "in a language the models do not read",
    "no words": "without words",
}
# As `listening.advocacy` names them, in words for somebody who has not read it.
_NOT_COUNTED = {
    "spam": "looks like spam",
    "copy": "a copy of an earlier text",
    "not scored": "no sentiment could be scored",
    "coordinated": "part of a copied campaign",
    "own": "by the brand's own account",
    "employee": "by an employee",
    "bot": "by a bot",
    "reseller": "by a reseller",
}


# From these probabilities on a mention carries a mark. Irony and offence are rarer here than in
# the texts that taught the model: these are about even odds among mentions.
EMOTION_FROM, IRONY_FROM, OFFENCE_FROM = 0.5, 0.9, 0.8


def number(value: int | None) -> str:
    """A count with thousands apart."""
    return UNKNOWN if value is None else f"{value:,}"


def percent(value: float | None) -> str:
    """A share in [0, 1] as a percentage; a small share never reads as none."""
    if value is None:
        return UNKNOWN
    if 0 < value < 0.001:
        return "<0.1%"
    return f"{value:.1%}"


def signed(value: float | None) -> str:
    """A figure in [-1, 1] with its sign, which carries the meaning that colour repeats."""
    if value is None:
        return UNKNOWN
    text = f"{abs(value):.2f}"
    if text == "0.00":
        return text
    return ("+" if value > 0 else _MINUS) + text


def decimal(value: float | None) -> str:
    """A figure in [0, 1]."""
    return UNKNOWN if value is None else f"{value:.2f}"


def times(value: float) -> str:
    """How much likelier: 4.6×, 12×."""
    return f"{value:.1f}×" if value < 9.95 else f"{value:,.0f}×"


def leaning(value: float | None) -> str:
    """The word for a signed figure, also the name of its style."""
    if value is None:
        return UNKNOWN
    return "positive" if value >= 0.005 else "negative" if value <= -0.005 else "neutral"


def day(value: date) -> str:
    """17 Feb 2015."""
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime) -> str:
    """17 Feb 2015, 07:36 UTC; stored times are UTC."""
    return f"{day(value)}, {value:%H:%M} UTC"


def due(value: datetime, now: datetime) -> str:
    """How long until a due time, or since."""
    minutes = int((value - now).total_seconds() // 60)
    late, minutes = minutes < 0, abs(minutes)
    if minutes < 60:
        span = f"{minutes} min"
    elif minutes < 48 * 60:
        span = f"{minutes // 60} h"
    else:
        span = f"{minutes // (24 * 60):,} days"
    return f"overdue by {span}" if late else f"due in {span}"


def lasting(value: timedelta) -> str:
    """A span of time in its largest unit: 40 s, 12 min, 3 h, 2 days."""
    seconds = int(value.total_seconds())
    for least, unit, name in ((48 * 3600, 86400, "days"), (3600, 3600, "h"), (60, 60, "min")):
        if seconds >= least:
            return f"{seconds // unit:,} {name}"
    return f"{seconds} s"


def plural(count: int, one: str, many: str | None = None) -> str:
    """1 mention, 2 mentions."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def capital(text: str) -> str:
    """The first letter made a capital, the others left alone."""
    return text[:1].upper() + text[1:]


def not_counted(reason: str) -> str:
    """Why a mention weighs nothing."""
    return _NOT_COUNTED.get(reason, reason)


def not_scored(reasons: Mapping[str, int]) -> str:
    """Why mentions have no sentiment, with counts."""
    return ", ".join(
        f"{count:,} {_NOT_SCORED.get(reason, reason)}" for reason, count in reasons.items()
    )


@dataclass(frozen=True, slots=True)
class Mark:
    """A word beside a mention: what it says, how sure the model is, and what it means."""

    name: str
    text: str
    probability: float
    meaning: str


def marks(view: MentionView) -> tuple[Mark, ...]:
    """Emotion, irony and offence of a mention's post, as far as the model is sure of them."""
    found = []
    if view.emotion is not None and view.emotion[1] >= EMOTION_FROM:
        name, probability = view.emotion
        found.append(Mark("emotion", name, probability, "Emotion of the post"))
    analysis = view.analysis
    if analysis is not None and analysis.ironic is not None and analysis.ironic >= IRONY_FROM:
        meaning = "The post may mean the opposite of what it says"
        found.append(Mark("irony", "may be ironic", analysis.ironic, meaning))
    if (
        analysis is not None
        and analysis.offensive is not None
        and analysis.offensive >= OFFENCE_FROM
    ):
        meaning = "The words of the post may offend"
        found.append(Mark("offence", "offensive", analysis.offensive, meaning))
    return tuple(found)


def of_post(view: MentionView) -> str | None:
    """The sentiment of the whole post, where it is another than that towards the brand."""
    if view.post_sentiment is None or view.post_sentiment is view.sentiment:
        return None
    return str(view.post_sentiment)


def unscored(view: MentionView) -> str:
    """What stands where a mention has no sentiment: whether it is still to come."""
    return NOT_YET if view.not_scored == NOT_YET else UNKNOWN


def from_post(view: MentionView) -> bool:
    """Whether the sentiment is the whole post's, since the words do not name the brand."""
    return view.basis is SentimentBasis.POST


def author_name(author: Author) -> str:
    """The name somebody would call this author by."""
    for name in (author.name, author.handle and "@" + author.handle.removeprefix("@")):
        if name and name.strip():
            return tamed(name)
    return author.native_id


_LONGEST_NAME = 80


def tamed(name: str) -> str:
    """A name that strangers gave themselves, as a list can bear it."""
    told = calm(name)
    return told if len(told) <= _LONGEST_NAME else told[: _LONGEST_NAME - 1].rstrip() + "…"


def author_account(author: Author) -> str:
    """The account behind the name: handle where known, and the source."""
    handle = author.handle and author.handle.strip()
    if handle and author.name and author.name.strip():
        return f"@{tamed(handle.removeprefix('@'))} at {author.source}"
    return f"at {author.source}"


def brand_url(slug: str, *parts: str | int) -> str:
    """A brand's page; its name may hold spaces, slashes and question marks."""
    return "/".join(["/brands", quote(slug, safe=""), *(str(part) for part in parts)])


def safe_url(url: str | None) -> str | None:
    """The address when it is a web address; nothing else becomes a link."""
    if not url:
        return None
    try:
        parsed = urlsplit(url.strip())
        host = parsed.hostname
    except ValueError:
        return None
    return url.strip() if parsed.scheme.lower() in {"http", "https"} and host else None
