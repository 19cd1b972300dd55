"""What a big store concludes of its people: stances, reviews, cases, segments, memberships."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlmodel import SQLModel

from listening.caseflow import rank
from listening.store.tables import (
    AuditEntry,
    Case,
    CaseStatus,
    Lineage,
    LineageEvent,
    Membership,
    MembershipChange,
    Priority,
    Review,
    ReviewVerdict,
    Segment,
    Segmentation,
    SegmentState,
    Stance,
    StanceKind,
)
from listening.triage import due_at
from nlp.types import Ints
from tests.benchmarks.crowd import BRANDS, SOURCES, TOPICS, People, Posts, moment

_EACH = 20_000
_PRIORITIES = (Priority.LOW, Priority.MEDIUM, Priority.HIGH)

Rows = Iterator[list[dict[str, Any]]]


def tables(
    who: People, said: Posts, end: datetime
) -> Iterator[tuple[str, type[SQLModel], Rows, str | tuple[str, ...]]]:
    """Name, table, rows in chunks, and the key of each."""
    yield "stances", Stance, _chunked(_stances(said, end)), "id"
    yield "reviews", Review, _chunked(_reviews(said, end)), "id"
    yield "cases", Case, _chunked(_cases(said, end)), "id"
    yield "segmentations", Segmentation, _chunked(_runs(who, end)), "id"
    yield "segments", Segment, _chunked(_segments(who)), "id"
    yield "states", SegmentState, _chunked(_states(who, said)), "id"
    yield "lineage", Lineage, _chunked(_lineage(who)), "id"
    both = ("segmentation_id", "author_id")
    yield "memberships", Membership, _chunked(_memberships(who)), both
    yield "changes", MembershipChange, _chunked(_changes(who, end)), "id"
    yield "audit entries", AuditEntry, _chunked(_audits(end)), "id"


def _chunked(rows: Iterator[dict[str, Any]]) -> Rows:
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == _EACH:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def spoken(said: Posts) -> tuple[Ints, Ints, Ints]:
    """Of every mention: its post's place, its brand from 0, its id; by id."""
    two = np.flatnonzero(said.second >= 0)
    place = np.concatenate([np.arange(len(said.author)), two])
    brand = np.concatenate([said.brand, said.second[two]])
    number = np.concatenate([said.mention, said.mention[two] + 1])
    order = np.argsort(number)
    return place[order], brand[order], number[order]


def _stances(said: Posts, end: datetime) -> Iterator[dict[str, Any]]:
    place, brand, number = spoken(said)
    key = said.author[place] * len(BRANDS) + brand
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(key[order]) != 0])
    for row, own in enumerate(np.split(order, starts[1:]), 1):
        scored = own[said.scored[place[own]] > 0]
        pulls = said.polarity[place[scored]]
        count = len(scored)
        score = float(pulls.sum() / (2 + count))
        half = 0.8 / (2 + count) ** 0.5
        kind = StanceKind.PASSIVE
        if count >= 2 and score - half * 0.6 > 0.05:
            kind = StanceKind.ADVOCATE
        elif count >= 2 and score + half * 0.6 < -0.05:
            kind = StanceKind.DETRACTOR
        yield {
            "id": row,
            "brand_id": int(brand[own[0]]) + 1,
            "author_id": int(said.author[place[own[0]]]) + 1,
            "kind": kind,
            "score": round(score, 6),
            "low": round(max(score - half, -1.0), 6),
            "high": round(min(score + half, 1.0), 6),
            "mentions": len(own),
            "opinions": count,
            "recommends": int((pulls > 0.8).sum()),
            "warns": int((pulls < -0.8).sum()),
            "reason": f"{(pulls > 0.5).sum()} of {len(own)} mentions positive, "
            f"{(pulls < -0.5).sum()} negative",
            "evidence": [
                {
                    "mention_id": int(number[m]),
                    "weight": 0.8,
                    "pull": round(float(said.polarity[place[m]]), 4),
                    "not_counted": None,
                }
                for m in scored[:10]
            ],
            "basis": {"prior_mean": 0.0, "prior_weight": 2.0},
            "computed_at": end,
        }


def _reviews(said: Posts, end: datetime) -> Iterator[dict[str, Any]]:
    verdicts = list(ReviewVerdict)
    for n in range(2000):
        yield {
            "id": n + 1,
            "brand_id": int(said.brand[n]) + 1,
            "author_id": int(said.author[n]) + 1,
            "verdict": verdicts[n % 3],
            "reason": "looked at",
            "by": "desk",
            "created_at": end - timedelta(hours=n),
        }


