"""Customer records: read from files, left out with a reason, gone with an erased author."""

from __future__ import annotations

from io import StringIO

import pytest
from sqlmodel import col, select

from listening.access import COMMAND_LINE, Actor, Role
from listening.audiences import AudienceFormat
from listening.errors import ForbiddenError, ImportFileError
from listening.store.flags.audience import Coverage, coverage_of
from listening.store.flags.customers import CustomersRead, forget_customers, import_customers
from listening.store.session import Store
from listening.store.tables import CustomerRecord
from tests.factories import author_id, load, post
from workers.jobs.erasing import erase, find_people


def read(store: Store, text: str, actor: Actor = COMMAND_LINE) -> CustomersRead:
    with store.work() as session:
        return import_customers(session, actor, StringIO(text, newline=""))


def kept(store: Store) -> list[tuple[str, str, str | None, str | None]]:
    with store.session() as session:
        rows = session.exec(select(CustomerRecord).order_by(col(CustomerRecord.account)))
        return [(one.source, one.account, one.email, one.phone) for one in rows]


def test_columns_are_known_by_their_usual_names(store: Store) -> None:
    header = "Platform,Username,E-Mail,Mobile,FN,Postal Code"
    text = f"{header}\nTwitter,@JetFan,A@B.org,+44 20 7946 0958,Anne,SW1\n"
    assert read(store, text) == CustomersRead(stored=1)
    assert kept(store) == [("twitter", "jetfan", "a@b.org", "+442079460958")]


def test_what_cannot_be_used_is_left_out_and_told_and_the_rest_is_kept(store: Store) -> None:
    found = read(
        store,
        "source,handle,email\ntwitter,a,a@b.org\ntwitter,,x@y.org\ntwitter,b,nothing\n"
        f"twitter,c,{'x' * 400}@y.org\n",
    )
    assert (found.stored, found.left_out) == (1, 3)
    assert [problem.partition(":")[0] for problem in found.problems] == [
        "line 3",
        "line 4",
        "line 5",
    ]


def test_an_account_is_known_once_and_the_latest_counts(store: Store) -> None:
    read(store, "source,handle,email\nx,Ann,old@b.org\nx,@ann,new@b.org\n")
    read(store, "source,handle,email\nx,ANN,newest@b.org\n")
    assert kept(store) == [("x", "ann", "newest@b.org", None)]


@pytest.mark.parametrize(
    "text",
    ["", "name,email\na,b\n", "source,handle\nx,a\n", 'source,handle,email\nx,"a,b@c.org\n'],
)
def test_a_file_that_tells_nobody_is_refused_whole(store: Store, text: str) -> None:
    with pytest.raises(ImportFileError):
        read(store, text)
    assert kept(store) == []


def test_it_takes_a_role_for_every_brand(store: Store) -> None:
    with pytest.raises(ForbiddenError):
        read(store, "source,handle,email\n", Actor(name="s", everywhere=Role.SUPPORT))


def test_they_go_with_an_erased_author_and_never_come_back(store: Store) -> None:
    load(store, post("hello", id="1", author="u-1", source="x", author_handle="Ann"))
    text = "source,handle,email\nx,ann,a@b.org\nx,u-1,a@b.org\nx,bob,b@b.org\n"
    read(store, text)
    erase(store, find_people(store, "x", ["u-1"]))
    assert [account for _, account, *_ in kept(store)] == ["bob"]
    again = read(store, text)
    assert (again.stored, again.erased) == (1, 2)
    assert [account for _, account, *_ in kept(store)] == ["bob"]


def test_coverage_says_how_many_a_file_would_have(store: Store) -> None:
    load(store, *(post("hello", id=n, author=n, source="x", author_handle=n) for n in ("a", "b")))
    read(store, "source,handle,email\nx,a,a@b.org\n")
    with store.session() as session:
        ids = [author_id(store, "a"), author_id(store, "b"), 999]
        assert coverage_of(session, ids, AudienceFormat.GOOGLE) == Coverage(1, 2)
        assert coverage_of(session, ids, AudienceFormat.X) == Coverage(2, 2)
    with store.work() as session:
        assert forget_customers(session, COMMAND_LINE) == 1
    assert kept(store) == []
