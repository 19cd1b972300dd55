"""What somebody may be told of, in words and as data (pure).

A notification leaves this machine: it holds numbers, settings and names of brands and sources,
and the page to open, never what authors wrote or are called. So nothing of an erased author
stays in a mailbox, in a chat, or in the log of what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import quote


class EventKind(StrEnum):
    """What a channel may ask for."""

    INCIDENT = "incident"
    CASE_OPENED = "case.opened"
    CASE_OVERDUE = "case.overdue"
    DETRACTOR_NEW = "detractor.new"
    WATCH_FAILING = "watch.failing"
    SWEEP_REJECTED = "sweep.rejected"
    REPORT_READY = "report.ready"
    TEST = "test"


# What each means, and minutes for which no other about the same thing is sent.
MEANINGS: Mapping[EventKind, tuple[str, int]] = {
    EventKind.INCIDENT: ("Much more is said of a brand, or much worse, than before", 360),
    EventKind.CASE_OPENED: ("Cases of high priority were opened", 10),
    EventKind.CASE_OVERDUE: ("A case was not answered in time", 60),
    EventKind.DETRACTOR_NEW: ("An author with a large reach turned detractor", 1440),
    EventKind.WATCH_FAILING: ("A watch fails again and again", 360),
    EventKind.SWEEP_REJECTED: ("Much more of a sweep could not be read than before", 360),
    EventKind.REPORT_READY: ("A report is ready", 0),
}
CHOICES = tuple(MEANINGS)  # every event but the test, which nobody asks for
LARGE_REACH = 10_000  # followers from which on a new detractor is told of


class OfBrand(Protocol):
    """A brand, as the store has it."""

    id: int | None
    name: str
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened.

    Attributes:
        kind: what.
        key: of this one happening; a channel is told of it once.
        subject: what it is about; a channel is not told of it again for a while.
        title: one line.
        lines: what else there is to say.
        facts: the same for programs: JSON.
        path: the page to open.
        brand_id, brand: whom it is about; None: the service itself.
        attachment: a report to send along where the channel takes files, such as
            {"report": 7}.
    """

    kind: EventKind
    key: str
    subject: str
    title: str
    path: str
    lines: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    brand_id: int | None = None
    brand: str | None = None
    attachment: Mapping[str, Any] | None = None

    @property
    def text(self) -> str:
        """What there is to say below the title."""
        return "\n".join(self.lines)

    def payload(self, at: datetime) -> dict[str, Any]:
        """As a program is told; the id of the delivery and the address are added when sent."""
        return {
            "event": self.kind.value,
            "at": at.astimezone(UTC).isoformat(),
            "brand": None if self.brand_id is None else {"id": self.brand_id, "name": self.brand},
            "title": self.title,
            "text": self.text,
            "path": self.path,
            "facts": dict(self.facts),
        }


def page_of_brand(brand: OfBrand, *parts: object) -> str:
    """The path of a brand's page."""
    return "/".join(["/brands", *(quote(str(part), safe="") for part in (brand.slug, *parts))])


def _of(brand: OfBrand) -> dict[str, Any]:
    return {"brand_id": int(brand.id or 0), "brand": brand.name}


def incident(
    brand: OfBrand,
    incident_id: int | str,
    *,
    kind: str,
    began_at: datetime,
    value: float,
    expected: float,
    path: str | None = None,
) -> Event:
    """Much more is said of a brand, or much worse, than is usual.

    Args:
        brand: about which.
        incident_id: of the incident.
        kind: in words, such as "volume" or "negative mentions".
        began_at: aware.
        value: what it was, in mentions an hour or whatever `kind` is counted in.
        expected: what it usually is.
        path: the page to open; None: the brand's.
    """
    times = f", {value / expected:.1f} times the usual" if expected > 0 else ""
    return Event(
        kind=EventKind.INCIDENT,
        key=f"incident:{incident_id}",
        subject=f"brand:{brand.id}:{kind}",
        title=f"{brand.name}: {kind} is up{times}",
        lines=(
            f"{kind.capitalize()}: {value:,.0f}, usually {expected:,.1f}.",
            f"Since {_when(began_at)}.",
        ),
        facts={"incident_id": incident_id, "kind": kind, "value": value, "expected": expected}
        | {"began_at": began_at.astimezone(UTC).isoformat()},
        path=path or page_of_brand(brand),
        **_of(brand),
    )


def cases_opened(brand: OfBrand, case_ids: Sequence[int], *, urgency: float) -> Event:
    """Cases of high priority were opened in one go.

    Args:
        brand: of the cases.
        case_ids: at least one.
        urgency: of the most urgent.
    """
    count, first = len(case_ids), min(case_ids)
    return Event(
        kind=EventKind.CASE_OPENED,
        key=f"cases:{first}-{max(case_ids)}",
        subject=f"brand:{brand.id}",
        title=f"{brand.name}: {_many(count, 'case')} of high priority opened",
        lines=(f"The most urgent has an urgency of {urgency:.2f} of 1.",),
        facts={"cases": count, "case_ids": list(case_ids)[:50], "urgency": round(urgency, 3)},
        path=page_of_brand(brand, "triage"),
        **_of(brand),
    )


