"""A real browser on the pages of a real server: what it must never see."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from api.web.acting import COOKIE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DESK, PHONE = 1280, 390


@dataclass(slots=True)
class Seen:
    """What a browser said and asked for while it looked at pages."""

    said: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def watch(self, page: Page) -> None:
        """Note what this page says from now on."""
        page.on("console", lambda message: self._hear(page, message))
        page.on("pageerror", lambda error: self.said.append(f"{page.url}: {error}"))
        page.on("request", lambda request: self.asked.add(urlsplit(request.url).hostname or ""))

    def _hear(self, page: Page, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.said.append(f"{page.url}: {message.text}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    if not CHROMIUM.exists():
        absent = f"no {CHROMIUM}: apt-get install chromium"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(absent)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def signed_page(
    browser: Browser,
    address: str,
    cookie: str | None,
    *,
    width: int = DESK,
    scheme: Any = "light",
) -> Page:
    """A page of a browser that is signed in where a cookie is given."""
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, base_url=address
    )
    if cookie is not None:
        context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
    page = context.new_page()
    page.set_default_timeout(20_000)
    return page


# The innermost elements that reach beyond the window, unless something around them scrolls.
_TOO_WIDE = """() => {
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  const own = /(auto|scroll|hidden|clip)/;
  const scrolls = (e) => e && (own.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  const wide = [...document.body.querySelectorAll("*")].filter(
    (e) => e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e.parentElement));
  const inner = wide.filter((e) => ![...e.children].some((c) => wide.includes(c)));
  const told = (e) => `${e.parentElement.className} > ${e.tagName}.${e.className} ` +
    (e.textContent ?? "").trim().slice(0, 40);
  return ["wider than the window", ...inner.slice(0, 5).map(told)];
}"""


def too_wide(page: Page) -> list[str]:
    """What of the page is wider than the window; empty: it fits."""
    found: list[str] = page.evaluate(_TOO_WIDE)
    return found


def violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical, with where."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{v['impact']} {v['id']}: {node['target']} {node.get('failureSummary', '')[:300]}"
        for v in found
        if v["impact"] in {"serious", "critical"}
        for node in v["nodes"][:3]
    ]
