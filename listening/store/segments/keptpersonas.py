"""Personas of large segments, read ahead of being asked for, and everyone's posts, kept."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from sqlmodel import Session, col, select

from listening.persona import Towards
from listening.store.segments.artefacts import EVERYONE, artefact, persona_kind, put_artefact
from listening.store.segments.figuring import EVERYBODY
from listening.store.segments.personas import Everyone, Own
from listening.store.segments.segments import run_id_of
from listening.store.tables import Brand, Segmentation
from listening.tally import packed, unpacked

# What fewer authors share is not kept: it may tell somebody who is erased later.
LEAST_SHARED = 3


def kept_everyone(session: Session, run: Segmentation) -> Everyone | None:
    """Everyone's posts counted as they last were; None: they never were."""
    kept = artefact(session, run_id_of(run), EVERYONE)
    if kept is None:
        return None
    towards = {int(brand): tuple(counts) for brand, counts in kept["towards"].items()}
    return Everyone(unpacked(kept["tally"]), towards)


def keep_everyone(session: Session, run: Segmentation, found: Everyone, seconds: float) -> None:
    """Keep everyone's posts counted."""
    value = {
        "tally": packed(found.tally, least=LEAST_SHARED, reactions=False),
        "towards": found.towards,
    }
    put_artefact(session, run_id_of(run), EVERYONE, value, seconds)


def kept_own(
    session: Session, run: Segmentation, segment_id: int, brand_id: int | None
) -> Own | None:
    """A segment's posts counted as they last were; None: it is small, or they never were."""
    kept = artefact(session, run_id_of(run), persona_kind(segment_id, brand_id or EVERYBODY))
    if kept is None:
        return None
    ids = [row["brand_id"] for row in kept["brands"]]
    brands = {b.id: b for b in session.exec(select(Brand).where(col(Brand.id).in_(ids)))}
    return Own(
        kept["members"],
        unpacked(kept["tally"]),
        kept["left_out"],
        [_towards(row, brands[row["brand_id"]]) for row in kept["brands"]
         if row["brand_id"] in brands],
    )  # fmt: skip


def keep_own(
    session: Session,
    run: Segmentation,
    segment_id: int,
    brand_id: int | None,
    found: Own,
    seconds: float,
) -> None:
    """Keep a segment's posts counted."""
    value = {
        "members": found.members,
        "left_out": found.left_out,
        "tally": packed(found.tally, least=LEAST_SHARED),
        "brands": [
            asdict(replace(b, praise=(), complaint=(), everyone=(0, 0, 0))) for b in found.brands
        ],
    }
    kind = persona_kind(segment_id, brand_id or EVERYBODY)
    put_artefact(session, run_id_of(run), kind, value, seconds)


def _towards(row: dict[str, Any], brand: Brand) -> Towards:
    """As it was kept, with the brand's name as it is now."""
    lists = {name: tuple(row[name]) for name in ("counts", "everyone", "liked", "disliked")}
    now = {"name": brand.name, "slug": brand.slug, "praise": (), "complaint": ()}
    return Towards(**{**row, **lists, **now})
