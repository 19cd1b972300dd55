"""What a batch of posts becomes in the store, once and again."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from listening.ingest import Ingested
from listening.store.keeping.tombstones import tombstone_digest
from listening.store.posts.analyses import count_pending, pending_posts
from listening.store.posts.posts import newest_post_at, read_posts
from listening.store.session import Store
from listening.store.tables import Author, MatchedBy, Mention, SentimentLabel, Tombstone
from tests.factories import MODEL, NOON, analyse, at, brand, load, mentions, opinion, post, posts


def stored(store: Store, native_id: str = "p1"):
    with store.session() as session:
        (found,) = posts(session, [native_id])
        return found


def authors(store: Store) -> dict[str, Author]:
    with store.session() as session:
        return {author.native_id: author for author in session.exec(select(Author))}


def override(store: Store, label: SentimentLabel | None) -> None:
    with store.work() as session:
        session.execute(update(Mention).values(override=label, override_by="ann"))


# Counts


def test_new_posts_and_mentions(store: Store) -> None:
    brand(store, "JetBlue")
    found = load(store, post(id="p1"), post("lovely", id="p2"), post(id="p3", author="a2"))
    assert found == Ingested(rows=3, posts_new=3, mentions_new=2)
    assert sorted(mentions(store)) == ["p1", "p3"]
    assert sorted(authors(store)) == ["a1", "a2"]


def test_the_same_batch_again_stores_nothing(store: Store) -> None:
    brand(store, "JetBlue")
    batch = [post(id="p1"), post("lovely", id="p2")]
    load(store, *batch)
    before = list_all(store)
    assert load(store, *batch) == Ingested(rows=2, posts_same=2)
    assert list_all(store) == before


def list_all(store: Store) -> list[object]:
    with store.session() as session:
        found = [*posts(session), *session.exec(select(Author)), *session.exec(select(Mention))]
        return [one.model_dump(exclude={"added_at"}) for one in found]


def test_of_two_with_one_key_the_later_counts(store: Store) -> None:
    found = load(store, post("first"), post("second"))
    assert found == Ingested(rows=2, posts_new=1, posts_same=1)
    assert stored(store).text == "second"


def test_the_same_native_id_at_two_sources_is_two_posts(store: Store) -> None:
    found = load(store, post(source="bluesky"), post(source="mastodon"))
    assert found.posts_new == 2
    assert len(authors(store)) == 1  # by native id: "a1" at either
    with store.session() as session:
        assert len(session.exec(select(Author)).all()) == 2


def test_counts_add_up() -> None:
    total = Ingested(rows=2, posts_new=1, refused=1) + Ingested(rows=1, posts_new=1)
    assert total == Ingested(rows=3, posts_new=2, refused=1)


def test_an_empty_batch(store: Store) -> None:
    assert load(store) == Ingested()


def test_a_post_comes_back_as_its_source_gave_it(store: Store) -> None:
    given = post(
        "née 💙 'quoted' \\ % {x}", title="T", url="https://x/1", language="en", kind="reply",
        reply_to="p0", thread="t", repost_of="r", country="US", region="NY", city="NYC",
        likes=0, reposts=2**40, replies=None, quotes=1, views=7, rating=4.5,
        media=("image",), links=("https://a",), tags=("x", "y"),
        author_handle="zoe", author_name="Zoë", author_followers=0, author_location="here",
        author_verified=False,
    )  # fmt: skip
    load(store, given)
    with store.session() as session:
        ((_, _, found),) = next(read_posts(session))
    assert found == given


def test_posts_are_read_in_batches_each_once(store: Store) -> None:
    load(store, *(post(id=f"p{n}") for n in range(5)))
    with store.session() as session:
        read = [[p.native_id for *_, p in batch] for batch in read_posts(session, batch=2)]
    assert read == [["p0", "p1"], ["p2", "p3"], ["p4"]]


def test_the_newest_post_is_the_clock(store: Store) -> None:
    with store.session() as session:
        assert newest_post_at(session) is None
    load(store, post(id="p1", at=NOON), post(id="p2", at="2026-08-01T00:00+02:00"))
    with store.session() as session:
        assert newest_post_at(session) == at(NOON)


# What changes


def test_an_edited_text_is_the_same_post_and_wants_a_new_analysis(store: Store) -> None:
    brand(store, "JetBlue")
    load(store, post("JetBlue was fine"))
    before = stored(store)
    analyse(store, {"p1": opinion(0.5)})
    with store.session() as session:
        assert count_pending(session, MODEL) == 0
    assert load(store, post("JetBlue was awful")) == Ingested(rows=1, posts_edited=1)
    after = stored(store)
    assert (after.id, after.text, after.added_at) == (
        before.id,
        "JetBlue was awful",
        before.added_at,
    )
    assert before.edited_at is None
    assert after.edited_at is not None
    with store.session() as session:
        assert [p.text for p in pending_posts(session, MODEL, 10)] == ["JetBlue was awful"]


def test_when_a_post_was_edited_is_not_forgotten(store: Store) -> None:
    load(store, post("one"))
    load(store, post("two"))
    edited = stored(store).edited_at
    load(store, post("two"))
    assert stored(store).edited_at == edited


def test_another_model_wants_another_analysis(store: Store) -> None:
    load(store, post())
    analyse(store, {"p1": opinion(0.5)})
    with store.session() as session:
        assert (count_pending(session, MODEL), count_pending(session, "other")) == (0, 1)


def test_the_freshest_is_analysed_first_with_its_title(store: Store) -> None:
    load(
        store,
        post("old", id="p1", at="2026-08-01T00:00Z"),
        post("b", id="p3"),
        post("a", id="p2", title="News"),
    )
    with store.session() as session:
        assert [p.text for p in pending_posts(session, MODEL, 10)] == ["News. a", "b", "old"]
        assert [p.text for p in pending_posts(session, MODEL, 1)] == ["News. a"]


def test_counts_follow_the_source_and_unknown_ones_stay_known(store: Store) -> None:
    load(store, post(likes=3, views=100, replies=None))
    assert load(store, post(likes=5, views=None, replies=0)) == Ingested(rows=1, posts_same=1)
    found = stored(store)
    assert (found.likes, found.views, found.replies, found.reposts) == (5, 100, 0, None)


def test_what_is_known_of_an_author_is_filled_in(store: Store) -> None:
    load(store, post(id="p1", author_handle="zoe", author_followers=10))
    load(store, post(id="p2", author_followers=12, author_name="Zoë"))
    load(store, post(id="p3"))
    found = authors(store)["a1"]
    assert (found.handle, found.name, found.followers) == ("zoe", "Zoë", 12)


def test_authors_met_twice_in_a_batch_keep_what_either_post_tells(store: Store) -> None:
    load(store, post(id="p1", author_handle="zoe"), post(id="p2", author_followers=3))
    found = authors(store)["a1"]
    assert (found.handle, found.followers) == ("zoe", 3)


def test_an_id_that_is_another_authors_post_is_handed_back(store: Store) -> None:
    brand(store, "JetBlue")
    load(store, post("JetBlue first", author="a1"))
    other = post("JetBlue second", author="a2")
    found = load(store, other, post("JetBlue third", id="p2", author="a2"))
    assert found.clashes == (other,)
    assert (found.rows, found.posts_new, found.posts_edited) == (1, 1, 0)
    assert stored(store).text == "JetBlue first"
    assert sorted(mentions(store)) == ["p1", "p2"]


def test_of_two_authors_with_one_id_in_a_batch_the_first_stands(store: Store) -> None:
    brand(store, "JetBlue")
    found = load(store, post("JetBlue", author="a1"), post("JetBlue", author="a2"))
    assert [p.author_native_id for p in found.clashes] == ["a2"]


def test_what_a_later_delivery_leaves_out_stays_known(store: Store) -> None:
    brand(store, "JetBlue")
    load(store, post("JetBlue again", title="Late", language="en", url="https://a.example/1"))
    found = load(store, post("JetBlue again"))
    assert (found.posts_edited, found.posts_same) == (0, 1)
    kept = stored(store)
    assert (kept.title, kept.language, kept.url) == ("Late", "en", "https://a.example/1")


# Mentions


def test_two_brands_in_a_post_are_two_mentions_half_as_salient(store: Store) -> None:
    jetblue, delta = brand(store, "JetBlue"), brand(store, "Delta")
    load(store, post("JetBlue or Delta", id="p1"), post("JetBlue", id="p2"))
    assert [v.mention.salience for v in mentions(store, jetblue).values()] == [0.5, 1.0]
    found = mentions(store, delta)["p1"].mention
    assert (found.salience, found.spans) == (0.5, [[11, 16]])


def test_a_mention_that_an_edit_undoes_goes(store: Store) -> None:
    jetblue, delta = brand(store, "JetBlue"), brand(store, "Delta")
    load(store, post("JetBlue or Delta"), post("JetBlue", id="p2"))
    load(store, post("Delta it was"))
    assert sorted(mentions(store, jetblue)) == ["p2"]
    assert mentions(store, delta)["p1"].mention.salience == 1.0


def test_a_mention_that_a_person_judged_outlives_an_edit(store: Store) -> None:
    brand(store, "JetBlue")
    load(store, post("JetBlue"))
    override(store, SentimentLabel.NEGATIVE)
    load(store, post("nothing left"))
    assert mentions(store)["p1"].sentiment is SentimentLabel.NEGATIVE


def test_an_override_survives_the_same_post_again(store: Store) -> None:
    brand(store, "JetBlue")
    load(store, post("JetBlue"))
    override(store, SentimentLabel.POSITIVE)
    load(store, post("JetBlue again"))
    found = mentions(store)["p1"]
    assert (found.polarity, found.mention.override_by) == (1.0, "ann")


def test_a_brands_own_posts_are_posts_but_no_mentions(store: Store) -> None:
    brand(store, "JetBlue", own=["@JetBlue"])
    found = load(store, post(id="p1", author="jetblue"), post(id="p2", author_handle="jetblue"))
    assert found == Ingested(rows=2, posts_new=2)


# A file that is all about a brand


def test_all_about_a_brand_is_a_mention_whatever_the_query(store: Store) -> None:
    jetblue, delta = brand(store, "JetBlue"), brand(store, "Delta")
    load(store, post("lovely", id="p1"), post("Delta or JetBlue", id="p2"), all_about="JetBlue")
    found = {id: view.mention for id, view in mentions(store, jetblue).items()}
    assert [(m.matched_by, m.salience) for m in found.values()] == [(MatchedBy.IMPORT, 1.0)] * 2
    assert (found["p1"].spans, found["p2"].spans) == ([], [[9, 16]])
    assert list(mentions(store, delta)) == ["p2"]


def test_all_about_a_brand_still_leaves_its_own_account_out(store: Store) -> None:
    brand(store, "JetBlue", own=["jetblue"])
    found = load(store, post("sorry to hear", author="jetblue"), all_about="JetBlue")
    assert found == Ingested(rows=1, posts_new=1)


@pytest.mark.parametrize("order", [("JetBlue", None), (None, "JetBlue")])
def test_all_about_outlasts_the_query_in_either_order(
    store: Store, order: tuple[str | None, str | None]
) -> None:
    jetblue = brand(store, "JetBlue")
    brand(store, "Delta")
    for about in order:
        load(store, post("JetBlue or Delta"), all_about=about)
    found = mentions(store, jetblue)["p1"].mention
    assert (found.matched_by, found.salience) == (MatchedBy.IMPORT, 1.0)


def test_an_edit_does_not_undo_a_mention_by_import(store: Store) -> None:
    brand(store, "JetBlue")
    load(store, post("lovely"), all_about="JetBlue")
    load(store, post("lovely!"))
    assert list(mentions(store)) == ["p1"]


# Erased authors


def test_an_erased_author_stays_away(store: Store) -> None:
    brand(store, "JetBlue")
    with store.work() as session:
        session.add(Tombstone(digest=tombstone_digest(session, "file", "a1")))
    found = load(store, post(id="p1"), post(id="p2", author="a2"), post(id="p3", source="bluesky"))
    assert found == Ingested(rows=3, posts_new=2, mentions_new=2, refused=1)
    assert sorted(mentions(store)) == ["p2", "p3"]
    assert sorted((a.source, a.native_id) for a in all_authors(store)) == [
        ("bluesky", "a1"),
        ("file", "a2"),
    ]


def all_authors(store: Store) -> list[Author]:
    with store.session() as session:
        return list(session.exec(select(Author).order_by(col(Author.id))))


def test_a_tombstone_tells_nothing_without_the_stores_salt(store: Store, new_store) -> None:
    other = new_store()
    digests = []
    for one in (store, other, store):
        with one.work() as session:
            digests.append(tombstone_digest(session, "file", "somebody"))
    assert digests[0] == digests[2] != digests[1]
    assert "somebody" not in digests[0]
