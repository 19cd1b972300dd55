"""Writes that may be repeated."""

from __future__ import annotations

from sqlmodel import select

from listening.store.bulk import chunked, upsert
from listening.store.session import Store
from listening.store.tables import Author

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
