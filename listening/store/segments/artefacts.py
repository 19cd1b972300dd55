"""What was made of a whole run and is kept packed: its map, everyone's posts, personas.

`figures` stands for the figures, which have a table of their own: when they were counted, and
how long that took.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from listening.store.bulk import upsert
from listening.store.segments.figuring import EVERYBODY, count_figures, is_large, write_figures
from listening.store.segments.marking import mark_figures
from listening.store.segments.segments import run_id_of
from listening.store.tables import RunArtefact, Segmentation, SegmentFigure
from listening.store.tables.types import now

FIGURES, MAP, EVERYONE = "figures", "map", "everyone"
# A segment's persona is made ahead of being asked for where it has more members than these.
READ_AT_ONCE = 50
# What takes long is made anew once so many times as long have gone by, and no sooner than that.
RARELY = 20.0
SELDOM = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Made:
    """When something was made, and how long that took."""

    at: datetime
    seconds: float


def persona_kind(segment_id: int, scope: int) -> str:
    """The name of a segment's posts counted, of those who mention a brand or of all."""
    return f"persona:{segment_id}:{scope}"


def artefact(session: Session, run_id: int, kind: str) -> Any:
    """What is kept under a name; None: nothing is."""
    found = session.exec(
        select(RunArtefact.data).where(
            RunArtefact.segmentation_id == run_id, RunArtefact.kind == kind
        )
    ).first()
    return json.loads(zlib.decompress(found)) if found else None


def put_artefact(session: Session, run_id: int, kind: str, value: Any, seconds: float) -> None:
    """Keep something in place of what stands under its name."""
    row = {
        "segmentation_id": run_id,
        "kind": kind,
        "data": zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 6),
        "seconds": seconds,
        "made_at": now(),
    }
    key = ("segmentation_id", "kind")
    upsert(session, RunArtefact, [row], key=key, update=("data", "seconds", "made_at"))


def made_at(session: Session, run_id: int, kind: str) -> datetime | None:
    """When something was made; None: it was not."""
    return session.exec(
        select(RunArtefact.made_at).where(
            RunArtefact.segmentation_id == run_id, RunArtefact.kind == kind
        )
    ).first()


def everything_made(session: Session, run_id: int) -> dict[str, Made]:
    """All that is kept of a run."""
    statement = select(RunArtefact.kind, RunArtefact.made_at, RunArtefact.seconds).where(
        RunArtefact.segmentation_id == run_id
    )
    return {kind: Made(at, seconds) for kind, at, seconds in session.exec(statement)}


def forget_personas(session: Session, run_id: int, segment_ids: Collection[int]) -> None:
    """People changed who is in some segments: what was counted of them is of others."""
    for segment_id in segment_ids:
        like = col(RunArtefact.kind).startswith(f"persona:{segment_id}:")
        session.execute(delete(RunArtefact).where(col(RunArtefact.segmentation_id) == run_id, like))


def to_make(session: Session, run_id: int, moment: datetime) -> list[str]:
    """What a run lacks, and then what is older than its figures and ripe to be made anew."""
    made = everything_made(session, run_id)
    if FIGURES not in made:
        return [FIGURES]
    large = (
        select(SegmentFigure.segment_id, SegmentFigure.scope)
        .where(
            SegmentFigure.segmentation_id == run_id,
            SegmentFigure.members > READ_AT_ONCE,
        )
        # Of everybody first, and the largest.
        .order_by(
            col(SegmentFigure.scope) != EVERYBODY,
            col(SegmentFigure.members).desc(),
            col(SegmentFigure.segment_id),
        )
    )
    wanted = [MAP, EVERYONE, *(persona_kind(s, scope) for s, scope in session.exec(large))]
    lacking = [kind for kind in wanted if kind not in made]
    counted = made[FIGURES].at
    old = [k for k in wanted if k in made and made[k].at < counted]
    # They are many and are made in turn: each waits as if all had been made at once.
    age = max(SELDOM, timedelta(seconds=RARELY * sum(one.seconds for one in made.values())))
    return lacking + [kind for kind in old if moment - made[kind].at >= age]


def figures_are_ripe(session: Session, run_id: int, moment: datetime) -> bool:
    """Whether figures may be counted again, as far as the time that it takes goes."""
    made = everything_made(session, run_id).get(FIGURES)
    return made is None or moment - made.at >= timedelta(seconds=RARELY * made.seconds)


def count_again(session: Session, run: Segmentation, segment_ids: Collection[int]) -> None:
    """Count some segments anew, at once: people merged them, or took that back."""
    run_id = run_id_of(run)
    mark_figures(session)
    if not is_large(run):
        return
    counted = count_figures(session, run_id, segment_ids=segment_ids)
    write_figures(session, run_id, counted, segment_ids=segment_ids)
    forget_personas(session, run_id, segment_ids)
