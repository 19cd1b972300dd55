"""A store with a row in every table, and a search through all that it holds."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import inspect
from sqlmodel import Session, SQLModel

from listening.sources.base import PostKind
from listening.store.flags.flags import refresh_flags
from listening.store.session import Store
from listening.store.tables import (
    AuthorLook,
    AuthorProfile,
    Backfill,
    BrandWindow,
    Campaign,
    CampaignMention,
    CannedNote,
    Case,
    CaseEvent,
    CaseNote,
    Claim,
    Correction,
    Counter,
    CustomerRecord,
    Job,
    JobStatus,
    Lease,
    Lineage,
    LineageEvent,
    Membership,
    MembershipChange,
    Mention,
    MentionDay,
    MentionTag,
    PlacedChunk,
    Presence,
    Priority,
    Report,
    ReportItem,
    ReportSchedule,
    Review,
    ReviewVerdict,
    RunArtefact,
    Segment,
    Segmentation,
    SegmentationFit,
    SegmentFigure,
    SegmentState,
    Stance,
    StanceChange,
    StanceKind,
    StoreFact,
    Sweep,
    SweepStatus,
    Tombstone,
    Watch,
)
from listening.store.watches.sweeps import quarantine
from tests.factories import analyse, at, author_id, brand, load, mentions, opinion, post, posts
from tests.wholedesk import fill_desk

NOON = at("2026-09-01T12:00Z")
ANNIKA = {"author_handle": "annika.j", "author_name": "Annika Jansson"}
# What tells Annika: native id, handle, name, her posts' ids and words.
HERS = (
    "u-4711",
    "annika.j",
    "annika jansson",
    "hers-1",
    "hers-2",
    "suitcase with the green stripe",
    "queue at gate nineteen",
)
OTHERS = ("u-0815", "boris", "theirs-1", "no idea what you mean")


def fill_every_table(store: Store) -> int:
    """Two authors, Annika and Boris, and everything that can be known of them.

    Returns:
        the brand's id.
    """
    jetblue = brand(store, "JetBlue", "jetblue", own=["jetblue"])
    load(
        store,
        post(
            "jetblue lost my suitcase with the green stripe",
            id="hers-1", author="u-4711", source="twitter", **ANNIKA,
            url="https://twitter.com/annika.j/status/hers-1",
        ),
        post(
            "that queue at gate nineteen, jetblue",
            id="hers-2", author="u-4711", source="twitter", **ANNIKA, title="Annika Jansson writes",
        ),
        post(
            "@annika.j no idea what you mean, jetblue is fine",
            id="theirs-1", author="u-0815", source="twitter", author_handle="boris",
            reply_to="hers-1", thread="hers-1",
        ),
        post(
            "RT @annika.j: that queue at gate nineteen, jetblue",
            id="theirs-2", author="u-0815", source="twitter", author_handle="boris",
        ),
        post(
            "jetblue lost my suitcase with the green stripe",
            id="theirs-3", author="u-0815", source="twitter", author_handle="boris",
            repost_of="hers-1", kind=PostKind.REPOST,
        ),
        post("the bluest air, says jetblue", id="elsewhere", author="u-4712", source="bluesky"),
    )  # fmt: skip
    natives = ("hers-1", "hers-2", "theirs-1", "theirs-2", "theirs-3", "elsewhere")
    analyse(store, {native: opinion(-1.0, copy_key="same") for native in natives})
    annika, boris = author_id(store, "u-4711"), author_id(store, "u-0815")
    own = {native: int(view.mention.id or 0) for native, view in mentions(store).items()}
    with store.work() as session:
        ids = {one.native_id: int(one.id or 0) for one in posts(session)}
        session.add(
            Segmentation(
                id=1, fingerprint="run", model="m", authors=2, noise=0, clusters=[1],
                groups=[{"number": 0, "name": "annika.j · bags", "keywords": ["annika.j", "bags"]}],
            )
        )  # fmt: skip
        session.add(Segment(id=1, name="annika.j · bags · gates"))
        session.flush()
        session.add(
            SegmentState(
                segmentation_id=1, segment_id=1, label=0, size=2,
                keywords=["annika.j", "bags", "gates", "annika.j queue", "delays"],
                exemplars=[ids["hers-1"], ids["theirs-1"], ids["theirs-2"]],
                figures={
                    "affinities": [{"word": "annika.j", "times": 2.0}, {"word": "bags"}],
                    "words": {"1": {"complaint": [
                        {"word": "bags", "mentions": [own["hers-1"], own["theirs-1"]]},
                        {"word": "queue", "mentions": [own["hers-2"]]},
                    ]}},
                },
            )
        )  # fmt: skip
        session.add(SegmentationFit(segmentation_id=1, data=b"fit"))
        session.add(SegmentFigure(segmentation_id=1, segment_id=1, scope=0, members=2))
        session.add(RunArtefact(segmentation_id=1, kind="everyone", data=b"annika.j", seconds=1.0))
        session.add(PlacedChunk(segmentation_id=1, chunk=0))
        session.add(Lineage(segmentation_id=1, segment_id=1, event=LineageEvent.BORN))
        for person in (annika, boris):
            _concluded(session, person, jetblue, own)
        for handle, email in (("annika.j", "annika.j@example.org"), ("boris", "b@example.org")):
            session.add(CustomerRecord(source="twitter", account=handle, email=email))
        _copied(session, jetblue, own)
        for native in ("hers-1", "theirs-1"):
            mention = own[native]
            case = Case(
                mention_id=mention,
                brand_id=jetblue,
                priority=Priority.HIGH,
                urgency=0.5,
                author_id=annika if native == "hers-1" else boris,
                source="twitter",
                published_at=NOON,
                rank=20.5,
                owner="support",
            )
            session.add(case)
            session.flush()
            if native == "theirs-1":
                quoted = "Annika Jansson wrote to us too"
                session.add(CaseNote(case_id=int(case.id or 0), by="support", text=quoted))
            said = f"told {OTHERS[1] if native == 'theirs-1' else HERS[2]} so"
            session.add(CaseNote(case_id=int(case.id or 0), by="support", text=said))
            session.add(
                CaseEvent(case_id=int(case.id or 0), by="support", action="assign", version=2)
            )
            session.add(
                Claim(
                    post_id=ids[native], holder="w", until=NOON, text_hash="-", model="m",
                    error=f"broke at {native}",
                )
            )  # fmt: skip
            session.add(MentionTag(mention_id=mention, brand_id=jetblue, tag="bags", by="support"))
        session.get_one(Mention, own["theirs-1"]).override_by = "support"
        _reported(session, jetblue, {"u-4711": annika, "u-0815": boris}, own)
        _running(session, jetblue)
        quarantine(
            session,
            sweep_id=1,
            file="tweets.csv",
            rows=[
                (2, "date", "no date", "9,@Annika.J,someday,hello"),
                (3, "date", "no date", '{"user": {"id": "u-4711"}, "text": "hi"}'),
                (4, "id", "clash", "that queue at gate nineteen, jetblue"),
                (5, "date", "no date", "https://twitter.com/annika.j/status/7,,hm"),
                (6, "date", "no date", "10,@boris,someday,hello annika"),
            ],
        )
    return jetblue


def _concluded(session: Session, person: int, jetblue: int, own: dict[str, int]) -> None:
    session.add(AuthorLook(author_id=person, looked_at=NOON, posts=2))
    session.add(
        AuthorProfile(author_id=person, model="m", params="", posts=2, interests=b"\0", as_of=NOON)
    )
    session.add(
        Membership(segmentation_id=1, author_id=person, segment_id=1, noise=False, strength=1.0)
    )
    session.add(
        MembershipChange(
            segmentation_id=1, author_id=person, segment_id=1, noise=False, strength=1.0
        )
    )
    evidence = [
        {"mention_id": mention, "weight": 1.0, "pull": None, "not_counted": None}
        for mention in own.values()
    ]
    session.add(
        Stance(
            brand_id=jetblue, author_id=person, kind=StanceKind.DETRACTOR, score=-1.0, low=-1.0,
            high=-0.5, mentions=2, opinions=2, recommends=0, warns=0, reason="said so",
            evidence=evidence,
        )
    )  # fmt: skip
    session.add(
        Review(brand_id=jetblue, author_id=person, verdict=ReviewVerdict.CONTACTED, by="support")
    )
    session.add(
        StanceChange(
            brand_id=jetblue, author_id=person, at=NOON, was=StanceKind.PASSIVE,
            kind=StanceKind.DETRACTOR, mention_id=own["theirs-1"], score=-1.0,
        )
    )  # fmt: skip
    refresh_flags(session, jetblue, [person])


def _copied(session: Session, jetblue: int, own: dict[str, int]) -> None:
    session.add(
        Campaign(
            id=1, brand_id=jetblue, first_mention=own["hers-1"], authors=5, mentions=5,
            first_at=NOON, last_at=NOON,
        )
    )  # fmt: skip
    session.flush()
    for native in ("hers-1", "theirs-3"):
        session.add(CampaignMention(campaign_id=1, mention_id=own[native]))


def _reported(session: Session, jetblue: int, authors: dict[str, int], own: dict[str, int]) -> None:
    """What pages and reports say; nothing of it names anybody."""
    days = {"brand_id": jetblue, "day": NOON.date(), "source": "twitter"}
    sums = dict.fromkeys(
        ("neutral", "positive", "anger", "joy", "optimism", "sadness", "judged", "ironic"), 0
    )
    session.add(MentionDay(**days, **sums, mentions=5, negative=5, hours=[[5], [5], [5]]))
    session.add(
        BrandWindow(
            brand_id=jetblue, name="7", first=NOON.date(), last=NOON.date(), authors=2,
            reach_total=0, reach_unique=0, reach_known=0, counted_at=NOON, seconds=0.0,
            themes={"top": [{"word": "green stripe", "now": 3}]},
        )
    )  # fmt: skip
    session.add(
        ReportSchedule(
            id=1, brand_id=jetblue, name="Weekly", cron="0 8 * * 1", next_due_at=NOON,
            created_by="ann",
        )
    )  # fmt: skip
    session.flush()
    session.add(
        Report(
            id=1, brand_id=jetblue, schedule_id=1, due_at=NOON, first=NOON.date(),
            last=NOON.date(), made_by="the schedule", content={"mentions": 5},
        )
    )  # fmt: skip
    session.flush()
    for place, (person, native) in enumerate([("u-4711", "hers-1"), ("u-0815", "theirs-1")]):
        session.add(
            ReportItem(
                report_id=1, part="cases", place=place, author_id=authors[person],
                mention_id=own[native], score=0.5,
            )
        )  # fmt: skip


def _running(session: Session, jetblue: int) -> None:
    session.add(CannedNote(brand_id=jetblue, name="sorry", text="Sorry, {author}", by="support"))
    session.add(Watch(id=1, brand_id=jetblue, source="folder", last_error="stuck at u-4711"))
    session.add(Correction(brand_id=jetblue, version=1, model="m", labels=3))
    session.add(Lease(name="beat", holder="me", until=NOON))
    session.add(Presence(name="host web 1", kind="web", host="host", pid=1, seen_at=NOON))
    session.add(Counter(name="mentions_total", labels='{"source": "twitter"}', value=3.0))
    session.add(Tombstone(digest="somebody-else"))
    session.merge(StoreFact(name="salt", value="0123456789abcdef"))
    session.flush()
    session.add(
        Sweep(
            id=1, watch_id=1, source="twitter", label="tweets.csv", status=SweepStatus.FAILED,
            error="no user Annika.J there",
        )
    )  # fmt: skip
    session.add(
        Job(
            kind="import", label="tweets.csv", status=JobStatus.FAILED, holder="me",
            error="row 'that queue at gate nineteen, jetblue' is odd",
        )
    )  # fmt: skip
    session.add(Backfill(watch_id=1, since=NOON - timedelta(days=1), until=NOON))
    fill_desk(session, jetblue)


def rows_of_every_table(store: Store) -> dict[str, int]:
    """Rows by table, of every table that the database itself lists."""
    with store.session() as session:
        connection = session.connection()
        names = set(inspect(connection).get_table_names()) - {"alembic_version"}
        names = {name for name in names if not name.startswith("fts_")}  # indexes of words
        assert names == set(SQLModel.metadata.tables)
        return {
            name: int(connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar() or 0)
            for name in sorted(names)
        }


def places_of(store: Store, *needles: str) -> list[str]:
    """Where one of the needles stands, in whatever case: every column of every table."""
    found = set()
    with store.session() as session:
        connection = session.connection()
        for name in inspect(connection).get_table_names():
            for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"').mappings():
                for column, value in row.items():
                    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    found |= {
                        f"{name}.{column}: {needle}"
                        for needle in needles
                        if needle.casefold() in text.casefold()
                    }
    return sorted(found)


def content_of(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with store.session() as session:
        connection = session.connection()
        return {
            name: sorted(
                (tuple(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')),
                key=repr,
            )
            for name in sorted(inspect(connection).get_table_names())
        }
