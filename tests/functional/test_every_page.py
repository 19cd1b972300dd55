"""Every page that a link leads to, looked at by a real browser in both themes, wide and narrow.

What strangers wrote (scripts, markup, other directions of writing) is on these pages: it does
nothing, breaks no frame, and no rule of axe-core that matters is broken.
"""

from __future__ import annotations

import re
from collections import deque
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from listening.store.session import Store
from tests.api.conftest import people as people
from tests.functional.browsing import DESK, PHONE, Seen, chromium, signed_page, too_wide, violations
from tests.functional.hostile import make_hostile
from tests.functional.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.server]

# Pages of one shape that are looked at: a list's pages are much alike.
OF_A_SHAPE = 1
MOST = 80


def shape(address: str) -> str:
    """An address without its numbers, brand and values: pages of one shape are one template's."""
    parts = urlsplit(address)
    path = re.sub(r"/brands/[^/]+(?:%2F[^/]+)?", "/brands/*", parts.path)
    path = re.sub(r"/(?:\d+|lk_\w+)(?=/|$)", "/*", path)
    return path + "?" + "&".join(sorted({name for name, _ in parse_qsl(parts.query)}))


def test_every_page_is_fit_to_be_seen(people: Store, tmp_path: Path) -> None:
    make_hostile(people)
    seen, wrong, looked = Seen(), list[str](), set[str]()
    with serving(people, tmp_path) as address, chromium() as browser:
        cookie = admin_cookie(people, tmp_path)
        pages = {
            (scheme, width): signed_page(browser, address, cookie, scheme=scheme, width=width)
            for scheme, width in (("light", DESK), ("dark", PHONE))
        }
        for page in pages.values():
            seen.watch(page)
        waiting = deque(["/", "/brands/jetblue"])
        while waiting and len(looked) < MOST:
            where = waiting.popleft()
            if (form := shape(where)) in looked:
                continue
            looked.add(form)
            for (scheme, width), page in pages.items():
                answer = page.goto(where)
                assert answer is not None
                if "text/html" not in answer.headers.get("content-type", ""):
                    break
                if answer.status != 200 and not _is_a_query_that_fails(where, answer.status):
                    wrong.append(f"{where}: {answer.status}")
                    break
                wrong += [f"{where} ({width}): {what}" for what in too_wide(page)]
                wrong += [f"{where} ({scheme}, {width}): {v}" for v in violations(page)]
                # A mention's own page holds the whole of a text, a megabyte here.
                if len(page.content()) > 110_000 and "/mentions/" not in where:
                    wrong.append(f"{where}: {len(page.content()):,} bytes")
            else:
                waiting.extend(own_links(pages["light", DESK], address))
        alert = "window.alert.toString().includes('native code')"
        assert all(page.evaluate(alert) for page in pages.values())
    assert not wrong, "\n".join(wrong)
    # A query that fails was asked for on purpose.
    said = [line for line in seen.said if "status of 422" not in line]
    assert not said, "\n".join(said)
    assert seen.asked == {"127.0.0.1"}
    assert len(looked) >= 8, looked


def _is_a_query_that_fails(where: str, status: int) -> bool:
    """Whether it is a view of a query that cannot be read, which its page points at."""
    return status == 422 and "/mentions?" in where


def own_links(page: object, address: str) -> list[str]:
    """The addresses of this site that a page links to, without those that end the sign-in."""
    found = page.eval_on_selector_all(  # type: ignore[attr-defined]
        "a[href]", "links => links.map(a => [a.href, a.hasAttribute('download')])"
    )
    return [
        where.removeprefix(address).partition("#")[0] or "/"
        for where, download in found
        if where.startswith(address) and not download and "/static/" not in where
    ]


def admin_cookie(store: Store, folder: Path) -> str:
    """The cookie of an admin, signed with the secret in the data folder."""
    from pydantic import SecretStr

    from api.web.site import Site
    from listening.config import Settings
    from tests.signed import cookie_for

    site = Site(Settings(
        database_url=SecretStr(store.url), data_dir=folder, _env_file=None,  # type: ignore[call-arg]
    ))  # fmt: skip
    try:
        return cookie_for(site)
    finally:
        site.close()
