"""Pictures of the pages for README and docs: `make pictures`, over the store that `make demo` made.

python -m tests.functional.picturing DATA_DIR OUT [--every]
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from listening.config import Settings
from listening.store.brands.brands import list_brands
from listening.store.counts.summaries import brand_summaries
from listening.store.schema import migrate
from listening.store.session import Store
from tests.functional.browsing import DESK, PHONE, chromium, signed_page
from tests.functional.serving import serving
from tests.functional.test_every_page import admin_cookie

# Name of the picture, and the page below the brand's own (or from the root).
PAGES = {
    "overview": "",
    "advocates": "/advocates",
    "detractors": "/detractors",
    "triage": "/triage",
    "segments": "/segments",
    "mentions": "/mentions",
    "reports": "/reports",
}
OTHERS = {
    "home": "/",
    "settings": "/settings",
    "people": "/settings/people",
    "audit": "/settings/audit",
}


def main(data: Path, out: Path, *, every: bool) -> None:
    """Take the pictures: each page on a desk in light, and where all are wanted dark and narrow."""
    out.mkdir(parents=True, exist_ok=True)
    store = Store.from_settings(Settings(data_dir=data, _env_file=None))  # type: ignore[call-arg]
    migrate(store)
    with store.session() as session:
        spoken = max(brand_summaries(session), key=lambda s: s.mentions).slug
        brand = next(b for b in list_brands(session) if b.slug == spoken)
    addresses = {name: f"/brands/{brand.slug}{path}" for name, path in PAGES.items()} | OTHERS
    looks = [("light", DESK), ("dark", PHONE), ("dark", DESK), ("light", PHONE)]
    with (
        TemporaryDirectory() as folder,
        serving(store, Path(folder)) as address,
        chromium() as browser,
    ):
        cookie = admin_cookie(store, Path(folder))
        for scheme, width in looks if every else looks[:1]:
            page = signed_page(browser, address, cookie, scheme=scheme, width=width)
            for name, where in addresses.items():
                answer = page.goto(where)
                print(scheme, width, where, answer.status if answer else None)
                mark = f"-{scheme}-{width}" if every else ""
                path = str(out / f"{name}{mark}.jpg")
                page.screenshot(path=path, full_page=every, type="jpeg", quality=80)
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), every="--every" in sys.argv)
