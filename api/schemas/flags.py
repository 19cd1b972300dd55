"""Flagged authors, what is done about them, and how they came to stand where they do."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.base import Sent, Shown
from listening.store.flags.reviewing import MOST_AT_ONCE, MOST_NOTE, MOST_REASON, Acted
from listening.store.flags.stancechanges import ChangeView
from listening.store.flags.stances import StanceView
from listening.store.tables import FlagStatus, Mark, Review, ReviewVerdict, StanceKind

ActionName = Literal["confirm", "dismiss", "contacted", "note", "assign", "mark"]
AuthorId = Annotated[int, Field(ge=1, le=2**63 - 1)]


class SegmentOf(Shown):
    """An author's segment."""

    id: int
    name: str = Field(examples=["crew · seat"])
    nearest: bool = Field(description="Unsegmented: this is only the nearest one.")


class DiscountShown(Shown):
    """Why an author's word weighs less."""

    kind: str = Field(examples=["employee"])
    weight: float = Field(description="What each mention is multiplied by.", examples=[0.0])
    why: str = Field(examples=["says “I work at JetBlue”"])


class FlaggedAuthor(Shown):
    """An author as the lists show them. What is unknown is null, never zero."""

    author_id: int
    source: str = Field(examples=["twitter"])
    native_id: str
    handle: str | None
    name: str | None
    followers: int | None
    stance: StanceKind
    score: float = Field(examples=[-0.62], description="In [-1, 1].")
    low: float
    high: float
    trend: float | None = Field(description="Score now less that of 30 days ago.")
    mentions: int
    opinions: int
    reason: str = Field(examples=["3 of 4 mentions lean negative; warns others"])
    last_at: datetime | None
    turned_at: datetime | None
    status: FlagStatus
    assignee: str | None
    mark: Mark | None
    news: list[int] = Field(description="Mentions since it was dismissed that brought it back.")
    coordinated: int = Field(description="Mentions that are part of copied campaigns.")
    discounts: list[DiscountShown]
    segment: SegmentOf | None
    version: int

    @classmethod
    def of(cls, view: StanceView) -> FlaggedAuthor:
        """From a row of a list."""
        stance, author, flag, segment = view.stance, view.author, view.flag, view.segment
        named = segment and SegmentOf(
            id=int(segment.id or 0), name=segment.name, nearest=view.noise
        )
        return cls(
            author_id=flag.author_id,
            source=author.source,
            native_id=author.native_id,
            handle=author.handle,
            name=author.name,
            followers=author.followers,
            stance=flag.kind,
            score=stance.score,
            low=stance.low,
            high=stance.high,
            trend=stance.trend,
            mentions=stance.mentions,
            opinions=stance.opinions,
            reason=stance.reason,
            last_at=stance.last_at,
            turned_at=flag.turned_at,
            status=flag.status,
            assignee=flag.assignee,
            mark=flag.mark,
            news=flag.news,
            coordinated=stance.coordinated or 0,
            discounts=[DiscountShown(**one) for one in stance.discounts or []],
            segment=named or None,
            version=flag.version,
        )


class EvidenceShown(Shown):
    """A mention's part in a verdict."""

    mention_id: int
    weight: float
    pull: float | None
    not_counted: str | None = Field(description="Why it weighs nothing.", examples=["copy"])
    coordinated: int | None = Field(description="How many authors posted the same text.")
    published_at: datetime | None
    text: str | None = Field(description="null: no longer stored.")
    url: str | None


class StancePoint(Shown):
    """A score on the way here."""

    at: datetime
    score: float


class StanceTurned(Shown):
    """An author came to stand elsewhere."""

    id: int
    author_id: int
    at: datetime
    was: StanceKind
    kind: StanceKind
    score: float
    mention_id: int | None = Field(description="That made it; null: what was said grew old.")

    @classmethod
    def of(cls, view: ChangeView) -> StanceTurned:
        """From a change as it is read."""
        return cls.model_validate(view.change)


class ReviewShown(Shown):
    """One thing that a person did about an author."""

    id: int
    verdict: ReviewVerdict
    value: str | None
    reason: str | None
    note: str | None
    by: str
    created_at: datetime
    batch: str | None = Field(description="Takes it back, with all that was done at once.")
    undone_at: datetime | None
    undone_by: str | None

    @classmethod
    def of(cls, review: Review) -> ReviewShown:
        """From the store."""
        return cls.model_validate(review)


class AuthorOpened(FlaggedAuthor):
    """A flagged author with everything that the flag stands on."""

    evidence: list[EvidenceShown]
    history: list[StancePoint]
    turns: list[StanceTurned]
    reviews: list[ReviewShown]


class Act(Sent):
    """What to do about authors."""

    action: ActionName
    value: str | None = Field(
        None,
        max_length=200,
        description="Of `assign` the login, of `mark` what the author is; null takes it back.",
        examples=["employee"],
    )
    reason: str | None = Field(None, max_length=MOST_REASON, description="Of `dismiss`: needed.")
    note: str | None = Field(None, max_length=MOST_NOTE)


class ActOnOne(Act):
    """What to do about an author."""

    version: int | None = Field(None, description="Of the author as it was shown.")


class ActOnMany(Act):
    """What to do about several authors, all of them or none."""

    author_ids: list[AuthorId] = Field(min_length=1, max_length=MOST_AT_ONCE, examples=[[3, 8]])
    versions: dict[AuthorId, int] = Field(
        default_factory=dict, description="Of the authors as they were shown."
    )


class Batch(Sent):
    """What to take back."""

    batch: str = Field(min_length=1, max_length=64, examples=["9f86d081884c7d65"])


class Done(Shown):
    """What was done."""

    action: str
    authors: int
    batch: str = Field(description="Takes it back.")

    @classmethod
    def of(cls, done: Acted) -> Done:
        """From what was done."""
        return cls.model_validate(done)


class CampaignShown(Shown):
    """The same text by many authors in a short time."""

    id: int
    authors: int
    mentions: int
    first_at: datetime
    last_at: datetime
    example: str | None = Field(description="The text of one of its mentions.")


class CoverageShown(Shown):
    """How many of a list a platform can find by what is known of them."""

    matched: int
    authors: int


class CustomersImported(Shown):
    """What came of a file of customers."""

    stored: int
    left_out: int
    erased: int = Field(description="Of authors who were erased: never stored.")
    problems: list[str] = Field(examples=[["line 3: source or handle is empty"]])


class CustomersFile(Sent):
    """A CSV file of customers."""

    csv: str = Field(
        max_length=1_000_000,
        description="Columns source and handle, and email or phone.",
        examples=["source,handle,email\ntwitter,jetfan,fan@example.org\n"],
    )


class CustomersKept(Shown):
    """How many customer records there are, or went."""

    records: int
