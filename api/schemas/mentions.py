"""Mentions, as the API shows them, and what may be done to them."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from api.schemas.base import Page, Sent, Shown
from listening.query.terms import Span
from listening.store.mentions.finding import Facets, FoundMention
from listening.store.mentions.touching import MOST
from listening.store.tables import CaseStatus, Priority, SentimentBasis, SentimentLabel

Ids = list[int]
_MENTION_IDS = Field(min_length=1, max_length=MOST, examples=[[41, 42]])


class MentionAuthor(Shown):
    """Who wrote it; unknown is null."""

    id: int
    name: str | None
    handle: str | None
    followers: int | None
    verified: bool | None


class MentionSegment(Shown):
    """The author's segment."""

    id: int
    name: str
    nearest: bool = Field(description="The author is in no segment; this one is the nearest.")


class MentionCase(Shown):
    """The case that support works on."""

    id: int
    status: CaseStatus
    priority: Priority


class MentionShown(Shown):
    """A post matched to a brand. Unknown is null, never 0."""

    id: int
    brand_id: int
    date: datetime = Field(description="Of publication.")
    title: str | None
    text: str
    url: str | None
    page_type: str = Field(description="The source.", examples=["mastodon"])
    engagement_type: str = Field(examples=["reply"])
    language: str | None = Field(description="Declared by the source, else found in the text.")
    country: str | None
    author: MentionAuthor
    sentiment: SentimentLabel | None = Field(description="Towards the brand; a person's first.")
    polarity: float | None = Field(description="Positive less negative, in [-1, 1].")
    basis: SentimentBasis | None = Field(description="What it was read from.")
    not_scored: str | None = Field(description="Why the models say nothing.")
    override: SentimentLabel | None = Field(description="What a person said.")
    override_by: str | None
    override_at: datetime | None
    emotion: str | None
    likes: int | None
    reposts: int | None
    replies: int | None
    rating: float | None
    tags: list[str] = Field(description="That people gave.", examples=[["urgent"]])
    case: MentionCase | None
    segment: MentionSegment | None
    matches: list[Span] = Field(
        description="Where the query's terms are in the text, else the brand's: [start, end).",
        examples=[[[0, 7]]],
    )

    @classmethod
    def of(cls, found: FoundMention) -> MentionShown:
        """A mention as it was found."""
        view, case, segment = found.view, found.case, found.segment
        mention, post, analysis = view.mention, view.post, view.analysis
        spans = found.match.spans or [(int(a), int(b)) for a, b in mention.spans]
        return cls(
            id=found.id,
            brand_id=mention.brand_id,
            date=mention.published_at,
            title=post.title,
            text=post.text,
            url=post.url,
            page_type=post.source,
            engagement_type=str(post.kind),
            language=post.language or (analysis.language if analysis else None),
            country=post.country,
            author=MentionAuthor.model_validate(view.author),
            sentiment=view.sentiment,
            polarity=None if view.polarity is None else round(view.polarity, 4),
            basis=view.basis,
            not_scored=view.not_scored,
            override=mention.override,
            override_by=mention.override_by,
            override_at=mention.override_at,
            emotion=view.emotion[0] if view.emotion else None,
            likes=post.likes,
            reposts=post.reposts,
            replies=post.replies,
            rating=post.rating,
            tags=list(found.tags),
            case=None
            if case is None
            else MentionCase(id=int(case.id or 0), status=case.status, priority=case.priority),
            segment=None
            if segment is None
            else MentionSegment(id=int(segment.id or 0), name=segment.name, nearest=found.nearest),
            matches=list(spans),
        )


class MentionPage(Page[MentionShown]):
    """A part of the mentions found."""

    looked_to: datetime | None = Field(
        None,
        description="The bound of one request was reached before the page was full: go on with "
        "`next_cursor` for mentions before (sort=oldest: after) this moment.",
    )
    ranked: int | None = Field(
        None,
        description="Orders other than time are made of so many of the latest; null: of all.",
    )


class FacetValue(Shown):
    """A value of a facet and how many mentions have it."""

    value: str = Field(description="As the filter takes it.", examples=["negative"])
    count: int
    name: str | None = Field(None, description="Of a segment.")


class FacetDay(Shown):
    """Mentions of a day."""

    day: date
    count: int


class FacetsShown(Shown):
    """How many of the mentions found have which value."""

    found: int
    whole: bool = Field(description="Every mention found was counted, else the latest.")
    since: datetime | None = Field(description="Back to when, where not all were counted.")
    facets: dict[str, list[FacetValue]]
    days: list[FacetDay]

    @classmethod
    def of(cls, facets: Facets) -> FacetsShown:
        """Facets as they were counted."""
        return cls(
            found=facets.found,
            whole=facets.whole,
            since=facets.since,
            facets={
                name: [
                    FacetValue(
                        value=value,
                        count=count,
                        name=facets.names.get(value) if name == "segment" else None,
                    )
                    for value, count in own
                ]
                for name, own in facets.counts.items()
            },
            days=[FacetDay(day=day, count=count) for day, count in facets.days],
        )


class MentionChange(Sent):
    """A person's word on one mention."""

    override: SentimentLabel | None = Field(description="null takes back what a person said.")


class OverrideMany(Sent):
    """A person's word on several mentions."""

    mention_ids: Ids = _MENTION_IDS
    override: SentimentLabel | None = Field(description="null takes back what people said.")


class Tags(Sent):
    """Tags to put on mentions, and to take off."""

    mention_ids: Ids = _MENTION_IDS
    add: list[str] = Field(default_factory=list, max_length=20, examples=[["urgent"]])
    remove: list[str] = Field(default_factory=list, max_length=20)


class Undo(Sent):
    """An entry that a change gave."""

    entry: int = Field(ge=1, le=2**63 - 1)


class Changed(Shown):
    """What a change did."""

    mention_ids: list[int] = Field(description="Those that are another now.")
    entries: list[int] = Field(description="Of the audit log: each can be undone.")


class QueryCheck(Shown):
    """Whether a query can be read."""

    valid: bool
    normal: str | None = Field(None, description="As it was understood.", examples=["a OR b"])
    message: str | None = Field(None, description="What is wrong, with a caret below the place.")
    column: int | None = Field(None, description="Where, from 1.")
