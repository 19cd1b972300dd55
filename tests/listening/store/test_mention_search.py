"""Search finds exactly what evaluating every post finds, in order, over all pages."""

from __future__ import annotations

import random
from dataclasses import fields

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.matching import document_of
from listening.query import Document, Matcher, parse
from listening.searching import Search, Sort
from listening.sources.base import PostKind
from listening.store.keeping.upkeep import vacuum
from listening.store.mentions import searching
from listening.store.mentions.mentions import views
from listening.store.mentions.searching import Place, Scan, scan
from listening.store.mentions.searchrows import DOCUMENT, document, joined
from listening.store.session import Store
from listening.store.tables import Post, PostWords
from tests.factories import brand, load, post
from tests.listening.query.test_any_input import GAPS, LETTERS, MARKS, QUERIES
from workers.jobs.erasing import erase, find_people

MOST = 60


def everything(store: Store, blue: int, search: Search, *, most: int = MOST) -> list[int]:
    """Ids over all pages, each of which looks at few."""
    found: list[int] = []
    after: Place | None = None
    with store.session() as session:
        while True:
            state = Scan()
            hits = scan(session, blue, search, after=after, most=most, first=7, state=state)
            found += [hit.id for hit in hits]
            if state.whole:
                return found
            assert state.last is not None
            after = state.last


def test_vacuuming_leaves_no_word_of_what_is_gone(store: Store) -> None:
    brand(store, "JetBlue", "jetblue")
    load(store, post("jetblue lost my zigzagged suitcase", id="a", author="ann"))
    load(store, post("jetblue", id="b", author="bob"))
    erase(store, find_people(store, "file", ["ann"]))
    vacuum(store)
    with store.session() as session:
        if store.dialect == "sqlite":
            blocks = session.execute(text("SELECT block FROM fts_post_words_data")).scalars()
            assert not any(b"zigzag" in block for block in blocks)
        assert session.exec(select(PostWords.words)).all() == ["jetblue"]


@pytest.mark.parametrize("few", [0, 1_000])
def test_search_is_evaluating_every_post(
    store: Store, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "FEW", few)
    monkeypatch.setattr(searching, "PEEKED", 0 if few else 20)
    blue, other = brand(store, "Blue", "zzz OR jetblue"), brand(store, "Other", "zzz")
    draw = random.Random(7)
    written = [
        post(
            "zzz " + "".join(draw.choices(LETTERS + MARKS + GAPS, k=draw.randint(0, 14))),
            id=f"p{i}",
            author=f"a{i % 9}",
            title="".join(draw.choices(LETTERS + GAPS, k=4)).strip() or None,
            at=f"2026-09-{draw.randint(1, 9):02}T12:00Z",
            country=draw.choice(["a", "é", None]),
            rating=draw.choice([1.0, 3.0, None]),
            url="https://a.example/b",
        )
        for i in range(150)
    ]
    load(store, *written, post("aé but not of this brand", id="none"))
    with store.session() as session:
        order = [hit.place for hit in scan(session, blue, Search(), most=None)]
        assert order == sorted(order, reverse=True)
        assert len(order) == 150
        ids = {v.post.native_id: int(v.mention.id or 0) for v in views(session, brand_id=blue)}
    place = {p.id: p for p in order}

    @given(QUERIES, st.booleans())
    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    def check(query: str, oldest: bool) -> None:
        matcher = Matcher({0: parse(query)})
        wanted = [ids[p.native_id] for p in written if matcher.match(document_of(p))]
        wanted.sort(key=place.__getitem__, reverse=not oldest)
        search = Search(query=parse(query), sort=Sort.OLDEST if oldest else Sort.NEWEST)
        assert everything(store, blue, search) == wanted

    check()
    assert len(everything(store, other, Search())) == 150


def check(session: Session) -> None:
    """Raise where the index is not what its table says."""
    if session.get_bind().dialect.name == "sqlite":
        into = "INSERT INTO fts_post_words(fts_post_words, rank) VALUES ('integrity-check', 1)"
        session.execute(text(into))


def natives(store: Store, blue: int, query: str) -> list[str]:
    """Native ids of the posts that a query finds, by way of the index."""
    found = everything(store, blue, Search(query=parse(query)))
    with store.session() as session:
        shown = views(session, mention_ids=found)
        return sorted(view.post.native_id for view in shown)


def test_the_index_follows_every_write(store: Store) -> None:
    blue = brand(store, "JetBlue", "jetblue", own=["jetblue"])
    load(
        store,
        post("jetblue lost my valise", id="a", author="ann", author_handle="ann_b"),
        post("jetblue, ask @ann_b", id="b", author="bob"),
    )
    assert natives(store, blue, "valise") == ["a"]
    load(store, post("jetblue found my suitcase", id="a", author="ann", author_handle="ann_b"))
    assert (natives(store, blue, "valise"), natives(store, blue, "suitcase")) == ([], ["a"])
    assert natives(store, blue, "@ann_b") == ["b"]
    erase(store, find_people(store, "file", ["ann"]))
    assert (natives(store, blue, "suitcase"), natives(store, blue, "@ann_b")) == ([], [])
    assert natives(store, blue, "ask") == ["b"]
    with store.work() as session:
        words = session.exec(select(PostWords.words)).all()
        assert len(words) == 1
        assert "ann_b" not in words[0]
        check(session)
        session.execute(delete(Post))
    with store.work() as session:
        assert session.exec(select(PostWords)).all() == []
        check(session)


def test_a_mention_is_the_document_that_brands_are_matched_with(store: Store) -> None:
    brand(store, "JetBlue", "jetblue")
    full = post(
        "jetblue lost it", id="a", author="ann", source="reddit", title="Bags", kind=PostKind.REPLY,
        url="https://www.reddit.com/r/travel/1", language="en", country="US", region="NY",
        city="Albany", links=("https://a.example/b",), tags=("bags", "é"), rating=2.5, likes=1,
        reposts=2, replies=3, quotes=4, reply_to="p0", thread="t0", author_handle="ann_b",
        author_name="Ann", author_followers=7, author_verified=True,
    )  # fmt: skip
    bare = post("jetblue", id="b", author="bob")
    load(store, full, bare)
    statement = joined(select_columns(col(Post.title), col(Post.text), *DOCUMENT), None)
    with store.session() as session:
        rows = session.execute(statement.order_by(Post.native_id)).all()
    read = [document(row[0], row[1], tuple(row[2:]), ()) for row in rows]
    assert read == [document_of(full), document_of(bare)]
    assert all(getattr(read[0], f.name) for f in fields(Document) if f.name not in _NOT_KEPT)


_NOT_KEPT = ("site", "channel_id")  # told by the address, or by no source yet
