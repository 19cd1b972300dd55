"""The lists of advocates and detractors: what they show, what is done by their forms, files."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from io import StringIO

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from listening.access import COMMAND_LINE, Role
from listening.store.flags.customers import import_customers
from listening.store.session import Store
from listening.store.tables import AuditEntry, Review
from listening.store.tables.types import now
from tests.api.test_pages import words
from tests.factories import analyse, author_id, brand, load, opinion, post
from tests.flagged import SETTINGS, flag_row, flagged_brand, say
from tests.signed import csrf_of, sign_in
from workers.jobs.flagging import flag

Client = Callable[..., TestClient]
FANS, FOES = "/brands/jetblue/advocates", "/brands/jetblue/detractors"
FLAGS = "/brands/jetblue/flags"


@pytest.fixture
def flagged(store: Store) -> Store:
    flagged_brand(store)
    return store


def send(site: TestClient, address: str, **fields: object) -> str:
    """Send a form, and read the page after it."""
    answer = site.post(address, data={"csrf": csrf_of(site), **fields})
    assert answer.status_code == 200, answer.text
    return answer.text


def ticked(store: Store, *natives: str) -> list[str]:
    found = [flag_row(store, native) for native in natives]
    return [f"{row.author_id}:{row.version}" for row in found if row is not None]


def names(html: str) -> list[str]:
    return re.findall(r'class="who"[^>]*><bdi>@?(\w+)', html)


def test_a_list_explains_itself(flagged: Store, client: Client) -> None:
    html = client(flagged).get(FOES).text
    text = words(html)
    assert names(html) == ["foe1", "foe2"]
    assert "2 authors of 5 weighed" in text
    assert "strongest score first" in text
    assert "4 of 4 mentions lean negative" in text
    assert "turned detractor on 2 Sep 2026" in text
    assert "JetBlue foe1 says word3" in text
    assert text.count("new this month") == 2
    assert html.count('class="course"') == 2
    assert len(html) < 40_000


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort=reach", ["foe2", "foe1"]),
        ("sort=score", ["foe1", "foe2"]),  # the strongest: nearest to -1
        ("reach_from=250", ["foe2"]),
        ("status=dismissed", []),
        ("source=file&source=x", ["foe1", "foe2"]),
        ("since=2026-09-03", ["foe1"]),
        ("reach=&status=&since=", ["foe1", "foe2"]),
    ],
)
def test_filters(flagged: Store, client: Client, query: str, expected: list[str]) -> None:
    html = client(flagged).get(f"{FOES}?{query}").text
    assert names(html) == expected
    if not expected:
        assert "Nobody fits this filter" in words(html)


@pytest.mark.parametrize("query", ["reach_from=x", "since=yesterday", "sort=name", "segment=a"])
def test_a_filter_that_makes_no_sense_names_its_field(
    flagged: Store, client: Client, query: str
) -> None:
    answer = client(flagged).get(f"{FOES}?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in words(answer.text)


def test_several_are_confirmed_and_taken_back(flagged: Store, client: Client) -> None:
    site = client(flagged)
    html = send(site, FLAGS, action="confirm", author=ticked(flagged, "foe1", "foe2"), back=FOES)
    assert "Confirmed 2 authors." in words(html)
    assert words(html).count("confirmed by ada@example.com") == 2
    undo = re.search(r'action="([^"]*/flags/undo)".*?name="batch" value="(\w+)"', html)
    assert undo is not None
    html = send(site, undo[1], batch=undo[2], back=FOES)
    assert "Taken back for 2 authors." in words(html)
    assert "confirmed by" not in words(html)


def test_dismissing_asks_why_and_new_evidence_is_told(flagged: Store, client: Client) -> None:
    site = client(flagged)
    foe = ticked(flagged, "foe1")
    html = send(site, FLAGS, action="dismiss", author=foe, back=f"{FOES}?sort=reach")
    assert "Say a reason" in words(html)
    # The same are ticked still, and those alone; done once, nobody is.
    assert re.findall(r'name="author" value="(\d+:\d+)" checked', html) == foe
    assert names(html) == ["foe2", "foe1"]
    again = re.search(r'name="back" value="([^"]+)"', html)
    assert again is not None and "ticked=" in again[1]
    noted = unescape(again[1])
    assert " checked aria" not in send(site, FLAGS, action="contacted", author=foe, back=noted)
    foe = ticked(flagged, "foe1")
    html = send(site, FLAGS, action="dismiss", author=foe, reason="a joke", back=FOES)
    assert names(html) == ["foe2"]
    # Whoever is dismissed was weighed all the same, and is a step away.
    assert "1 author of 5 weighed · 1 dismissed" in words(html)
    assert f'<a href="{FOES}?status=dismissed">1 dismissed</a>' in html
    assert "1 dismissed" not in words(site.get(FANS).text)
    say(flagged, "foe1", -0.7, first=12)
    flag(flagged, SETTINGS)
    html = site.get(FOES).text
    assert "back: new evidence" in words(html)
    assert "New since it was dismissed" in words(html)
    assert "JetBlue foe1 says word12" in words(html)
    author = site.get(f"/brands/jetblue/authors/{author_id(flagged, 'foe1')}").text
    assert "new since the dismissal" in words(author)
    assert "a joke" in words(author)


def test_who_comes_second_overwrites_nothing(flagged: Store, client: Client) -> None:
    site = client(flagged)
    foe = ticked(flagged, "foe1")
    send(site, FLAGS, action="confirm", author=foe, back=FOES)
    html = send(site, FLAGS, action="dismiss", author=foe, reason="no", back=FOES)
    assert "Somebody else was first: ada@example.com confirmed foe1 meanwhile" in words(html)
    assert names(html) == ["foe1", "foe2"]


@pytest.mark.parametrize("fields", [{}, {"author": "x"}, {"author": "1:y"}, {"action": ""}])
def test_a_form_that_is_not_whole_does_nothing(
    flagged: Store, client: Client, fields: dict[str, str]
) -> None:
    html = send(client(flagged), FLAGS, **{"action": "confirm", "back": FOES, **fields})
    assert 'class="flash bad"' in html
    with flagged.session() as session:
        assert session.exec(select(Review)).all() == []


def test_a_viewer_reads_and_has_nothing_to_press(flagged: Store, client: Client) -> None:
    site = sign_in(client(flagged), "vera", Role.VIEWER)
    html = site.get(FOES).text
    assert names(html) == ["foe1", "foe2"]
    for pressed in ('type="checkbox" name="author"', "Export", "Dismiss"):
        assert pressed not in html
    data = {"csrf": csrf_of(site), "action": "confirm", "author": ticked(flagged, "foe1")}
    assert site.post(FLAGS, data=data).status_code == 403
    assert site.get(FOES + "/export").status_code == 403


def test_a_view_is_saved_and_linked(flagged: Store, client: Client) -> None:
    html = send(
        client(flagged), "/brands/jetblue/views", name="Far", filters="reach_from=250",
        page="detractors",
    )  # fmt: skip
    assert names(html) == ["foe2"]
    assert f'href="{FOES}?reach_from=250"' in html


def test_a_table_is_guarded_and_can_be_without_names(flagged: Store, client: Client) -> None:
    load(flagged, post("JetBlue bad", id="e1", author="evil", author_handle="=cmd()"))
    say(flagged, "evil", -0.9, -0.9, author_handle="=cmd()")
    flag(flagged, SETTINGS)
    site = client(flagged)
    answer = site.get(f"{FOES}/export?format=csv&sort=reach")
    assert answer.headers["content-disposition"] == 'attachment; filename="detractors.csv"'
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert [row["author"] for row in rows] == ["foe2", "foe1", "'=cmd()"]
    assert rows[0]["status"] == "new"
    hidden = list(csv.DictReader(StringIO(
        site.get(f"{FOES}/export?format=csv&pseudonymise=yes").text
    )))  # fmt: skip
    assert not {"foe1", "foe2"} & {v for row in hidden for v in row.values()}
    assert len(hidden) == 3
    with flagged.session() as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.action == "flag.export")).all()
    assert [e.after["pseudonymised"] for e in entries if e.after] == [False, True]


def test_audience_files(flagged: Store, client: Client) -> None:
    say(flagged, "tw", 0.9, 0.9, source="twitter", author_handle="TwFan")
    flag(flagged, SETTINGS)
    with flagged.work() as session:
        given = "source,handle,email\nfile,@FAN1,Fan@Example.org\nfile,foe1,foe@example.org\n"
        import_customers(session, COMMAND_LINE, StringIO(given))
    site = client(flagged)

    def hashed(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    assert site.get(f"{FANS}/export?format=x").text == hashed("twfan") + "\n"
    assert site.get(f"{FANS}/export?format=google").text.splitlines() == [
        "Email,Phone,First Name,Last Name,Country,Zip", hashed("fan@example.org") + ",,,,,",
    ]  # fmt: skip
    send(site, "/customers/forget")
    assert "import customer records first" in words(site.get(f"{FANS}/export?format=meta").text)
    refused = site.get(f"{FANS}/export?format=x&pseudonymise=yes")
    assert refused.status_code == 422
    assert "would match nobody" in words(refused.text)


def test_customers_are_counted_and_never_shown(flagged: Store, client: Client) -> None:
    site = client(flagged)
    file = ("c.csv", b"source,handle,email\nfile,fan1,secret@example.org\nfile,,x\n", "text/csv")
    answer = site.post("/customers", data={"csrf": csrf_of(site)}, files={"file": file})
    assert "1 customer records kept, 1 rows left out." in words(answer.text)
    assert "line 3: source or handle is empty" in words(answer.text)
    assert "secret" not in answer.text
    assert "0 accounts known" in words(send(site, "/customers/forget"))


def test_copied_campaigns_are_shown_as_such(store: Store, client: Client) -> None:
    brand(store, "JetBlue", "jetblue")
    text = "JetBlue ruined my whole holiday, never fly with them"
    load(store, *(
        post(text, id=f"c{n}", author=f"copier{n}", at=f"2026-09-01T1{n}:00Z") for n in range(6)
    ))  # fmt: skip
    analyse(store, {f"c{n}": opinion(-0.9) for n in range(6)})
    say(store, "copier0", -0.9, -0.9, first=3)
    flag(store, SETTINGS)
    site = client(store)
    html = words(site.get(FOES).text)
    assert "1 copied campaign" in html
    assert "coordinated: 1 mention" in html
    page = words(site.get("/brands/jetblue/campaigns").text)
    assert "6 authors, 6 mentions" in page
    assert text in page
    author = words(site.get(f"/brands/jetblue/authors/{author_id(store, 'copier0')}").text)
    assert "the same text by 6 authors" in author
    assert "not counted: part of a copied campaign" in author


def test_who_turned_this_week_is_a_link_away(flagged: Store, client: Client) -> None:
    site = client(flagged)
    assert "in the last 7 days" not in words(site.get(FOES).text)
    today = now()
    load(flagged, *(
        post(f"JetBlue now{n}", id=f"l{n}", author="late", author_handle="late",
             at=(today - timedelta(hours=2 - n)).isoformat())
        for n in (0, 1)
    ))  # fmt: skip
    analyse(flagged, {"l0": opinion(-0.9), "l1": opinion(-0.9)})
    flag(flagged, SETTINGS)
    html = site.get(FOES).text
    assert "1 turned detractor in the last 7 days" in words(html)
    link = re.search(r'href="([^"]*turned_since=[^"]*)"', html)
    assert link is not None
    assert names(site.get(link[1]).text) == ["late"]


def test_a_full_page_stays_under_the_limit(flagged: Store, client: Client) -> None:
    for n in range(60):
        say(flagged, f"more{n}", -0.9, -0.9, author_handle=f"more_with_a_long_handle_{n}")
    flag(flagged, SETTINGS)
    html = client(flagged).get(FOES).text
    assert html.count('name="author"') == 40
    assert len(html.encode()) < 110_000
