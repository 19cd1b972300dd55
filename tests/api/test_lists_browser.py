"""The lists in a real browser: what Enter does, and what keeps the ticks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from listening.store.session import Store
from tests.functional.browsing import chromium, signed_page
from tests.functional.serving import serving
from tests.functional.test_every_page import admin_cookie

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.server]
MENTIONS = "/brands/jetblue/mentions"


@pytest.fixture
def page(people: Store, tmp_path: Path) -> Iterator[Page]:
    """A page of a browser in which an admin is signed in."""
    with serving(people, tmp_path) as address, chromium() as browser:
        opened = signed_page(browser, address, admin_cookie(people, tmp_path))
        opened.set_default_timeout(30_000)
        errors: list[str] = []
        opened.on("pageerror", lambda error: errors.append(str(error)))
        yield opened
        assert errors == []


def test_enter_tags_and_overrides_nothing(page: Page) -> None:
    page.goto(MENTIONS)
    page.locator('.mention > input[type="checkbox"]').first.check()
    page.get_by_label("Tags, parted by commas").press("Enter")  # nothing written yet
    assert page.locator(".bulk .chosen").inner_text() == "Write a tag first."
    page.get_by_role("button", name="Set").click()
    assert page.locator(".bulk .chosen").inner_text() == "Choose a sentiment first."
    assert page.locator(".mention > input:checked").count() == 1
    page.get_by_label("Tags, parted by commas").fill("urgent")
    page.get_by_label("Tags, parted by commas").press("Enter")
    page.get_by_text("1 mention tagged.").wait_for()
    assert page.locator(".mention a.tag bdi").inner_text() == "urgent"


def test_return_searches_while_facets_are_still_counted(page: Page) -> None:
    page.route("**/mentions/facets*", lambda route: None)  # never answered
    page.goto(MENTIONS, wait_until="domcontentloaded")
    box = page.get_by_label("Look for")
    box.fill("crew")
    box.press("Enter")
    page.wait_for_url("**/mentions?*q=crew*", wait_until="commit")


def test_a_dismissal_without_its_reason_keeps_the_ticks(page: Page) -> None:
    page.goto("/brands/jetblue/detractors")
    page.locator('tbody input[name="author"]').first.check()
    page.locator(".bulk summary", has_text="Dismiss").click()
    page.get_by_label("Why is this wrong?").fill("  ")
    page.get_by_role("button", name="Dismiss").click()
    assert page.locator(".bulk .chosen").inner_text() == "Say a reason first: why is this wrong?"
    assert page.evaluate("document.activeElement.name") == "reason"
    assert page.locator('tbody input[name="author"]:checked').count() == 1
    page.get_by_label("Why is this wrong?").fill("a joke")
    page.get_by_role("button", name="Dismiss").click()
    page.get_by_text("Dismissed 1 author.").wait_for()
