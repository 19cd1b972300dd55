"""The stances of a few authors, computed anew at once when a person corrected a mention.

With the prior and the moment that the brand was last flagged with, so that what stood before
and what stands now differ by the correction alone; the flag job computes both anew.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from listening.advocacy import Prior, Said, Verdict, stance
from listening.discounting import Account, Discount, Uttered, discounts_of
from listening.stancechanges import Course, course
from listening.store.brands.brands import aliases_of
from listening.store.bulk import within
from listening.store.flags.campaigns import coordinated_among
from listening.store.flags.reviews import Marked, marks_of
from listening.store.flags.stances import update_stances
from listening.store.mentions.mentions import MentionView, views
from listening.store.tables import AliasKind, Brand, Stance

# What takes longer than a click may is left to the flag job.
MOST_AUTHORS, MOST_MENTIONS = 100, 2_000


def said_of(
    view: MentionView,
    *,
    copied: bool,
    coordinated: bool = False,
    discounts: tuple[Discount, ...] = (),
) -> Said:
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
        coordinated=coordinated,
        ironic=found.ironic if found else None,
        discounts=discounts,
    )


def names_of(session: Session, brand: Brand) -> list[str]:
    """What a brand is called: its name and its aliases."""
    return [brand.name, *aliases_of(session, brand, AliasKind.NAME)]


def discounts_for(
    found: Sequence[MentionView], names: Collection[str], marked: Marked | None
) -> tuple[Discount, ...]:
    """Why the word of an author weighs less; `found` are their mentions of the brand."""
    author = found[0].author
    return discounts_of(
        Account(author.native_id, author.handle, author.name),
        [Uttered(view.post.published_at, view.post.text) for view in found],
        names,
        marked.mark.value if marked else None,
        marked.by if marked else None,
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
    brand = session.get(Brand, brand_id)
    if brand is None or not found:
        return 0
    names, marks = names_of(session, brand), marks_of(session, brand_id)
    verdicts, courses = {}, {}
    for one in found:
        number = one.author_id
        if one.mentions <= MOST_MENTIONS:
            told = _told(session, one, names, marks.get(number))
            if told is not None:
                verdicts[number], courses[number] = told
    update_stances(session, brand_id, verdicts, courses)
    return len(verdicts)


def _told(
    session: Session, stood: Stance, names: Collection[str], marked: Marked | None
) -> tuple[Verdict, Course] | None:
    """The verdict now; None where a release before this one kept no basis."""
    basis = stood.basis
    if not {"prior_mean", "prior_variance", "half_life_days", "as_of"} <= basis.keys():
        return None
    copies = {e["mention_id"] for e in stood.evidence if e.get("not_counted") == "copy"}
    keys: set[str] = set()
    found = list(views(session, brand_id=stood.brand_id, author_id=stood.author_id))
    if not found:
        return None
    discounts = discounts_for(found, names, marked)
    campaigned = coordinated_among(session, [int(view.mention.id or 0) for view in found])
    said = []
    for view in found:
        key = view.analysis.copy_key if view.analysis else None
        copied = view.mention.id in copies or key in keys
        if key is not None:
            keys.add(key)
        coordinated = view.mention.id in campaigned
        said.append(said_of(view, copied=copied, coordinated=coordinated, discounts=discounts))
    prior = Prior(basis["prior_mean"], basis["prior_variance"], 0)
    as_of, half_life = datetime.fromtimestamp(basis["as_of"], UTC), basis["half_life_days"]
    return (
        stance(said, prior, as_of=as_of, half_life_days=half_life),
        course(said, prior, as_of=as_of, half_life_days=half_life),
    )
