"""What people decide about segments, by forms as a browser sends them."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from listening.store.session import Store
from tests.api.conftest import HOSTILE, Client
from tests.api.test_segment_pages import second_run, words

BLUE = "/brands/jetblue/segments"


@pytest.fixture
def desk(people: Store, client: Client) -> TestClient:
    """Two runs; an admin looks."""
    with people.work() as session:
        second_run(session, people)
    found: TestClient = client(people)
    return found


def send(desk: TestClient, address: str, **fields: str) -> str:
    """Send a form with its token; what the page after it says."""
    token = desk.get(BLUE).text.split('name="csrf-token" content="')[1].split('"')[0]
    return words(desk.post(address, data={"csrf": token, **fields}).text)


def test_a_name_is_given_and_taken_back(desk: TestClient) -> None:
    said = send(desk, "/segments/1/change", name=HOSTILE[:100], version="1")
    assert "is named <script>alert" in said
    assert "named by people" in said
    html = desk.get("/segments/1").text
    assert "<script>alert" not in html
    assert 'name="version" value="2"' in html
    send(desk, "/segments/1/change", name="", version="2")
    assert "named by people" not in desk.get("/segments/1").text


def test_whoever_was_second_is_told(desk: TestClient) -> None:
    send(desk, "/segments/1/change", pinned="1", version="1")
    said = send(desk, "/segments/1/change", name="Late", version="1")
    assert "ada@example.com changed segment 1 meanwhile" in said
    assert "Late" not in words(desk.get("/segments/1").text)


def test_a_merge_shows_on_every_page_and_can_be_taken_back(desk: TestClient) -> None:
    said = send(desk, "/segments/2/merge", into="1", brand="?brand=jetblue", version="1")
    assert "bags is part of crew · seat now." in said
    assert "Merged into it bags (segment 2)" in said
    assert "1 segment " in words(desk.get(BLUE).text)
    assert "bags stands for itself" in send(desk, "/segments/2/unmerge", brand="")
    assert "2 segments" in words(desk.get(BLUE).text)
    assert "Choose the segment" in send(desk, "/segments/2/merge", into="")


def test_hidden_ones_are_shown_where_they_are_asked_for(desk: TestClient) -> None:
    send(desk, "/segments/2/change", hidden="1")
    listed = desk.get(BLUE).text
    assert 'href="/segments/2?' not in listed
    assert "Show 1 hidden one" in words(listed)
    assert 'href="/segments/2?' in desk.get(f"{BLUE}?hidden=1").text


def test_changes_since_the_last_run_are_told_with_links(desk: TestClient) -> None:
    text = words(desk.get(f"{BLUE}/changes").text)
    assert "crew · seat stayed as large: 1 author stayed, 1 came, 1 went" in text
    assert "bags came out of crew · seat , 1 author" in text
    assert "crew · seat → bags 2" in text
    assert "a-foe" in text
    assert "unsegmented, nearest: bags" in text


def test_there_is_something_to_do_where_nobody_was_segmented(store: Store, client: Client) -> None:
    from tests.factories import brand

    brand(store, "JetBlue", "jetblue")
    assert "Nobody has been segmented yet" in words(client(store).get(f"{BLUE}/changes").text)
