"""Lists of mentions behind incidents: they show as many as is said."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

from starlette.testclient import TestClient

from listening.store.session import Store
from tests.api.conftest import Client
from tests.api.test_pages import words
from tests.factories import analyse, brand, load, opinion, post

BLUE = "/brands/jetblue"
FIRST = datetime(2026, 9, 1, 12, tzinfo=UTC)
# Beside eight at noon of each day: hours after the first noon, mentions, polarity.
RUSHES = (
    (7 * 24 + 8, 40, 0.0),
    (7 * 24 + 22, 30, -1.0),
    (7 * 24 + 26, 10, -1.0),
    (7 * 24 + 34, 5, 0.0),
)


def rush(store: Store) -> None:
    brand(store, "JetBlue", "jetblue")
    said = [(FIRST + timedelta(days=day), 8, 0.0) for day in range(9)]
    said += [(FIRST + timedelta(hours=hours), many, how) for hours, many, how in RUSHES]
    polarity = {}
    found = []
    for at, many, how in said:
        for n in range(many):
            name = f"{at:%d%H}-{n}"
            polarity[name] = opinion(how)
            found.append(post(f"JetBlue {name}", id=name, author=name, at=at.isoformat()))
    load(store, *found)
    analyse(store, polarity)


def counted(desk: TestClient, address: str) -> int:
    """Mentions that a list has."""
    page, _, asked = address.partition("?")
    found = re.search(
        r"Counted: (\d+) mentions, all", words(desk.get(f"{page}/facets?{asked}").text)
    )
    assert found is not None
    return int(found[1])


def test_a_list_behind_an_incident_shows_as_many_as_is_said(store: Store, client: Client) -> None:
    rush(store)
    desk = client(store)
    page = desk.get(f"{BLUE}?since=2026-09-01&until=2026-09-09").text
    shown = r"<li><span[^>]*>(In the 24 hours [^<]*)</span> <a href=\"([^\"]+)"
    ((sentence, behind),) = re.findall(shown, page)
    # The evening of the 8th, neutral, is no longer in these hours.
    assert "until 9 Sep 2026, 21:00 UTC, 40 of 48 scored mentions were negative (83%)" in sentence
    assert counted(desk, unescape(behind)) == 40
    listed = page.split('<ol class="incidents">')[1].split("</ol>")[0]
    volume, negative = (words(one) for one in listed.split("</li>")[:2])
    links = [unescape(url) for url in re.findall(r'href="([^"]+)"', listed)]
    assert "88 mentions in the 24 hours until 9 Sep 2026, 15:00 UTC" in volume
    assert "Beyond from 8 Sep 2026, 20:00 UTC to 10 Sep 2026" in volume
    assert (
        "40 negative of 48 scored (83.3%) in the 24 hours until 9 Sep 2026, 21:00 UTC" in negative
    )
    assert [counted(desk, links[0]), counted(desk, links[2])] == [88, 40]
    # The whole stretch has those of the last evening too.
    assert counted(desk, links[1]) == 93
    assert all("sentiment=negative" in url for url in links[2:])


def test_hours_of_a_list_stand_in_its_form(people: Store, client: Client) -> None:
    page = f"{BLUE}/mentions"
    text = client(people).get(f"{page}?startDate=2026-09-01T08:30&endDate=2026-09-02T09:00Z").text
    assert '<input type="datetime-local" name="startDate" value="2026-09-01T08:30">' in text
    assert '<input type="datetime-local" name="endDate" value="2026-09-02T09:00">' in text
    text = client(people).get(f"{page}?startDate=2026-09-01&endDate=2026-09-03T00:00Z").text
    assert '<input type="date" name="startDate" value="2026-09-01">' in text
    assert '<input type="date" name="endDate" value="2026-09-02">' in text
    wrong = client(people).get(f"{page}?startDate=2026-09-01&endDate=2026-08-01").text
    assert 'name="endDate" value="2026-08-01"' in wrong
