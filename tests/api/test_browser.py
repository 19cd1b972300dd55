"""A real browser walks from a brand to the reason for a flag."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from pydantic import SecretStr

from api.web.acting import COOKIE
from api.web.app import create_app
from listening.config import Settings
from listening.store.session import Store
from tests.factories import load, post
from tests.signed import cookie_for

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def served(people: Store, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The address of a server over the store, and the cookie of an admin."""
    settings = Settings(
        database_url=SecretStr(people.url), data_dir=tmp_path, _env_file=None,  # type: ignore[call-arg]
    )  # fmt: skip
    app = create_app(settings)
    config = uvicorn.Config(app, port=0, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        limit = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive() and time.monotonic() < limit, "the server did not start"
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", cookie_for(app.state.site)
    finally:
        app.state.live.end()
        server.should_exit = True
        thread.join(20)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_from_a_brand_to_the_mentions_behind_a_flag(
    served: tuple[str, str], scheme: str, width: int
) -> None:
    address, cookie = served
    if not CHROMIUM.exists():
        absent = f"no {CHROMIUM}: apt-get install chromium"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(absent)
    from playwright.sync_api import sync_playwright

    said: list[str] = []
    asked: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = browser.new_page(
            viewport={"width": width, "height": 844},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))

        def fits() -> bool:
            return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))

        page.goto(address + "/")
        page.get_by_role("main").get_by_role("link", name="JetBlue", exact=True).click()
        page.wait_for_url("**/brands/jetblue")
        assert page.get_by_role("img", name="Mentions per day").is_visible()
        assert fits()

        page.get_by_role("link", name="Advocates", exact=True).click()
        page.wait_for_url("**/advocates")
        assert fits()
        page.get_by_role("link", name="Fay Fan").click()
        page.wait_for_url("**/authors/*")
        assert page.get_by_role("heading", name="Why an advocate").is_visible()
        assert page.locator("mark", has_text="JetBlue").first.is_visible()
        assert fits()

        # The menu closes with Escape and gives the focus back.
        page.locator("details.switch summary").first.click()
        page.keyboard.press("Escape")
        assert page.locator("details.switch[open]").count() == 0
        # The keyboard's first stop leads past the navigation.
        page.goto(address + "/brands/jetblue/triage")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert page.evaluate("window.alert.toString()").count("native code") == 1
        browser.close()
    assert said == []
    assert {urlsplit(url).hostname for url in asked} == {"127.0.0.1"}


def test_a_table_beside_another_window_fits_a_phone(people: Store, served: tuple[str, str]) -> None:
    address, cookie = served
    if not CHROMIUM.exists():
        absent = f"no {CHROMIUM}: apt-get install chromium"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(absent)
    from playwright.sync_api import sync_playwright

    days = range(1, 29)
    load(
        people,
        *(
            post("JetBlue was late", id=f"m{day}", source="mastodon", at=f"2026-08-{day:02}T12:00Z")
            for day in days
        ),
    )
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
        page.goto(f"{address}/brands/jetblue?since=2026-08-15&until=2026-09-04")
        assert page.get_by_role("columnheader", name="the 21 days before").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.set_viewport_size({"width": 1280, "height": 844})
        # The name stands on one line.
        box = page.get_by_role("link", name="mastodon", exact=True).bounding_box()
        assert box is not None
        assert box["height"] < 30
        browser.close()
