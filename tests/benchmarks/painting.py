"""How soon the map is seen: first contentful paint in Chromium, and when all of it stands."""

from __future__ import annotations

from statistics import median

from playwright.sync_api import sync_playwright

from api.web.acting import COOKIE

_FIRST = """() => performance.getEntriesByType('paint')
    .find((paint) => paint.name === 'first-contentful-paint').startTime"""
_BYTES = "() => performance.getEntriesByType('navigation')[0].transferSize"
_LAST = """() => Math.max(...performance.getEntriesByType('resource')
    .map((resource) => resource.responseEnd))"""


def painted(port: int, cookie: str, path: str, rounds: int = 5) -> tuple[float, float, int]:
    """Milliseconds to the first paint and to the last dot (medians), and bytes of the page."""
    firsts, lasts, size = [], [], 0
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies(
            [{"name": COOKIE, "value": cookie.partition("=")[2], "url": f"http://127.0.0.1:{port}"}]
        )
        for _ in range(rounds):
            page = context.new_page()
            page.goto(f"http://127.0.0.1:{port}{path}", wait_until="networkidle")
            firsts.append(float(page.evaluate(_FIRST)))
            lasts.append(float(page.evaluate(_LAST)))
            size = int(page.evaluate(_BYTES))
            page.close()
        browser.close()
    return median(firsts), median(lasts), size
