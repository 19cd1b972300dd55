"""Cases as the API shows them and takes changes to them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.schemas.base import Sent, Shown
from listening.store.cases.lists import NOBODY, CaseOrder
from listening.store.tables import CaseStatus, Priority, SentimentLabel

Name = Annotated[str, Field(max_length=200)]
Names = Annotated[list[Name], Field(default_factory=list, max_length=50)]
_OWNER = f'A login; "me": whoever asks; "{NOBODY}": nobody has it.'


class CaseQuery(BaseModel):
    """What is asked of a list of cases. Given several times, a filter takes any of its values."""

    model_config = ConfigDict(extra="ignore")

    status: list[CaseStatus] = Field(default_factory=list, description="None: in any state.")
    priority: list[Priority] = Field(default_factory=list)
    xpriority: list[Priority] = Field(default_factory=list)
    owner: Names = Field(default_factory=list, description=_OWNER)
    xowner: Names = Field(default_factory=list)
    risk: Names = Field(default_factory=list, description="danger, law, money, damage, ...")
    xrisk: Names = Field(default_factory=list)
    source: Names = Field(default_factory=list)
    xsource: Names = Field(default_factory=list)
    overdue: bool = Field(False, description="Only those past their due time.")
    group: str | None = Field(None, max_length=200, description="Of similar complaints.")
    author: int | None = Field(None, ge=1, le=2**63 - 1)
    starred: bool | None = None
    checked: bool | None = None
    text: str | None = Field(
        None, max_length=200, description="Words, each in the text; of the first 10,000 cases."
    )
    order: CaseOrder = CaseOrder.URGENCY


class CaseAuthor(Shown):
    """Who complained."""

    id: int
    name: str = Field(examples=["@annika"])
    followers: int | None = Field(description="null: unknown.")
    verified: bool | None


class CaseMention(Shown):
    """What was said."""

    id: int
    post_id: int
    source: str = Field(examples=["mastodon"])
    native_id: str
    url: str | None
    title: str | None
    text: str
    published_at: datetime
    sentiment: SentimentLabel | None
    polarity: float | None = Field(description="Towards the brand, from -1 to 1.")
    overridden_by: str | None


class CaseShown(Shown):
    """A case, how it stands, and every term of its urgency."""

    id: int
    version: int
    status: CaseStatus
    priority: Priority
    priority_by: str | None = Field(description="Who set it; null: it is computed.")
    urgency: float
    terms: dict[str, float]
    risks: list[str]
    group: str | None
    similar: int = Field(description="Others of the group in the same state.")
    owner: str | None
    starred: bool
    checked: bool
    opened_at: datetime
    due_at: datetime | None
    overdue: bool
    escalated_at: datetime | None
    in_time: bool | None = Field(description="As the first closing found it.")
    snoozed_until: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    after_case_id: int | None = Field(description="The author's case that was closed before.")
    mention: CaseMention
    author: CaseAuthor


class NoteShown(Shown):
    """What was noted, or what the author was told."""

    id: int
    by: str
    text: str
    answer: bool
    created_at: datetime


class CaseEventShown(Shown):
    """Something that was done to a case."""

    id: int
    at: datetime
    by: str
    action: str
    version: int
    before: dict[str, Any]
    after: dict[str, Any]
    undone_at: datetime | None


class CaseWhole(CaseShown):
    """A case with its notes and its history."""

    notes: list[NoteShown]
    history: list[CaseEventShown]


class PostShown(Shown):
    """A post of the conversation around a case."""

    id: int
    native_id: str
    author: CaseAuthor
    text: str
    url: str | None
    published_at: datetime
    reply_to: str | None
    own: bool = Field(description="The one that the case is about.")


_VERSION = Field(
    None, ge=1, le=2**31, description="That you saw; If-Match does as well. Needed.", examples=[3]
)


class CasePatch(Sent):
    """What to change; fields that are left out stay."""

    version: int | None = _VERSION
    status: CaseStatus | None = Field(None, examples=["closed"])
    until: AwareDatetime | None = Field(None, description="When a snoozed case comes back.")
    owner: str | None = Field(None, max_length=200, description=_OWNER)
    priority: Priority | Literal["computed"] | None = None
    starred: bool | None = None
    checked: bool | None = None


class OverrideSent(Sent):
    """What the mention says of the brand, by a person's word."""

    version: int | None = _VERSION
    sentiment: SentimentLabel | None = Field(description="null: what the model says.")


class NoteSent(Sent):
    """A note for colleagues."""

    text: str = Field(min_length=1, max_length=10_000, examples=["Called, will call back."])


class AnswerSent(Sent):
    """What the author was told."""

    version: int | None = _VERSION
    text: str = Field(min_length=1, max_length=10_000)
    then: Literal["pending", "closed"] | None = "pending"
    group: bool = Field(False, description="The same to every case of its group.")


class BulkItem(Sent):
    """One of several cases; without a version it is changed whatever it is by now."""

    id: int = Field(ge=1, le=2**63 - 1)
    version: int | None = Field(None, ge=1, le=2**31)


class BulkSent(Sent):
    """The same to several cases."""

    items: list[BulkItem] = Field(min_length=1, max_length=500)
    status: CaseStatus | None = Field(None, examples=["closed"])
    until: AwareDatetime | None = None
    owner: str | None = Field(None, max_length=200, description=_OWNER)
    priority: Priority | Literal["computed"] | None = None
    starred: bool | None = None
    checked: bool | None = None


class Outcome(Shown):
    """What came of one of several; `error` says why nothing did."""

    case_id: int
    version: int | None
    error: str | None


class BulkDone(Shown):
    """What came of each, in the order sent, and the name to take it all back by."""

    batch: str
    done: int
    results: list[Outcome]


class BatchSent(Sent):
    """What was done to several at once, by its name."""

    batch: str = Field(min_length=1, max_length=64)


class CannedShown(Shown):
    """A text that support says often; {author} and {brand} stand for their names."""

    id: int
    name: str
    text: str
    by: str
    version: int


class CannedSent(Sent):
    """A text to keep under a name."""

    name: str = Field(min_length=1, max_length=80, examples=["sorry"])
    text: str = Field(min_length=1, max_length=10_000, examples=["Sorry {author}, ..."])
    version: int | None = Field(None, ge=1, le=2**31, description="To change one.")


class WeekShown(Shown):
    """A week's median, and the cases that it stands on."""

    monday: date
    hours: float | None
    cases: int


class PaceShown(Shown):
    """Median hours from opening to the first answer, and to closing."""

    answer: list[WeekShown]
    close: list[WeekShown]


class CaseCountsShown(Shown):
    """Cases in each state; 10,000: that many or more; null: too many to look through."""

    open: int | None
    pending: int | None
    snoozed: int | None
    closed: int | None
