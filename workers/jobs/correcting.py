"""What people's labels teach about a brand: fitting, putting on, taking back.

A correction touches no model: the stored sentiment of the brand's mentions is worked out
again from what the model said, in batches, each a unit of work. Killed at any moment, the
next run goes on where it was, since every row names the correction it carries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlmodel import Session

from listening.config import Settings
from listening.errors import ListeningError
from listening.store.brands.brands import brand_id, get_brand, list_brands
from listening.store.mentions.corrections import (
    ReadMention,
    activate,
    active_corrections,
    add_correction,
    corrections_of,
    out_of_step,
    overridden,
    restore,
    store_corrected,
    uncorrected,
    unlabelled,
)
from listening.store.posts.analyses import Three
from listening.store.session import Store
from listening.store.tables import Brand, Correction
from workers.jobs.flagging import flag
from workers.models import model_revision
from workers.progress import Progress, Silent

if TYPE_CHECKING:
    from nlp.accepting import Fitted
    from nlp.types import Floats

BATCH = 2000
# For each label that contradicts the model so many texts that it gets right: it is right on
# about three texts of four (docs/decisions/0008-corrections.md).
RIGHT_PER_WRONG = 3


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text that a person labelled, as the model reads it.

    Attributes:
        label: position in `nlp.types.SENTIMENTS`.
        three: as the model says.
        vector: (d,) unit sentence vector.
    """

    text: str
    label: int
    three: Three
    vector: Floats


@dataclass(frozen=True, slots=True)
class Tuned:
    """What came of tuning.

    Attributes:
        version: of the stored correction; None where it was refused or only tried.
        mentions: how many were worked out again.
    """

    brand: str
    fitted: Fitted
    version: int | None
    mentions: int


def corrected(
    session: Session,
    brand_ids: Sequence[int],
    probabilities: Floats,
    vectors: Floats,
    *,
    model: str,
) -> tuple[Floats, list[int | None]]:
    """Sentiment of mentions after the active correction of their brand.

    Args:
        session: to read with.
        brand_ids: (n,) of the mentions.
        probabilities: (n, 3) as the model said.
        vectors: (n, d) unit sentence vectors.
        model: revision that said so; a correction of another one is not put on.

    Returns:
        (n, 3) probabilities, and per mention the id of its correction or None.
    """
    active = active_corrections(session, brand_ids)
    if not active:
        return probabilities, [None] * len(brand_ids)
    found = probabilities.copy()
    carried: list[int | None] = [None] * len(brand_ids)
    for brand, correction in active.items():
        if correction.model != model:
            continue
        rows = [i for i, own in enumerate(brand_ids) if own == brand]
        found[rows] = _put_on(correction, probabilities[rows], vectors[rows])
        for i in rows:
            carried[i] = correction.id
    return found, carried


def _put_on(correction: Correction, probabilities: Floats, vectors: Floats) -> Floats:
    from nlp.correction import Params, apply
    from nlp.errors import ModelError

    try:
        return apply(Params.from_json(correction.params), probabilities, vectors)
    except ModelError as error:
        raise ListeningError(
            f"Correction {correction.version} of brand {correction.brand_id}: {error} "
            "`listening opinions revert --brand NAME --to none` takes it back."
        ) from error


