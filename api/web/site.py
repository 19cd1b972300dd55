"""What every page shares: the store, the templates, and rendering inside the frame."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from math import inf
from threading import Lock
from time import monotonic, thread_time
from typing import Any, TypeVar

from fastapi import Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from api.web.flash import forget_flash, take_flash
from api.web.templating import page_templates
from listening.access import Actor, Permission
from listening.config import Settings
from listening.store.schema import require_current
from listening.store.session import Store
from listening.store.tables import Brand

T = TypeVar("T")
_MOST_ASKED = 10_000
WAITED = 10.0  # so many times as long is waited for what costs so much


class Kept:
    """What took long to read, for a while; what comes quickly is read anew every time.

    Args:
        dear: seconds from which on something is kept.
        age: seconds that it is kept for.
        most: things kept; the oldest goes.
    """

    def __init__(self, dear: float = 0.25, age: float = 600.0, most: int = 16) -> None:
        self._dear, self._age, self._most = dear, age, most
        self._found: dict[Hashable, tuple[float, Any]] = {}
        self._asked: dict[Hashable, float] = {}
        self._lock = Lock()

    def get(
        self,
        key: Hashable,
        read: Callable[[], T],
        *,
        dear: float | None = None,
        age: float | None = None,
    ) -> T:
        """What was kept under a key, or is read now.

        Args:
            key: names it, and what it hangs on.
            read: reads it.
            dear, age: for this one; None: as for all.
        """
        dear, most_age = self._dear if dear is None else dear, self._age if age is None else age
        began, used = monotonic(), thread_time()
        with self._lock:
            at, value = self._found.get(key, (-inf, None))
            if began - at < most_age:
                kept: T = value
                return kept
        found = read()
        # Time of the processor tells what it costs, where it is spent here; a server beside
        # this one is only waited for, and so are others who use this machine.
        if thread_time() - used >= dear or monotonic() - began >= WAITED * dear:
            with self._lock:
                self._found.pop(key, None)
                self._found[key] = (monotonic(), found)
                while len(self._found) > self._most:
                    del self._found[next(iter(self._found))]
        return found

    def first(self, key: Hashable, age: float) -> bool:
        """Whether this was not asked under a key within so many seconds; notes that it was."""
        moment = monotonic()
        with self._lock:
            if moment - self._asked.get(key, -inf) < age:
                return False
            self._asked.pop(key, None)
            self._asked[key] = moment
            while len(self._asked) > _MOST_ASKED:
                del self._asked[next(iter(self._asked))]
        return True


class Site:
    """The store behind the pages, opened when first read."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.templates = page_templates()
        self.kept = Kept()
        self.counts = Kept(dear=0.003, age=60.0, most=500)
        # What need not be waited for, such as noting that somebody was here.
        self.later = ThreadPoolExecutor(1, thread_name_prefix="later")
        self._store: Store | None = None
        self._current = False
        self._lock = Lock()

    @property
    def store(self) -> Store:
        """The store.

        Raises:
            StoreError: its address cannot be read or its folder cannot be made.
        """
        with self._lock:
            if self._store is None:
                self._store = Store.from_settings(self.settings)
            return self._store

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session to read with, of a store at the schema version of this code.

        The version is looked at until it fits once: it changes only where somebody
        migrates, and the code that needs another version is another process.

        Raises:
            StoreError: says what to run.
        """
        if not self._current:
            require_current(self.store)
            self._current = True
        with self.store.session() as session:
            yield session

    def close(self) -> None:
        """Give the store's connections back."""
        self.later.shutdown()
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None


def site_of(request: Request) -> Site:
    """The site that this request came to."""
    site: Site = request.app.state.site
    return site


def render(
    request: Request,
    template: str,
    *,
    title: str,
    brands: Sequence[Brand] = (),
    brand: Brand | None = None,
    tab: str | None = None,
    status: int = 200,
    **context: Any,
) -> Response:
    """A page in its frame.

    Args:
        request: of the page.
        template: below templates/.
        title: of the window.
        brands: to switch between.
        brand: whose tabs are shown.
        tab: the one this page is, by its path.
        status: of the answer.
        context: what the template names.
    """
    page = site_of(request).templates.get_template(template)
    actor: Actor | None = getattr(request.state, "actor", None)
    visible = actor.visible() if actor is not None else frozenset[int]()
    content = page.render(
        status=status,
        title=title,
        brands=[b for b in brands if visible is None or b.id in visible],
        brand=brand,
        tab=tab,
        path=request.url.path,
        address=str(request.url.path) + (f"?{request.url.query}" if request.url.query else ""),
        actor=actor,
        csrf=getattr(request.state, "csrf", ""),
        may=_allowed(actor, brand),
        flash=take_flash(request),
        **context,
    )
    response = HTMLResponse(content, status)
    forget_flash(request, response)
    return response


def _allowed(actor: Actor | None, brand: Brand | None) -> dict[str, bool]:
    """Each permission by name, for the brand of the page: templates show what one may do."""
    number = brand.id if brand is not None else None
    return {p.value: actor is not None and actor.may(p, number) for p in Permission}
