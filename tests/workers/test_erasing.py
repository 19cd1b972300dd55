"""An erased author is nowhere in the store, and stays away."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlmodel import col, select

from listening.errors import ConflictError, ListeningError
from listening.ingest import Ingested, ingest
from listening.matching import BrandMatcher
from listening.sources.base import PostKind
from listening.store.brands.brands import brand_rules
from listening.store.keeping.erasing import Person
from listening.store.keeping.scrubbing import LEFT_OUT
from listening.store.keeping.upkeep import vacuum
from listening.store.session import Store
from listening.store.tables import (
    Author,
    BrandWindow,
    CannedNote,
    Job,
    Mention,
    Post,
    QuarantinedRow,
    Repeat,
    Report,
    Review,
    ReviewVerdict,
    SavedView,
    Segment,
    Segmentation,
    SegmentState,
    Stance,
    Sweep,
    Tombstone,
    Watch,
)
from listening.store.watches.sweeps import quarantine, waiting_rows
from tests.factories import author_id, brand, load, mentions, post, posts
from tests.wholestore import ANNIKA, HERS, OTHERS, fill_every_table, places_of, rows_of_every_table
from workers.jobs import erasing
from workers.jobs.erasing import Erased, erase, find_people, plan


def erased(store: Store, *who: str, source: str = "twitter") -> Erased:
    return erase(store, find_people(store, source, who))


def natives(store: Store) -> list[str]:
    with store.session() as session:
        return [one.native_id for one in posts(session)]


def test_every_table_has_a_row_before(store: Store) -> None:
    fill_every_table(store)
    assert [name for name, count in rows_of_every_table(store).items() if count == 0] == []
    assert {place.split(":")[1].strip() for place in places_of(store, *HERS)} == set(HERS)


def test_nothing_of_an_erased_author_is_found_anywhere(store: Store) -> None:
    fill_every_table(store)
    assert erased(store, "u-4711") == Erased(people=1, authors=1, posts=2, masked=1, rows=4)
    assert places_of(store, *HERS) == []
    # Tombstones: her id, handle, both as marks and as masks, three ways to tell her in a row,
    # the ids of two posts; and somebody else's, which was there.
    assert rows_of_every_table(store)["tombstone"] == 12


def test_what_others_said_stays(store: Store) -> None:
    jetblue = fill_every_table(store)
    erased(store, "u-4711")
    assert natives(store) == ["elsewhere", "theirs-1"]
    view = mentions(store, jetblue)["theirs-1"]
    assert view.post.text == "@******** no idea what you mean, jetblue is fine"
    start, end = view.mention.spans[0]
    assert view.post.text[start:end] == "jetblue"
    assert (view.post.reply_to, view.post.thread) == (None, None)
    assert view.mention.override_by == "support"
    found = places_of(store, *OTHERS)
    assert {place.split(":")[1].strip() for place in found} == set(OTHERS)
    with store.session() as session:
        assert [r.raw for r in waiting_rows(session)] == ["10,@boris,someday,hello annika"]


def test_what_was_concluded_from_them_goes_too(store: Store) -> None:
    fill_every_table(store)
    erased(store, "u-4711")
    counts = rows_of_every_table(store)
    left = {
        name: counts[name]
        for name in (
            "author", "post", "mention", "analysis", "vector", "mention_sentiment",
            "author_profile", "membership", "membership_change", "stance", "review",
            "support_case", "claim", "report_item",
        )
    }  # fmt: skip
    assert left == {
        "author": 2, "post": 2, "mention": 2, "analysis": 2, "vector": 2, "mention_sentiment": 2,
        "author_profile": 1, "membership": 1, "membership_change": 1, "stance": 1, "review": 1,
        "support_case": 1, "claim": 1, "report_item": 1,
    }  # fmt: skip
    kept = {int(view.mention.id or 0) for view in mentions(store).values()}
    with store.session() as session:
        (state,) = session.exec(select(SegmentState))
        (stands,) = session.exec(select(Post.id).where(Post.native_id == "theirs-1"))
        assert (state.exemplars, state.keywords) == ([stands], ["bags", "gates", "delays"])
        assert session.get_one(Segment, 1).name == "bags · gates · delays"
        assert [word["word"] for word in state.figures["affinities"]] == ["bags"]
        (said,) = state.figures["words"]["1"]["complaint"]  # of two; the other rests on hers
        assert (said["word"], set(said["mentions"]) <= kept) == ("bags", True)
        (group,) = session.exec(select(Segmentation)).one().groups
        assert (group["name"], group["keywords"]) == ("bags", ["bags"])
        (stance,) = session.exec(select(Stance))
        assert {e["mention_id"] for e in stance.evidence} == kept
        left_out = "left out: it named an erased author"
        assert session.get_one(Sweep, 1).error == left_out
        assert session.get_one(Watch, 1).last_error == left_out
        assert [job.error for job in session.exec(select(Job))] == [left_out]
        assert [window.themes for window in session.exec(select(BrandWindow))] == [None]


def test_they_do_not_come_back(store: Store) -> None:
    fill_every_table(store)
    erased(store, "u-4711")
    again = load(
        store,
        post("jetblue, anything new?", id="hers-3", author="u-4711", source="twitter", **ANNIKA),
        # Another export, which knows no other id than the handle.
        post("jetblue!", id="hers-4", author="annika.j", source="twitter"),
        post("RT @Annika.J: gate nineteen jetblue", id="t-4", author="u-0815", source="twitter"),
        post(
            "gate", id="t-5", author="u-0815", source="twitter",
            repost_of="hers-2", kind=PostKind.REPOST,
        ),
        post(
            "@annika.j no idea what you mean, jetblue is fine",
            id="theirs-1", author="u-0815", source="twitter", author_handle="boris",
            reply_to="hers-1", thread="hers-1",
        ),
    )  # fmt: skip
    assert again == Ingested(rows=5, posts_same=1, refused=4)
    with store.work() as session:
        rows = [(2, "date", "no date", "9,@annika.j,someday,hm"), (3, "date", "no date", "11,@eve")]
        assert quarantine(session, sweep_id=None, file="b.csv", rows=rows) == 1
    assert places_of(store, *HERS) == []
    assert natives(store) == ["elsewhere", "theirs-1"]


def test_the_same_id_at_another_source_is_another_person(store: Store) -> None:
    brand(store, "JetBlue")
    load(store, post(source="bluesky", author="u-4711"), post(source="twitter", author="u-4711"))
    erased(store, "u-4711")
    with store.session() as session:
        assert [(a.source, a.native_id) for a in session.exec(select(Author))] == [
            ("bluesky", "u-4711")
        ]


def test_erasing_again_finds_nothing_more(store: Store) -> None:
    fill_every_table(store)
    erased(store, "u-4711")
    before = rows_of_every_table(store)
    assert erased(store, "u-4711", "@annika.j") == Erased(people=2)
    assert rows_of_every_table(store) == before


def test_whoever_was_killed_between_units_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_every_table(store)
    real = erasing.erase_posts

    def killed(*args: object, **more: object) -> int:
        if len(natives(store)) < 6:
            raise KeyboardInterrupt
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(erasing, "erase_posts", killed)
    monkeypatch.setattr(erasing, "UNIT", 1)
    with pytest.raises(KeyboardInterrupt):
        erased(store, "u-4711")
    assert "author.native_id: u-4711" in places_of(store, *HERS)
    # Half erased, they are kept out already.
    assert load(store, post(id="n", author="u-4711", source="twitter")).refused == 1
    monkeypatch.setattr(erasing, "erase_posts", real)
    assert erased(store, "u-4711").authors == 1
    assert places_of(store, *HERS) == []


def test_the_plan_says_what_would_go_and_takes_nothing(store: Store) -> None:
    fill_every_table(store)
    before = rows_of_every_table(store)
    (counts,) = plan(store, find_people(store, "twitter", ["@Annika.J"]))
    assert counts == {
        "posts": 2,
        "copies of them by others": 2,
        "mentions": 4,
        "analyses": 4,
        "vectors": 4,
        "claims": 1,
        "sentiments": 4,
        "cases": 1,
        "notes on cases": 1,
        "profiles": 1,
        "memberships": 1,
        "earlier segments": 1,
        "stances": 1,
        "reviews": 1,
        "flags": 1,
        "changes of stance": 1,
        "customer records": 1,
        "posts by others that name them": 2,
        "quarantined rows": 4,
    }
    assert rows_of_every_table(store) == before


def test_a_handle_finds_its_author_and_several_are_told_apart(store: Store) -> None:
    load(
        store,
        post(id="1", author="7", author_handle="Sam", author_name="Sam One"),
        post(id="2", author="8", author_handle="sam"),
        post(id="3", author="9", author_handle="eve"),
    )
    (eve,) = find_people(store, "file", ["@EVE", "9"])
    assert (eve.native_id, eve.author_id) == ("9", author_id(store, "9"))
    with pytest.raises(ConflictError, match=r"2 authors of file have the handle @sam.*\(7, 8\)"):
        find_people(store, "file", ["@sam"])
    with pytest.raises(ListeningError, match="name the source and the native id"):
        find_people(store, "file", ["@"])


def test_somebody_never_seen_gets_a_tombstone(store: Store) -> None:
    brand(store, "JetBlue")
    (person,) = find_people(store, "file", ["@zoe"])
    assert person == Person("file", "zoe", "zoe")
    assert erase(store, [person]) == Erased(people=1)
    assert load(store, post(author="zoe"), post(id="p2", author="yan")).refused == 1
    (again,) = find_people(store, "file", ["zoe"])
    assert again.buried


def test_an_account_that_a_brand_listens_for_is_not_masked(store: Store) -> None:
    jetblue = brand(store, "JetBlue", "@jetblue")
    load(
        store,
        post("hello from @jetblue", id="own", author="jetblue"),
        post("@jetblue lost my bag", id="p2", author="a2"),
    )
    (person,) = find_people(store, "file", ["jetblue"])
    assert person.brands == ("JetBlue",)
    assert erase(store, [person]) == Erased(people=1, authors=1, posts=1)
    assert list(mentions(store, jetblue)) == ["p2"]
    load(store, post("@jetblue again", id="p3", author="a2"))
    assert sorted(mentions(store, jetblue)) == ["p2", "p3"]


def test_a_word_that_others_use_stays_a_keyword(store: Store) -> None:
    fill_every_table(store)
    load(store, post("late", id="n1", author="gates", source="twitter"), post("gates!", id="n2"))
    erased(store, "gates")
    with store.session() as session:
        assert "gates" in session.exec(select(SegmentState)).one().keywords


def test_what_colleagues_keep_tells_nothing_of_an_erased_author(store: Store) -> None:
    jetblue = fill_every_table(store)
    load(store, post("sorry", id="hers-9", author="u-4711", source="twitter", **ANNIKA))
    number, other = author_id(store, "u-4711"), author_id(store, "u-0815")
    themes = {"rising": [{"word": "annika.j", "now": 3}, {"word": "late", "now": 2}]}
    told = [{"kind": "themes", "text": "More is said of “Annika.J” (3)."},
            {"kind": "volume", "text": "More mentions."}]  # fmt: skip
    with store.work() as session:
        for name, params in (
            ("Annika Jansson", {"q": "bag"}),
            ("quoted", {"q": "author:annika.j"}),
            ("one", {"author": f"{other}\x1f{number}"}),
            ("others", {"author": str(other), "q": "sorry"}),
        ):
            view = {"account_id": 1, "brand_id": jetblue, "page": "mentions"}
            session.add(SavedView(name=name, params=params, **view))
        for text in ("Sorry, @annika.j", "Sorry, {author}"):
            session.add(CannedNote(brand_id=jetblue, name=text, text=text, by="support"))
        session.add(
            Review(
                brand_id=jetblue, author_id=other, verdict=ReviewVerdict.CONFIRMED, by="rita",
                note="friend of Annika Jansson", reason="sorry",
            )
        )  # fmt: skip
        report = session.exec(select(Report)).one()
        report.content = {"themes": themes, "sentences": told}
    erased(store, "u-4711")
    with store.session() as session:
        views = select(SavedView.name).where(SavedView.page == "mentions")
        assert session.exec(views).all() == ["others"]
        texts = session.exec(select(CannedNote.text).where(CannedNote.name != "sorry")).all()
        assert sorted(texts) == ["Sorry, {author}", LEFT_OUT]
        review = session.exec(select(Review).where(Review.by == "rita")).one()
        assert (review.note, review.reason) == (LEFT_OUT, "sorry")
        assert session.exec(select(Report)).one().content == {
            "themes": {"rising": themes["rising"][1:]}, "sentences": told[1:],
        }  # fmt: skip
        assert session.exec(select(Repeat)).all() == []


def test_rows_of_short_numbers_are_nobodys(store: Store) -> None:
    load(store, post(author="12"))
    with store.work() as session:
        quarantine(session, sweep_id=None, file="a.csv", rows=[(2, None, "r", "1,x,12")])
    assert erased(store, "12", source="file").rows == 0
    with store.session() as session:
        assert len(session.exec(select(QuarantinedRow)).all()) == 1


def test_many_posts_go_in_many_units(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "UNIT", 3)
    load(store, *(post(id=f"p{n}", author="a1") for n in range(8)), post(id="q", author="a2"))
    assert erased(store, "a1", source="file").posts == 8
    assert natives(store) == ["q"]


def test_whose_posts_are_coming_in_is_erased_after_that(store: Store) -> None:
    brand(store, "JetBlue")
    people = find_people(store, "file", ["a1"])
    done: list[Erased] = []
    eraser = threading.Thread(target=lambda: done.append(erase(store, people)))
    with store.work() as session:
        matcher = BrandMatcher(brand_rules(session))
        assert ingest(session, [post(id="p1", author="a1")], matcher, brand_ids=[1]).posts_new == 1
        eraser.start()
        eraser.join(0.5)  # waits: who would go first would leave the author to the other
    eraser.join()
    assert done == [Erased(people=1, authors=1, posts=1)]
    assert natives(store) == []


def bytes_of(folder: Path) -> Iterable[bytes]:
    return [path.read_bytes().lower() for path in sorted(folder.iterdir())]


def test_after_vacuuming_no_byte_is_left_in_the_files(tmp_path: Path) -> None:
    from listening.store.schema import migrate

    store = Store(f"sqlite:///{tmp_path / 's.db'}")
    migrate(store)
    fill_every_table(store)
    # Enough that pages are split and copied, and a reader that keeps the log from being merged.
    crowd = [post(f"text {n}", id=f"c{n}", author="u-4711", source="twitter") for n in range(3000)]
    load(store, *crowd)
    needles = [needle.encode() for needle in HERS]
    assert any(needle in content for content in bytes_of(tmp_path) for needle in needles)
    erased(store, "u-4711")
    assert vacuum(store).whole
    assert {p.name for p in tmp_path.iterdir()} <= {"s.db", "s.db-wal", "s.db-shm"}
    left = [n for content in bytes_of(tmp_path) for n in [*needles, b"c1234"] if n in content]
    assert left == []
    store.close()


def test_tombstones_tell_nothing(store: Store) -> None:
    load(store, post(author="a1"))
    erased(store, "a1", source="file")
    with store.session() as session:
        digests = list(session.exec(select(Tombstone.digest).order_by(col(Tombstone.digest))))
        assert all(len(d) == 40 and set(d) <= set("0123456789abcdef") for d in digests)
        assert session.exec(select(Mention)).all() == []
