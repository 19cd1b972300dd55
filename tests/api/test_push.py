"""Pushes to the application: what is stored, what is refused and how that is said."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.routes.push import Pushes
from listening.errors import ListeningError, SettingsError
from listening.logs import masked
from listening.schedule import Schedule
from listening.signing import HEADER
from listening.sources.push import PushSource
from listening.sources.registry import settle
from listening.store.brands.brands import get_brand, list_brands, remove_brand
from listening.store.posts.posts import read_posts
from listening.store.running.counters import read
from listening.store.session import Store
from listening.store.tables import StoreFact, SweepStatus
from listening.store.watches.pushkeys import KEY, make_push_secret
from listening.store.watches.sweeps import sweeps_of, waiting_rows
from listening.store.watches.watches import (
    add_watch,
    get_watch,
    pause_watch,
    remove_watch,
    resume_watch,
)
from tests.api.test_app import HEAVY
from tests.factories import brand, mentions
from tests.pushed import CSV, Watched, held, many, watched
from workers.jobs.erasing import erase, find_people

Client = Callable[[Store], TestClient]
NOTHING = {"post": 0, "mention": 0, "quarantined_row": 0, "sweep": 0}


def send(client: TestClient, watch: Watched, body: bytes, **headers: str) -> Any:
    return client.post(watch.path, content=body, headers=watch.headers(body) | headers)


def texts(store: Store) -> dict[str, str]:
    with store.session() as session:
        return {p.native_id: p.text for batch in read_posts(session) for *_, p in batch}


def test_what_is_pushed_is_stored_and_told(store: Store, client: Client) -> None:
    watch = watched(store, label="shop")
    answer = send(client(store), watch, CSV, **{"Idempotency-Key": "one"})
    assert answer.status_code == 200
    told = answer.json()
    reason = told["bad_rows"][0].pop("reason")
    assert "'someday'" in reason
    assert told == {
        "sweep": 1, "rows": 3, "posts_new": 2, "posts_edited": 0, "posts_same": 0,
        "mentions_new": 1, "refused": 0, "quarantined": 1,
        "bad_rows": [{"line": 4, "field": "date"}],
        "notes": ["dates that name no zone are read as UTC"],
    }  # fmt: skip
    assert texts(store) == {"1": "jetblue lost my bag ✈️", "2": "lovely weather"}
    assert list(mentions(store)) == ["1"]
    with store.session() as session:
        (sweep,) = sweeps_of(session, watch.id)
        (row,) = waiting_rows(session)
        counted = {(c.name, *c.labels.values()): c.value for c in read(session)}
    assert (sweep.status, sweep.source, sweep.error) == (SweepStatus.DONE, "push", None)
    assert (sweep.label, sweep.rows, sweep.posts_new) == ("JetBlue at push: shop", 3, 2)
    assert (sweep.mentions_new, sweep.quarantined) == (1, 1)
    assert sweep.finished_at is not None and sweep.correlation is not None
    assert (row.file, row.line, row.sweep_id) == (watch.path, 4, 1)
    assert row.raw == "3,@cay,someday,jetblue"
    assert counted["listening_posts_new_total", "push"] == 2
    assert counted["listening_sweeps_total", "push", "done"] == 1


def test_the_same_push_again_changes_nothing(store: Store, client: Client) -> None:
    watch, posts = watched(store), {}
    for expected in ({"posts_new": 2, "mentions_new": 1}, {"posts_same": 2, "mentions_new": 0}):
        told = send(client(store), watch, CSV).json()
        assert {name: told[name] for name in expected} == expected
        assert told["quarantined"] == 1
        posts = posts or texts(store)
    assert texts(store) == posts
    assert held(store) == {"post": 2, "mention": 1, "quarantined_row": 1, "sweep": 2}


def test_an_edit_and_another_authors_id(store: Store, client: Client) -> None:
    watch = watched(store)
    send(client(store), watch, CSV)
    rows = [
        {"id": "1", "author": "@ann", "date": "2026-09-01T10:00:00Z", "text": "found my bag"},
        {"id": "2", "author": "@eve", "date": "2026-09-02T10:00:00Z", "text": "jetblue"},
    ]
    body = "\n".join(map(json.dumps, rows)).encode()
    told = send(client(store), watch, body).json()
    assert (told["posts_edited"], told["quarantined"], told["rows"]) == (1, 1, 2)
    (bad,) = told["bad_rows"]
    assert (bad["line"], bad["field"]) == (2, "id")
    assert "--set map.id=..." in bad["reason"]
    assert texts(store) == {"1": "found my bag", "2": "lovely weather"}
    assert held(store)["mention"] == 0


ROW = {"nr": 7, "who": {"name": "@ann"}, "at": "03/04/2026", "body": "bag lost 袋 — طيران 🧳"}


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(ROW).encode(),
        json.dumps([ROW], ensure_ascii=False, indent=1).encode(),
        json.dumps([ROW], ensure_ascii=False).encode("utf-16"),
        gzip.compress(json.dumps(ROW).encode()),
        f"nr;who.name;at;body\n7;@ann;03/04/2026;{ROW['body']}\n".encode("utf-8-sig"),
    ],
    ids=["lines", "list", "utf-16", "gzip", "semicolons"],
)
def test_rows_are_read_as_the_watch_says(store: Store, client: Client, body: bytes) -> None:
    named = {"id": "nr", "author": "who.name", "date": "at", "text": "body"}
    watch = watched(store, map=named, source="shop", day_first="yes", all_mentions="yes")
    assert send(client(store), watch, body).json()["posts_new"] == 1
    with store.session() as session:
        ((_, _, post),) = next(iter(read_posts(session)))
    assert (post.source, post.native_id, post.author_native_id) == ("shop", "7", "ann")
    assert (post.text, post.published_at.isoformat()) == (
        "bag lost 袋 — طيران 🧳", "2026-04-03T00:00:00+00:00",
    )  # fmt: skip
    assert list(mentions(store)) == ["7"]


def test_erased_authors_stay_away(store: Store, client: Client) -> None:
    watch = watched(store)
    send(client(store), watch, CSV)
    erase(store, find_people(store, "file", ["@ann"]))
    told = send(client(store), watch, CSV).json()
    assert (told["posts_same"], told["refused"], told["rows"]) == (1, 1, 3)
    assert texts(store) == {"2": "lovely weather"}


def gone(store: Store, watch: Watched) -> None:
    with store.work() as session:
        remove_watch(session, get_watch(session, watch.id))


def paused(store: Store, watch: Watched) -> None:
    with store.work() as session:
        pause_watch(session, get_watch(session, watch.id))


def rotated(store: Store, watch: Watched) -> None:
    with store.work() as session:
        make_push_secret(session, get_watch(session, watch.id), rotate=True)


def keyless(store: Store, _: Watched) -> None:
    with store.work() as session:
        session.delete(session.get_one(StoreFact, KEY))


OLD = 1_700_000_000
HEAD = b"id,author,date,text\n"
REFUSALS: list[Any] = [
    # status, title, detail, body, and what is done or sent beside it
    (404, "No such watch", "no watch 1 that", CSV, gone),
    (404, "No such watch", "no watch 1 that", CSV, lambda s, _: _without_brands(s)),
    (409, "Watch paused", "`listening watch resume 1`", CSV, paused),
    (401, "Not signed", "does not fit", CSV, rotated),
    (401, "Not signed", "does not fit", CSV, keyless),
    (401, "Not signed", "is not signed", CSV, {HEADER: None}),
    (401, "Not signed", "names no time", CSV, {HEADER: "v1=abc"}),
    (401, "Not signed", "s old, and 300 s are allowed", CSV, {"at": OLD}),
    (401, "Not signed", "does not fit", CSV, {"signed": CSV + b" "}),
    (413, "Too large", "at most 10,000,000 bytes", b"x" * 10_000_001, {}),
    (413, "Too large", "unpacks to more than 20,000,000 bytes",
     gzip.compress(HEAD + b"1,@ann,2026-09-01,") + gzip.compress(b"jetblue " * 131_072) * 1000, {}),
    (415, "Unknown format", "is an Excel workbook", b"PK\x03\x04 xl/workbook.xml", {}),
    (415, "Unknown format", "is a ZIP archive", b"PK\x03\x04 posts.csv", {}),
    (415, "Unknown format", "is packed with Zstandard", b"\x28\xb5\x2f\xfd posts", {}),
    (415, "Unknown format", "is a PNG image", b"\x89PNG\r\n", {}),
    (415, "Unknown format", "is a binary file", bytes(range(32)) * 40, {}),
    (415, "Unknown format", "is a binary file", gzip.compress(gzip.compress(CSV * 40)), {}),
    (415, "Unknown format", "'br' cannot be unpacked", CSV, {"content-encoding": "br"}),
    (415, "Unknown format", "--data-binary", CSV, {"content-type": "multipart/form-data; a=b"}),
    (422, "Unreadable", "The body is empty", b"", {}),
    (422, "Unreadable", "The body is empty", gzip.compress(b" \n" * 9), {}),
    (422, "Unreadable", "the gzip file is cut short", gzip.compress(many(999))[:-9], {}),
    (422, "Unreadable", "line 1 is already data", CSV.partition(b"\n")[2], {}),
    (422, "Unreadable", "no post can be read (line 1: ", b'{"id": 1,\n', {}),
    (422, "Unreadable", "--set map.", b"colour,size\nred,9\n", {}),
    (422, "Unreadable", "no row can be read; line 2: ", HEAD + b"3,@cay,someday,jetblue\n", {}),
]  # fmt: skip


def _without_brands(store: Store) -> None:
    with store.work() as session:
        for one in list_brands(session):
            remove_brand(session, one)


@pytest.mark.parametrize(
    ("status", "title", "detail", "body", "how"),
    REFUSALS,
    ids=[f"{number}-{one[0]}" for number, one in enumerate(REFUSALS)],
)
def test_what_is_refused(
    store: Store, client: Client, status: int, title: str, detail: str, body: bytes, how: Any
) -> None:
    watch = watched(store)
    headers: dict[str, Any] = watch.headers(body)
    if callable(how):
        how(store, watch)
    else:
        signs = {name: how[name] for name in ("at", "signed") if name in how}
        headers |= watch.headers(signs.get("signed", body), signs.get("at"))
        headers |= {name: value for name, value in how.items() if name not in signs}
    sent = {name: value for name, value in headers.items() if value is not None}
    answer = client(store).post(watch.path, content=body, headers=sent)
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert {name: told[name] for name in ("type", "title", "status")} == {
        "type": f"urn:listening:problem:{title.lower().replace(' ', '-')}",
        "title": title,
        "status": status,
    }
    assert answer.status_code == status
    assert detail in told["detail"]
    assert str(store.url) not in answer.text and ".push" not in answer.text
    assert watch.secret not in answer.text
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert answer.headers["cache-control"] == "no-store"
    assert held(store) | {"sweep": 0} == NOTHING


def test_a_push_that_cannot_be_read_is_a_failed_sweep(store: Store, client: Client) -> None:
    watch = watched(store)
    body = HEAD + b"3,@cay,someday,jetblue\n" * 30
    told = send(client(store), watch, body).json()
    assert [row["line"] for row in told["bad_rows"]] == list(range(2, 22))
    with store.session() as session:
        (sweep,) = sweeps_of(session, watch.id)
    assert (sweep.status, sweep.error) == (SweepStatus.FAILED, told["detail"])
    assert told["detail"].endswith(". Nothing was stored.")


@pytest.mark.parametrize("number", ["2", "0", "-1", "1.0", "１", "9" * 30, "%00", "secret"])
def test_numbers_that_no_watch_has(store: Store, client: Client, number: str) -> None:
    watched(store)
    answer = client(store).post(f"/api/v1/push/{number}", content=CSV)
    assert (answer.status_code, answer.json()["title"]) == (404, "No such watch")


def test_a_body_without_a_length_is_cut_off(store: Store, client: Client) -> None:
    watch, came = watched(store), 0

    def endless() -> Iterator[bytes]:
        nonlocal came
        for _ in range(200):
            came += 1
            yield b"x" * 100_000

    answer = client(store).post(watch.path, content=endless(), headers=watch.headers(b""))
    assert answer.status_code == 413
    assert held(store) == NOTHING


def test_a_hundred_thousand_rows_are_too_many(
    store: Store, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = watched(store)
    answer = send(client(store), watch, gzip.compress(many(100_000)))
    assert (answer.status_code, answer.json()["title"]) == (413, "Too large")
    assert "more than 50,000 rows: split it" in answer.json()["detail"]
    assert held(store) == NOTHING | {"sweep": 1}
    monkeypatch.setattr("listening.pushing.MOST_ROWS", 2)
    assert send(client(store), watch, many(3)).status_code == 413
    assert send(client(store), watch, many(2)).json()["posts_new"] == 2


def test_too_many_pushes_are_put_off(store: Store, client: Client) -> None:
    watch, other = watched(store), watched(store, label="other")
    site, moment = client(store), 100.0
    site.app.state.pushes = Pushes(2, clock=lambda: moment)  # type: ignore[attr-defined]
    site.post(watch.path, content=CSV, headers=other.headers(CSV))  # not signed: does not count
    assert send(site, watch, CSV).status_code == 200
    moment = 130.5
    assert send(site, watch, b"").status_code == 422
    answer = send(site, watch, CSV)
    assert (answer.status_code, answer.json()["title"]) == (429, "Too many pushes")
    assert answer.headers["retry-after"] == "30"
    assert send(site, other, CSV).status_code == 200
    moment = 160.0
    assert send(site, watch, CSV).status_code == 200
    assert send(site, watch, CSV).headers["retry-after"] == "31"
    site.app.state.pushes.close()  # type: ignore[attr-defined]


def test_a_paused_watch_takes_them_again(store: Store, client: Client) -> None:
    watch = watched(store)
    paused(store, watch)
    assert send(client(store), watch, CSV).status_code == 409
    with store.work() as session:
        resume_watch(session, get_watch(session, watch.id))
    assert send(client(store), watch, CSV).status_code == 200


def test_a_store_that_fails_is_told_without_its_names(
    store: Store, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    watch = watched(store)

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device", str(tmp_path))

    with monkeypatch.context() as broken:
        broken.setattr("listening.taking.quarantine", full)
        answer = send(client(store), watch, CSV)
    assert (answer.status_code, answer.json()["title"]) == (503, "Not stored")
    assert answer.headers["retry-after"] == "30"
    assert str(tmp_path) not in answer.text
    assert held(store) == NOTHING
    assert list(tmp_path.rglob("*.push")) == []
    assert send(client(store), watch, CSV).status_code == 200


def test_a_secret_is_of_one_watch_and_is_masked_in_logs(store: Store) -> None:
    one, other = watched(store), watched(store, label="other")
    assert one.secret != other.secret and len(one.secret) == 64
    assert masked(f"a line with {one.secret} in it") == "a line with *** in it"
    assert watched(store) == one
    gone(store, other)
    again = watched(store, label="other")
    assert again.secret != other.secret, "its number may be the same"


def test_watches_of_other_sources_have_no_secret(store: Store, tmp_path: Path) -> None:
    brand(store, "JetBlue")
    with store.work() as session:
        params = {"path": str(tmp_path)}
        watch, _ = add_watch(session, get_brand(session, "JetBlue"), "folder", params, Schedule())
        with pytest.raises(ListeningError, match="Watch 1 is of folder and has no secret"):
            make_push_secret(session, watch)


def test_what_a_watch_may_not_be_told() -> None:
    source = PushSource()
    assert settle(source, {"label": "shop", "map": {"text": "body"}, "all_mentions": "no"}) == {
        "label": "shop",
        "map": {"text": "body"},
    }
    for given, told in (
        ({"preset": "brandwatsch"}, "preset: there is no 'brandwatsch'"),
        ({"map": {"colour": "c"}}, "map: there is no field 'colour'"),
        ({"encoding": "hex"}, "encoding: there is no 'hex'"),
        ({"delimiter": "||"}, "cannot separate columns"),
        ({"path": "/srv"}, "no setting 'path'"),
    ):
        with pytest.raises(SettingsError, match=told.replace("|", r"\|")):
            settle(source, given)
    assert list(source.pull({}, None)) == []


def test_a_push_loads_no_models_and_no_workers(tmp_path: Path) -> None:
    program = """
import sys
from starlette.testclient import TestClient
from api.web.app import create_app
from listening.config import Settings
from listening.store.schema import migrate
from listening.store.session import Store
from pathlib import Path
from tests.pushed import CSV, watched
settings = Settings(data_dir=Path(sys.argv[1]))
store = Store.from_settings(settings)
migrate(store)
watch = watched(store)
before = {n.partition(".")[0] for n in sys.modules}
with TestClient(create_app(settings), base_url="http://localhost") as client:
    answer = client.post(watch.path, content=CSV, headers=watch.headers(CSV))
assert answer.json()["posts_new"] == 2, answer.text
print(*{n.partition(".")[0] for n in sys.modules})
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True,
        check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) & (HEAVY | {"nlp", "workers", "celery"}) == set()
