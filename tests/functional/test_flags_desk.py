"""The brand team's list in a real browser: tick, dismiss by keyboard, take back, filter, export."""

from __future__ import annotations

from pathlib import Path

import pytest

from listening.store.flags.reviewing import act
from listening.store.session import Store
from tests.factories import author_id
from tests.flagged import BOB, flagged_brand
from tests.functional.browsing import DESK, PHONE, Seen, chromium, signed_page, too_wide, violations
from tests.functional.serving import serving
from tests.functional.test_every_page import admin_cookie

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.mark.parametrize(("scheme", "width"), [("light", DESK), ("dark", PHONE)])
def test_a_list_is_worked_on(store: Store, tmp_path: Path, scheme: str, width: int) -> None:
    flagged_brand(store)
    seen = Seen()
    with serving(store, tmp_path) as address, chromium() as browser:
        cookie = admin_cookie(store, tmp_path)
        page = signed_page(browser, address, cookie, scheme=scheme, width=width)
        seen.watch(page)
        page.goto("/brands/jetblue/detractors")
        assert page.locator("tbody tr").count() == 2

        # Nobody is ticked: nothing is sent, and why is said.
        page.locator(".bulk").get_by_role("button", name="Confirm").click()
        assert page.get_by_text("Tick at least one author first.").is_visible()

        page.get_by_role("checkbox", name="Choose @foe1").check()
        assert page.get_by_text("1 chosen").is_visible()
        page.locator(".bulk summary", has_text="Dismiss").press("Enter")
        reason = page.get_by_label("Why is this wrong?")
        assert reason.evaluate("e => e === document.activeElement")
        assert too_wide(page) == []
        assert violations(page) == []
        reason.fill("a joke")
        reason.press("Enter")
        page.get_by_text("Dismissed 1 author.").wait_for()
        assert page.locator("tbody tr").count() == 1

        page.get_by_role("button", name="Undo").click()
        page.get_by_text("Taken back for 1 author.").wait_for()
        assert page.locator("tbody tr").count() == 2

        page.get_by_label("Followers from").fill("250")
        page.get_by_role("button", name="Filter", exact=True).click()
        page.wait_for_url("**reach_from=250**")
        assert page.locator("tbody .who").all_inner_texts() == ["@foe2"]

        page.locator("summary", has_text="Export").click()
        with page.expect_download() as coming:
            page.get_by_role("button", name="Download").click()
        lines = Path(coming.value.path()).read_text(encoding="utf-8").splitlines()
        assert len(lines) == 2
        assert ",foe2," in lines[1]

        # Escape closes what is open and gives the focus back.
        page.locator("summary", has_text="Export").click()
        page.keyboard.press("Escape")
        assert not page.get_by_role("button", name="Download").is_visible()
    # A download ends the navigation that asked for it.
    assert [line for line in seen.said if "ERR_ABORTED" not in line] == []


def test_who_else_works_on_the_list_is_told(store: Store, tmp_path: Path) -> None:
    flagged_brand(store)
    with serving(store, tmp_path) as address, chromium() as browser:
        cookie = admin_cookie(store, tmp_path)
        page = signed_page(browser, address, cookie)
        with page.expect_request("**/events*"):
            page.goto("/brands/jetblue/detractors")
        page.wait_for_timeout(1500)
        with store.work() as session:
            act(session, BOB, 1, [author_id(store, "foe1")], "confirm")
        told = page.get_by_text("bob worked on this list meanwhile")
        told.wait_for(timeout=5000)
