"""Changes as they happen: told to whoever listens, within a moment, while they may."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from sqlmodel import Session, delete

from api.routes.v1 import events
from api.web import live
from api.web.acting import COOKIE
from api.web.app import create_app
from api.web.live import latest_change
from listening.access import Role
from listening.config import Settings
from listening.store.access.audit import changed
from listening.store.session import Store
from listening.store.tables import SignIn
from tests.factories import brand
from tests.signed import cookie_for, key_for

pytestmark = pytest.mark.server


class Served:
    """A server over a store, and what a listener hears."""

    def __init__(self, app: FastAPI, store: Store, address: str) -> None:
        self.app, self.store, self.address = app, store, address

    def tell(self, noun_id: int | None = 7, brand_id: int | None = 1, noun: str = "case") -> None:
        def write(session: Session) -> None:
            changed(session, noun, noun_id, brand_id=brand_id, version=3, by="rita")

        with self.store.work() as session:
            write(session)

    @contextmanager
    def listening(
        self, brand_id: int = 1, after: int | None = None, **headers: str
    ) -> Iterator[httpx.Response]:
        cookie = headers.pop("cookie", None) or cookie_for(self.app.state.site)
        address = f"{self.address}/api/v1/brands/{brand_id}/events"
        asked = {} if after is None else {"after": after}
        with (
            httpx.Client(timeout=10, cookies={COOKIE: cookie}) as client,
            client.stream("GET", address, params=asked, headers=headers) as stream,
        ):
            yield stream


@pytest.fixture
def served(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(events, "BEAT", 0.3)
    brand(store, "JetBlue")
    brand(store, "Delta")
    settings = Settings(
        database_url=SecretStr(store.url), data_dir=tmp_path, _env_file=None,  # type: ignore[call-arg]
    )  # fmt: skip
    app = create_app(settings)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        limit = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive() and time.monotonic() < limit, "the server did not start"
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Served(app, store, f"http://127.0.0.1:{port}")
    finally:
        app.state.live.end()
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def heard(lines: Iterator[str], kind: str) -> tuple[int | None, dict[str, object]]:
    """The next event of a kind: its id and its data."""
    number, name = None, None
    for line in lines:
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            if name == kind:
                return number, json.loads(line[6:])
            number, name = None, None
    raise AssertionError(f"the stream ended without {kind}")


def test_a_change_is_heard_by_those_of_its_brand(served: Served) -> None:
    with served.listening(1) as one, served.listening(2) as other:
        assert one.headers["content-type"].startswith("text/event-stream")
        lines, others = one.iter_lines(), other.iter_lines()
        heard(lines, "ready")
        heard(others, "ready")
        served.tell(7)
        _, told = heard(lines, "change")
        assert told == {"noun": "case", "id": 7, "version": 3, "by": "rita"}
        served.tell(5, None, "account")  # nobody's to hear of
        served.tell(None, None, "segment")  # everybody's, but not by whom
        _, told = heard(others, "change")
        assert told == {"noun": "segment", "id": None, "version": 3, "by": None}
        served.tell(8, 2)
        assert heard(others, "change")[1]["id"] == 8


def test_who_comes_back_hears_what_was_missed(served: Served) -> None:
    with served.listening() as stream:
        first, _ = heard(stream.iter_lines(), "ready")
    for number in (1, 2):
        served.tell(number)
    with served.listening(**{"last-event-id": str(first)}) as stream:
        lines = stream.iter_lines()
        assert [heard(lines, "change")[1]["id"] for _ in range(2)] == [1, 2]
        heard(lines, "ready")
        served.tell(3)
        assert heard(lines, "change")[1]["id"] == 3
    with served.store.work() as session:
        for _ in range(501):
            changed(session, "case", 9, brand_id=1)
        latest = latest_change(session)
    with served.listening(**{"last-event-id": str(first)}) as stream:
        heard(stream.iter_lines(), "reset")
    with served.listening(**{"last-event-id": "999999"}) as stream:
        heard(stream.iter_lines(), "reset")
    with served.listening(**{"last-event-id": str(first)}, after=latest) as stream:
        heard(stream.iter_lines(), "reset")  # a browser that comes back says better where it was
    with served.listening(after=latest - 1) as stream:
        lines = stream.iter_lines()
        assert heard(lines, "change")[0] == latest
        assert heard(lines, "ready")[0] == latest
    with served.listening(after=-1) as refused:
        assert refused.status_code == 422
    with served.listening(**{"last-event-id": "x"}) as refused:
        assert refused.status_code == 422


def test_it_beats_and_ends_with_the_sign_in(served: Served) -> None:
    with served.listening() as stream:
        lines = stream.iter_lines()
        heard(lines, "ready")
        assert next(line for line in lines if line.startswith(":")) == ": beat"
        with served.store.work() as session:
            session.exec(delete(SignIn))  # type: ignore[call-overload]
        heard(lines, "over")
        assert [line for line in lines if line] == []
    limit = time.monotonic() + 5
    while served.app.state.live.listeners and time.monotonic() < limit:
        time.sleep(0.05)
    assert served.app.state.live.listeners == 0


def test_nobody_listens_to_a_brand_that_is_not_theirs(served: Served) -> None:
    cookie = cookie_for(served.app.state.site, "sam", None, {2: Role.VIEWER})
    with served.listening(1, cookie=cookie) as refused:
        assert refused.status_code == 404
    with served.listening(2, cookie=cookie) as stream:
        assert stream.status_code == 200
    key = key_for(served.store, Role.VIEWER, brand_id=2, writes=False)
    for number, status in ((1, 404), (2, 200)):
        with served.listening(number, cookie="-", authorization=f"Bearer {key}") as stream:
            assert stream.status_code == status


@pytest.mark.parametrize(("limit", "status"), [("MOST_LISTENERS", 503), ("MOST_OF_ONE", 429)])
def test_too_many_are_sent_away(
    served: Served, monkeypatch: pytest.MonkeyPatch, limit: str, status: int
) -> None:
    monkeypatch.setattr(live, limit, 1)
    with served.listening() as stream:
        lines = stream.iter_lines()  # let go of, it would close the stream
        heard(lines, "ready")
        with served.listening() as refused:
            assert (refused.status_code, refused.headers["retry-after"]) == (status, "30")
            assert refused.headers["content-type"] == "application/problem+json"
        if limit == "MOST_OF_ONE":
            cookie = cookie_for(served.app.state.site, "sam", Role.VIEWER)
            with served.listening(cookie=cookie) as other:
                assert other.status_code == 200
