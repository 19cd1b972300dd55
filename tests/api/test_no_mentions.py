"""A brand without mentions: why there are none, and what to do next."""

from __future__ import annotations

from starlette.testclient import TestClient

from listening.access import Role
from listening.store.brands.brands import get_brand
from listening.store.keeping.wishes import matched, want_match
from listening.store.running.presence import be_seen
from listening.store.session import Store
from tests.api.conftest import Client
from tests.api.test_pages import words
from tests.factories import brand
from tests.signed import sign_in

PAGES = ("/brands/jetblue", "/brands/jetblue/mentions")


def shown(desk: TestClient) -> list[str]:
    return [words(desk.get(page).text) for page in PAGES]


def test_what_waits_to_be_matched_is_not_called_unmatched(store: Store, client: Client) -> None:
    brand(store, "JetBlue", "jetblue OR b6")
    desk = client(store)
    with store.work() as session:
        want_match(session, get_brand(session, "JetBlue"))
    for text in shown(desk):
        assert "wait to be matched against this brand's query, but no worker runs" in text
        assert "No stored post matches" not in text
    assert "wait to be matched: no worker runs" in words(desk.get("/settings/brands/1").text)
    with store.work() as session:
        be_seen(session, "sweeper", kind="worker", host="here", pid=1, queues=["sweep"])
    assert all("no worker runs" in text for text in shown(desk))
    with store.work() as session:
        be_seen(session, "reader", kind="worker", host="here", pid=2, queues=["nlp", "sweep"])
    for text in shown(desk):
        assert "Stored posts are being matched against this brand's query" in text
        assert "No stored post matches" not in text
    with store.work() as session:
        own = get_brand(session, "JetBlue")
        assert own.match_wanted_at is not None
        matched(session, 1, own.match_wanted_at)
    for text in shown(desk):
        assert "No stored post matches this brand's query:" in text and "jetblue OR b6" in text
        assert "matched against" not in text


def test_who_may_is_led_to_the_settings(store: Store, client: Client) -> None:
    brand(store, "JetBlue", "jetblue")
    desk = client(store)
    for page in PAGES:
        text = desk.get(page).text
        assert 'href="/settings/watches/add?brand=1"' in text
        assert 'href="/settings/brands/1"' in text
    assert desk.get("/settings/watches/add?brand=1").status_code == 200
    sign_in(desk, "vi@example.com", None, {1: Role.VIEWER})
    for page in PAGES:
        assert "/settings/watches/add" not in desk.get(page).text
