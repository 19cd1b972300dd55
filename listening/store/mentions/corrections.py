"""Corrections of a brand's sentiment: their versions, and the labels people gave.

Which correction counts is said by `Correction.active` alone. `MentionSentiment` follows it:
a row whose `correction_id` is another is out of step and is brought into step in batches,
whenever and by whomever, so that a job that died in the middle is simply run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.errors import NotFoundError
from listening.store.bulk import chunked
from listening.store.counts.daymarks import mark_mentions
from listening.store.posts.analyses import Three, reading
from listening.store.segments.marking import mark_figures
from listening.store.tables import (
    Brand,
    Correction,
    Mention,
    MentionSentiment,
    Post,
    SentimentLabel,
    Vector,
)

Row = dict[str, Any]


def add_correction(
    session: Session,
    brand_id: int,
    *,
    model: str,
    labels: int,
    params: Mapping[str, Any],
    scores: Mapping[str, float],
) -> Correction:
    """Store a brand's next version and make it the active one."""
    last = select(func.max(Correction.version)).where(Correction.brand_id == brand_id)
    added = Correction(
        brand_id=brand_id,
        version=(session.exec(last).one() or 0) + 1,
        model=model,
        labels=labels,
        params=dict(params),
        scores=dict(scores),
    )
    _deactivate(session, brand_id)
    session.add(added)
    session.flush()
    return added


def activate(session: Session, brand: Brand, version: int | None) -> Correction | None:
    """Make another version the active one, or none.

    Raises:
        NotFoundError: the brand has no such version; lists those it has.
    """
    found = None
    if version is not None:
        own = corrections_of(session, brand)
        found = next((c for c in own if c.version == version), None)
        if found is None:
            known = ", ".join(str(c.version) for c in own) or "none yet"
            raise NotFoundError(
                f"{brand.name} has no correction {version} (versions: {known}): see "
                "`listening opinions corrections`."
            )
    _deactivate(session, int(brand.id or 0))
    if found is not None:
        session.execute(
            update(Correction).where(col(Correction.id) == found.id).values(active=True)
        )
        session.refresh(found)
    return found


def _deactivate(session: Session, brand_id: int) -> None:
    # The brand's row is locked first, so that two who activate do not both stand.
    session.exec(select(Brand.id).where(Brand.id == brand_id).with_for_update()).one()
    session.execute(
        update(Correction)
        .where(col(Correction.brand_id) == brand_id, col(Correction.active))
        .values(active=False)
    )


def corrections_of(session: Session, brand: Brand | None = None) -> list[Correction]:
    """The versions of a brand or of all, by brand, oldest first."""
    statement = select(Correction).order_by(col(Correction.brand_id), col(Correction.version))
    if brand is not None:
        statement = statement.where(Correction.brand_id == brand.id)
    return list(session.exec(statement))


def active_corrections(session: Session, brand_ids: Sequence[int]) -> dict[int, Correction]:
    """The active correction of each brand that has one, by brand id."""
    found: dict[int, Correction] = {}
    for chunk in chunked(sorted(set(brand_ids)), 5000):
        statement = select(Correction).where(
            col(Correction.brand_id).in_(chunk), col(Correction.active)
        )
        found |= {correction.brand_id: correction for correction in session.exec(statement)}
    return found


@dataclass(frozen=True, slots=True)
class ReadMention:
    """A mention as the model read it, with what a correction needs.

    Attributes:
        three: as the model said.
        vector: of its post, float16 bytes.
        text: as the model read it.
        override: what a person said, or None.
    """

    mention_id: int
    three: Three
    vector: bytes
    text: str = ""
    override: SentimentLabel | None = None


def uncorrected(session: Session, correction: Correction, limit: int) -> list[ReadMention]:
    """The next mentions that an active correction still has to be put on.

    Only those that its model read: a correction says nothing about another model.
    """
    statement = (
        select_columns(
            col(MentionSentiment.mention_id),
            col(MentionSentiment.model_negative),
            col(MentionSentiment.model_neutral),
            col(MentionSentiment.model_positive),
            col(Vector.data),
        )
        .join(Mention, col(Mention.id) == col(MentionSentiment.mention_id))
        .join(Vector, col(Vector.post_id) == col(Mention.post_id))
        .where(
            col(Mention.brand_id) == correction.brand_id,
            col(MentionSentiment.model) == correction.model,
            col(MentionSentiment.correction_id).is_distinct_from(correction.id),
        )
        .order_by(col(MentionSentiment.mention_id))
        .limit(limit)
        # Nobody may write the row between its being read and its being corrected.
        .with_for_update(of=MentionSentiment)
    )
    return [
        ReadMention(number, (negative, neutral, positive), vector)
        for number, negative, neutral, positive, vector in session.execute(statement)
    ]


def store_corrected(
    session: Session, found: Sequence[tuple[int, Three]], correction: Correction
) -> None:
    """Write what a correction made of mentions, by mention id."""
    rows = [
        {
            "mention_id": number,
            "negative": negative,
            "neutral": neutral,
            "positive": positive,
            "correction_id": correction.id,
        }
        for number, (negative, neutral, positive) in found
    ]
    if rows:
        mark_figures(session)
        session.execute(update(MentionSentiment), rows)
        mark_mentions(session, [number for number, _ in found])