def tune_overrides(
    store: Store,
    settings: Settings,
    name: str,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Tuned:
    """Fit on the overrides that the store holds; no model is run.

    Raises:
        NotFoundError: no such brand.
    """
    model = model_revision(settings)
    with store.session() as session:
        brand = get_brand(session, name)
        found = overridden(session, brand_id(brand), model)
    labelled = [_labelled(mention) for mention in found]
    return tune(store, settings, brand, labelled, model=model, dry_run=dry_run, progress=progress)


def _labelled(mention: ReadMention) -> Labelled:
    from nlp.types import SENTIMENTS

    label = SENTIMENTS.index(str(mention.override))
    return Labelled(mention.text, label, mention.three, _vector(mention.vector))


def _vector(data: bytes) -> Floats:
    return np.frombuffer(data, np.float16).astype(np.float32)


def tune(
    store: Store,
    settings: Settings,
    brand: Brand,
    labelled: Sequence[Labelled],
    *,
    model: str,
    sample: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Tuned:
    """Fit a correction of a brand; where it is accepted, store it and put it on.

    Args:
        store: migrated.
        settings: of the flagging that follows.
        brand: stored.
        labelled: of this brand.
        model: revision that read the texts.
        sample: the texts were drawn by lot; otherwise as many that nobody labelled are added
            as it takes for the model to be right on `RIGHT_PER_WRONG` of every one more.
        dry_run: fit and tell, but store nothing.
        progress: told of every batch.
    """
    progress = progress or Silent()
    progress.begin("Fitting")
    number = brand_id(brand)
    wanted = 0 if sample else _anchors_wanted(labelled)
    anchors: list[ReadMention] = []
    if wanted > 0:
        with store.session() as session:
            anchors = unlabelled(session, number, model, wanted)
    fitted = _fit(labelled, anchors, wanted)
    progress.end()
    if dry_run or not fitted.accepted or fitted.params is None or fitted.scores is None:
        return Tuned(brand.name, fitted, None, 0)
    with store.work() as session:
        added = add_correction(
            session,
            number,
            model=model,
            labels=fitted.labels,
            params=fitted.params.to_json(),
            scores=fitted.scores.rounded() | {"anchors": float(fitted.anchors)},
        )
        version = added.version
    mentions = settle(store, number, progress=progress)
    flag(store, settings, [brand.name], progress=progress)
    return Tuned(brand.name, fitted, version, mentions)


def _anchors_wanted(labelled: Sequence[Labelled]) -> int:
    right = sum(int(np.argmax(one.three)) == one.label for one in labelled)
    return max(0, RIGHT_PER_WRONG * (len(labelled) - right) - right)


def _fit(labelled: Sequence[Labelled], anchors: Sequence[ReadMention], wanted: int) -> Fitted:
    from nlp.accepting import Fitted, fit
    from nlp.text import copy_key

    if len(anchors) < wanted / RIGHT_PER_WRONG:
        right = sum(int(np.argmax(one.three)) == one.label for one in labelled)
        reason = (
            f"the model agrees with only {right} of {len(labelled)} labels, and too few other "
            "mentions tell what it gets right: label more of what it gets right too, or say "
            "--sample where the texts were drawn by lot"
        )
        return Fitted(False, reason, len(labelled), len(anchors))
    if not labelled:
        return fit(np.zeros((0, 3), np.float32), np.zeros((0, 1), np.float32), [])
    texts = [one.text for one in labelled] + [one.text for one in anchors]
    groups: dict[str, int] = {}
    three = [one.three for one in labelled] + [one.three for one in anchors]
    vectors = [one.vector for one in labelled] + [_vector(one.vector) for one in anchors]
    return fit(
        np.array(three, np.float32),
        # As the store keeps them, so that the same texts teach the same.
        np.stack(vectors).astype(np.float16).astype(np.float32),
        [one.label for one in labelled],
        anchors=len(anchors),
        groups=[groups.setdefault(copy_key(t) or t, len(groups)) for t in texts],
    )


def settle(store: Store, brand: int, *, progress: Progress | None = None) -> int:
    """Bring a brand's mentions into step with its active correction; returns how many changed."""
    progress = progress or Silent()
    progress.begin("Working out sentiment")
    done = 0
    while True:
        with store.work() as session:
            active = active_corrections(session, [brand]).get(brand)
            count = restore(session, brand, active, BATCH)
            if active is not None:
                count += _correct_batch(session, active)
        if not count:
            break
        progress.advance(count)
        done += count
    progress.end()
    return done


def _correct_batch(session: Session, active: Correction) -> int:
    found = uncorrected(session, active, BATCH)
    if not found:
        return 0
    three = np.array([mention.three for mention in found], np.float32)
    vectors = np.stack([_vector(mention.vector) for mention in found])
    after = [
        (mention.mention_id, (float(row[0]), float(row[1]), float(row[2])))
        for mention, row in zip(found, _put_on(active, three, vectors), strict=True)
    ]
    store_corrected(session, after, active)
    return len(found)


def settle_all(store: Store, *, progress: Progress | None = None) -> int:
    """Bring every brand into step, such as after a process was killed in the middle."""
    with store.session() as session:
        brands = out_of_step(session)
    return sum(settle(store, brand, progress=progress) for brand in brands)


def revert(
    store: Store,
    settings: Settings,
    name: str,
    version: int | None,
    *,
    progress: Progress | None = None,
) -> int:
    """Make another version of a brand's correction count, or none; returns mentions changed.

    Raises:
        NotFoundError: no such brand or version.
    """
    with store.work() as session:
        brand = get_brand(session, name)
        activate(session, brand, version)
    changed = settle(store, brand_id(brand), progress=progress)
    flag(store, settings, [brand.name], progress=progress)
    return changed


def correction_rows(
    store: Store, settings: Settings, name: str | None = None
) -> list[dict[str, object]]:
    """Every version of a brand's correction, or of all brands', as flat rows.

    Raises:
        NotFoundError: no such brand.
    """
    present = model_revision(settings)
    with store.session() as session:
        chosen = get_brand(session, name) if name is not None else None
        names = {brand_id(b): b.name for b in list_brands(session)}
        found = corrections_of(session, chosen)
    return [
        {
            "brand": names[one.brand_id],
            "version": one.version,
            "active": one.active,
            "stale": one.model != present,
            "labels": one.labels,
            "kind": one.params.get("kind"),
            **one.scores,
            "model": one.model,
            "created_at": one.created_at.isoformat(),
        }
        for one in found
    ]
