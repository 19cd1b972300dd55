"""Lists as plain rows, one vocabulary for tables, files and answers of the API.

Every row is flat and keeps unknown as None. Lists inside a row are joined with spaces
by the writers, not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlmodel import Session, col, select

from listening.searching import Search
from listening.store.brands.brands import brand_id, list_brands
from listening.store.cases.cases import case_views
from listening.store.flags.stances import segments_of, stance_views
from listening.store.mentions.finding import found_mentions
from listening.store.mentions.mentions import EMOTIONS, MentionView, views
from listening.store.mentions.searching import scan
from listening.store.mentions.tagging import tags_of
from listening.store.segments.segments import current_segmentation
from listening.store.segments.views import segment_views
from listening.store.tables import (
    Author,
    Brand,
    CaseStatus,
    Membership,
    Mention,
    Segment,
    Stance,
    StanceKind,
)

Row = dict[str, Any]

_BATCH = 500


def mention_rows(session: Session, brand: Brand | None = None) -> Iterator[Row]:
    """Mentions with their sentiment towards the brand, oldest first."""
    names = {brand_id(b): b.name for b in list_brands(session)}
    stream = views(session, brand_id=brand_id(brand) if brand else None)
    while batch := list(islice(stream, _BATCH)):
        tags = tags_of(session, [int(view.mention.id or 0) for view in batch])
        for view in batch:
            yield mention_row(names[view.mention.brand_id], view, tags)


def found_rows(session: Session, brand: Brand, search: Search) -> Iterator[Row]:
    """The mentions that a search finds, all of them, in the order of time."""
    hits = scan(session, brand_id(brand), search, most=None, first=_BATCH)
    while batch := list(islice(hits, _BATCH)):
        for found in found_mentions(session, batch):
            yield mention_row(brand.name, found.view, {found.id: list(found.tags)})


def rows_of(session: Session, brand: Brand, mention_ids: Sequence[int]) -> Iterator[Row]:
    """Mentions of a brand in the order given."""
    shown = {int(v.mention.id or 0): v for v in views(session, mention_ids=mention_ids)}
    tags = tags_of(session, mention_ids)
    for number in mention_ids:
        if number in shown:
            yield mention_row(brand.name, shown[number], tags)


def mention_row(brand: str, view: MentionView, tags: Mapping[int, Sequence[str]]) -> Row:
    """A mention of a brand as a row; `tags` by mention, as people gave them."""
    given = list(tags.get(int(view.mention.id or 0), ()))
    # Last: files are read by the places of the columns before.
    return {"brand": brand, **_mention(view), "given_tags": given}


def _mention(view: MentionView) -> Row:
    post, author, found, towards = view.post, view.author, view.analysis, view.towards
    return {
        "mention_id": view.mention.id,
        "source": post.source,
        "native_id": post.native_id,
        "published_at": post.published_at.isoformat(),
        "author_id": author.id,
        "author": author.handle or author.name or author.native_id,
        "author_native_id": author.native_id,
        "followers": author.followers,
        "title": post.title,
        "text": post.text,
        "url": post.url,
        "kind": str(post.kind),
        "language": found.language if found else post.language,
        "sentiment": str(view.sentiment) if view.sentiment else None,
        "polarity": _rounded(view.polarity),
        "negative": _rounded(towards.negative if towards else None),
        "neutral": _rounded(towards.neutral if towards else None),
        "positive": _rounded(towards.positive if towards else None),
        "not_scored": view.not_scored,
        "overridden": view.mention.override is not None,
        "salience": view.mention.salience,
        "recommends": found.recommends if found else None,
        "warns": found.warns if found else None,
        "spam": found.spam if found else None,
        "likes": post.likes,
        "reposts": post.reposts,
        "replies": post.replies,
        "quotes": post.quotes,
        "views": post.views,
        "rating": post.rating,
        "country": post.country,
        "tags": post.tags,
        **_of_post(view),
        "post_negative": _rounded(found.negative if found else None),
        "post_neutral": _rounded(found.neutral if found else None),
        "post_positive": _rounded(found.positive if found else None),
        **{name: _rounded(getattr(found, name) if found else None) for name in EMOTIONS},
        "corrected": towards.correction_id is not None if towards else None,
    }


def _of_post(view: MentionView) -> Row:
    """What the sentiment towards the brand stands on, and what else is said of the post."""
    found, emotion = view.analysis, view.emotion
    return {
        "sentiment_basis": str(view.basis) if view.basis else None,
        "post_sentiment": str(view.post_sentiment) if view.post_sentiment else None,
        "emotion": emotion[0] if emotion else None,
        "ironic": _rounded(found.ironic if found else None),
        "offensive": _rounded(found.offensive if found else None),
    }


def stance_rows(
    session: Session, brand: Brand, kind: StanceKind, *, limit: int | None = None
) -> Iterator[Row]:
    """Flagged authors of a brand, strongest first."""
    found = stance_views(session, brand_id=brand_id(brand), kind=kind, limit=limit)
    for rank, view in enumerate(found, start=1):
        stance, author = view.stance, view.author
        yield {
            "brand": brand.name,
            "rank": rank,
            "author_id": author.id,
            "source": author.source,
            "author": author.handle or author.name or author.native_id,
            "author_native_id": author.native_id,
            "followers": author.followers,
            "stance": str(stance.kind),
            "score": _rounded(stance.score),
            "low": _rounded(stance.low),
            "high": _rounded(stance.high),
            "mentions": stance.mentions,
            "opinions": stance.opinions,
            "recommends": stance.recommends,
            "warns": stance.warns,
            "reason": stance.reason,
            "segment": view.segment.name if view.segment else None,
            "segment_is_nearest": view.noise if view.segment else None,
            "review": str(view.review.verdict) if view.review else None,
            "evidence": [e["mention_id"] for e in stance.evidence],
        }


def case_rows(
    session: Session,
    brand: Brand,
    *,
    status: CaseStatus = CaseStatus.OPEN,
    limit: int | None = None,
) -> Iterator[Row]:
    """Cases of a brand, most urgent first."""
    for view in case_views(session, brand_id=brand_id(brand), status=status, limit=limit):
        case, mention = view.case, view.mention
        yield {
            "brand": brand.name,
            "case_id": case.id,
            "priority": str(case.priority),
            "urgency": case.urgency,
            **{f"urgency_{name}": value for name, value in sorted(case.terms.items())},
            "status": str(case.status),
            "owner": case.owner,
            "opened_at": case.opened_at.isoformat(),
            "due_at": case.due_at.isoformat() if case.due_at else None,
            "answered_at": case.answered_at.isoformat() if case.answered_at else None,
            "closed_at": case.closed_at.isoformat() if case.closed_at else None,
            "in_time": case.in_time,
            "similar": view.similar,
            "group": case.group_key,
            "published_at": mention.post.published_at.isoformat(),
            "author": mention.author.handle or mention.author.name or mention.author.native_id,
            "followers": mention.author.followers,
            "polarity": _rounded(mention.polarity),
            "text": mention.post.text,
            "title": mention.post.title,
            "url": mention.post.url,
            "source": mention.post.source,
            "native_id": mention.post.native_id,
            "mention_id": mention.mention.id,
            **_of_post(mention),
        }


def segment_rows(
    session: Session, brand: Brand | None = None, *, hidden: bool = False
) -> Iterator[Row]:
    """Segments of the current run, largest first; those that people hid only where asked for."""
    run = current_segmentation(session)
    number = brand_id(brand) if brand else None
    for view in segment_views(session, brand_id=number, hidden=hidden):
        yield {
            "segment_id": view.segment.id,
            "name": view.segment.name,
            "authors": view.authors,
            "nearest": view.nearest,
            "share": _rounded(view.share),
            "keywords": view.state.keywords,
            "stability": _rounded(view.state.stability),
            "tentative": view.state.tentative,
            "brand": brand.name if brand else None,
            "mentions": view.mentions,
            "scored": view.scored,
            "net_sentiment": _rounded(view.net_sentiment),
            "advocates": view.advocates,
            "detractors": view.detractors,
            "exemplars": view.state.exemplars,
            "segmentation_id": run.id if run else None,
        }


def author_rows(session: Session, brand: Brand | None = None) -> Iterator[Row]:
    """Authors (of a brand's mentions, where one is given) with their segment."""
    statement = select(Author).order_by(Author.source, Author.native_id)
    if brand is not None:
        speaking = select(Mention.author_id).where(Mention.brand_id == brand_id(brand))
        statement = statement.where(col(Author.id).in_(speaking))
    authors = session.exec(statement).all()
    ids = [int(a.id or 0) for a in authors]
    segments = segments_of(session, ids)
    kinds: dict[int, str] = {}
    if brand is not None:
        own = select(Stance.author_id, Stance.kind).where(Stance.brand_id == brand_id(brand))
        kinds = {author: str(kind) for author, kind in session.exec(own)}
    for author, number in zip(authors, ids, strict=True):
        segment, noise = segments.get(number, (None, False))
        yield {
            "author_id": number,
            "source": author.source,
            "author_native_id": author.native_id,
            "author": author.handle or author.name or author.native_id,
            "name": author.name,
            "followers": author.followers,
            "location": author.location,
            "verified": author.verified,
            "segment": segment.name if segment else None,
            "segment_is_nearest": noise if segment else None,
            "brand": brand.name if brand else None,
            "stance": kinds.get(number),
        }


def membership_rows(session: Session, brand: Brand | None = None) -> Iterator[Row]:
    """Every author's place in the current run."""
    run = current_segmentation(session)
    if run is None:
        return
    statement = (
        select(Membership, Author, Segment)
        .join(Author, col(Author.id) == col(Membership.author_id))
        .join(Segment, col(Segment.id) == col(Membership.segment_id))
        .where(Membership.segmentation_id == run.id)
        .order_by(col(Author.source), col(Author.native_id))
    )
    if brand is not None:
        speaking = select(Mention.author_id).where(Mention.brand_id == brand_id(brand))
        statement = statement.where(col(Membership.author_id).in_(speaking))
    for membership, author, segment in session.exec(statement):
        yield {
            "segmentation_id": run.id,
            "source": author.source,
            "author_id": author.id,
            "author_native_id": author.native_id,
            "author": author.handle or author.name or author.native_id,
            "segment_id": segment.id,
            "segment": segment.name,
            "noise": membership.noise,
            "strength": membership.strength,
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