def _cases(said: Posts, end: datetime) -> Iterator[dict[str, Any]]:
    place, brand, number = spoken(said)
    negative = np.flatnonzero((said.polarity[place] < -0.45) & (said.scored[place] > 0))
    for row, m in enumerate(negative, 1):
        p = int(place[m])
        draw, opened = said.draw[p], moment(end, said.back[p])
        priority = _PRIORITIES[min(int(draw[2] % 10) // 4, 2)]
        status = CaseStatus.CLOSED
        if said.back[p] < 20 * 86_400 or draw[3] % 40 == 0:
            status = (CaseStatus.OPEN, CaseStatus.OPEN, CaseStatus.PENDING, CaseStatus.SNOOZED)[
                int(draw[4] % 4)
            ]
        closed = opened + timedelta(hours=float(draw[5] % 90)) if status == "closed" else None
        urgency = round(float(0.3 + 0.2 * (draw[2] % 10) / 10 - said.polarity[p] * 0.4), 6)
        due = due_at(priority.value, opened)
        answered = opened + timedelta(hours=float(draw[5] % 30)) if status != "open" else None
        yield {
            "id": row,
            "mention_id": int(number[m]),
            "brand_id": int(brand[m]) + 1,
            "status": status,
            "priority": priority,
            "author_id": int(said.author[p]) + 1,
            "source": SOURCES[said.author[p] % 5],
            "published_at": opened,
            "urgency": urgency,
            "rank": rank(priority.value, urgency),
            "terms": {"negativity": round(-float(said.polarity[p]), 4), "risk": 0.0,
                      "repeat": 0.0, "freshness": 0.5},
            "risks": ["damage"] if draw[6] % 9 == 0 else [],
            "group_key": f"g{int(brand[m])}-{p // 400}-{int(draw[7] % 50)}",
            "owner": ("rita", "omar", None)[int(draw[1] % 3)],
            "checked": False,
            "starred": bool(draw[4] % 50 == 0),
            "opened_at": opened,
            "timed_from": opened,
            "due_at": due,
            # All there is was late long ago: the benchmark is of pages, not of escalating.
            "escalated_at": None if closed or due > end else due,
            "in_time": closed <= due if closed else None,
            "snoozed_until": end + timedelta(days=3) if status == "snoozed" else None,
            "answered_at": min(answered, end) if answered else None,
            "closed_at": min(closed, end) if closed else None,
        }  # fmt: skip


def _runs(who: People, end: datetime) -> Iterator[dict[str, Any]]:
    count = int(who.segment.max()) + 1
    for number in (1, 2):
        yield {
            "id": number,
            "fingerprint": f"desk-{number}",
            "model": "desk-benchmark",
            "params": {"min_posts": 1},
            "authors": len(who.segment),
            "noise": int(who.noise.sum()),
            "created_at": end - timedelta(days=2 - number),
            "current": number == 2,
            "stability": 0.8,
            "groups": [
                {"number": g, "name": " · ".join(TOPICS[g][:2]), "keywords": list(TOPICS[g][:2])}
                for g in range(count // 4)
            ],
            "clusters": list(range(1, count + 1)),
        }


def _segments(who: People) -> Iterator[dict[str, Any]]:
    for s in range(int(who.segment.max()) + 1):
        yield {"id": s + 1, "name": " · ".join(TOPICS[s % len(TOPICS)][:3]), "born_in": None}


def _states(who: People, said: Posts) -> Iterator[dict[str, Any]]:
    count = int(who.segment.max()) + 1
    sizes = np.bincount(who.segment[who.noise == 0], minlength=count)
    of = who.segment[said.author]
    for run in (1, 2):
        for s in range(count):
            own = np.flatnonzero(of == s)[:5] + 1
            yield {
                "id": (run - 1) * count + s + 1,
                "segmentation_id": run,
                "segment_id": s + 1,
                "label": s,
                "size": int(sizes[s]),
                "keywords": list(TOPICS[s % len(TOPICS)]),
                "exemplars": [int(i) for i in own],
                "coarse": s // 4,
                "stability": round(1 - s / 80, 3),
                "tentative": s > 35,
                "figures": {"net_sentiment": 0.1, "words": {}, "affinities": [
                    {"word": w, "documents": 90, "of": 100, "everywhere": 9, "among": 1000,
                     "times": 9.0} for w in TOPICS[s % len(TOPICS)]
                ]},
            }  # fmt: skip


def _lineage(who: People) -> Iterator[dict[str, Any]]:
    for s in range(int(who.segment.max()) + 1):
        other = s > 37
        yield {
            "id": s + 1,
            "segmentation_id": 2,
            "segment_id": s + 1,
            "event": LineageEvent.SPLIT if other else LineageEvent.CONTINUED,
            "other_id": 1 if other else None,
            "shared": 500 + s,
            "joined": 20 + s,
            "left": 10 + s,
            "came": 5,
            "gone": 3,
            "moved": 0.02,
        }


def _memberships(who: People) -> Iterator[dict[str, Any]]:
    count = int(who.segment.max()) + 1
    for a, segment in enumerate(who.segment):
        yield {
            "segmentation_id": 2,
            "author_id": a + 1,
            "segment_id": int(segment) + 1,
            "label": int(segment),
            "noise": bool(who.noise[a]),
            "strength": round(float(who.strength[a]), 6),
            "others": [
                [int((segment + 1) % count) + 1, 0.2],
                [int((segment + 2) % count) + 1, 0.1],
            ],
            "x": round(float(who.xy[a, 0]), 4),
            "y": round(float(who.xy[a, 1]), 4),
        }


def _changes(who: People, end: datetime) -> Iterator[dict[str, Any]]:
    count = int(who.segment.max()) + 1
    for n, a in enumerate(range(0, len(who.segment), 10), 1):
        yield {
            "id": n,
            "author_id": a + 1,
            "segment_id": int(who.segment[a]) + 1,
            "was_id": int((who.segment[a] + 1) % count) + 1,
            "noise": bool(who.noise[a]),
            "strength": round(float(who.strength[a]), 6),
            "changed_at": end,
            "segmentation_id": 2,
        }


def _audits(end: datetime) -> Iterator[dict[str, Any]]:
    for n in range(20_000):
        yield {
            "id": n + 1,
            "at": end - timedelta(minutes=20_000 - n),
            "by": ("rita", "omar")[n % 2],
            "action": "case.close",
            "noun": "case",
            "noun_id": str(n + 1),
            "brand_id": n % 6 + 1,
            "before": {"status": "open"},
            "after": {"status": "closed"},
        }
