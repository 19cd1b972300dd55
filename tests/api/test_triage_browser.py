"""Support at work in a real browser: by keyboard alone, two at once, and what others do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from listening.access import Role
from listening.store.cases.actions import Verb
from listening.store.session import Store
from listening.store.tables import CaseStatus
from tests.api.conftest import Client
from tests.caseload import case_of, do, number_of, open_cases, person
from tests.factories import analyse, brand, load, opinion, post
from tests.functional.browsing import chromium, signed_page
from tests.functional.serving import serving
from tests.signed import cookie_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.server]
TWENTY = 20


@pytest.fixture
def queue(store: Store) -> Store:
    """Twenty-three open cases of JetBlue."""
    brand(store, "JetBlue")
    count = TWENTY + 3
    load(
        store,
        *(
            post(f"JetBlue lost bag {n:02}", id=f"p{n:02}", author=f"a{n}",
                 url=f"https://posts.example/{n}")
            for n in range(count)
        ),
    )  # fmt: skip
    analyse(store, {f"p{n:02}": opinion(-0.9) for n in range(count)})
    open_cases(
        store, **{f"p{n:02}": (round(0.9 - n / 100, 2), "high", f"g{n}") for n in range(count)}
    )
    return store


@pytest.fixture
def address(queue: Store, tmp_path: Path) -> Iterator[str]:
    with serving(queue, tmp_path) as found:
        yield found


def desk(browser: Browser, address: str, store: Store, folder: Path, login: str) -> Page:
    """Somebody's browser on the queue, listening."""
    from pydantic import SecretStr

    from api.web.site import Site
    from listening.config import Settings

    settings = Settings(
        database_url=SecretStr(store.url), data_dir=folder, _env_file=None,  # type: ignore[call-arg]
    )  # fmt: skip
    site = Site(settings)
    cookie = cookie_for(site, login, Role.SUPPORT)
    site.close()
    page = signed_page(browser, address, cookie)
    with page.expect_response("**/events*"):
        page.goto("/brands/jetblue/triage")
    return page


def shown(page: Page, native: str) -> None:
    """Wait until a case is in the pane."""
    page.wait_for_function(
        "text => document.querySelector('.case-open .said')?.textContent.includes(text)",
        arg=f"bag {native[1:]}",
    )


def test_twenty_cases_are_cleared_by_keyboard_alone(
    address: str, queue: Store, tmp_path: Path
) -> None:
    with chromium() as browser:
        page = desk(browser, address, queue, tmp_path, "rita")
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.keyboard.press("j")
        shown(page, "p01")
        page.keyboard.press("k")
        shown(page, "p00")
        # Each its own way; the next one is there at once.
        page.keyboard.press("a")
        page.wait_for_selector(".flash:has-text('taken')")
        keys = ["p", "s", "2", *("c" * (TWENTY - 4))]
        for n, key in enumerate(keys):
            shown(page, f"p{n:02}")
            page.keyboard.press(key)
        shown(page, "p19")
        page.keyboard.press("r")
        page.keyboard.type("We are sorry")
        page.keyboard.press("Tab")  # then: pending
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        shown(page, "p20")
        assert page.locator("#told").text_content().startswith("Case")  # type: ignore[union-attr]
        assert page.evaluate("document.activeElement.className") == "row"
        page.wait_for_function("() => document.querySelector('.states .count').textContent === '3'")
        page.keyboard.press("c")
        shown(page, "p21")
        page.keyboard.press("z")
        shown(page, "p20")
        page.keyboard.press("?")
        assert page.locator("#keys").is_visible()
        page.keyboard.press("Escape")
        assert page.locator("#keys").is_hidden()
        page.keyboard.press("x")
        assert page.locator(".count-chosen").text_content() == "1 ticked:"
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "text"
        page.keyboard.press("Escape")
        page.keyboard.press("e")
        assert page.evaluate("document.activeElement.value") == "negative"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert said == []
    assert (case_of(queue, "p00").owner, case_of(queue, "p00").status) == (
        "rita", CaseStatus.PENDING,
    )  # fmt: skip
    assert case_of(queue, "p01").status is CaseStatus.SNOOZED
    assert {case_of(queue, f"p{n:02}").status for n in range(2, 19)} == {CaseStatus.CLOSED}
    assert case_of(queue, "p19").status is CaseStatus.PENDING
    assert case_of(queue, "p20").status is CaseStatus.OPEN


def test_keys_say_what_they_did_and_take_back_only_that(
    address: str, queue: Store, tmp_path: Path
) -> None:
    with chromium() as browser:
        page = desk(browser, address, queue, tmp_path, "rita")
        flash = page.locator(".flash")
        shown(page, "p00")
        page.keyboard.press("a")
        flash.get_by_text("taken").wait_for()
        page.keyboard.press("0")
        flash.get_by_text("nothing changed").wait_for()
        assert flash.get_by_role("button", name="Undo").count() == 0
        # What is typed stays with its case.
        page.keyboard.press("n")
        page.keyboard.type("half a note")
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        shown(page, "p01")
        assert page.locator("#note").input_value() == ""
        page.keyboard.press("k")
        shown(page, "p00")
        assert page.locator("#note").input_value() == "half a note"
        page.locator("#note").fill("")
        page.locator(f"li.case[data-id='{number_of(queue, 'p00')}'] a.row").focus()
        # With some ticked a key is for all of them, and so is taking it back.
        page.keyboard.press("x")
        page.keyboard.press("j")
        shown(page, "p01")
        page.keyboard.press("x")
        page.keyboard.press("j")
        shown(page, "p02")
        page.keyboard.press("c")
        flash.get_by_text("2 cases closed.").wait_for()
        shown(page, "p02")
        assert {case_of(queue, f"p{n:02}").status for n in (0, 1)} == {CaseStatus.CLOSED}
        page.keyboard.press("z")
        flash.get_by_text("Taken back for 2 cases.").wait_for()
        assert {case_of(queue, f"p{n:02}").status for n in (0, 1)} == {CaseStatus.OPEN}
        page.keyboard.press("3")
        flash.get_by_text("set to positive, and so closed.").wait_for()
        # Another page has done nothing yet that it could take back.
        page.reload()
        page.wait_for_selector(".desk.live")
        page.keyboard.press("z")
        flash.get_by_text("Nothing was done since").wait_for()
        assert case_of(queue, "p00").owner == "rita"


