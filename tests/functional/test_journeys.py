"""The jobs of the three people who use this, end to end, by a real browser on the real service.

The airline tweets where they lie beside the checkout (`shared/data`), else the bundled sample:
imported, analysed, segmented and flagged by `listening demo`, served by `listening web`.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.functional.browsing import Seen, chromium, signed_page, too_wide, violations
from tests.functional.processes import Processes, free_port, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.browser, pytest.mark.server, pytest.mark.model,
]  # fmt: skip

ROOT = Path(__file__).resolve().parents[2]
AIRLINE = ROOT.parent / "shared" / "data" / "mentions" / "airline.csv.gz"
PASSWORD = "tortoise lamp orbit gravel"
ADMIN, RITA, SAM = "ada@example.com", "rita@example.com", "sam@example.com"


@dataclass(frozen=True)
class Desk:
    """The service as it runs: where, the link of its first start, and a brand in it."""

    address: str
    link: str
    brand: str


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("journeys")
    own = {"LISTENING_DATA_DIR": str(folder / "data"),
           "NUMBA_CACHE_DIR": str(ROOT / "data/cache/numba")}  # fmt: skip
    processes = Processes(folder, own)
    words = ["--file", str(AIRLINE)] if AIRLINE.exists() else []
    processes.run("demo", "--no-serve", *words)
    port = free_port()
    processes.start("web", "--port", str(port))
    told = re.compile(r"http://\S+/welcome/\S+")
    try:
        wait_for(lambda: told.search(processes.said()), "no link of the first start was printed")
        link = told.findall(processes.said())[-1]
        wait_for(lambda: _answers(port), "the pages do not answer")
        yield Desk(f"http://127.0.0.1:{port}", link, "united" if words else "Brindlecup")
    finally:
        processes.end()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def seen() -> Seen:
    return Seen()


def a_page(browser: Browser, desk: Desk, seen: Seen) -> Page:
    page = signed_page(browser, desk.address, None)
    seen.watch(page)
    return page


def choose_password(page: Page, link: str, login: str | None = None) -> None:
    page.goto(link)
    if login is not None:
        page.get_by_label("Login").fill(login)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.locator("main button.main").click()


def sign_in(page: Page, login: str, where: str = "/") -> None:
    page.goto(where)
    page.wait_for_url(re.compile("/sign-in"))
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{where}")


def sound(page: Page) -> None:
    """Nothing on the page is too wide, and no rule of accessibility that matters is broken."""
    assert too_wide(page) == []
    assert violations(page) == []


@pytest.fixture(scope="module")
def people(browser: Browser, desk: Desk, seen: Seen) -> None:
    """Whoever runs it makes the first account, and invites the others."""
    page = a_page(browser, desk, seen)
    page.goto("/brands/" + desk.brand.lower())
    assert "terminal" in page.locator("main").inner_text()
    choose_password(page, desk.link, ADMIN)
    page.wait_for_url("**/")
    page.goto(desk.link)  # once is all it is good for
    assert page.get_by_label("Password").count() == 0
    for login, role in ((RITA, "brand"), (SAM, "support")):
        page.goto("/settings/people")
        page.get_by_label("Login").fill(login)
        page.get_by_label("Every brand").select_option(role)
        page.get_by_role("button", name="Make the link").click()
        link = page.locator(".once code").inner_text()
        other = a_page(browser, desk, seen)
        choose_password(other, link)
        other.context.close()
    page.goto("/settings/people")
    sound(page)
    page.context.close()


def test_a_brand_team_reviews_its_advocates(
    people: None, browser: Browser, desk: Desk, seen: Seen
) -> None:
    page = a_page(browser, desk, seen)
    sign_in(page, RITA)
    page.get_by_role("main").get_by_role("link", name=desk.brand, exact=True).click()
    assert page.get_by_role("heading", name="What changed").is_visible()
    sound(page)

    page.get_by_role("link", name="Advocates", exact=True).click()
    rows = page.locator("table.people tbody tr")
    before = rows.count()
    assert before >= 3
    first = rows.first.get_by_role("rowheader").get_by_role("link").inner_text()
    rows.first.get_by_text("The mentions that made it").click()
    assert rows.first.locator(".proof li").count() >= 2
    sound(page)

    # Why, in full; then the verdict.
    page.get_by_role("link", name=first, exact=True).click()
    assert page.get_by_role("heading", name="Why an advocate").is_visible()
    sound(page)
    page.get_by_role("button", name="Confirm", exact=True).click()
    assert page.get_by_text(f"confirmed by {RITA}").first.is_visible()

    # One who is none: dismissed, gone from the list, and taken back.
    page.get_by_role("link", name="Advocates", exact=True).click()
    last = rows.last.get_by_role("rowheader").get_by_role("link").inner_text()
    rows.last.get_by_role("checkbox").check()
    page.locator(".bulk summary", has_text="Dismiss").click()
    page.get_by_label("Why is this wrong?").fill("meant as a joke")
    page.get_by_role("button", name="Dismiss", exact=True).click()
    page.locator(".flash").get_by_role("button", name="Undo").wait_for()
    assert page.get_by_role("link", name=last, exact=True).count() == 0
    page.locator(".flash").get_by_role("button", name="Undo").click()
    page.get_by_role("link", name=last, exact=True).wait_for()
    assert rows.count() == before

    # A table of them, for whoever writes to them.
    page.locator(".list-tools summary", has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == before + 1

    page.get_by_role("link", name="Segments", exact=True).click()
    assert page.locator("svg.map, .map svg").first.is_visible()
    sound(page)
    page.goto("/settings/people")
    assert "Not yours to do" in page.locator("main").inner_text()
    page.context.close()


def test_support_answers_the_most_urgent(
    people: None, browser: Browser, desk: Desk, seen: Seen
) -> None:
    page = a_page(browser, desk, seen)
    sign_in(page, SAM, f"/brands/{desk.brand.lower()}/triage")
    sound(page)
    cases = page.locator("li.case")
    assert cases.count() >= 3
    shown = page.locator("article.case-open")
    first = shown.get_attribute("data-case")
    # Taken and closed with two keys; the next one is there.
    page.keyboard.press("a")
    shown.get_by_text(SAM).first.wait_for()
    page.keyboard.press("c")
    page.locator(f'article.case-open:not([data-case="{first}"])').wait_for()
    assert page.locator(f'li.case[data-id="{first}"]').count() == 0
    # It stands among the closed, with what was done to it.
    page.goto(f"/brands/{desk.brand.lower()}/triage?status=closed")
    page.locator(f'li.case[data-id="{first}"]').wait_for()
    sound(page)
    page.goto(f"/brands/{desk.brand.lower()}/advocates")
    assert page.get_by_role("button", name="Confirm").count() == 0
    page.context.close()


def test_whoever_runs_it_adds_a_watch_and_sees_who_did_what(
    people: None, browser: Browser, desk: Desk, seen: Seen
) -> None:
    page = a_page(browser, desk, seen)
    sign_in(page, ADMIN, "/settings/watches")
    sound(page)
    page.get_by_role("link", name="Add a watch").first.click()
    sound(page)
    page.goto("/settings/audit")
    log = page.locator("ol.log")
    assert log.get_by_text("account.add").count() >= 2
    assert log.get_by_text("flag.dismiss").count() >= 1 or log.get_by_text("flag").count() >= 1
    sound(page)
    page.context.close()


def test_nothing_was_said_on_the_console_nor_asked_of_others(seen: Seen) -> None:
    # A link that was used, and a page that one may not see, were asked for on purpose.
    refused = [line for line in seen.said if "status of 403" not in line and "404" not in line]
    assert not refused, "\n".join(refused)
    assert seen.asked <= {"127.0.0.1"}
