"""From mentions and what the models said of them to flagged authors and cases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update
from sqlmodel import select

from listening.config import Settings
from listening.errors import NotFoundError
from listening.store.cases.cases import case_views
from listening.store.flags.stances import stance_views
from listening.store.session import Store
from listening.store.tables import (
    Author,
    Case,
    CaseStatus,
    Mention,
    MentionSentiment,
    Review,
    ReviewVerdict,
    SentimentLabel,
    Stance,
    StanceKind,
)
from tests.factories import Opinion, analyse, author_id, brand, load, mentions, opinion, post
from workers.jobs.flagging import Flagged, flag

SETTINGS = Settings(stance_half_life_days=180)
# Author, text, opinion: a1 praises, a2 complains, a3 does both, a4 spoke once.
SPOKEN: dict[str, tuple[str, str, Opinion]] = {
    "p1": ("a1", "JetBlue made my day", opinion(0.9)),
    "p2": ("a1", "I love flying with JetBlue to Boston", opinion(0.9, recommends=True)),
    "p3": ("a2", "JetBlue lost my suitcase", opinion(-0.9, vector=(1.0, 0.0))),
    "p4": ("a2", "JetBlue again: two hours on hold", opinion(-0.9, vector=(0.0, 1.0))),
    "p5": ("a3", "JetBlue has nice snacks", opinion(0.8)),
    "p6": ("a3", "JetBlue was late once more", opinion(-0.8, vector=(0.1, 0.99))),
    "p7": ("a4", "JetBlue is the best", opinion(1.0)),
}


@pytest.fixture
def spoken(store: Store) -> Store:
    brand(store, "JetBlue")
    say(store, SPOKEN)
    return store


def say(store: Store, spoken: dict[str, tuple[str, str, Opinion]]) -> None:
    """Posts at noon, one a day in their order, each with its opinion."""
    load(
        store,
        *(
            post(text, id=native, author=author, at=f"2026-09-{10 + n}T12:00Z")
            for n, (native, (author, text, _)) in enumerate(spoken.items())
        ),
    )
    analyse(store, {native: said for native, (_, _, said) in spoken.items()})


def override(store: Store, native_id: str, label: SentimentLabel) -> None:
    number = mentions(store)[native_id].mention.id
    with store.work() as session:
        session.execute(update(Mention).where(Mention.id == number).values(override=label))


def stances(store: Store) -> dict[str, Stance]:
    with store.session() as session:
        statement = select(Author.native_id, Stance).where(
            Stance.author_id == Author.id, Stance.brand_id == 1
        )
        return dict(session.exec(statement).all())


def cases(store: Store) -> dict[str, Case]:
    with store.session() as session:
        return {
            view.mention.post.native_id: view.case
            for status in CaseStatus
            for view in case_views(session, brand_id=1, status=status)
        }


def test_advocates_and_detractors_with_their_evidence(spoken: Store) -> None:
    assert flag(spoken, SETTINGS) == [Flagged("JetBlue", 4, 1, 1, 3)]
    found = stances(spoken)
    assert {name: stance.kind for name, stance in found.items()} == {
        "a1": StanceKind.ADVOCATE,
        "a2": StanceKind.DETRACTOR,
        "a3": StanceKind.PASSIVE,
        "a4": StanceKind.PASSIVE,  # once is not enough
    }
    assert found["a1"].reason == "2 of 2 mentions lean positive; recommends it"
    shown = mentions(spoken)
    assert {e["mention_id"] for e in found["a2"].evidence} == {
        shown["p3"].mention.id,
        shown["p4"].mention.id,
    }
    assert found["a2"].low <= found["a2"].score <= found["a2"].high < 0


def test_every_negative_mention_is_a_case_alike_ones_in_a_group(spoken: Store) -> None:
    flag(spoken, SETTINGS)
    found = cases(spoken)
    assert sorted(found) == ["p3", "p4", "p6"]
    assert found["p4"].group_key == found["p6"].group_key != found["p3"].group_key
    assert found["p4"].terms["repeat"] == 0.5  # the second complaint of a2
    assert found["p3"].terms == {"negativity": 0.9, "risk": 0.7, "repeat": 0.0, "freshness": 0.3969}


def test_vectors_of_an_older_model_are_not_compared_with_those_of_the_newer(spoken: Store) -> None:
    analyse(spoken, {"p3": opinion(-0.9, vector=(1.0, 0.0, 0.0))})
    flag(spoken, SETTINGS)
    found = cases(spoken)
    assert found["p4"].group_key == found["p6"].group_key != found["p3"].group_key


def test_flagging_again_changes_nothing(spoken: Store) -> None:
    def state() -> list[dict[str, object]]:
        found = [*stances(spoken).values(), *cases(spoken).values()]
        return [one.model_dump(exclude={"computed_at"}) for one in found]

    flag(spoken, SETTINGS)
    before = state()
    flag(spoken, SETTINGS)
    assert state() == before


def test_the_same_text_again_is_no_second_opinion(store: Store) -> None:
    brand(store, "JetBlue")
    text = "JetBlue gives the best service of all airlines to Boston"
    say(
        store,
        {
            "p1": ("a1", text, opinion(0.9)),
            "p2": ("a1", text + "!", opinion(0.9)),
            "p3": ("a2", "RT @a1: " + text, opinion(0.9)),
            "p4": ("a3", "Gute Nacht", opinion(0.9)),
            "p5": ("a3", "JetBlue", opinion(0.9, copy_key="k")),
            "p6": ("a3", "JetBlue!", opinion(0.9, copy_key="k")),
        },
    )
    flag(store, SETTINGS)
    assert {name: (s.mentions, s.opinions) for name, s in stances(store).items()} == {
        "a1": (2, 1),
        "a2": (1, 0),
        "a3": (2, 1),
    }


def test_spam_flags_nobody_and_opens_no_case_until_a_person_believes_it(store: Store) -> None:
    brand(store, "JetBlue")
    say(
        store,
        {
            "p1": ("a1", "JetBlue scam one", opinion(-0.9, spam=True)),
            "p2": ("a1", "JetBlue two", opinion(-0.9, spam=True)),
        },
    )
    flag(store, SETTINGS)
    assert (stances(store)["a1"].opinions, cases(store)) == (0, {})
    override(store, "p1", SentimentLabel.NEGATIVE)
    flag(store, SETTINGS)
    assert (stances(store)["a1"].opinions, list(cases(store))) == (1, ["p1"])


def test_a_persons_word_is_used_at_once(spoken: Store) -> None:
    flag(spoken, SETTINGS)
    for native_id in ("p3", "p4"):
        override(spoken, native_id, SentimentLabel.POSITIVE)
    flag(spoken, SETTINGS)
    assert stances(spoken)["a2"].kind is StanceKind.ADVOCATE
    assert list(cases(spoken)) == ["p6"]


def test_what_somebody_works_on_stays_whatever_its_sentiment(spoken: Store) -> None:
    flag(spoken, SETTINGS)
    number = cases(spoken)["p3"].id
    with spoken.work() as session:
        changes = {"status": CaseStatus.PENDING, "owner": "ann", "version": 2}
        session.execute(update(Case).where(Case.id == number).values(**changes))
    for native_id in ("p3", "p4"):
        override(spoken, native_id, SentimentLabel.POSITIVE)
    flag(spoken, SETTINGS)
    found = cases(spoken)
    assert sorted(found) == ["p3", "p6"]
    assert (found["p3"].status, found["p3"].owner) == (CaseStatus.PENDING, "ann")


def test_stances_and_cases_go_by_what_is_said_of_the_brand(spoken: Store) -> None:
    brand(spoken, "Delta")
    text = "Delta charged me twice, so it is {} from now on"
    say(
        spoken,
        {
            "p8": ("a5", text.format("JetBlue"), Opinion(sentiment=(0.9, 0.1, 0.0))),
            "p9": ("a5", text.format("the good old JetBlue"), Opinion(sentiment=(0.9, 0.1, 0.0))),
        },
    )
    with spoken.work() as session:
        own = select(Mention.id).where(Mention.author_id == author_id(spoken, "a5"))
        towards = update(MentionSentiment).where(
            MentionSentiment.mention_id.in_(own.where(Mention.brand_id == 1))
        )
        session.execute(towards.values(negative=0.0, neutral=0.1, positive=0.9))
    flagged = {own.brand: own for own in flag(spoken, SETTINGS)}
    assert stances(spoken)["a5"].kind is StanceKind.ADVOCATE
    assert sorted(cases(spoken)) == ["p3", "p4", "p6"]
    assert flagged["Delta"] == Flagged("Delta", 1, 0, 1, 2)


def test_praise_that_may_be_ironic_says_so(spoken: Store) -> None:
    ironic = {"p1": opinion(0.9, ironic=0.95), "p2": opinion(0.9, recommends=True, ironic=0.95)}
    analyse(spoken, ironic)
    flag(spoken, SETTINGS)
    found = stances(spoken)["a1"]
    assert found.kind is StanceKind.ADVOCATE
    assert found.reason.endswith("2 of the positive may be ironic")


def test_reviews_survive(spoken: Store) -> None:
    flag(spoken, SETTINGS)
    with spoken.work() as session:
        author = author_id(spoken, "a2")
        session.add(Review(brand_id=1, author_id=author, verdict=ReviewVerdict.CONTACTED, by="x"))
    flag(spoken, SETTINGS)
    with spoken.session() as session:
        (found,) = stance_views(session, brand_id=1, kind=StanceKind.DETRACTOR)
    assert found.review.verdict is ReviewVerdict.CONTACTED


def test_who_no_longer_mentions_the_brand_is_not_flagged(spoken: Store) -> None:
    flag(spoken, SETTINGS)
    load(spoken, *(post("nothing", id=native, author="a2") for native in ("p3", "p4")))
    flag(spoken, SETTINGS)
    assert sorted(stances(spoken)) == ["a1", "a3", "a4"]
    assert list(cases(spoken)) == ["p6"]


def test_each_brand_on_its_own(spoken: Store) -> None:
    brand(spoken, "Delta")
    load(spoken, post("Delta", id="p8", author="a1"))
    assert [f.brand for f in flag(spoken, SETTINGS, ["delta"])] == ["Delta"]
    with spoken.session() as session:
        assert [s.brand_id for s in session.exec(select(Stance))] == [2]
    assert [f.brand for f in flag(spoken, SETTINGS)] == ["Delta", "JetBlue"]
    with pytest.raises(NotFoundError, match="KLM"):
        flag(spoken, SETTINGS, ["KLM"])


def test_an_empty_store_flags_nobody(store: Store) -> None:
    brand(store, "JetBlue")
    assert flag(store, SETTINGS) == []


def test_mentions_without_an_analysis_are_no_opinion(store: Store) -> None:
    brand(store, "JetBlue")
    load(store, post("JetBlue one", id="p1"), post("JetBlue two", id="p2"))
    assert flag(store, SETTINGS) == [Flagged("JetBlue", 1, 0, 0, 0)]
    assert stances(store)["a1"].reason == "no scored mention; 2 not counted (not scored)"


def test_four_that_flag_at_once_flag_once(store: Store) -> None:
    brand(store, "JetBlue")
    spoken = {
        f"p{n}": (f"a{n % 30}", f"JetBlue lost bag {n}", opinion(-0.9, vector=(1.0, n / 90)))
        for n in range(90)
    }
    load(store, *(post(text, id=key, author=who) for key, (who, text, _) in spoken.items()))
    analyse(store, {key: said for key, (_, _, said) in spoken.items()})
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(flag, store, SETTINGS) for _ in range(4)]
        assert {tuple(run.result()) for run in runs} == {(Flagged("JetBlue", 30, 0, 30, 90),)}
    with store.session() as session:
        assert len(session.exec(select(Stance)).all()) == 30
        assert len(session.exec(select(Case)).all()) == 90
