"""A real browser sets up what is listened for and who is told, in both themes, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from listening.store.session import Store
from listening.store.tables import Brand, Channel, Delivery
from tests.functional.browsing import DESK, PHONE, chromium, signed_page, too_wide, violations
from tests.functional.serving import serving
from tests.functional.test_every_page import admin_cookie

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.server]

LISTS = ("brands", "watches", "watches/add", "quarantine", "sources", "notifications",
         "notifications/log", "erasing")  # fmt: skip


@pytest.fixture(params=[("light", DESK), ("dark", PHONE)], ids=["light-wide", "dark-narrow"])
def page(request: pytest.FixtureRequest, people: Store, tmp_path: Path) -> Iterator[Page]:
    """A page of a browser in which an admin is signed in."""
    scheme, width = request.param
    with serving(people, tmp_path) as address, chromium() as browser:
        cookie = admin_cookie(people, tmp_path)
        opened = signed_page(browser, address, cookie, width=width, scheme=scheme)
        opened.set_default_timeout(60_000)
        errors: list[str] = []
        opened.on("pageerror", lambda error: errors.append(str(error)))
        yield opened
        assert errors == []


def wrong(page: Page) -> list[str]:
    """What keeps somebody from using a page."""
    return violations(page) + too_wide(page)


def test_a_query_is_tried_while_it_is_typed(page: Page, people: Store) -> None:
    page.goto("/settings/brands")
    page.get_by_role("link", name="JetBlue", exact=True).click()
    page.wait_for_load_state()
    query = page.get_by_label("Query")
    query.fill("jetblue AND (bag OR seat)")
    tested = page.locator("#tested")
    tested.get_by_text("2 of the last 9 posts match.").wait_for()
    cells = [row.all_inner_texts() for row in (tested.locator("tbody th"), tested.locator("td"))]
    assert dict(zip(*cells, strict=True)) == {
        "jetblue AND (bag OR seat)": "2", "jetblue": "8", "bag OR seat": "2", "bag": "2",
        "seat": "0",
    }  # fmt: skip
    assert tested.locator("mark").all_inner_texts() == ["JetBlue", "bag"] * 2
    assert wrong(page) == []
    query.fill("jetblue AND (bag")
    tested.get_by_text("column 13: this parenthesis is never closed").wait_for()
    assert query.get_attribute("aria-invalid") == "true"
    query.fill("jetblue AND bag")
    tested.get_by_text("2 of the last 9 posts match.").wait_for()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved. Stored posts are matched against it within seconds.").wait_for()
    with people.session() as session:
        found = session.exec(select(Brand).where(Brand.slug == "jetblue")).one()
    assert (found.query, found.version) == ("jetblue AND bag", 2)
    assert found.match_wanted_at is not None


def test_a_webhook_is_added_and_tried(page: Page, people: Store) -> None:
    page.goto("/settings/notifications")
    page.get_by_role("link", name="Webhook").click()
    page.get_by_label("Name").fill("Night desk")
    page.get_by_label("Address").fill("https://hooks.example/hunter2")
    page.get_by_label("A watch fails again and again").check()
    page.get_by_role("button", name="Add it").click()
    assert len(page.locator(".once code").last.inner_text()) > 40
    assert "hunter2" not in page.content()
    assert wrong(page) == []
    page.get_by_role("button", name="Send a test").click()
    page.get_by_text("A test is sent within seconds").wait_for()
    with people.session() as session:
        assert session.exec(select(Channel.name)).one() == "Night desk"
        assert session.exec(select(Delivery.event)).one() == "test"


def test_every_list_can_be_used_by_everybody(page: Page) -> None:
    for name in LISTS:
        page.goto(f"/settings/{name}")
        assert wrong(page) == [], name
