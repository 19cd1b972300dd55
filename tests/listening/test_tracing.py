"""What leaves for Sentry and OpenTelemetry: kinds of errors and places in code, no words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from listening import tracing
from listening.config import Settings
from listening.errors import SettingsError
from listening.logs import correlated

ROOT = Path(__file__).resolve().parents[2]


def settings(**own: Any) -> Settings:
    return Settings(_env_file=None, **own)


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    yield
    tracing.stop()


def test_of_a_report_only_kinds_and_places_are_kept() -> None:
    event = {
        "event_id": "e1",
        "level": "error",
        "platform": "python",
        "server_name": "secret-host",
        "message": "JetBlue lost my bag",
        "logentry": {"message": "JetBlue lost my bag"},
        "user": {"ip_address": "192.0.2.1"},
        "request": {"url": "https://x/?token=hunter2", "data": "JetBlue lost my bag"},
        "extra": {"sys.argv": ["hunter2"]},
        "breadcrumbs": {"values": [{"message": "JetBlue lost my bag"}]},
        "contexts": {"trace": {"description": "hunter2"}},
        "modules": {"a": "1"},
        "tags": {"task": "nlp.analyse", "correlation": "c1", "text": "JetBlue lost my bag"},
        "exception": {
            "values": [
                {
                    "type": "ValueError",
                    "module": "builtins",
                    "value": "cannot read 'JetBlue lost my bag'",
                    "mechanism": {"data": {"x": "hunter2"}},
                    "stacktrace": {
                        "frames": [
                            {
                                "filename": "workers/jobs/analysing.py",
                                "abs_path": "/home/me/x.py",
                                "function": "_found",
                                "module": "workers.jobs.analysing",
                                "lineno": 12,
                                "in_app": True,
                                "context_line": "text = 'hunter2'",
                                "pre_context": ["hunter2"],
                                "vars": {"post": "JetBlue lost my bag"},
                            }
                        ]
                    },
                }
            ]
        },
    }
    assert tracing.scrubbed(event) == {
        "event_id": "e1",
        "level": "error",
        "platform": "python",
        "tags": {"task": "nlp.analyse", "correlation": "c1"},
        "exception": {
            "values": [
                {
                    "type": "ValueError",
                    "module": "builtins",
                    "value": "",
                    "stacktrace": {
                        "frames": [
                            {
                                "filename": "workers/jobs/analysing.py",
                                "function": "_found",
                                "module": "workers.jobs.analysing",
                                "lineno": 12,
                                "in_app": True,
                            }
                        ]
                    },
                }
            ]
        },
    }


@pytest.mark.parametrize("event", [{}, {"exception": None}, {"exception": {"values": [{}]}}])
def test_a_report_of_any_shape_can_be_scrubbed(event: dict[str, Any]) -> None:
    assert set(tracing.scrubbed(event)) == {"tags", "exception"}


@pytest.mark.parametrize(
    ("name", "value", "extra"),
    [
        ("LISTENING_SENTRY_DSN", "https://hunter2@sentry.example/1", "listening[sentry]"),
        ("LISTENING_OTEL_ENDPOINT", "http://localhost:4318", "listening[opentelemetry]"),
    ],
)
def test_a_missing_extra_is_named_before_anything_starts(name: str, value: str, extra: str) -> None:
    code = (
        "import sys\n"
        "sys.modules['sentry_sdk'] = sys.modules['opentelemetry.exporter'] = None\n"
        "from listening.config import get_settings\n"
        "from listening.errors import SettingsError\n"
        "from {} as make\n"
        "try:\n    make({})\nexcept SettingsError as error:\n    print(error)\n"
    )
    for made in (("api.web.app import create_app", ""),
                 ("workers.tracing import install", "get_settings()")):  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", code.format(*made)], capture_output=True, text=True, cwd=ROOT,
            env=os.environ | {name: value},
        )  # fmt: skip
        assert done.stdout == (
            f"{name} is set, but what it needs is not installed: run "
            f"`pip install '{extra}'`, or unset it.\n"
        ), done.stderr


def test_nothing_is_imported_where_nothing_is_asked_for() -> None:
    code = (
        "import sys, api.web.app, workers.app\n"
        "print({'sentry_sdk', 'opentelemetry.sdk', 'opentelemetry.exporter'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "set()\n", done.stderr


def test_without_settings_nothing_is_reported_and_blocks_run() -> None:
    tracing.start(settings(), "worker")
    with tracing.span("nlp.analyse"):
        tracing.report(ValueError("x"))


def test_an_address_that_makes_no_sense_is_told_without_it() -> None:
    pytest.importorskip("sentry_sdk", reason="the extra `sentry` is not installed")
    with pytest.raises(SettingsError, match="LISTENING_SENTRY_DSN cannot be read") as told:
        tracing.require(settings(sentry_dsn=SecretStr("hunter2")))
    assert "hunter2" not in str(told.value)


def test_what_sentry_sends_quotes_nobody() -> None:
    sentry = pytest.importorskip("sentry_sdk", reason="the extra `sentry` is not installed")
    sent: list[bytes] = []

    class Kept(sentry.Transport):  # type: ignore[misc]
        def capture_envelope(self, envelope: Any) -> None:
            sent.append(envelope.serialize())

    tracing.start(settings(sentry_dsn=SecretStr("https://hunter2@sentry.example/1")), "worker")
    sentry.get_client().transport = Kept()
    text = "JetBlue lost my bag"
    try:
        raise ValueError(f"cannot read {text}")
    except ValueError as error:
        with correlated("c1"):
            tracing.report(error, task="nlp.analyse")
    (envelope,) = sent
    assert text.encode() not in envelope
    assert b"hunter2" not in envelope.partition(b"\n")[2]
    event = json.loads(envelope.splitlines()[2])
    assert event["tags"] == {"service": "worker", "task": "nlp.analyse", "correlation": "c1"}
    (error_sent,) = event["exception"]["values"]
    assert (error_sent["type"], error_sent["value"]) == ("ValueError", "")
    own = "test_what_sentry_sends_quotes_nobody"
    assert error_sent["stacktrace"]["frames"][-1]["function"] == own


def test_spans_of_one_correlation_are_one_trace_and_quote_nobody() -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra `opentelemetry` is not installed")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept = InMemorySpanExporter()
    tracing.trace_to(SimpleSpanProcessor(kept), "worker")
    with correlated("c1"):
        with tracing.span("sweep.watch", watch=7):
            pass
        with pytest.raises(ValueError), tracing.span("nlp.analyse"):
            raise ValueError("JetBlue lost my bag")
    with correlated("c2"), tracing.span("nlp.flag"):
        pass
    first, second, third = kept.get_finished_spans()
    assert [s.name for s in (first, second, third)] == ["sweep.watch", "nlp.analyse", "nlp.flag"]
    assert first.attributes == {"watch": 7, "correlation": "c1"}
    assert second.attributes == {"correlation": "c1", "error.type": "ValueError"}
    assert second.status.status_code.name == "ERROR"
    assert [s.context.trace_id for s in (first, second, third)] == [
        tracing.trace_of("c1"), tracing.trace_of("c1"), tracing.trace_of("c2"),
    ]  # fmt: skip
    assert first.resource.attributes["service.name"] == "listening-worker"
    assert "JetBlue" not in "".join(s.to_json() for s in (first, second, third))
