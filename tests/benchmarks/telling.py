"""How soon what one person does to a case is seen on the page of another, without loading it."""

from __future__ import annotations

import time

from playwright.sync_api import sync_playwright

from api.web.acting import COOKIE
from listening.access import COMMAND_LINE
from listening.store.cases.actions import Action, Verb, act
from listening.store.session import Store
from listening.store.tables import Case


def told(
    url: str, port: int, cookie: str, path: str, rounds: int = 20
) -> tuple[list[float], float]:
    """Milliseconds from a commit to its sight in the list, and of loading the page instead.

    Args:
        url: of the store, which another process than the server writes to.
        port: where the server is.
        cookie: of somebody who is signed in.
        path: of a brand's triage.
        rounds: how many changes.
    """
    times: list[float] = []
    store = Store(url)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies(
            [{"name": COOKIE, "value": cookie.partition("=")[2], "url": f"http://127.0.0.1:{port}"}]
        )
        page = context.new_page()
        began = time.perf_counter()
        page.goto(f"http://127.0.0.1:{port}{path}")
        loading = (time.perf_counter() - began) * 1000
        number = int(page.locator("li.case").nth(1).get_attribute("data-id") or 0)
        for n in range(rounds):
            page.wait_for_timeout(137 * (n % 8))  # not in step with who looks every so often
            version = _change(store, number)
            began = time.perf_counter()
            page.wait_for_function(
                "([id, version]) => document.querySelector(`li.case[data-id='${id}']`)"
                "?.dataset.version === String(version)",
                arg=[number, version],
            )
            times.append((time.perf_counter() - began) * 1000)
        browser.close()
    store.close()
    return sorted(times), loading


def _change(store: Store, number: int) -> int:
    with store.work() as session:
        case = session.get_one(Case, number)
        action = Action(verb=Verb.STAR, value=not case.starred)
        return act(
            session, COMMAND_LINE, case.brand_id, number, action, version=case.version
        ).version
