"""Personas read from a store: whose posts count, beside whom, and how many are read."""

from __future__ import annotations

import pytest

from listening.errors import ConflictError, NotFoundError
from listening.store.flags.towards import put_figures, unworded
from listening.store.posts.authors import author_row, find_author, membership_of, said_rows
from listening.store.segments.maps import map_points, thinning
from listening.store.segments.personas import author_persona, everyone_of, segment_persona
from listening.store.segments.segments import FoundMembership, current_segmentation
from listening.store.session import Store
from listening.store.tables import Mention, Segmentation, SentimentLabel, Stance, StanceKind
from tests.factories import MODEL, analyse, author_id, brand, load, mentions, opinion, post
from tests.segmented import Cluster, store_run

MEMBERS = ("a1", "a2", "a3", "a4")
OTHERS = ("b1", "b2", "b3", "b4", "b5", "b6")


@pytest.fixture
def clustered(store: Store) -> Store:
    """Two segments: four who love JetBlue and tea, and six others."""
    brand(store, "JetBlue", "jetblue")
    brand(store, "Delta", "delta")
    posts, said = [], {}
    for n, who in enumerate((*MEMBERS, *OTHERS)):
        own = n < 4
        text = f"jetblue and #tea {who}" if own else f"delta, jetblue {who}"
        posts.append(post(text, id=f"{who}x", author=who, at=f"2026-09-0{1 + n % 2}T0{n % 8}:00Z",
                          media=("video",) if own else (), likes=10 * n))  # fmt: skip
        said[f"{who}x"] = opinion(0.8 if own else -0.8, emotion=(0.1, 0.7, 0.1, 0.1))
    posts += [
        post("buy now", id="spam", author="a1"),
        post("the same", id="copy1", author="a1", at="2026-09-03T00:00Z"),
        post("the same", id="copy2", author="a1", at="2026-09-04T00:00Z"),
    ]
    said |= {
        "spam": opinion(0.9, spam=True),
        "copy1": opinion(0.0, copy_key="k"),
        "copy2": opinion(0.0, copy_key="k"),
    }
    load(store, *posts)
    analyse(store, said)
    with store.work() as session:
        found = [
            FoundMembership(
                author_id=author_id(store, who), label=int(n >= 4), noise=who == "b6",
                strength=0.9, others=[(int(n < 4), 0.2)], x=float(n), y=0.0,
            )
            for n, who in enumerate((*MEMBERS, *OTHERS))
        ]  # fmt: skip
        store_run(
            session,
            Segmentation(fingerprint="one", model=MODEL, params={}, authors=10, noise=1),
            [Cluster(name="tea"), Cluster(name="planes")],
            found,
        )
    return store


def test_a_segments_facts_stand_beside_everyones(clustered: Store) -> None:
    with clustered.session() as session:
        found = segment_persona(session, 1)
    c = found.coverage
    assert (c.members, c.read, c.everyone, c.all_authors) == (4, 4, 10, 10)
    assert (c.posts, c.scored, c.left_out) == (5, 5, 2)
    (tea,) = found.affinities
    # Four of four beside four of ten: (4 + 10 * 0.4) / 14 / 0.4.
    assert (tea.name, tea.own, tea.of, tea.everyone, tea.among) == ("tea", 4, 4, 4, 10)
    assert tea.times == 1.43
    assert [(s.name, s.count, s.everyone) for s in found.sentiment] == [
        ("negative", 0, 6),
        ("neutral", 1, 1),
        ("positive", 4, 4),
    ]
    video = found.formats[3]
    assert (video.share.count, video.share.of, video.reactions) == (4, 5, 15.0)


def test_what_a_segment_says_of_each_brand(clustered: Store) -> None:
    with clustered.work() as session:
        for who, kind in (("a1", StanceKind.ADVOCATE), ("a2", StanceKind.PASSIVE)):
            session.add(
                Stance(
                    brand_id=1, author_id=author_id(clustered, who), kind=kind, score=0.5, low=0.2,
                    high=0.8, mentions=1, opinions=1, recommends=0, warns=0, reason="said so",
                )
            )  # fmt: skip
    with clustered.session() as session:
        (blue,) = segment_persona(session, 1).brands
        delta, again = segment_persona(session, 2).brands
    assert (blue.name, blue.mentions, blue.authors, blue.counts) == ("JetBlue", 4, 4, (0, 0, 4))
    assert (blue.net_sentiment, blue.everyone, blue.everyones) == (1.0, (6, 0, 4), -0.2)
    assert (blue.weighed, blue.advocates, blue.detractors) == (2, 1, 0)
    assert (len(blue.liked), blue.disliked) == (3, ())
    assert (delta.name, delta.net_sentiment, again.net_sentiment) == ("Delta", -1.0, -1.0)


def test_a_persons_word_counts_at_once(clustered: Store) -> None:
    with clustered.work() as session:
        number = mentions(clustered, 1)["a1x"].mention.id
        session.get_one(Mention, number).override = SentimentLabel.NEGATIVE
    with clustered.session() as session:
        (blue,) = segment_persona(session, 1).brands
    assert blue.counts == (1, 0, 3)
    assert blue.disliked == (number,)


