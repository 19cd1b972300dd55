"""Figures of a run's segments: counted from the mentions, kept where that takes long.

Where few took part they are counted whenever they are read, and are always of this moment.
Where many did, a job counts them and pages read what it wrote; that something has changed
since stands in the store, so that the job is done whatever was lost.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import case, delete, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.store.bulk import upsert
from listening.store.mentions.sentiments import mention_label
from listening.store.segments.segments import current_segmentation, run_id_of
from listening.store.tables import (
    Membership,
    Mention,
    MentionSentiment,
    Segmentation,
    SegmentFigure,
    Stance,
    StanceKind,
)

EVERYBODY = 0  # the scope that is no brand
# Up to so many who took part, counting is a matter of milliseconds.
FEW = 2_000


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a segment's members; `SegmentFigure` says what each is."""

    members: int = 0
    nearest: int = 0
    mentions: int = 0
    scored: int = 0
    positive: int = 0
    negative: int = 0
    advocates: int = 0
    detractors: int = 0

    @property
    def net_sentiment(self) -> float | None:
        """(positive - negative) / scored; None without any."""
        return (self.positive - self.negative) / self.scored if self.scored else None

    def as_row(self) -> dict[str, Any]:
        """As the state of a segment keeps them: JSON."""
        net = self.net_sentiment
        return {
            "mentions": self.mentions,
            "scored": self.scored,
            "net_sentiment": None if net is None else round(net, 6),
            "advocates": self.advocates,
            "detractors": self.detractors,
            "nearest": self.nearest,
        }


NONE = Figures()
_NAMES = tuple(asdict(NONE))


def is_large(run: Segmentation) -> bool:
    """Whether so many took part that its figures are kept."""
    return run.authors > FEW


def figures_by_segment(
    session: Session, run: Segmentation, brand_id: int | None
) -> dict[int, Figures]:
    """Every segment's figures in a run, of those who mention a brand or of everybody.

    Those of segments without anybody are left out.
    """
    scope = brand_id or EVERYBODY
    if is_large(run):
        kept = kept_figures(session, run_id_of(run), scope)
        if kept:
            return kept
    counted = count_figures(session, run_id_of(run), brand_id=brand_id)
    return {segment: found for (segment, of), found in counted.items() if of == scope}


def kept_figures(session: Session, run_id: int, scope: int) -> dict[int, Figures]:
    """As they were last counted; empty where they never were."""
    statement = select(SegmentFigure).where(
        SegmentFigure.segmentation_id == run_id, SegmentFigure.scope == scope
    )
    return {
        row.segment_id: Figures(*(getattr(row, name) for name in _NAMES))
        for row in session.exec(statement)
    }


def count_figures(
    session: Session,
    run_id: int,
    *,
    segment_ids: Collection[int] | None = None,
    brand_id: int | None = None,
) -> dict[tuple[int, int], Figures]:
    """Figures by (segment, scope) as mentions and stances stand now.

    Args:
        session: to read with.
        run_id: of the run.
        segment_ids: of these alone; None: of all.
        brand_id: of one brand alone; None: of every brand, and of everybody.
    """
    chosen: list[Any] = [col(Membership.segmentation_id) == run_id]
    if segment_ids is not None:
        chosen.append(col(Membership.segment_id).in_(sorted(segment_ids)))
    sums: dict[tuple[int, int], dict[str, int]] = {}

    def add(segment: int, scope: int, **counts: int) -> None:
        own = sums.setdefault((segment, scope), dict.fromkeys(_NAMES, 0))
        for name, count in counts.items():
            own[name] += count

    for segment, noise, brand, authors, *counts in session.execute(_spoken(chosen, brand_id)):
        add(segment, brand, **{"nearest" if noise else "members": authors})
        if noise:
            continue
        said = dict(zip(("mentions", "scored", "positive", "negative"), map(int, counts),
                        strict=True))  # fmt: skip
        add(segment, brand, **said)
        if brand_id is None:
            add(segment, EVERYBODY, **said)
    if brand_id is None:
        for segment, noise, authors in session.execute(_taking_part(chosen)):
            add(segment, EVERYBODY, **{"nearest" if noise else "members": authors})
    for segment, scope, kind, authors in _flags(session, chosen, brand_id):
        if kind is not StanceKind.PASSIVE:
            add(segment, scope, **{f"{kind.value}s": authors})
    return {key: Figures(**own) for key, own in sums.items()}


