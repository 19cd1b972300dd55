"""Writes that may be repeated."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlmodel import select

from listening.sources.base import PostKind
from listening.store.bulk import chunked, upsert, within
from listening.store.session import Store
from listening.store.tables import Author, Post, Vector

KEY = ("source", "native_id")


def row(native_id: str, **facts: object) -> dict[str, object]:
    return {"source": "file", "native_id": native_id, "handle": None, "followers": None} | facts


def written(store: Store, *batches: list[dict[str, object]], **how: tuple[str, ...]) -> list[tuple]:
    for rows in batches:
        with store.work() as session:
            upsert(session, Author, rows, key=KEY, **how)
    with store.session() as session:
        found = select(Author.native_id, Author.handle, Author.followers)
        return sorted(session.exec(found))


def test_no_rows_are_no_statement(store: Store) -> None:
    assert written(store, []) == []


def test_what_stands_is_kept_where_nothing_is_to_change(store: Store) -> None:
    found = written(store, [row("a", followers=1)], [row("a", followers=2), row("b")])
    assert found == [("a", None, 1), ("b", None, None)]


def test_update_overwrites_with_the_unknown_too(store: Store) -> None:
    found = written(
        store, [row("a", handle="ann", followers=1)], [row("a")], update=("handle", "followers")
    )
    assert found == [("a", None, None)]


def test_fill_does_not_overwrite_the_known_with_the_unknown(store: Store) -> None:
    first, second = row("a", handle="ann", followers=1), row("a", followers=2)
    assert written(store, [first], [second], fill=("handle", "followers")) == [("a", "ann", 2)]


def test_only_the_named_columns_change(store: Store) -> None:
    first, second = row("a", handle="ann", followers=1), row("a", handle="bob", followers=2)
    assert written(store, [first], [second], update=("followers",)) == [("a", "ann", 2)]


def test_more_rows_than_a_statement_holds(store: Store) -> None:
    assert len(written(store, [row(f"{n:05}") for n in range(9000)])) == 9000  # 36,000 values


def test_chunks_are_consecutive_and_the_last_is_shorter() -> None:
    assert list(chunked([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert list(chunked([], 2)) == []


@pytest.mark.parametrize(
    "text", ["", " ", "NULL", "null", "{a,b}", '"', "\\", "\\N", "a\nb\tc", "%s ? :x", "🙂é"]
)
def test_texts_come_back_as_they_were(store: Store, text: str) -> None:
    rows = [row("a", handle=text), row("b"), row(f"{text}c")]
    assert written(store, rows, rows, update=("handle",)) == sorted(
        [("a", text, None), ("b", None, None), (f"{text}c", None, None)]
    )


def test_values_of_every_kind_come_back_as_they_were(store: Store) -> None:
    moment = datetime(2026, 9, 1, 12, 30, 15, 250, timezone(timedelta(hours=2)))
    with store.work() as session:
        upsert(session, Author, [row("a")], key=KEY)
        common = {"source": "file", "author_id": 1, "text": "t", "text_hash": "h", "kind": "reply"}
        upsert(
            session,
            Post,
            [
                {"native_id": "p1", "rating": 4, "likes": 2**40, "tags": ["a", 'b"'], "links": []}
                | {"published_at": moment, "edited_at": None, "media": [], "added_at": moment}
                | common,
                {"native_id": "p2", "rating": None, "likes": None, "tags": [], "links": ["é"]}
                | {"published_at": moment, "edited_at": moment, "media": [], "added_at": moment}
                | common,
                {"native_id": "p3", "rating": 4.5, "likes": 0, "tags": [], "links": []}
                | {"published_at": moment, "edited_at": None, "media": [], "added_at": moment}
                | common,
            ],
            key=KEY,
        )
        vectors = [{"post_id": n, "dimensions": 2, "data": bytes([0, 255, n])} for n in (1, 2)]
        upsert(session, Vector, vectors, key=("post_id",))
    utc = datetime(2026, 9, 1, 10, 30, 15, 250, UTC)
    with store.session() as session:
        posts = session.exec(select(Post).order_by(Post.native_id)).all()
        assert [(p.rating, p.likes, p.tags, p.links) for p in posts] == [
            (4.0, 2**40, ["a", 'b"'], []), (None, None, [], ["é"]), (4.5, 0, [], []),
        ]  # fmt: skip
        assert [(p.published_at, p.edited_at, p.kind) for p in posts] == [
            (utc, None, PostKind.REPLY), (utc, utc, PostKind.REPLY), (utc, None, PostKind.REPLY),
        ]  # fmt: skip
        assert session.exec(select(Vector.data)).all() == [b"\x00\xff\x01", b"\x00\xff\x02"]


def test_a_column_is_one_of_many(store: Store) -> None:
    written(store, [row(f"{n:05}") for n in range(6000)])
    wanted = [f"{n:05}" for n in range(0, 12000, 3)]
    with store.session() as session:
        found = session.exec(select(Author.id).where(within(session, Author.native_id, wanted)))
        assert len(found.all()) == 2000
        assert session.exec(select(Author.id).where(within(session, Author.id, []))).all() == []


def test_workers_that_write_the_same_rows_do_not_block_each_other(store: Store) -> None:
    rows = [row(f"{n:03}", followers=n) for n in range(200)]

    def write(start: int) -> None:
        for _ in range(5):
            with store.work() as session:
                turned = rows[start:] + rows[:start]
                upsert(session, Author, turned, key=KEY, update=("followers",))

    with ThreadPoolExecutor(10) as pool:
        for done in [pool.submit(write, 20 * n) for n in range(10)]:
            done.result()
    assert len(written(store)) == 200
