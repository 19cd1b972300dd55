"""The conversation around a post."""

from __future__ import annotations

from listening.store.posts.threads import MOST, thread_of
from listening.store.session import Store
from tests.factories import load, post, posts


def thread(store: Store, native_id: str) -> list[str]:
    with store.session() as session:
        (own,) = posts(session, [native_id])
        found = thread_of(session, own)
        assert [spoken.post.native_id for spoken in found if spoken.own] == [native_id]
        return [spoken.post.native_id for spoken in found]


def test_what_was_replied_to_and_the_replies_in_the_order_of_their_being_said(
    store: Store,
) -> None:
    load(
        store,
        post(id="root", at="2026-09-01T08:00Z"),
        post(id="answer", author="b", at="2026-09-01T09:00Z", reply_to="root"),
        post(id="mine", author="c", at="2026-09-01T10:00Z", reply_to="answer"),
        post(id="after", author="d", at="2026-09-01T11:00Z", reply_to="mine"),
        post(id="side", author="e", at="2026-09-01T09:30Z", reply_to="root"),
        post(id="alone", author="f", at="2026-09-01T09:31Z"),
        post(id="mine", author="c", at="2026-09-01T10:00Z", reply_to="alone", source="other"),
    )
    assert thread(store, "alone") == ["alone"]
    with store.session() as session:
        own = next(p for p in posts(session, ["mine"]) if p.source == "file")
        found = [spoken.post.native_id for spoken in thread_of(session, own)]
    assert found == ["root", "answer", "side", "mine", "after"]
    assert thread(store, "root") == ["root", "answer", "side"]


def test_a_thread_that_the_source_names(store: Store) -> None:
    load(
        store,
        post(id="t1", at="2026-09-01T08:00Z"),
        post(id="c1", at="2026-09-01T09:00Z", thread="t1"),
        post(id="c2", at="2026-09-01T10:00Z", thread="t1", reply_to="gone"),
    )
    for native in ("t1", "c1", "c2"):
        assert thread(store, native) == ["t1", "c1", "c2"]


def test_of_a_long_thread_what_is_nearest(store: Store) -> None:
    load(
        store,
        *(
            post(id=f"c{n:03}", at=f"2026-09-01T{n // 60:02}:{n % 60:02}Z", thread="t")
            for n in range(150)
        ),
    )
    found = thread(store, "c075")
    assert len(found) == MOST
    assert (found[0], found[-1]) == ("c050", "c099")
    assert thread(store, "c000")[0] == "c000"


def test_replies_in_a_circle_end(store: Store) -> None:
    load(
        store,
        post(id="a", at="2026-09-01T08:00Z", reply_to="b"),
        post(id="b", at="2026-09-01T09:00Z", reply_to="a"),
    )
    assert thread(store, "a") == ["a", "b"]