def _spoken(chosen: list[Any], brand_id: int | None) -> Any:
    """Segment, noise, brand: authors, their mentions, scored, positive and negative ones."""
    label = mention_label()
    said: Any = (
        select_columns(
            col(Mention.author_id),
            col(Mention.brand_id),
            func.count().label("mentions"),
            func.count(label).label("scored"),
            func.sum(case((label == "positive", 1), else_=0)).label("positive"),
            func.sum(case((label == "negative", 1), else_=0)).label("negative"),
        )
        .select_from(Mention)
        .outerjoin(MentionSentiment, col(MentionSentiment.mention_id) == col(Mention.id))
        .group_by(col(Mention.author_id), col(Mention.brand_id))
    )
    if brand_id is not None:
        said = said.where(col(Mention.brand_id) == brand_id)
    if len(chosen) > 1:  # some segments: their members' mentions alone
        said = said.where(
            col(Mention.author_id).in_(select_columns(col(Membership.author_id)).where(*chosen))
        )
    c = said.subquery().c
    return (
        select_columns(
            col(Membership.segment_id),
            col(Membership.noise),
            c.brand_id,
            func.count(),
            func.sum(c.mentions),
            func.sum(c.scored),
            func.sum(c.positive),
            func.sum(c.negative),
        )
        .join(c.author_id.table, c.author_id == col(Membership.author_id))
        .where(*chosen)
        .group_by(col(Membership.segment_id), col(Membership.noise), c.brand_id)
    )


def _taking_part(chosen: list[Any]) -> Any:
    return (
        select_columns(col(Membership.segment_id), col(Membership.noise), func.count())
        .where(*chosen)
        .group_by(col(Membership.segment_id), col(Membership.noise))
    )


def _flags(
    session: Session, chosen: list[Any], brand_id: int | None
) -> list[tuple[int, int, StanceKind, int]]:
    """Segment, scope, kind, authors; whom several brands flag is one for everybody."""
    flagged: Any = (
        select_columns(
            col(Membership.segment_id),
            col(Stance.brand_id),
            col(Stance.kind),
            func.count(func.distinct(col(Stance.author_id))),
        )
        .join(Stance, col(Stance.author_id) == col(Membership.author_id))
        .where(*chosen, col(Membership.noise).is_(False), col(Stance.kind) != StanceKind.PASSIVE)
    )
    by_brand = flagged.group_by(col(Membership.segment_id), col(Stance.brand_id), col(Stance.kind))
    if brand_id is not None:
        by_brand = by_brand.where(col(Stance.brand_id) == brand_id)
    found = [(s, b, StanceKind(k), n) for s, b, k, n in session.execute(by_brand)]
    if brand_id is None:
        over_all = flagged.with_only_columns(
            col(Membership.segment_id),
            col(Stance.kind),
            func.count(func.distinct(col(Stance.author_id))),
        ).group_by(col(Membership.segment_id), col(Stance.kind))
        found += [(s, EVERYBODY, StanceKind(k), n) for s, k, n in session.execute(over_all)]
    return found


def write_figures(
    session: Session,
    run_id: int,
    counted: Mapping[tuple[int, int], Figures],
    *,
    segment_ids: Collection[int] | None = None,
) -> None:
    """Keep figures in place of those that stand, of all segments or of some."""
    standing = delete(SegmentFigure).where(col(SegmentFigure.segmentation_id) == run_id)
    if segment_ids is not None:
        standing = standing.where(col(SegmentFigure.segment_id).in_(sorted(segment_ids)))
    session.execute(standing)
    rows = [
        {"segmentation_id": run_id, "segment_id": segment, "scope": scope, **asdict(found)}
        for (segment, scope), found in counted.items()
    ]
    upsert(
        session, SegmentFigure, rows, key=("segmentation_id", "segment_id", "scope"), update=_NAMES
    )


def large_run(session: Session) -> Segmentation | None:
    """The current run where so many took part that its figures are kept."""
    run = current_segmentation(session)
    return run if run is not None and is_large(run) else None
