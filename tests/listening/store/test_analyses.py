"""What is still to be analysed, and what profiles are made of."""

from __future__ import annotations

import numpy as np
from sqlmodel import select

from listening.store.posts.analyses import pending_posts, same_texts, vectors_of
from listening.store.posts.profiles import posts_of, take_markers
from listening.store.segments.segments import author_keys
from listening.store.session import Store
from listening.store.tables import Unprofiled, Vector
from tests.factories import MODEL, analyse, load, opinion, post, posts


def pending(store: Store, model: str = MODEL) -> list[str]:
    with store.session() as session:
        return [p.text for p in pending_posts(session, model, 10)]


def test_what_the_store_knows_of_a_text_serves_the_same_text_again(store: Store) -> None:
    load(store, post("same", id="p1"))
    told = {"emotion": (0.1, 0.2, 0.3, 0.4), "ironic": 0.5, "offensive": 0.6, "warns": True}
    analyse(store, {"p1": opinion(-0.5, copy_key="k", vector=(0.5, 0.25), **told)})
    load(store, post("same", id="p2"), post("same", id="p3", language="de"), post("new", id="p4"))
    with store.session() as session:
        found = same_texts(session, pending_posts(session, MODEL, 10), MODEL)
        assert same_texts(session, pending_posts(session, "other", 10), "other") == {}
        (p2,) = posts(session, ["p2"])
    # The declared language is part of what an analysis reads.
    assert list(found) == [p2.text_hash]
    (one,) = found.values()
    assert (one.negative, one.neutral, one.positive) == (0.5, 0.5, 0.0)
    assert (one.anger, one.joy, one.optimism, one.sadness) == (0.1, 0.2, 0.3, 0.4)
    assert (one.ironic, one.offensive) == (0.5, 0.6)
    assert (one.warns, one.recommends, one.copy_key) == (True, False, "k")
    assert np.frombuffer(one.vector, np.float16).tolist() == [0.5, 0.25]


def test_a_new_analysis_replaces_the_old(store: Store) -> None:
    load(store, post())
    analyse(store, {"p1": opinion(0.5, vector=(1.0, 0.0))}, model="old")
    assert pending(store) == ["JetBlue was fine"]
    analyse(store, {"p1": opinion(-0.5, vector=(0.0, 1.0, 0.0))})
    assert pending(store) == []
    with store.session() as session:
        number = posts(session)[0].id
        (vector,) = session.query(Vector).all()
        assert vector.dimensions == 3
        assert np.frombuffer(vectors_of(session, [number, 99])[number], np.float16).tolist() == [
            0.0, 1.0, 0.0,
        ]  # fmt: skip


def test_profiles_are_made_of_scored_posts_of_the_model_author_by_author(store: Store) -> None:
    load(
        store,
        post("later", id="p1", author="a1", at="2026-09-02T00:00Z"),
        post("other", id="p2", author="a2"),
        post("first", id="p3", author="a1", title="News"),
        post("spam", id="p4", author="a1"),
        post("fremd", id="p5", author="a1"),
        post("old model", id="p6", author="a1"),
        post("unscored", id="p7", author="a2", at="2026-09-05T00:00Z"),
        post("not analysed", id="p8", author="a2"),
    )
    analyse(store, {"p6": opinion(0.5)}, model="old")
    analyse(
        store,
        {
            "p1": opinion(0.5),
            "p2": opinion(-1.0),
            "p3": opinion(0.0, copy_key="k"),
            "p4": opinion(1.0, spam=True),
            "p5": opinion(None, not_scored="language"),
            "p7": opinion(None),
        },
    )
    with store.session() as session:
        ids = {one.native_id: int(one.id or 0) for one in posts(session)}
        markers = session.exec(select(Unprofiled.post_id, Unprofiled.again)).all()
        take_markers(session, sorted(author_keys(session)), MODEL)
        found = [
            (p.native_id, p.sentiment, p.copy_key)
            for p in posts_of(session, sorted(author_keys(session)), MODEL)
        ]
    assert found == [
        ("p3", (0.0, 1.0, 0.0), "k"),
        ("p1", (0.0, 0.5, 0.5), None),
        ("p2", (1.0, 0.0, 0.0), None),
        ("p7", None, None),
    ]
    assert sorted(markers) == [(ids[f"p{n}"], False) for n in range(1, 8)]