def case_overdue(
    brand: OfBrand,
    case_id: int,
    *,
    due_at: datetime,
    priority: str,
    owner: str | None = None,
    path: str | None = None,
) -> Event:
    """A case was not answered in time; again only where it gets another due time and misses it."""
    return Event(
        kind=EventKind.CASE_OVERDUE,
        key=f"case:{case_id}:{due_at.astimezone(UTC).isoformat()}",
        subject=f"case:{case_id}",
        title=f"{brand.name}: a case of {priority} priority is overdue",
        lines=(
            f"Case {case_id} was due {_when(due_at)}.",
            f"It is with {owner}." if owner else "Nobody has it.",
        ),
        facts={"case_id": case_id, "priority": priority, "owner": owner}
        | {"due_at": due_at.astimezone(UTC).isoformat()},
        path=path or page_of_brand(brand, "triage"),
        **_of(brand),
    )


def cases_overdue(brand: OfBrand, case_ids: Sequence[int]) -> Event:
    """Many cases of a brand were not answered in time, all at once.

    Args:
        brand: of the cases.
        case_ids: at least one.
    """
    return Event(
        kind=EventKind.CASE_OVERDUE,
        key=f"cases:{min(case_ids)}-{max(case_ids)}:{len(case_ids)}",
        subject=f"brand:{brand.id}:overdue",
        title=f"{brand.name}: {_many(len(case_ids), 'case')} overdue",
        lines=("They were not answered in time, and are raised in the queue.",),
        facts={"cases": len(case_ids), "case_ids": list(case_ids)[:50]},
        path=f"{page_of_brand(brand, 'triage')}?overdue=1",
        **_of(brand),
    )


def detractor_new(
    brand: OfBrand, author_id: int, *, source: str, followers: int, since: datetime
) -> Event:
    """An author with a large reach turned detractor; who it is stands on the page alone."""
    return Event(
        kind=EventKind.DETRACTOR_NEW,
        key=f"brand:{brand.id}:author:{author_id}:{since.astimezone(UTC).isoformat()}",
        subject=f"brand:{brand.id}:author:{author_id}",
        title=f"{brand.name}: an author with {followers:,} followers turned detractor",
        lines=(f"Author {author_id} of {source}; the page shows the mentions that say so.",),
        facts={"author_id": author_id, "source": source, "followers": followers},
        path=page_of_brand(brand, "authors", author_id),
        **_of(brand),
    )


def watch_failing(
    brand: OfBrand, watch_id: int, *, source: str, failures: int, error: str, at: datetime
) -> Event:
    """A watch failed so often in a row that it is worth a look; `error` is its kind."""
    return Event(
        kind=EventKind.WATCH_FAILING,
        key=f"watch:{watch_id}:{at.astimezone(UTC).isoformat()}",
        subject=f"watch:{watch_id}",
        title=f"{brand.name}: the watch of {source} fails",
        lines=(
            f"Watch {watch_id} failed {_many(failures, 'time')} in a row: {error}.",
            "It is tried again by itself; its page says what was answered.",
        ),
        facts={"watch_id": watch_id, "source": source, "failures": failures, "error": error},
        path=f"/settings/watches/{watch_id}",
        **_of(brand),
    )


def sweep_rejected(
    brand: OfBrand, watch_id: int, sweep_id: int, *, source: str, rejected: int, rows: int
) -> Event:
    """Much more of a sweep could not be read than before: its format may have changed."""
    return Event(
        kind=EventKind.SWEEP_REJECTED,
        key=f"sweep:{sweep_id}",
        subject=f"watch:{watch_id}",
        title=f"{brand.name}: {rejected:,} of {rows:,} rows of {source} could not be read",
        lines=("They are kept aside with the reason; the format may have changed.",),
        facts={"watch_id": watch_id, "sweep_id": sweep_id, "source": source}
        | {"rejected": rejected, "rows": rows},
        path=f"/settings/watches/{watch_id}",
        **_of(brand),
    )


def report_ready(
    brand: OfBrand,
    report_id: int,
    *,
    title: str,
    path: str,
    lines: Sequence[str] = (),
    attachment: Mapping[str, Any] | None = None,
) -> Event:
    """A report is ready; `lines` are its figures, never what authors wrote."""
    return Event(
        kind=EventKind.REPORT_READY,
        key=f"report:{report_id}",
        subject=f"report:{report_id}",
        title=title,
        lines=tuple(lines),
        facts={"report_id": report_id},
        path=path,
        attachment={"report": report_id} if attachment is None else attachment,
        **_of(brand),
    )


def trial(channel_id: int, by: str, at: datetime) -> Event:
    """Somebody tries whether a channel works."""
    moment = at.astimezone(UTC)
    return Event(
        kind=EventKind.TEST,
        key=f"test:{moment.isoformat()}",
        subject=f"channel:{channel_id}",
        title="Listening: this is a test",
        lines=(f"Sent by {by} on {_when(moment)}. The channel works.",),
        facts={"by": by},
        path="/settings/notifications",
    )


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
