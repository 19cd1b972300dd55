"""`listening user` and `listening key`, and the link of the first start."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.api.cli.conftest import LISTENING, Run

LINK = re.compile(r"http://\S+/welcome/[\w-]{43}")


def test_an_account_from_its_link_to_its_end(listening: Run) -> None:
    listening("brand", "add", "JetBlue")
    (first,) = LINK.findall(listening("user", "first").stdout)
    (second,) = LINK.findall(listening("user", "first").stdout)
    assert first != second
    assert first.startswith("http://127.0.0.1:8765/welcome/")
    made = listening("user", "add", "Rita@example.com", "--name", "Rita", "--role", "viewer",
                     "--brand-role", "JetBlue=brand").stdout  # fmt: skip
    assert len(LINK.findall(made)) == 1
    assert "There are accounts already" in listening("user", "first").stdout
    invited = listening("user", "invite", "rita@example.com").stdout
    assert LINK.findall(invited)
    assert "(of pages on port 8765; where they are served on another, by --port, set" in invited
    invited = listening("user", "invite", "rita@example.com", LISTENING_WEB_PORT="8123").stdout
    assert LINK.findall(invited)[0].startswith("http://127.0.0.1:8123/welcome/")

    def shown() -> dict[str, object]:
        (row,) = json.loads(listening("user", "list", "--json").stdout)
        return dict(row)

    assert shown() == {
        "login": "rita@example.com", "name": "Rita", "role": "viewer",
        "brands": ["JetBlue=brand"], "state": "invited", "signed_in_at": None,
    }  # fmt: skip
    listening("user", "role", "rita@example.com", "--role", "support")
    assert (shown()["role"], shown()["brands"]) == ("support", [])
    listening("user", "disable", "rita@example.com")
    assert shown()["state"] == "disabled"
    refused = listening("user", "reset", "rita@example.com", check=False)
    assert refused.returncode == 1
    assert "enable the account first" in refused.stderr
    listening("user", "enable", "rita@example.com")
    secret = listening("key", "make", "rita@example.com", "nightly", "--writes",
                       "--role", "support").stdout.strip()  # fmt: skip
    assert re.fullmatch(r"lk_[0-9a-f]{8}_[\w-]{43}", secret)
    listed = listening("key", "list", "--json").stdout
    assert secret.rpartition("_")[2] not in listed
    (key,) = json.loads(listed)
    assert (key["name"], key["scopes"], key["state"]) == ("nightly", ["read", "write"], "valid")
    listening("key", "revoke", str(key["id"]))
    assert json.loads(listening("key", "list", "--json").stdout)[0]["state"] == "revoked"
    listening("user", "delete", "rita@example.com", "--yes")
    assert "Nobody yet" in listening("user", "list").stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("user", "add", "a@example.com"), "sees nothing"),
        (("user", "add", "a@example.com", "--brand-role", "JetBlue"), "is no role"),
        (("user", "reset", "nobody"), "No account 'nobody'"),
    ],
)
def test_what_does_not_fit_is_one_line(listening: Run, words: tuple[str, ...], why: str) -> None:
    listening("migrate")
    done = listening(*words, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert why in line


@pytest.mark.server
def test_the_first_start_prints_the_link_and_later_ones_do_not(
    listening: Run, tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [LISTENING, "web", "--port", str(port)], stdout=subprocess.PIPE, text=True,
            cwd=tmp_path, env=os.environ | {"LISTENING_DATA_DIR": str(tmp_path / "data")},
        )  # fmt: skip

    with start() as server:
        try:
            assert server.stdout is not None
            told = server.stdout.readline() + server.stdout.readline()
            (link,) = LINK.findall(told)
            assert link.startswith(f"http://127.0.0.1:{port}/welcome/")
            answer = _when_up(link)
            assert answer.status_code == 200
            assert "first account" in answer.text
        finally:
            server.send_signal(signal.SIGTERM)
    listening("user", "add", "rita@example.com", "--role", "admin")
    server = start()
    try:
        assert _when_up(f"http://127.0.0.1:{port}/sign-in").status_code == 200
    finally:
        server.send_signal(signal.SIGTERM)
        told, _ = server.communicate(timeout=20)
    assert told == ""


def _when_up(address: str) -> httpx.Response:
    transport = httpx.HTTPTransport(retries=8)
    with httpx.Client(transport=transport, timeout=30) as client:
        return client.get(address)
