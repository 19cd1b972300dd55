"""A client generated from the schema: it has types throughout, and speaks to the real API."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from listening.access import Role
from listening.store.session import Store
from tests.api.conftest import people as people
from tests.functional.serving import serving
from tests.signed import key_for

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "build" / "client-tool"
# The client's own requirements (attrs, httpx) are in the generator's environment.
PYTHON = str(TOOL / "bin" / "python")

pytestmark = [pytest.mark.server]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a fresh client."""
    if not (TOOL / "installed.txt").exists():
        absent = "no client generator: `make client` installs it"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(absent)
    folder = tmp_path_factory.mktemp("client")
    made = subprocess.run(
        ["sh", str(ROOT / "tests/functional/client/generate.sh"), str(folder)],
        capture_output=True, text=True, env={**os.environ, "LISTENING_PYTHON": sys.executable},
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


@pytest.fixture
def address(people: Store, tmp_path: Path) -> Iterator[str]:
    with serving(people, tmp_path) as where:
        yield where


def test_the_client_has_types_throughout(client: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", os.devnull, "--follow-imports=silent",
         "--check-untyped-defs", "--python-executable", PYTHON, "listening_client"],
        capture_output=True, text=True, cwd=client,
    )  # fmt: skip
    # client.py is the generator's own text, whatever the schema, and not typed to the end.
    of_schema = [line for line in checked.stdout.splitlines() if ": error:" in line
                 and not line.startswith("listening_client/client.py")]  # fmt: skip
    assert "checked" in checked.stdout and of_schema == [], checked.stdout[-4000:]


TALK = """
import sys
from listening_client import AuthenticatedClient
from listening_client.api.me import me_me
from listening_client.models import Me
client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2])
told = me_me.sync(client=client)
assert isinstance(told, Me), told
print(told.name, told.role, told.writes)
"""


def test_the_client_speaks_to_the_api(people: Store, client: Path, address: str) -> None:
    key = key_for(people, Role.SUPPORT, writes=False)
    talk = subprocess.run(
        [PYTHON, "-c", TALK, address, key],
        capture_output=True, text=True, cwd=client, timeout=60,
    )  # fmt: skip
    assert talk.stdout == "API key test of ada@example.com support False\n", talk.stderr
