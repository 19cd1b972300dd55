"""Pushes to a real server: at once, beside pages, killed half way, and as the docs show."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.routes import push
from api.web.acting import COOKIE
from api.web.app import create_app
from api.web.site import Site
from listening import pushing
from listening.config import Settings
from listening.store.posts.posts import read_posts
from listening.store.session import Store
from tests.functional.processes import LISTENING, free_port, wait_for
from tests.pushed import CSV, Watched, held, many, watched
from tests.signed import cookie_for

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "sources-push.md"
NOTHING = {"post": 0, "mention": 0, "quarantined_row": 0, "sweep": 0}
WHOLE = {"post": 2, "mention": 1, "quarantined_row": 1, "sweep": 1}

pytestmark = pytest.mark.server

Client = Callable[[Store], TestClient]


@pytest.fixture
def address(store: Store, tmp_path: Path) -> Iterator[str]:
    settings = Settings(
        database_url=SecretStr(store.url), data_dir=tmp_path, _env_file=None,  # type: ignore[call-arg]
    )  # fmt: skip
    config = uvicorn.Config(create_app(settings), port=0, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started or not thread.is_alive(), "the server did not start")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def browser(store: Store, tmp_path: Path) -> dict[str, str]:
    """The headers of a browser that is signed in."""
    site = Site(Settings(
        database_url=SecretStr(store.url), data_dir=tmp_path, _env_file=None,  # type: ignore[call-arg]
    ))  # fmt: skip
    try:
        return {"Cookie": f"{COOKIE}={cookie_for(site)}"}
    finally:
        site.close()


def ask(url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Any:
    """Status and what was answered."""
    try:
        request = urllib.request.Request(url, body, dict(headers or {}))
        with urllib.request.urlopen(request, timeout=240) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def send(address: str, watch: Watched, body: bytes) -> tuple[int, dict[str, Any]]:
    status, told = ask(address + watch.path, body, watch.headers(body))
    return status, json.loads(told)


@pytest.mark.parametrize("watches", [1, 4])
def test_the_same_posts_at_once_are_stored_once(store: Store, address: str, watches: int) -> None:
    senders = [watched(store, label=str(number % watches)) for number in range(4)]
    head, *rows = many(1000).splitlines(keepends=True)
    bodies = [b"".join([head, *rows[n * 250 :], *rows[: n * 250]]) for n in range(4)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(
            threads.map(lambda one: send(address, *one), zip(senders, bodies, strict=True))
        )
    assert [status for status, _ in answers] == [200] * 4
    if watches == 1:
        assert sorted(told["posts_new"] for _, told in answers) == [0, 0, 0, 1000]
        assert sorted(told["mentions_new"] for _, told in answers) == [0, 0, 0, 1000]
    assert held(store) == {"post": 1000, "mention": 1000, "quarantined_row": 0, "sweep": 4}


def test_pages_are_answered_whoever_pushes(
    store: Store, address: str, browser: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, may_go, read = watched(store), threading.Event(), pushing.open_table

    def slow(*given: Any, **options: Any) -> Any:
        assert may_go.wait(240)
        return read(*given, **options)

    monkeypatch.setattr(pushing, "open_table", slow)
    with ThreadPoolExecutor(50) as threads:
        pushes = [threads.submit(send, address, watch, CSV) for _ in range(50)]
        pages = [
            ask(address + path, None, browser)[0] for path in ("/", "/brands/jetblue", "/readyz")
        ]
        waiting = sum(not one.done() for one in pushes)
        may_go.set()
        assert sorted(one.result()[0] for one in pushes) == [200] * 50
    assert (pages, waiting) == ([200, 200, 200], 50)
    assert held(store) == WHOLE | {"sweep": 50}


def test_ten_megabytes_are_taken_beside_the_pages(
    store: Store, address: str, browser: dict[str, str]
) -> None:
    watch, body = watched(store), many(18_000, words=98)
    assert 9_500_000 < len(body) <= push.MOST_BYTES
    with ThreadPoolExecutor(1) as threads:
        pushed: Future[Any] = threads.submit(send, address, watch, body)
        pages = []
        while not pushed.done():
            status, _ = ask(f"{address}/", None, browser)
            pages += [] if pushed.done() else [status]
        status, told = pushed.result()
    assert (status, told["posts_new"], told["mentions_new"]) == (200, 18_000, 18_000)
    assert len(pages) >= 3 and set(pages) == {200}


def test_a_refusal_is_heard_before_all_is_sent(store: Store, address: str) -> None:
    watch = watched(store)
    for body, headers, expected in (
        (b"x" * 30_000_000, watch.headers(b""), 413),
        (b"x" * 9_000_000, {}, 401),
        (b"x" * 9_000_000, watch.headers(b""), 401),
    ):
        status, told = ask(address + watch.path, body, headers)
        assert (status, json.loads(told)["status"]) == (expected, expected)
    assert send(address, watch, CSV)[0] == 200


def test_a_body_that_never_ends_is_given_up(
    store: Store, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "_PATIENCE", 0.05)
    watch, may_go = watched(store), threading.Event()

    def dripping() -> Iterator[bytes]:
        yield b"id,author"
        may_go.wait(20)

    with ThreadPoolExecutor(1) as threads:
        pushed = threads.submit(
            ask, address + watch.path, dripping(), watch.headers(b"")  # type: ignore[arg-type]
        )  # fmt: skip
        threading.Timer(0.5, may_go.set).start()
        status, told = pushed.result()
    assert (status, json.loads(told)["title"]) == (408, "Too slow")
    assert held(store) == NOTHING


DIES = """
import os, signal, sys, uvicorn
import api.routes.push, listening.pushing, listening.taking
from api.web.app import create_app

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

