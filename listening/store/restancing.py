"""The stances of a few authors, computed anew at once when a person corrected a mention.

With the prior and the moment that the brand was last flagged with, so that what stood before
and what stands now differ by the correction alone; the flag job computes both anew.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from listening.advocacy import Prior, Said, Verdict, stance
from listening.store.bulk import within
from listening.store.mentions import MentionView, views
from listening.store.stances import update_stances
from listening.store.tables import Stance

# What takes longer than a click may is left to the flag job.
MOST_AUTHORS, MOST_MENTIONS = 100, 2_000


def said_of(view: MentionView, *, copied: bool) -> Said:
    """A mention as far as its author's stance is concerned."""
    found = view.analysis
    return Said(
        mention_id=int(view.mention.id or 0),
        author_id=view.mention.author_id,
        published_at=view.post.published_at,
        polarity=view.polarity,
        salience=view.mention.salience,
        overridden=view.mention.override is not None,
        recommends=bool(found and found.recommends),
        warns=bool(found and found.warns),
        spam=bool(found and found.spam),
        copy_of_earlier=copied,
        ironic=found.ironic if found else None,
    )


def restance(session: Session, brand_id: int, author_ids: Collection[int]) -> int:
    """Compute the stances of authors towards a brand anew; returns how many.

    Authors who were never flagged, and more than `MOST_AUTHORS`, are left to the flag job.
    """
    statement = (
        select(Stance)
        .where(Stance.brand_id == brand_id, within(session, Stance.author_id, sorted(author_ids)))
        .order_by(col(Stance.author_id))
        .limit(MOST_AUTHORS + 1)
    )
    found = list(session.exec(statement))
    if len(found) > MOST_AUTHORS:
        return 0
    verdicts = {}
    for one in found:
        if one.mentions <= MOST_MENTIONS and (verdict := _verdict(session, one)) is not None:
            verdicts[one.author_id] = verdict
    update_stances(session, brand_id, verdicts)
    return len(verdicts)


def _verdict(session: Session, stood: Stance) -> Verdict | None:
    """The verdict now; None where a release before this one kept no basis."""
    basis = stood.basis
    if not {"prior_mean", "prior_variance", "half_life_days", "as_of"} <= basis.keys():
        return None
    copies = {e["mention_id"] for e in stood.evidence if e.get("not_counted") == "copy"}
    keys: set[str] = set()
    said = []
    for view in views(session, brand_id=stood.brand_id, author_id=stood.author_id):
        key = view.analysis.copy_key if view.analysis else None
        copied = view.mention.id in copies or key in keys
        if key is not None:
            keys.add(key)
        said.append(said_of(view, copied=copied))
    if not said:
        return None
    return stance(
        said,
        Prior(basis["prior_mean"], basis["prior_variance"], 0),
        as_of=datetime.fromtimestamp(basis["as_of"], UTC),
        half_life_days=basis["half_life_days"],
    )
