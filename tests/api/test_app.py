"""The application around the pages: health, errors, hosts, and what importing it loads."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.web.app import create_app
from api.web.security import host_of, is_loopback
from listening.config import Settings
from listening.store.session import Store
from tests.conftest import NewStore

Client = Callable[[Store], TestClient]
HEAVY = {"torch", "transformers", "numba", "umap", "hdbscan", "sentence_transformers", "sklearn"}


def test_importing_the_application_loads_no_models_and_no_workers() -> None:
    program = "import sys, api.web.app; print(*{n.partition('.')[0] for n in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert set(done.stdout.split()) & (HEAVY | {"nlp", "workers", "celery"}) == set()


def test_alive_does_not_ask_the_store(new_store: NewStore, client: Client) -> None:
    answer = client(new_store(migrated=False)).get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


def test_ready_is_a_store_at_the_current_schema(
    store: Store, new_store: NewStore, client: Client
) -> None:
    ready = client(store).get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    waiting = client(new_store(migrated=False)).get("/readyz")
    assert waiting.status_code == 503
    assert waiting.json()["why"] == "Run `listening migrate`."
    assert client(store).head("/readyz").status_code == 200


def test_a_store_without_tables_says_what_to_run(new_store: NewStore, client: Client) -> None:
    answer = client(new_store(migrated=False)).get("/")
    assert answer.status_code == 503
    assert "listening migrate" in answer.text
    assert answer.headers["retry-after"] == "30"


def test_pages_come_back_once_the_store_is_migrated(new_store: NewStore, client: Client) -> None:
    from listening.store.schema import migrate

    store = new_store(migrated=False)
    site = client(store)
    assert site.get("/").status_code == 503
    migrate(store)
    assert site.get("/").status_code == 200


def _over(**settings: object) -> TestClient:
    own = Settings(_env_file=None, **settings)  # type: ignore[arg-type]
    return TestClient(create_app(own), base_url="http://localhost", raise_server_exceptions=False)


def test_an_address_that_cannot_be_read_is_a_page_without_the_password() -> None:
    answer = _over(database_url="mysql://me:hunter2@host/db").get("/")
    assert answer.status_code == 503
    assert "LISTENING_DATABASE_URL" in answer.text
    assert "hunter2" not in answer.text


def test_a_data_folder_that_cannot_be_made_is_a_page(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = _over(data_dir=tmp_path / "file" / "data").get("/")
    assert answer.status_code == 503
    assert "LISTENING_DATA_DIR" in answer.text


def test_a_file_that_is_no_database_is_a_page(tmp_path: Path) -> None:
    (tmp_path / "listening.db").write_text("not a database " * 100)
    answer = _over(data_dir=tmp_path).get("/")
    assert answer.status_code == 503


def test_an_unexpected_error_is_a_page_with_the_headers_and_without_the_trace(
    store: Store, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("api.web.brands.brand_summaries", broken)
    answer = client(store).get("/")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_pages_only_read(store: Store, client: Client) -> None:
    answer = client(store).post("/")
    assert answer.status_code == 405
    assert "Not possible here" in answer.text


def test_a_name_from_elsewhere_is_refused_over_loopback(store: Store, client: Client) -> None:
    site = client(store)
    refused = site.get("/", headers={"host": "evil.example"})
    assert refused.status_code == 421
    assert "content-security-policy" in refused.headers
    for name in ("localhost:8765", "127.0.0.1:8765", "[::1]:8765"):
        assert site.get("/", headers={"host": name}).status_code == 200


def test_over_other_addresses_any_name_is_answered(store: Store) -> None:
    settings = Settings(database_url=store.url, _env_file=None)  # type: ignore[arg-type, call-arg]
    with TestClient(create_app(settings), base_url="http://192.0.2.7") as site:
        assert site.get("/healthz", headers={"host": "listening.example"}).status_code == 200


@pytest.mark.parametrize(
    ("header", "host"),
    [("localhost:80", "localhost"), ("[::1]:80", "::1"), ("LocalHost", "localhost"), ("", "")],
)
def test_the_host_of_a_header(header: str, host: str) -> None:
    assert host_of(header) == host


@pytest.mark.parametrize(
    ("host", "own"),
    [("localhost", True), ("127.0.0.9", True), ("::1", True), ("::ffff:127.0.0.1", True),
     ("192.0.2.1", False), ("localhost.evil.example", False), ("", False)],
)  # fmt: skip
def test_loopback(host: str, own: bool) -> None:
    assert is_loopback(host) is own
