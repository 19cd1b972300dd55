"""Which mentions still want a sentiment towards their brand, and what is stored of it."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from sqlmodel import select

from listening.store.mentions.mentions import NOT_YET
from listening.store.mentions.sentiments import (
    FoundSentiment,
    PendingMention,
    count_pending_mentions,
    drop_sentiments,
    mentions_of,
    pending_mentions,
    same_mentions,
    standing,
    store_sentiments,
)
from listening.store.posts.analyses import pending_posts
from listening.store.session import Store
from listening.store.tables import (
    Analysis,
    Brand,
    Mention,
    MentionSentiment,
    SentimentBasis,
    SentimentLabel,
)
from tests.factories import MODEL, Opinion, analyse, brand, load, mentions, opinion, post

NEVER = (1.0, 0.0, 0.0)
EVER = (0.1, 0.2, 0.7)


def pending(store: Store, model: str = MODEL, **more: int | None) -> list[PendingMention]:
    with store.session() as session:
        found = pending_mentions(session, model, more.pop("limit", 10) or 10, **more)
        if not more:
            assert count_pending_mentions(session, model) == len(found)
        return found


def change(store: Store, **values: object) -> None:
    with store.work() as session:
        session.execute(update(MentionSentiment).values(**values))


@pytest.fixture
def spoken(store: Store) -> Store:
    """Two brands in one post that has a title."""
    brand(store, "JetBlue")
    brand(store, "Delta")
    load(store, post("JetBlue beats Delta, JetBlue!", title="On Delta"))
    return store


def test_the_places_of_a_brand_count_from_where_the_models_begin_to_read(spoken: Store) -> None:
    analyse(spoken, {"p1": opinion(0.5)})
    with spoken.work() as session:
        for row in session.exec(select(MentionSentiment)):
            session.delete(row)
    delta, blue = pending(spoken)
    assert blue.post.text == "On Delta. JetBlue beats Delta, JetBlue!"
    assert [blue.post.text[start:end] for start, end in blue.target] == ["JetBlue", "JetBlue"]
    assert [delta.post.text[start:end] for start, end in delta.target] == ["Delta"]
    assert delta.spans == ((14, 19),)
    assert delta.target == ((24, 29),)
    assert (blue.brand_id, blue.post_sentiment) == (1, (0.0, 0.5, 0.5))


def test_mentions_of_posts_come_with_the_post_in_the_order_of_brands(spoken: Store) -> None:
    load(spoken, post("nothing", id="p2"))
    with spoken.session() as session:
        posts = pending_posts(session, MODEL, 10)
        found = mentions_of(session, posts)
    assert [[m.brand_id for m in found[p.id]] for p in posts] == [[1, 2], []]
    assert found[posts[0].id][0].post is posts[0]


@pytest.mark.parametrize(
    "stale",
    [{"text_hash": "old"}, {"model": "old"}, {"spans": [[0, 6]]}, {"spans": []}],
    ids=["text", "model", "places", "no places"],
)
def test_what_was_read_of_another_text_place_or_model_is_read_again(
    spoken: Store, stale: dict[str, object]
) -> None:
    analyse(spoken, {"p1": opinion(0.5)})
    assert pending(spoken) == []
    change(spoken, **stale)
    assert [m.brand_id for m in pending(spoken)] == [2, 1]


def test_a_mention_waits_for_its_post(store: Store) -> None:
    brand(store, "JetBlue")
    load(store, post(id="p1"), post(id="p2"), post("JetBlue wunderbar", id="p3"))
    analyse(store, {"p1": opinion(0.5)}, model="old")
    analyse(store, {"p3": opinion(None, not_scored="language")})
    # Not of this model, not analysed at all, and never to be scored.
    assert pending(store) == []
    analyse(store, {"p1": opinion(0.5)})
    load(store, post("JetBlue, edited", id="p1"))  # its analysis is out of date
    assert pending(store) == []


def test_batches_go_through_the_table_once_the_latest_first(store: Store) -> None:
    posts = [post(id=f"p{n}") for n in range(5)]
    load(store, *posts)
    analyse(store, {f"p{n}": opinion(0.5) for n in range(5)})
    brand(store, "JetBlue")
    load(store, *posts)
    seen, below = [], None
    while found := pending(store, limit=2, below=below):
        seen += [m.id for m in found]
        below = found[-1].id
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 5


def test_the_same_text_at_the_same_places_is_known(store: Store) -> None:
    brand(store, "JetBlue")
    load(store, post("JetBlue or Delta", id="p1"))
    analyse(store, {"p1": Opinion(sentiment=NEVER, towards=EVER)})
    load(store, post("JetBlue or Delta", id="p2"), post("JetBlue or KLM", id="p3"))
    analyse(store, {name: opinion(0.0) for name in ("p2", "p3")})
    brand(store, "Delta")
    load(store, post("JetBlue or Delta", id="p2"))
    with store.work() as session:
        for row in session.exec(select(MentionSentiment).where(MentionSentiment.mention_id > 1)):
            session.delete(row)
    found = pending(store)
    assert [(m.post.text, m.brand_id) for m in found] == [
        ("JetBlue or Delta", 2), ("JetBlue or KLM", 1), ("JetBlue or Delta", 1),
    ]  # fmt: skip
    with store.session() as session:
        assert same_mentions(session, found, MODEL) == {found[2].key: (SentimentBasis.TARGET, EVER)}
        assert same_mentions(session, found, "other") == {}


def test_a_correction_is_not_taken_for_what_the_model_said(store: Store) -> None:
    brand(store, "JetBlue")
    load(store, post())
    analyse(store, {"p1": Opinion(towards=EVER)})
    change(store, negative=0.8, neutral=0.1, positive=0.1)
    change(store, spans=[[0, 6]])
    (found,) = pending(store)
    change(store, spans=[list(span) for span in found.spans])
    with store.session() as session:
        assert same_mentions(session, [found], MODEL) == {found.key: (SentimentBasis.TARGET, EVER)}
    assert mentions(store)["p1"].sentiment is SentimentLabel.NEGATIVE


def test_what_is_written_replaces_what_stood(spoken: Store) -> None:
    analyse(spoken, {"p1": opinion(0.5)})
    change(spoken, model="old")
    found = pending(spoken)
    with spoken.work() as session:
        rows = [FoundSentiment(m, SentimentBasis.TARGET, EVER, NEVER, None) for m in found]
        store_sentiments(session, rows, MODEL)
        store_sentiments(session, [], MODEL)
    assert pending(spoken) == []
    with spoken.session() as session:
        first, second = session.exec(
            select(MentionSentiment).order_by(MentionSentiment.mention_id)
        ).all()
    assert (first.negative, first.neutral, first.positive) == NEVER
    assert (first.model_negative, first.model_neutral, first.model_positive) == EVER
    assert (first.spans, second.spans) == ([[0, 7], [21, 28]], [[14, 19]])
    assert (first.basis, first.model) == (SentimentBasis.TARGET, MODEL)


def test_a_mention_that_went_meanwhile_is_left_out(spoken: Store) -> None:
    analyse(spoken, {"p1": opinion(0.5)})
    change(spoken, model="old")
    found = pending(spoken)
    with spoken.work() as session:
        session.delete(session.get(Brand, 2))
    with spoken.work() as session:
        assert [m.brand_id for m in standing(session, found)] == [1]


def test_a_post_that_can_no_longer_be_scored_loses_what_was_said_of_it(spoken: Store) -> None:
    load(spoken, post("JetBlue", id="p2"))
    analyse(spoken, {"p1": opinion(0.5), "p2": opinion(0.5)})
    number = mentions(spoken, 2)["p1"].post.id
    with spoken.work() as session:
        drop_sentiments(session, [int(number or 0)])
        drop_sentiments(session, [])
    found = mentions(spoken, 1)
    assert (found["p1"].towards, found["p1"].polarity) == (None, None)
    assert found["p2"].polarity == 0.5


# What readers make of it


def test_a_mention_is_read_towards_its_brand_and_not_from_the_post(spoken: Store) -> None:
    analyse(spoken, {"p1": Opinion(sentiment=(0.9, 0.1, 0.0), towards=(0.1, 0.1, 0.8))})
    found = mentions(spoken, 1)["p1"]
    assert found.sentiment is SentimentLabel.POSITIVE
    assert found.polarity == pytest.approx(0.7)
    assert (found.post_sentiment, found.basis) == (SentimentLabel.NEGATIVE, SentimentBasis.TARGET)
    assert found.not_scored is None


def test_a_mention_nobody_read_has_none_though_its_post_has(spoken: Store) -> None:
    analyse(spoken, {"p1": opinion(0.8)})
    with spoken.work() as session:
        session.delete(session.exec(select(MentionSentiment)).first())
    found = mentions(spoken, 1)["p1"]
    assert (found.sentiment, found.polarity, found.basis) == (None, None, None)
    assert (found.post_sentiment, found.not_scored) == (SentimentLabel.POSITIVE, NOT_YET)


def test_a_persons_word_has_no_basis_in_a_text(spoken: Store) -> None:
    analyse(spoken, {"p1": opinion(0.8)})
    with spoken.work() as session:
        session.execute(update(Mention).values(override=SentimentLabel.NEGATIVE))
    found = mentions(spoken, 1)["p1"]
    assert (found.sentiment, found.polarity, found.basis) == (SentimentLabel.NEGATIVE, -1.0, None)


def test_the_likeliest_emotion_is_named(spoken: Store) -> None:
    analyse(spoken, {"p1": Opinion(emotion=(0.1, 0.2, 0.4, 0.3), ironic=0.25, offensive=0.5)})
    found = mentions(spoken, 1)["p1"]
    assert found.emotion == ("optimism", 0.4)
    with spoken.session() as session:
        kept = session.exec(select(Analysis)).one()
    assert (kept.anger, kept.joy, kept.optimism, kept.sadness) == (0.1, 0.2, 0.4, 0.3)
    assert (kept.ironic, kept.offensive) == (0.25, 0.5)
    analyse(spoken, {"p1": opinion(0.0)})
    assert mentions(spoken, 1)["p1"].emotion is None