def test_words_and_their_mentions_are_shown_while_they_hold(clustered: Store) -> None:
    found = mentions(clustered, 1)
    first, other = (int(found[f"{who}x"].mention.id or 0) for who in ("a4", "b1"))
    word = {"word": "crew", "praise": 3, "complaint": 0, "mentions": [other, first, 999]}
    topic = {"word": "tea", "weight": 1.0, "documents": 4, "of": 4, "everywhere": 5, "among": 9,
             "times": 1.5}  # fmt: skip
    with clustered.work() as session:
        assert unworded(session, 1) == [1, 2]
        figures = {"words": {"1": {"praise": [word], "complaint": []}}, "affinities": [topic]}
        put_figures(session, 1, 1, figures)
    with clustered.session() as session:
        assert unworded(session, 1) == [2]
        persona = segment_persona(session, 1)
    (blue,) = persona.brands
    assert (blue.praise[0].word, blue.praise[0].praise) == ("crew", 3)
    assert blue.liked[0] == first
    assert other not in blue.liked
    assert (persona.words[0].name, persona.words[0].times, persona.words[0].among) == (
        "tea", 1.5, 9,
    )  # fmt: skip


def test_of_a_large_segment_some_are_read_and_always_the_same(clustered: Store) -> None:
    with clustered.session() as session:
        run = current_segmentation(session)
        first = segment_persona(session, 2, most=2)
        assert first == segment_persona(session, 2, most=2)
        assert first.coverage.members == 5
        assert first.coverage.read < 5
        assert everyone_of(session, run, most=4).tally.authors < 10


def test_only_those_who_mention_a_brand(clustered: Store) -> None:
    with clustered.session() as session:
        assert segment_persona(session, 1, brand_id=2).coverage.members == 0
        assert segment_persona(session, 2, brand_id=2).coverage.members == 5


def test_a_segment_that_is_not_in_the_run_is_said(clustered: Store, new_store) -> None:  # type: ignore[no-untyped-def]
    with clustered.session() as session, pytest.raises(NotFoundError, match="No segment 9"):
        segment_persona(session, 9)
    with new_store().session() as session, pytest.raises(NotFoundError, match="No segment 1"):
        segment_persona(session, 1)


def test_one_authors_facts(clustered: Store) -> None:
    with clustered.session() as session:
        found = author_persona(session, author_id(clustered, "a1"))
        assert (found.coverage.members, found.coverage.posts, found.coverage.left_out) == (1, 2, 2)
        assert [b.name for b in found.brands] == ["JetBlue"]
        with pytest.raises(NotFoundError, match="No author 999"):
            author_persona(session, 999)


def test_an_author_is_found_by_what_is_known_of_them(clustered: Store) -> None:
    load(clustered, post(id="z1", author="zed", author_handle="Zed"),
         post(id="z2", author="zed", source="other"))  # fmt: skip
    with clustered.session() as session:
        number = author_id(clustered, "a1")
        assert find_author(session, "a1").id == number
        assert find_author(session, str(number)).native_id == "a1"
        assert find_author(session, "@Zed").native_id == "zed"
        with pytest.raises(ConflictError, match=r'2 authors are called "zed": say which \(\d+ at'):
            find_author(session, "zed")
        with pytest.raises(NotFoundError, match="No author nobody"):
            find_author(session, "nobody")


def test_an_authors_segments_and_mentions_as_a_row(clustered: Store) -> None:
    with clustered.session() as session:
        author = find_author(session, "b6")
        row = author_row(session, author)
        assert (row["segment"], row["segment_is_nearest"], row["strength"]) == ("planes", True, 0.9)
        assert row["others"] == [{"segment_id": 1, "segment": "tea", "strength": 0.2}]
        assert [past["segment"] for past in row["history"]] == ["planes"]
        said = said_rows(session, int(author.id or 0))
        assert sorted((one["brand"], one["polarity"]) for one in said) == [
            ("Delta", -0.8),
            ("JetBlue", -0.8),
        ]
        outside = membership_of(session, 999)
    assert outside is None


def test_the_map_holds_everybody_who_has_a_place(clustered: Store) -> None:
    with clustered.session() as session:
        run = current_segmentation(session)
        assert run is not None
        found = map_points(session, run)
    assert (len(found.points), found.total) == (10, 10)
    assert [(p.segment_id, p.noise, p.x) for p in found.points[3:5]] == [
        (1, False, 3.0),
        (2, False, 4.0),
    ]


def test_crowds_are_thinned_and_who_stands_alone_is_drawn(store: Store) -> None:
    load(store, *(post(id=f"p{n}", author=f"a{n:03}") for n in range(300)))
    with store.work() as session:
        found = [
            FoundMembership(author_id=author_id(store, f"a{n:03}"), label=0, noise=False,
                            strength=1.0, x=50.0 if n == 299 else n % 2 / 10, y=0.0)
            for n in range(300)
        ]  # fmt: skip
        run = store_run(
            session,
            Segmentation(fingerprint="one", model=MODEL, params={}, authors=300, noise=0),
            [Cluster(name="all")],
            found,
        )
        drawn = map_points(session, run, most=100)
        assert drawn == map_points(session, run, most=100)
    assert drawn.total == 300
    assert 30 <= len(drawn.points) <= 100
    assert [p.x for p in drawn.points].count(50.0) == 1


def test_thinning_takes_as_many_as_fit() -> None:
    # c = 1: 1 + 3 + 10; c = 2: 1 + 6 + 20.
    assert thinning([1, 9, 100], 14) == pytest.approx(1.0, abs=1e-6)
    assert thinning([1, 9, 100], 27) == pytest.approx(2.0, abs=1e-6)
    assert thinning([], 5) == pytest.approx(1.0, abs=1e-6)
