"""The database itself keeps natural keys unique and references whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, func, select

from listening.access import Role
from listening.store.brands.brands import get_brand, remove_brand
from listening.store.session import Store
from listening.store.tables import (
    Account,
    Alias,
    AliasKind,
    Analysis,
    ApiKey,
    AuditEntry,
    Author,
    AuthorLook,
    AuthorProfile,
    Backfill,
    Brand,
    BrandRole,
    BrandWindow,
    Campaign,
    CampaignMention,
    CannedNote,
    Case,
    CaseEvent,
    CaseNote,
    Change,
    Channel,
    ChannelKind,
    Claim,
    Correction,
    Counter,
    Credential,
    CustomerRecord,
    Delivery,
    Erasure,
    FailedAttempt,
    FigureDue,
    Flag,
    Job,
    Lease,
    Lineage,
    LineageEvent,
    LinkPurpose,
    Membership,
    MembershipChange,
    Mention,
    MentionDay,
    MentionMark,
    MentionSentiment,
    MentionTag,
    OneTimeLink,
    PlacedChunk,
    Post,
    PostWords,
    Presence,
    Priority,
    QuarantinedRow,
    Repeat,
    Report,
    ReportItem,
    ReportSchedule,
    Review,
    ReviewVerdict,
    RunArtefact,
    SavedView,
    Segment,
    Segmentation,
    SegmentationFit,
    SegmentFigure,
    SegmentState,
    SentimentBasis,
    SignIn,
    Stance,
    StanceChange,
    StanceKind,
    StoreFact,
    Sweep,
    Tombstone,
    Unprofiled,
    Vector,
    Watch,
)
from tests.factories import NOON, at

Make = Callable[..., SQLModel]


def row(table: type[SQLModel], **fixed: object) -> Make:
    return lambda **changed: table(**fixed | changed)


# Every table with one row that refers to the others by the id 1, in the order of reference.
ROWS: dict[type[SQLModel], Make] = {
    Author: row(Author, source="file", native_id="a1"),
    Brand: row(Brand, name="A", slug="a", query="a"),
    Account: row(Account, login="ann", name="Ann", subject="issuer ann"),
    BrandRole: row(BrandRole, account_id=1, brand_id=1, role=Role.BRAND),
    SignIn: row(SignIn, token_hash="t", account_id=1, until=at(NOON)),
    OneTimeLink: row(
        OneTimeLink, token_hash="t", purpose=LinkPurpose.RESET, account_id=1, made_by="ann",
        until=at(NOON),
    ),
    ApiKey: row(
        ApiKey, name="nightly", prefix="lk_0", key_hash="h", account_id=1, role=Role.VIEWER,
        brand_id=1, expires_at=at(NOON),
    ),
    FailedAttempt: row(FailedAttempt, under="h"),
    AuditEntry: row(
        AuditEntry, by="ann", account_id=1, action="case.close", noun="case", noun_id="1",
        brand_id=1,
    ),
    Change: row(Change, brand_id=1, noun="case", noun_id=1),
    SavedView: row(SavedView, account_id=1, brand_id=1, page="triage", name="Mine"),
    Repeat: row(Repeat, actor="ann", key="k", request_hash="h"),
    Alias: row(Alias, brand_id=1, kind=AliasKind.NAME, value="x"),
    Watch: row(Watch, brand_id=1, source="file", params_key="{}"),
    Sweep: row(Sweep, watch_id=1, source="file", label="a.csv"),
    QuarantinedRow: row(
        QuarantinedRow, sweep_id=1, file="a.csv", line=2, reason="no text", raw="x", raw_hash="h"
    ),
    Tombstone: row(Tombstone, digest="d"),
    StoreFact: row(StoreFact, name="salt", value="1"),
    Post: row(
        Post, source="file", native_id="p1", author_id=1, text="a", text_hash="h",
        published_at=at(NOON),
    ),
    Mention: row(Mention, post_id=1, brand_id=1, author_id=1, published_at=at(NOON)),
    Analysis: row(Analysis, post_id=1, text_hash="h", model="m"),
    Vector: row(Vector, post_id=1, dimensions=1, data=b"\0\0"),
    Correction: row(Correction, brand_id=1, version=1, model="m", labels=40),
    MentionSentiment: row(
        MentionSentiment, mention_id=1, text_hash="h", model="m", basis=SentimentBasis.TARGET,
        negative=0.1, neutral=0.2, positive=0.7, model_negative=0.2, model_neutral=0.2,
        model_positive=0.6, correction_id=1,
    ),
    AuthorProfile: row(
        AuthorProfile, author_id=1, model="m", params="", posts=1, interests=b"", as_of=at(NOON)
    ),
    Segmentation: row(Segmentation, fingerprint="f", model="m", authors=1, noise=0),
    Segment: row(Segment, name="S", born_in=1),
    SegmentState: row(SegmentState, segmentation_id=1, segment_id=1, label=0, size=1),
    Membership: row(
        Membership, segmentation_id=1, author_id=1, segment_id=1, label=0, noise=False,
        strength=1.0,
    ),
    MembershipChange: row(
        MembershipChange, author_id=1, segment_id=1, noise=False, strength=1.0, segmentation_id=1
    ),
    SegmentationFit: row(SegmentationFit, segmentation_id=1, data=b""),
    PlacedChunk: row(PlacedChunk, segmentation_id=1, chunk=0),
    Lineage: row(Lineage, segmentation_id=1, segment_id=1, event=LineageEvent.BORN),
    Unprofiled: row(Unprofiled, post_id=1, author_id=1),
    AuthorLook: row(AuthorLook, author_id=1, looked_at=at(NOON)),
    Stance: row(
        Stance, brand_id=1, author_id=1, kind=StanceKind.PASSIVE, score=0.0, low=0.0, high=0.0,
        mentions=1, opinions=1, recommends=0, warns=0, reason="",
    ),
    Review: row(Review, brand_id=1, author_id=1, verdict=ReviewVerdict.CONFIRMED, by="ann"),
    Case: row(
        Case, mention_id=1, brand_id=1, author_id=1, source="file", published_at=at(NOON),
        priority=Priority.LOW, urgency=0.1, rank=0.1,
    ),
    CaseEvent: row(CaseEvent, case_id=1, by="ann", action="close", version=2),
    CaseNote: row(CaseNote, case_id=1, by="ann", text="called back"),
    CannedNote: row(CannedNote, brand_id=1, name="sorry", text="Sorry, {author}", by="ann"),
    PostWords: row(PostWords, post_id=1, words="a"),
    MentionTag: row(MentionTag, mention_id=1, brand_id=1, tag="bags", by="ann"),
    Flag: row(
        Flag, brand_id=1, author_id=1, kind=StanceKind.ADVOCATE, source="file", segment_id=1,
        by_surest=0.0, by_score=0.0, by_reach=1.0, by_recent=0.0, by_trend=9.0,
    ),
    StanceChange: row(
        StanceChange, brand_id=1, author_id=1, at=at(NOON), was=StanceKind.PASSIVE,
        kind=StanceKind.ADVOCATE, mention_id=1, score=0.5,
    ),
    Campaign: row(
        Campaign, brand_id=1, first_mention=1, authors=5, mentions=5, first_at=at(NOON),
        last_at=at(NOON),
    ),
    CampaignMention: row(CampaignMention, campaign_id=1, mention_id=1),
    CustomerRecord: row(CustomerRecord, source="file", account="a1", email="a@example.org"),
    Claim: row(Claim, post_id=1, holder="h", until=at(NOON), text_hash="h", model="m"),
    Lease: row(Lease, name="beat", holder="h", until=at(NOON)),
    Job: row(Job, kind="import", label="a.csv", holder="h"),
    Presence: row(Presence, name="h/worker", kind="worker", host="h", pid=1),
    Counter: row(Counter, name="posts", labels="{}"),
    Backfill: row(Backfill, watch_id=1, since=at(NOON), until=at(NOON)),
    SegmentFigure: row(SegmentFigure, segmentation_id=1, segment_id=1, scope=0),
    RunArtefact: row(RunArtefact, segmentation_id=1, kind="map", data=b"", seconds=1.0),
    FigureDue: row(FigureDue),
    Credential: row(Credential, name="K", value="x", set_by="ann"),
    Channel: row(
        Channel, name="Desk", brand_id=1, kind=ChannelKind.SLACK, secret="x", shown="slack",
        created_by="ann",
    ),
    Delivery: row(
        Delivery, uid="u", dedupe="d", channel_id=1, event="test", subject="s", title="t", text="",
    ),
    Erasure: row(Erasure, source="file", who="a1", asked_by="ann"),
    MentionDay: row(
        MentionDay, brand_id=1, day=at(NOON).date(), source="file", mentions=1, negative=0,
        neutral=0, positive=1, anger=0, joy=0, optimism=0, sadness=0, judged=0, ironic=0,
    ),
    MentionMark: row(MentionMark, brand_id=1, day=at(NOON).date()),
    BrandWindow: row(
        BrandWindow, brand_id=1, name="7", first=at(NOON).date(), last=at(NOON).date(), authors=1,
        reach_total=0, reach_unique=0, reach_known=0, counted_at=at(NOON), seconds=0.0,
    ),
    ReportSchedule: row(
        ReportSchedule, brand_id=1, name="Weekly", cron="0 8 * * 1", next_due_at=at(NOON),
        created_by="ann",
    ),
    Report: row(
        Report, brand_id=1, schedule_id=1, due_at=at(NOON), first=at(NOON).date(),
        last=at(NOON).date(), made_by="the schedule",
    ),
    ReportItem: row(ReportItem, report_id=1, part="cases", place=0, author_id=1, mention_id=1),
}  # fmt: skip


@pytest.fixture
def full(store: Store) -> Store:
    """A store with one row in every table."""
    for make in ROWS.values():
        add(store, make())
    return store


def add(store: Store, one: SQLModel) -> None:
    with store.work() as session:
        session.add(one)


def counts(store: Store) -> dict[str, int]:
    with store.session() as session:
        return {table.__name__: count(session, table) for table in ROWS}


def count(session: Session, table: type[SQLModel]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def test_every_table_is_tried() -> None:
    mapped = {mapper.class_ for mapper in Brand._sa_registry.mappers}
    assert {table for table in mapped if issubclass(table, SQLModel)} == set(ROWS)


def test_every_table_takes_a_row(full: Store) -> None:
    assert set(counts(full).values()) == {1}


# What happened and is told, as often as it happens.
KEYLESS = (
    FigureDue, FailedAttempt, AuditEntry, Change, Segment, Sweep, Review, Job, Backfill, Lineage,
    MembershipChange, Channel, Erasure,
    CaseEvent, CaseNote, MentionMark, ReportSchedule,
)  # fmt: skip
UNIQUE = [table for table in ROWS if table not in KEYLESS]


@pytest.mark.parametrize("table", UNIQUE, ids=lambda table: table.__name__)
def test_a_natural_key_stands_once(full: Store, table: type[SQLModel]) -> None:
    with pytest.raises(IntegrityError):
        add(full, ROWS[table]())
    assert counts(full)[table.__name__] == 1


@pytest.mark.parametrize(
    ("table", "other"),
    [
        (Author, {"source": "bluesky"}),
        (Post, {"source": "bluesky"}),
        (Alias, {"kind": AliasKind.OWN_ACCOUNT}),
        (Watch, {"params_key": '{"q": 1}'}),
        (QuarantinedRow, {"raw_hash": "i"}),
        (QuarantinedRow, {"line": 3}),
        (Correction, {"version": 2}),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_another_natural_key_is_another_row(
    full: Store, table: type[SQLModel], other: dict[str, object]
) -> None:
    add(full, ROWS[table](**other))
    assert counts(full)[table.__name__] == 2


def test_a_run_has_a_segment_and_a_label_once(full: Store) -> None:
    for twice in ({"label": 1}, {"segment_id": 2}):
        with pytest.raises(IntegrityError), full.work() as session:
            session.add(Segment(name="T", born_in=1, id=2))
            session.flush()
            session.add(ROWS[SegmentState](**twice))


@pytest.mark.parametrize(
    ("table", "reference"),
    [
        (Post, "author_id"), (Mention, "post_id"), (Mention, "brand_id"), (Case, "mention_id"),
        (Analysis, "post_id"), (Vector, "post_id"), (Stance, "author_id"), (Review, "brand_id"),
        (Membership, "segment_id"), (Sweep, "watch_id"), (Alias, "brand_id"),
        (MentionSentiment, "mention_id"), (MentionSentiment, "correction_id"),
        (Correction, "brand_id"), (Claim, "post_id"), (Backfill, "watch_id"),
        (Channel, "brand_id"), (Delivery, "channel_id"), (MentionDay, "brand_id"),
        (ReportItem, "author_id"), (Report, "schedule_id"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)  # fmt: skip
def test_nothing_refers_to_what_is_not_there(
    full: Store, table: type[SQLModel], reference: str
) -> None:
    keys = {
        Post: {"native_id": "p2"},
        Alias: {"value": "y"},
        Correction: {"version": 2},
        Delivery: {"uid": "v", "dedupe": "e"},
    }
    with pytest.raises(IntegrityError):
        add(full, ROWS[table](**keys.get(table, {}), **{reference: 99}))


def test_a_removed_brand_takes_what_is_about_it_and_leaves_posts(full: Store) -> None:
    with full.work() as session:
        remove_brand(session, get_brand(session, "A"))
    gone = {
        "Brand", "Alias", "Watch", "Backfill", "Mention", "MentionSentiment", "Correction",
        "Stance", "Review", "Case", "CaseEvent", "CaseNote", "CannedNote", "Channel", "Delivery",
        "MentionDay", "MentionMark", "BrandWindow", "ReportSchedule", "Report", "ReportItem",
        "MentionTag",
        "Flag", "StanceChange", "Campaign", "CampaignMention",
        "ApiKey", "BrandRole", "SavedView", "Change",
    }  # fmt: skip
    assert {name for name, number in counts(full).items() if number == 0} == gone
    with full.session() as session:
        assert session.exec(select(Sweep)).one().watch_id is None


def test_a_removed_author_takes_everything_of_theirs(full: Store) -> None:
    with full.work() as session:
        session.delete(session.get(Author, 1))
    assert {name for name, number in counts(full).items() if number == 0} == {
        "Author", "AuthorLook", "AuthorProfile", "Post", "Mention", "MentionSentiment", "Analysis",
        "Vector", "Membership", "MembershipChange", "Stance", "Review", "Case", "CaseEvent",
        "CaseNote", "Claim", "Unprofiled", "ReportItem", "MentionTag", "PostWords",
        "Flag", "StanceChange", "CampaignMention",
    }  # fmt: skip


def test_a_removed_sweep_leaves_its_quarantined_rows(full: Store) -> None:
    with full.work() as session:
        session.delete(session.get(Sweep, 1))
    with full.session() as session:
        assert session.exec(select(QuarantinedRow)).one().sweep_id is None


def test_a_removed_correction_leaves_the_sentiments(full: Store) -> None:
    with full.work() as session:
        session.delete(session.get(Correction, 1))
    with full.session() as session:
        assert session.exec(select(MentionSentiment)).one().correction_id is None
