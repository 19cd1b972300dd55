"""Services that cannot start say why in one line, without a password."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.api.cli.conftest import Run

# Nothing listens there, and no machine is asked for a name.
NOWHERE = "127.0.0.1:9"
SERVICES = [("worker", "--queues", "sweep"), ("beat",), ("up",)]


def told(listening: Run, *words: str, **environment: str) -> str:
    """The one line of a command that fails."""
    done = listening(*words, check=False, **environment)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "hunter2" not in done.stdout + done.stderr
    return line


@pytest.mark.parametrize("words", SERVICES, ids=" ".join)
def test_a_broker_that_does_not_answer(listening: Run, words: tuple[str, ...]) -> None:
    line = told(listening, *words, LISTENING_BROKER_URL=f"redis://:hunter2@{NOWHERE}/0")
    assert line.startswith(f"Error: The broker redis://:***@{NOWHERE}/0 does not answer: ")
    assert line.endswith("; start it, or set LISTENING_BROKER_URL.")


@pytest.mark.parametrize("words", [*SERVICES, ("web",)], ids=" ".join)
def test_a_store_that_does_not_answer(listening: Run, words: tuple[str, ...]) -> None:
    url = f"postgresql://ann:hunter2@{NOWHERE}/shop"
    line = told(listening, *words, LISTENING_DATABASE_URL=url)
    shown = f"postgresql+psycopg://ann:***@{NOWHERE}/shop"
    assert line.startswith(f"Error: The store {shown} does not answer: ")


@pytest.mark.parametrize("words", [*SERVICES, ("web",)], ids=" ".join)
def test_migrations_that_are_missing(
    listening: Run, words: tuple[str, ...], postgresql: object
) -> None:
    url = postgresql.create(migrated=False)  # type: ignore[attr-defined]
    line = told(listening, *words, LISTENING_DATABASE_URL=url)
    assert "is at schema version none, this code needs " in line
    assert line.endswith(": run `listening migrate`.")


def test_a_broker_of_another_kind(listening: Run) -> None:
    line = told(listening, "worker", LISTENING_BROKER_URL="amqp://guest:hunter2@queue")
    assert line == (
        "Error: LISTENING_BROKER_URL: expected redis://:password@host:6379/0, or rediss:// for "
        "TLS, not amqp."
    )


def test_a_queue_that_is_none(listening: Run) -> None:
    line = told(listening, "worker", "--queues", "fast")
    assert line == 'Error: --queues: "fast" is no queue; write sweep, nlp, or sweep,nlp.'


@pytest.mark.parametrize("command", ["web", "up"])
def test_a_port_that_is_taken(listening: Run, command: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = told(listening, command, "--port", str(port))
    assert line == (
        f"Error: 127.0.0.1:{port} cannot be listened on (Address already in use): choose another "
        "with --port."
    )