module, name = sys.argv[2].rsplit(".", 1)
setattr(sys.modules[module], name, die)
uvicorn.run(create_app(), port=int(sys.argv[1]), log_level="warning", ws="none")
"""


@pytest.mark.parametrize(
    ("place", "left"),
    [
        ("listening.pushing.open_table", NOTHING),
        ("listening.pushing.take_rows", NOTHING),  # the sweep is begun
        ("listening.taking.quarantine", NOTHING),  # posts and mentions are written
        ("listening.pushing.took", NOTHING),  # all is written
        ("api.routes.push._told", WHOLE),  # and committed, but not answered
    ],
)
def test_a_server_killed_half_way_has_all_or_nothing(
    store: Store, client: Client, tmp_path: Path, place: str, left: dict[str, int]
) -> None:
    watch, port = watched(store), free_port()
    environment = {
        "LISTENING_DATABASE_URL": store.url.replace("+psycopg", ""),
        "LISTENING_DATA_DIR": str(tmp_path),
    }
    server = subprocess.Popen(
        [sys.executable, "-c", DIES, str(port), place], env=os.environ | environment, cwd=ROOT
    )
    address = f"http://127.0.0.1:{port}"
    wait_for(lambda: server.poll() is not None or _answers(address))
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        send(address, watch, CSV)
    assert server.wait(60) == -signal.SIGKILL
    assert held(store) == left
    for body in (tmp_path / "pushes").iterdir():  # it could not remove it any more
        os.utime(body, (1_700_000_000, 1_700_000_000))
    again = client(store).post(watch.path, content=CSV, headers=watch.headers(CSV))
    new = 2 - left["post"]
    assert (again.json()["posts_new"], again.json()["posts_same"]) == (new, 2 - new)
    assert held(store) | {"sweep": 1} == WHOLE
    assert list((tmp_path / "pushes").iterdir()) == []


def _answers(address: str) -> bool:
    try:
        return ask(f"{address}/healthz")[0] == 200
    except OSError:
        return False


def examples(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


def needs(*programs: str) -> None:
    absent = [name for name in programs if shutil.which(name) is None]
    if absent:
        told = f"no {', '.join(absent)} on the path"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(told)


def test_the_examples_of_the_docs(store: Store, address: str, tmp_path: Path) -> None:
    needs("curl", "openssl", "sh")
    watch = watched(store)
    (tmp_path / "posts.csv").write_bytes(CSV)
    environment = os.environ | {"SECRET": watch.secret, "ADDRESS": address + watch.path}
    (shell,), (python,) = examples("sh"), examples("python")
    for command in (["sh", "-euc", shell], [sys.executable, "-c", python]):
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "'posts_new': 1" in done.stdout or '"posts_new":2' in done.stdout, done.stdout
    with store.session() as session:
        posts = [post for batch in read_posts(session) for *_, post in batch]
    assert [post.text for post in posts] == [
        "jetblue lost my bag ✈️",
        "lovely weather",
        "JetBlue found my bag ✈️",
    ]


def test_the_secret_is_printed_once_and_written_nowhere(tmp_path: Path) -> None:
    """`listening watch secret` and `listening web`, as a person runs them."""
    needs("curl", "openssl", "bash")
    (tmp_path / "posts.csv").write_bytes(CSV)
    port = str(free_port())
    environment = os.environ | {
        "LISTENING_DATA_DIR": str(tmp_path / "data"),
        "LISTENING_WEB_PORT": port,
        "LISTENING_LOG_LEVEL": "DEBUG",
    }

    def run(*words: str) -> str:
        done = subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(str(LISTENING), "migrate")
    store = Store.from_settings(Settings(data_dir=tmp_path / "data"))
    watch = watched(store)
    first = run(str(LISTENING), "watch", "secret", "1")
    assert watch.secret in first
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen([LISTENING, "web"], env=environment, stdout=log, stderr=log)
        try:
            wait_for(lambda: server.poll() is not None or _answers(f"http://127.0.0.1:{port}"))
            script = "\n".join(line for line in first.splitlines() if line.startswith("    "))
            assert '"posts_new":2' in run("bash", "-euc", script)
            second = run(str(LISTENING), "watch", "secret", "1", "--rotate")
            assert watch.secret not in second
            assert '"status":401' in run("bash", "-euc", script)
            script = "\n".join(line for line in second.splitlines() if line.startswith("    "))
            assert '"posts_same":2' in run("bash", "-euc", script)
            pages = [
                ask(f"http://127.0.0.1:{port}{path}")[1].decode() for path in ("/", "/metrics")
            ]
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
    store.close()
    found = re.search(r"secret=(\w{64})", second)
    assert found is not None
    shown = run(str(LISTENING), "watch", "show", "1", "--json")
    exported = run(str(LISTENING), "export", "mentions", "--format", "jsonl")
    said = (tmp_path / "log").read_text()
    assert "push taken" in said and "push refused" in said
    for text in (*pages, shown, exported, said):
        assert watch.secret not in text and found[1] not in text