def test_two_on_one_case_never_overwrite_each_other(
    address: str, queue: Store, tmp_path: Path
) -> None:
    with chromium() as browser:
        rita = desk(browser, address, queue, tmp_path, "rita")
        omar = desk(browser, address, queue, tmp_path, "omar")
        # Omar's page hears of nothing: as where the network is slow.
        omar.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        omar.route("**/events*", lambda route: route.abort())
        omar.reload()
        shown(omar, "p00")
        omar.locator("#answer").fill("Dear author, we are looking into it")
        shown(rita, "p00")
        rita.keyboard.press("c")
        shown(rita, "p01")
        omar.get_by_role("button", name="Keep the answer").click()
        told = omar.locator(".conflict")
        told.wait_for(state="visible")
        assert "meanwhile rita closed it" in str(told.text_content())
        assert omar.locator("#answer").input_value() == "Dear author, we are looking into it"
    found = case_of(queue, "p00")
    assert (found.status, found.changed_by, found.version) == (CaseStatus.CLOSED, "rita", 2)


def test_what_another_does_is_seen_without_loading_again(
    address: str, queue: Store, tmp_path: Path
) -> None:
    omar = person(queue, "omar")
    with chromium() as browser:
        page = desk(browser, address, queue, tmp_path, "rita")
        shown(page, "p00")
        page.locator("#note").fill("half a note")
        do(queue, omar, "p00", Verb.ASSIGN, owner="omar")
        wait_for_owner(page, number_of(queue, "p00"), "omar")
        assert page.locator("#note").input_value() == "half a note"
        do(queue, omar, "p05", Verb.CLOSE)
        wait_until_gone(page, number_of(queue, "p05"))


def test_what_changes_while_a_page_is_on_its_way_is_seen(
    address: str, queue: Store, tmp_path: Path
) -> None:
    omar = person(queue, "omar")
    with chromium() as browser:
        page = desk(browser, address, queue, tmp_path, "rita")
        held: list[Route] = []
        page.route("**/events*", lambda route: held.append(route))
        page.reload()
        shown(page, "p00")
        while not held:  # it asks to listen, and is not answered yet
            page.wait_for_timeout(20)
        do(queue, omar, "p00", Verb.ASSIGN, owner="omar")
        do(queue, omar, "p05", Verb.CLOSE)
        held[0].continue_()
        wait_for_owner(page, number_of(queue, "p00"), "omar")
        wait_until_gone(page, number_of(queue, "p05"))


def wait_for_owner(page: Page, number: int, owner: str) -> None:
    """Wait until somebody has a case, in the list and in the pane."""
    page.wait_for_function(
        "([row, owner]) => document.querySelector(row)?.textContent.includes(owner)"
        " && document.querySelector('.timer').textContent.includes(`with ${owner}`)",
        arg=[f"li.case[data-id='{number}'] .row-foot", owner],
    )


def wait_until_gone(page: Page, number: int) -> None:
    """Wait until a case is not in the list."""
    page.wait_for_selector(f"li.case[data-id='{number}']", state="detached")


def test_everything_works_by_forms_alone(queue: Store, client: Client) -> None:
    """No module runs here: what the keyboard does, forms do."""
    from tests.signed import csrf_of, sign_in

    desk = sign_in(client(queue, signed=False), "rita", Role.SUPPORT)
    token = csrf_of(desk)
    number = number_of(queue, "p00")

    def send(path: str = "act", **fields: object) -> object:
        return desk.post(
            f"/brands/jetblue/triage/{path}", data={"csrf": token, "back": "", **fields}
        )

    answer = send(do="close", case=f"{number}:1")
    assert "1 case closed." in answer.text  # type: ignore[attr-defined]
    refused = send(do="answer", case=f"{number}:1", text="Dear author", then="closed")
    assert refused.status_code == 409  # type: ignore[attr-defined]
    assert "meanwhile rita closed it" in refused.text  # type: ignore[attr-defined]
    assert ">Dear author</textarea>" in refused.text  # type: ignore[attr-defined]
    send("undo", case=number, batch="")
    assert case_of(queue, "p00").status is CaseStatus.OPEN
    others = [f"{number_of(queue, native)}:1" for native in ("p01", "p02")]
    assert "2 cases taken." in send(do="take", case=others).text  # type: ignore[attr-defined]
    assert "Tick the cases first" in send(do="close").text  # type: ignore[attr-defined]
    assert "Choose one of" in send(do="override", case=others[:1], sentiment="x").text  # type: ignore[attr-defined]
    send("canned", name="sorry", text="Sorry, {author} of {brand}")
    assert "Sorry, a0 of JetBlue" in desk.get("/brands/jetblue/triage").text
    assert "No case is like that" in desk.get("/brands/jetblue/triage?text=nothing").text
    assert desk.get("/brands/jetblue/triage?order=x").status_code == 422
