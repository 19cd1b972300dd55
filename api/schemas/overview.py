"""A brand's figures as the API shows them; each share names its denominator."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from api.routes.paging import BIGGEST_ID
from api.schemas.base import Sent, Shown


class WindowShown(Shown):
    """Days from the first to the last, both in it, in UTC."""

    first: date = Field(examples=["2015-02-18"])
    last: date = Field(examples=["2015-02-24"])
    name: str | None = Field(None, examples=["7"])


class CountsShown(Shown):
    """Mentions counted."""

    mentions: int = Field(examples=[1071])
    scored: int = Field(description="Mentions with a sentiment.", examples=[1071])
    negative: int = Field(description="Towards the brand; a person's word first.", examples=[406])
    neutral: int = Field(examples=[348])
    positive: int = Field(examples=[317])
    net_sentiment: float | None = Field(
        description="(positive - negative) / scored.", examples=[-0.08]
    )
    net_sentiment_polar: float | None = Field(
        description="(positive - negative) / (positive + negative)."
    )
    net_sentiment_of_all: float | None = Field(
        description="(positive - negative) / mentions, those that are not scored too."
    )
    emotional: int = Field(description="Mentions whose emotion is known.")
    anger: int
    joy: int
    optimism: int
    sadness: int
    judged: int = Field(description="Mentions whose irony was read.")
    ironic: int = Field(description="Of these, as likely as 0.9 or more.")
    not_scored: dict[str, int] = Field(description="Why the others have no sentiment.")


class PeopleShown(Shown):
    """Who spoke."""

    authors: int = Field(examples=[548])
    reach_total: int = Field(description="Followers summed over mentions.")
    reach_unique: int = Field(description="Followers of each author once.")
    reach_known: int = Field(description="Authors whose followers are known.")
    as_of: datetime | None = Field(description="What changed later is not in; null: all is.")


class IncidentShown(Shown):
    """A stretch that was out of the ordinary."""

    kind: str = Field(examples=["volume"])
    began: datetime
    ended: datetime
    value: float = Field(description="Mentions in 24 hours, or the negative share.")
    usual: float = Field(description="Mean of the days before, or their share.")
    spread: float = Field(description="SD of the days before, or SE of the share.")
    k: float = Field(description="The largest of 1.5, 2 and 3 that was passed.", examples=[3.0])
    mentions: int
    scored: int
    negative: int


class SentenceShown(Shown):
    """One thing that changed, with what it rests on."""

    kind: str = Field(examples=["volume"])
    text: str = Field(examples=["312 mentions, 24% more than in the 7 days before (251)."])
    figures: dict[str, Any]
    filters: dict[str, str] | None = Field(
        description="Of the mentions behind it, as /mentions takes them."
    )


class ThemeShown(Shown):
    """A word or a pair of neighbours, by authors."""

    word: str = Field(examples=["delayed flight"])
    now: int
    before: int
    negative: int = Field(description="Of `now`, those who use it in a negative mention.")
    z: float | None = Field(None, description="Standard deviations apart.")


class ThemesShown(Shown):
    """Words of a window beside those of the one before."""

    window: WindowShown
    found: bool = Field(description="False: they are looked for in the background, or not at all.")
    top: list[ThemeShown] = Field(default_factory=list)
    rising: list[ThemeShown] = Field(default_factory=list)
    fading: list[ThemeShown] = Field(default_factory=list)
    authors: int = Field(0, description="Who wrote the texts that were read.")
    authors_before: int = 0
    read: int = Field(0, description="Texts that were read.")
    mentions: int = Field(0, description="Mentions that they were drawn from.")


class ListeningShown(Shown):
    """How listening for the brand goes."""

    watches: int
    paused: int
    failing: int
    warned: int
    swept_at: datetime | None
    lag_seconds: float | None = Field(description="How far the watch is behind that is furthest.")
    waiting: int = Field(description="Rows in quarantine.")


class PartShown(Shown):
    """A brand in a window."""

    brand_id: int = Field(examples=[1])
    brand: str = Field(examples=["JetBlue"])
    window: WindowShown
    counts: CountsShown
    sources: dict[str, CountsShown]
    people: PeopleShown | None = Field(
        description="Null: too many to count at once, and not counted yet."
    )


class OverviewShown(Shown):
    """A brand's overview."""

    part: PartShown
    other: PartShown | None = Field(description="What it is compared with.")
    share_of_voice: float | None = Field(
        description="Its mentions / mentions of the brands compared."
    )
    incidents: list[IncidentShown]
    sentences: list[SentenceShown]
    listening: ListeningShown
    as_of: datetime | None = Field(description="What changed later may not be in; null: all is.")