def restore(session: Session, brand_id: int, active: Correction | None, limit: int) -> int:
    """Take back corrections that no longer count from the next mentions; returns how many."""
    foreign: ColumnElement[bool] = col(MentionSentiment.correction_id).is_not(None)
    if active is not None:
        foreign = foreign & col(MentionSentiment.correction_id).is_distinct_from(active.id)
        foreign = foreign & (col(MentionSentiment.model) != active.model)
    statement = (
        select(MentionSentiment.mention_id)
        .join(Mention, col(Mention.id) == col(MentionSentiment.mention_id))
        .where(col(Mention.brand_id) == brand_id, foreign)
        .order_by(col(MentionSentiment.mention_id))
        .limit(limit)
    )
    ids = session.exec(statement).all()
    if ids:
        mark_figures(session)
    mark_mentions(session, ids)
    session.execute(
        update(MentionSentiment)
        .where(col(MentionSentiment.mention_id).in_(ids))
        .values(
            negative=col(MentionSentiment.model_negative),
            neutral=col(MentionSentiment.model_neutral),
            positive=col(MentionSentiment.model_positive),
            correction_id=None,
        )
    )
    return len(ids)


def overridden(session: Session, brand_id: int, model: str) -> list[ReadMention]:
    """The mentions of a brand that a person labelled and this model read."""
    statement = _read(brand_id, model).where(col(Mention.override).is_not(None))
    return _mentions(session, statement.order_by(col(Mention.id)))


def unlabelled(session: Session, brand_id: int, model: str, most: int) -> list[ReadMention]:
    """Mentions of a brand whose text nobody labelled, a text once: always the same ones.

    Ordered by the hash of the text, which is as good as drawn by lot.
    """
    own = (
        select(MentionSentiment.text_hash)
        .join(Mention, col(Mention.id) == col(MentionSentiment.mention_id))
        .where(col(Mention.brand_id) == brand_id)
    )
    labelled = own.where(col(Mention.override).is_not(None))
    firsts = (
        own.with_only_columns(func.min(col(Mention.id)))
        .where(col(MentionSentiment.text_hash).not_in(labelled))
        .group_by(col(MentionSentiment.text_hash))
    )
    statement = (
        _read(brand_id, model)
        .where(col(Mention.id).in_(firsts))
        .order_by(col(MentionSentiment.text_hash))
        .limit(most)
    )
    return _mentions(session, statement)


def _read(brand_id: int, model: str) -> Any:
    return (
        select_columns(
            col(Mention.id),
            col(MentionSentiment.model_negative),
            col(MentionSentiment.model_neutral),
            col(MentionSentiment.model_positive),
            col(Vector.data),
            col(Post.title),
            col(Post.text),
            col(Mention.override),
        )
        .join(MentionSentiment, col(MentionSentiment.mention_id) == col(Mention.id))
        .join(Post, col(Post.id) == col(Mention.post_id))
        .join(Vector, col(Vector.post_id) == col(Mention.post_id))
        .where(
            col(Mention.brand_id) == brand_id,
            col(MentionSentiment.model) == model,
            # A label is given to the text that stands; an edit may wait to be read.
            col(MentionSentiment.text_hash) == col(Post.text_hash),
        )
    )


def _mentions(session: Session, statement: Any) -> list[ReadMention]:
    return [
        ReadMention(number, (negative, neutral, positive), vector, reading(title, text)[0], said)
        for number, negative, neutral, positive, vector, title, text, said in session.execute(
            statement
        )
    ]


def override_rows(session: Session, brand: Brand | None = None) -> Iterator[Row]:
    """Overrides as labelled rows, by brand, the latest last; who wrote the post is left out."""
    statement = (
        select(Mention, Post, Brand.name, MentionSentiment)
        .join(Post, col(Post.id) == col(Mention.post_id))
        .join(Brand, col(Brand.id) == col(Mention.brand_id))
        .outerjoin(MentionSentiment, col(MentionSentiment.mention_id) == col(Mention.id))
        .where(col(Mention.override).is_not(None))
        .order_by(col(Brand.slug), col(Mention.override_at), col(Mention.id))
        .execution_options(yield_per=1000)
    )
    if brand is not None:
        statement = statement.where(Mention.brand_id == brand.id)
    for mention, post, name, said in session.exec(statement):
        yield {
            "brand": name,
            "text": reading(post.title, post.text)[0],
            "label": str(mention.override),
            **_said(said),
            "source": post.source,
            "native_id": post.native_id,
            "url": post.url,
            "by": mention.override_by,
            "at": mention.override_at.isoformat() if mention.override_at else None,
            "spans": [
                [start + shift, end + shift]
                for shift in [reading(post.title, post.text)[1]]
                for start, end in mention.spans
            ],
        }


def _said(said: MentionSentiment | None) -> Row:
    if said is None:
        names = ("label", *SentimentLabel)
        return {f"model_{name}": None for name in names}
    three = {
        SentimentLabel.NEGATIVE: said.model_negative,
        SentimentLabel.NEUTRAL: said.model_neutral,
        SentimentLabel.POSITIVE: said.model_positive,
    }
    likeliest = max(three, key=lambda name: three[name])
    return {"model_label": str(likeliest)} | {
        f"model_{name}": round(value, 4) for name, value in three.items()
    }


def out_of_step(session: Session) -> list[int]:
    """Brands that have mentions whose correction is not the one that counts."""
    statement = (
        select(Mention.brand_id)
        .join(MentionSentiment, col(MentionSentiment.mention_id) == col(Mention.id))
        .outerjoin(
            Correction,
            (col(Correction.brand_id) == col(Mention.brand_id))
            & col(Correction.active)
            & (col(Correction.model) == col(MentionSentiment.model)),
        )
        .where(col(MentionSentiment.correction_id).is_distinct_from(col(Correction.id)))
        .distinct()
        .order_by(col(Mention.brand_id))
    )
    return list(session.exec(statement))
