"""Log lines: one way for all, an id through all of it, and no secret in any."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from listening.logs import correlated, correlation, masked, new_correlation, without_passwords

ROOT = Path(__file__).resolve().parents[2]


def logged(program: str, **environment: str) -> list[dict[str, Any]]:
    """What a fresh process writes in JSON once its logs are configured."""
    code = f"from listening.logs import *\nconfigure()\nimport logging, structlog\n{program}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT,
        env=os.environ | {"LISTENING_LOG_JSON": "true"} | environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://me:hunter2@host:6379/0", "redis://me:***@host:6379/0"),
        ("rediss://:hunter2@host", "rediss://:***@host"),
        ("GET https://x.example/v1?q=jet&api_key=abc123&page=2",
         "GET https://x.example/v1?q=jet&api_key=***&page=2"),
        ("https://x.example/?access_token=abc", "https://x.example/?access_token=***"),
        ("Authorization: Bearer abcdef.ghi-jkl", "Authorization: Bearer ***"),
        ("{'authorization': 'Basic bWU6aHVudGVyMg=='}", "{'authorization': 'Basic ***'}"),
        ("a token of thanks, basic knowledge", "a token of thanks, basic knowledge"),
        ("Key (source, native_id)=(file, 1) exists", "Key (source, native_id)=(file, 1) exists"),
    ],
)  # fmt: skip
def test_secrets_in_texts_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_secrets_in_nested_values_are_masked() -> None:
    event = {
        "event": "sweep",
        "broker": {"url": "redis://:hunter2@host", "tries": [1, "amqp://a:hunter2@b"]},
        "params": {"api_key": "hunter2", "query": "jetblue", "none": None},
        "error": ValueError("postgresql://me:hunter2@host/db"),
        "token": "hunter2",
    }
    assert without_passwords(None, "info", event) == {
        "event": "sweep",
        "broker": {"url": "redis://:***@host", "tries": [1, "amqp://a:***@b"]},
        "params": {"api_key": "***", "query": "jetblue", "none": None},
        "error": "postgresql://me:***@host/db",
        "token": "***",
    }


def test_a_value_that_holds_itself_ends() -> None:
    own: dict[str, Any] = {}
    own["own"] = own
    assert isinstance(without_passwords(None, "info", {"event": own}), dict)


def test_an_id_is_carried_and_given_back() -> None:
    assert correlation() is None
    with correlated("one"):
        assert correlation() == "one"
        with correlated("two"):
            assert correlation() == "two"
        with correlated(None):
            assert correlation() == "one"
    assert correlation() is None


def test_ids_differ() -> None:
    found = {new_correlation() for _ in range(1000)}
    assert len(found) == 1000
    assert all(len(own) == 16 for own in found)


def test_every_line_of_a_block_carries_its_id_whoever_writes_it() -> None:
    lines = logged(
        "with correlated('c1'):\n"
        "    structlog.get_logger().info('ours', posts=3)\n"
        "    for name in ('celery.worker', 'uvicorn.error', 'sqlalchemy.engine', 'other'):\n"
        "        logging.getLogger(name).error('theirs %s', name)\n"
        "structlog.get_logger().info('after')\n"
    )
    assert [(line["event"], line.get("correlation")) for line in lines] == [
        ("ours", "c1"),
        ("theirs celery.worker", "c1"),
        ("theirs uvicorn.error", "c1"),
        ("theirs sqlalchemy.engine", "c1"),
        ("theirs other", "c1"),
        ("after", None),
    ]
    assert lines[0]["posts"] == 3
    assert {line["level"] for line in lines} == {"info", "error"}


def test_uvicorn_that_set_up_its_own_logs_is_taken_over() -> None:
    lines = logged(
        "from uvicorn.config import Config\n"
        "Config('x:y')\n"  # as `python -m uvicorn` does before it loads the application
        "configure()\n"
        "logging.getLogger('uvicorn.access').info('GET /?token=hunter2')\n"
        "logging.getLogger('uvicorn.error').warning('careful')\n"
    )
    assert [line["event"] for line in lines] == ["GET /?token=***", "careful"]


def test_passwords_within_exceptions_are_masked_and_a_line_stays_one() -> None:
    raising = (
        "try:\n"
        "    raise ValueError('cannot reach redis://:hunter2@host')\n"
        "except ValueError:\n"
        "    {}.exception('broken', broker='redis://:hunter2@host')\n"
    )
    ours = logged(raising.format("structlog.get_logger()"))
    theirs = logged(
        raising.format("logging.getLogger('celery')").replace(", broker=", ", extra=dict(x=1)) #")
    )
    for (line,) in (ours, theirs):
        assert line["event"] == "broken"
        assert "ValueError: cannot reach redis://:***@host" in line["exception"]
        assert "hunter2" not in json.dumps(line)


def test_without_json_a_line_is_key_and_value() -> None:
    code = (
        "from listening.logs import configure\nconfigure()\nimport structlog\n"
        "structlog.get_logger().info('analysed', posts=3, broker='redis://:hunter2@h')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert "analysed" in done.stderr
    assert "posts=3" in done.stderr
    assert "broker=redis://:***@h" in done.stderr