class DayShown(Shown):
    """A day's mentions."""

    day: date
    mentions: int
    negative: int
    neutral: int
    positive: int
    net_sentiment: float | None = Field(description="(positive - negative) / scored.")


class SeriesShown(Shown):
    """Every day of a window."""

    window: WindowShown
    items: list[DayShown]
    as_of: datetime | None


class ShareShown(Shown):
    """A brand's part in some days."""

    brand: str
    mentions: int
    share: float | None = Field(description="mentions / total; null where nobody spoke.")


class BucketShown(Shown):
    """Some days, divided among brands."""

    first: date
    last: date
    total: int
    shares: list[ShareShown]


class VoiceShown(Shown):
    """Shares of voice among the brands compared."""

    window: WindowShown
    whole: BucketShown | None = Field(description="Null: there is no other brand.")
    buckets: list[BucketShown]


class IncidentsShown(Shown):
    """Incidents of a window."""

    window: WindowShown
    k: float
    items: list[IncidentShown]


class BrandFiguresShown(Shown):
    """A brand over everything stored."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["JetBlue"])
    slug: str = Field(examples=["jetblue"])
    mentions: int
    authors: int | None = Field(description="Null: not counted yet.")
    scored: int
    negative: int
    neutral: int
    positive: int
    net_sentiment: float | None
    share_of_voice: float | None = Field(description="Among the brands that you may see.")
    reach_unique: int
    reach_known: int
    advocates: int
    detractors: int
    open_cases: int
    first: date | None
    last: date | None
    as_of: datetime | None
    people_as_of: datetime | None


class ReportShown(Shown):
    """A report without what it says."""

    id: int = Field(examples=[7])
    title: str = Field(examples=["JetBlue: 18 Feb 2015 to 24 Feb 2015"])
    first: date
    last: date
    made_at: datetime
    made_by: str
    schedule_id: int | None
    due_at: datetime | None


class ReportWhole(ReportShown):
    """A report; figures, and ids of the people and mentions that are still stored."""

    content: dict[str, Any]
    items: dict[str, list[dict[str, Any]]]


class ReportWanted(Sent):
    """A report to be made at once."""

    days: int = Field(7, ge=1, le=366, description="Whole days that it looks back.", examples=[7])
    tell: bool = Field(False, description="Tell the channels that ask for reports.")


class ScheduleShown(Shown):
    """When reports are made."""

    id: int = Field(examples=[1])
    name: str = Field(examples=["Weekly"])
    cron: str = Field(examples=["0 8 * * 1"])
    timezone: str = Field(examples=["Europe/Berlin"])
    days: int = Field(examples=[7])
    channels: list[int]
    paused: bool
    next_due_at: datetime
    version: int


class ScheduleWanted(Sent):
    """What a schedule is to be."""

    name: str = Field(max_length=120, examples=["Weekly"])
    cron: str = Field(description="Five fields.", max_length=100, examples=["0 8 * * 1"])
    timezone: str = Field("UTC", max_length=100, examples=["Europe/Berlin"])
    days: int = Field(7, ge=1, le=366)
    channels: list[Annotated[int, Field(ge=1, le=BIGGEST_ID)]] = Field(
        default=[], max_length=50, description="Told; none: those that ask for reports."
    )
    paused: bool = False


class ScheduleChange(ScheduleWanted):
    """A change of a schedule."""

    version: int | None = Field(None, description="That was seen; or send If-Match.")
