"""Posts and their mentions from pending to read: in one pass, once, and again where it must."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import delete
from sqlmodel import select

from listening.store.brands.brands import get_brand
from listening.store.mentions.corrections import add_correction
from listening.store.mentions.mentions import NOT_YET
from listening.store.mentions.sentiments import count_pending_mentions
from listening.store.posts.analyses import count_pending
from listening.store.session import Store
from listening.store.tables import Analysis, Mention, MentionSentiment, SentimentBasis, Vector
from nlp.correction import Params
from nlp.types import Three
from tests.factories import brand, load, mentions, post
from tests.workers.readers import BAD, GOOD, SO_SO, Reader
from workers.jobs import analysing
from workers.jobs.analysing import Analysed, analyse_pending
from workers.jobs.matching import match_stored
from workers.models import Models


def read(store: Store) -> dict[tuple[str, int], tuple[Three, str]]:
    """What is stored, by post and brand: sentiment and basis."""
    with store.session() as session:
        found = session.exec(
            select(Mention, MentionSentiment).where(MentionSentiment.mention_id == Mention.id)
        ).all()
        names = {view.mention.id: name for number in (1, 2)
                 for name, view in mentions(store, number).items()}  # fmt: skip
    return {
        (names[mention.id], mention.brand_id): ((s.negative, s.neutral, s.positive), str(s.basis))
        for mention, s in found
    }


def analyse(store: Store, engine: Reader, **more: int) -> Analysed:
    return analyse_pending(store, Models(engine), **more)  # type: ignore[arg-type]


def pending(store: Store, model: str = "r1") -> tuple[int, int]:
    with store.session() as session:
        return count_pending(session, model), count_pending_mentions(session, model)


@pytest.fixture
def engine() -> Reader:
    return Reader()


@pytest.fixture
def brands(store: Store) -> Store:
    brand(store, "JetBlue")
    brand(store, "Delta")
    return store


def test_a_post_and_its_mentions_come_out_of_one_pass(brands: Store, engine: Reader) -> None:
    load(brands, post("JetBlue good, Delta bad"))
    assert analyse(brands, engine) == Analysed(1, 0)
    assert engine.passes == [["JetBlue good, Delta bad"]]
    assert read(brands) == {("p1", 1): (SO_SO, "target"), ("p1", 2): (BAD, "target")}
    with brands.session() as session:
        analysis, vector = session.exec(select(Analysis)).one(), session.exec(select(Vector)).one()
    assert (analysis.negative, analysis.neutral, analysis.positive) == BAD
    assert (analysis.anger, analysis.joy, analysis.optimism, analysis.sadness) == (
        0.5, 0.25, 0.125, 0.125,
    )  # fmt: skip
    assert (analysis.ironic, analysis.offensive) == (0.25, 0.125)
    assert np.frombuffer(vector.data, np.float16).tolist() == [1.0, 0.0]
    assert pending(brands) == (0, 0)


def test_the_places_of_a_brand_hold_behind_a_title(brands: Store, engine: Reader) -> None:
    load(brands, post("So JetBlue bad", title="Delta good news"))
    analyse(brands, engine)
    assert engine.texts == ["Delta good news. So JetBlue bad"]
    # Delta stands in the title alone, whose places a mention does not keep.
    assert read(brands) == {("p1", 1): (BAD, "target"), ("p1", 2): (BAD, "post")}


def test_places_hold_where_handles_and_addresses_are_shortened(
    brands: Store, engine: Reader
) -> None:
    load(brands, post("@somebodyverylong https://x.example/y JetBlue good", id="p1"))
    load(brands, post("hi 🙂 &amp; bye @JetBlue bad", id="p2"))
    analyse(brands, engine)
    assert engine.texts == ["@user http JetBlue good", "hi 🙂 & bye @user bad"]
    assert read(brands) == {("p1", 1): (GOOD, "target"), ("p2", 1): (BAD, "target")}


def test_what_is_not_scored_has_no_sentiment_and_does_not_wait_for_one(
    brands: Store, engine: Reader
) -> None:
    load(
        brands,
        post("JetBlue hat meinen Koffer schon wieder verloren, danke", id="p1"),
        post("https://jetblue.example", id="p2", title="..."),
        all_about="JetBlue",
    )
    assert analyse(brands, engine) == Analysed(2, 0)
    assert read(brands) == {}
    assert pending(brands) == (0, 0)
    assert analyse(brands, engine) == Analysed(0, 0)
    found = mentions(brands, 1)
    assert (found["p1"].not_scored, found["p2"].not_scored) == ("language", "no words")


def test_a_new_brand_is_read_in_the_posts_that_are_there(store: Store, engine: Reader) -> None:
    brand(store, "JetBlue")
    load(store, post("JetBlue good, Delta bad"), post("Delta good", id="p2"), post("x", id="p3"))
    analyse(store, engine)
    with store.session() as session:
        before = [one.model_dump() for one in session.exec(select(Analysis))]
    brand(store, "Delta")
    match_stored(store)
    assert mentions(store, 2)["p1"].not_scored == NOT_YET
    engine.passes.clear()
    assert analyse(store, engine) == Analysed(0, 2)
    assert engine.texts == ["Delta good", "JetBlue good, Delta bad"]
    assert read(store) == {
        ("p1", 1): (SO_SO, "target"), ("p1", 2): (BAD, "target"), ("p2", 2): (GOOD, "target"),
    }  # fmt: skip
    with store.session() as session:
        assert [one.model_dump() for one in session.exec(select(Analysis))] == before
    assert pending(store) == (0, 0)


def test_an_edited_query_reads_its_mentions_again(brands: Store, engine: Reader) -> None:
    load(brands, post("JetBlue good but B6 bad"), post("Delta good", id="p2"))
    analyse(brands, engine)
    assert read(brands)["p1", 1] == (GOOD, "target")
    with brands.work() as session:
        get_brand(session, "JetBlue").query = "b6"
    match_stored(brands)
    assert analyse(brands, engine) == Analysed(0, 1)
    assert read(brands)["p1", 1] == (BAD, "target")


def test_a_mention_that_names_no_words_takes_the_posts_sentiment_without_a_pass(
    store: Store, engine: Reader
) -> None:
    load(store, post("the crew was so good", author_handle="ann"))
    analyse(store, engine)
    brand(store, "JetBlue", "author:ann")
    match_stored(store)
    engine.passes.clear()
    assert analyse(store, engine) == Analysed(0, 1)
    assert (read(store), engine.passes) == ({("p1", 1): (GOOD, "post")}, [])


def test_copies_go_through_once(brands: Store, engine: Reader) -> None:
    load(brands, post("JetBlue good, Delta bad"))
    analyse(brands, engine)
    load(brands, *(post("JetBlue good, Delta bad", id=f"p{n}") for n in range(2, 6)))
    assert analyse(brands, engine) == Analysed(4, 0)
    assert len(engine.passes) == 1
    assert {key: said for key, said in read(brands).items() if key[1] == 2} == {
        (f"p{n}", 2): (BAD, "target") for n in range(1, 6)
    }
    # A brand that nobody listened for when the first one was read.
    with brands.work() as session:
        session.execute(delete(MentionSentiment).where(MentionSentiment.basis == "target"))
    assert analyse(brands, engine) == Analysed(0, 10)
    assert len(read(brands)) == 10


def test_a_copy_with_a_brand_of_its_own_is_read_for_that_brand(
    store: Store, engine: Reader
) -> None:
    brand(store, "JetBlue")
    load(store, post("JetBlue good, Delta bad"))
    analyse(store, engine)
    brand(store, "Delta")
    load(store, post("JetBlue good, Delta bad", id="p2"))
    assert analyse(store, engine) == Analysed(1, 1)
    assert read(store) == {
        ("p1", 1): (SO_SO, "target"), ("p2", 1): (SO_SO, "target"), ("p2", 2): (BAD, "target"),
    }  # fmt: skip


def test_an_edited_post_is_read_again_with_its_mentions(brands: Store, engine: Reader) -> None:
    load(brands, post("JetBlue good"), post("Delta good", id="p2"))
    analyse(brands, engine)
    load(brands, post("JetBlue bad"))
    assert analyse(brands, engine) == Analysed(1, 0)
    assert read(brands) == {("p1", 1): (BAD, "target"), ("p2", 2): (GOOD, "target")}
    load(brands, post("JetBlue hat meinen Koffer schon wieder verloren, danke"))
    analyse(brands, engine)
    assert read(brands) == {("p2", 2): (GOOD, "target")}


def test_another_model_reads_everything_again(brands: Store, engine: Reader) -> None:
    load(brands, post("JetBlue good"))
    analyse(brands, engine)
    assert analyse(brands, Reader("r2")) == Analysed(1, 0)
    assert pending(brands, "r2") == (0, 0)
    assert pending(brands, "r1") == (1, 0)


class Stopped(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("passes", [0, 1, 2])
def test_killed_at_any_moment_it_goes_on_where_it_was(
    store: Store, engine: Reader, monkeypatch: pytest.MonkeyPatch, passes: int
) -> None:
    monkeypatch.setattr(analysing, "BATCH", 2)
    brand(store, "JetBlue")
    texts = [f"JetBlue good {n}" for n in range(6)]
    load(store, *(post(text, id=f"p{n}") for n, text in enumerate(texts)))

    def stop() -> None:
        if len(engine.passes) == passes:
            raise Stopped

    engine.before = stop
    with pytest.raises(Stopped):
        analyse(store, engine)
    assert pending(store) == (6 - 2 * passes, 0)
    assert len(read(store)) == 2 * passes
    engine.before = lambda: None
    assert analyse(store, engine) == Analysed(6 - 2 * passes, 0)
    assert engine.texts == texts  # each of them once

    brand(store, "Delta", "good")
    match_stored(store)
    engine.passes.clear()
    engine.before = stop
    with pytest.raises(Stopped):
        analyse(store, engine)
    assert pending(store) == (0, 6 - 2 * passes)
    engine.before = lambda: None
    assert analyse(store, engine) == Analysed(0, 6 - 2 * passes)
    assert engine.texts == texts
    assert len(read(store)) == 12


def test_no_more_than_was_asked_for(
    brands: Store, engine: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysing, "BATCH", 2)
    load(brands, *(post(f"JetBlue good {n}", id=f"p{n}") for n in range(6)))
    assert analyse(brands, engine, most=2) == Analysed(2, 0)
    assert pending(brands) == (4, 0)


def test_a_mention_that_goes_while_it_is_read_stops_nobody(store: Store, engine: Reader) -> None:
    brand(store, "JetBlue")
    load(store, post("JetBlue good"), post("JetBlue bad", id="p2"))

    def drop() -> None:
        with store.work() as session:
            session.execute(delete(Mention).where(Mention.post_id == 1))

    engine.before = drop
    assert analyse(store, engine) == Analysed(2, 0)
    assert len(read(store)) == 1


def test_places_that_change_while_they_are_read_are_read_again(
    store: Store, engine: Reader
) -> None:
    brand(store, "JetBlue")
    load(store, post("JetBlue good but B6 bad"))

    def move() -> None:
        engine.before = lambda: None
        with store.work() as session:
            session.exec(select(Mention)).one().spans = [[17, 19]]

    engine.before = move
    assert analyse(store, engine) == Analysed(1, 1)
    assert read(store) == {("p1", 1): (BAD, SentimentBasis.TARGET)}
    assert pending(store) == (0, 0)


def test_what_people_taught_about_a_brand_is_put_on_and_the_models_word_kept(
    brands: Store, engine: Reader
) -> None:
    # Likely and unlikely change places: 0.8125 = 13 * 0.0625.
    upside_down = Params("bias", 1.0, np.array([np.log(13), 0.0, -np.log(13)]))
    with brands.work() as session:
        number = add_correction(
            session, 1, model="r1", labels=40, params=upside_down.to_json(), scores={}
        ).id
    load(brands, post("JetBlue good", id="p1"), post("Delta good", id="p2"))
    analyse(brands, engine)
    load(brands, post("JetBlue good", id="p3"))  # a copy, by what the model said of the first
    analyse(brands, engine)
    assert len(engine.passes) == 1
    with brands.session() as session:
        found = session.exec(select(MentionSentiment).order_by(MentionSentiment.mention_id)).all()
    for one in found:
        blue = one.spans == [[0, 7]]
        assert one.correction_id == (number if blue else None)
        three = (one.negative, one.neutral, one.positive)
        assert three == pytest.approx(BAD if blue else GOOD, abs=1e-6)
        assert (one.model_negative, one.model_neutral, one.model_positive) == GOOD
    assert [one.correction_id for one in found] == [number, None, number]


def test_a_correction_of_another_model_is_not_put_on(brands: Store, engine: Reader) -> None:
    params = Params("bias", 1.0, np.array([9.0, 0.0, 0.0])).to_json()
    with brands.work() as session:
        add_correction(session, 1, model="r0", labels=40, params=params, scores={})
    load(brands, post("JetBlue good"))
    analyse(brands, engine)
    assert read(brands) == {("p1", 1): (GOOD, "target")}
