"""How messages travel: what the broker's address means, and where each task goes."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from listening.config import Settings
from listening.errors import SettingsError
from workers.app import make_app
from workers.serving import arguments, queues_of


def conf(tmp_path: Path, url: str) -> dict[str, Any]:
    found = make_app(Settings(data_dir=tmp_path, broker_url=SecretStr(url))).conf
    return {
        "url": found.broker_url,
        "tls": found.broker_use_ssl,
        "visibility": found.broker_transport_options["visibility_timeout"],
    }


def test_redis_with_a_password(tmp_path: Path) -> None:
    assert conf(tmp_path, "redis://:pass@queue:6379/3") == {
        "url": "redis://:pass@queue:6379/3",
        "tls": False,
        "visibility": 3600,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"ssl_cert_reqs": ssl.CERT_REQUIRED}),
        (
            "?ssl_ca_certs=/etc/own.crt&ssl_cert_reqs=CERT_REQUIRED",
            {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": "/etc/own.crt"},
        ),
        (
            "?ssl_certfile=/a.crt&ssl_keyfile=/a.key&ssl_check_hostname=false",
            {
                "ssl_cert_reqs": ssl.CERT_REQUIRED,
                "ssl_certfile": "/a.crt",
                "ssl_keyfile": "/a.key",
                "ssl_check_hostname": False,
            },
        ),
        ("?ssl_cert_reqs=none", {"ssl_cert_reqs": ssl.CERT_NONE, "ssl_check_hostname": False}),
    ],
)
def test_over_tls_the_certificate_is_checked_unless_said_otherwise(
    tmp_path: Path, query: str, expected: dict[str, Any]
) -> None:
    found = conf(tmp_path, f"rediss://ann:pass@queue:6380/0{query}")
    assert found["url"] == "rediss://ann:pass@queue:6380/0"
    assert found["tls"] == expected


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("amqp://guest:hunter2@queue", "or rediss:// for TLS, not amqp."),
        ("queue:6379", "not queue."),
        ("//queue", "not an address without a scheme."),
        ("rediss://:hunter2@queue/0?ssl_cert_reqs=maybe", "ssl_cert_reqs=maybe: one of"),
    ],
)
def test_another_broker_is_refused(tmp_path: Path, url: str, why: str) -> None:
    with pytest.raises(SettingsError) as raised:
        conf(tmp_path, url)
    assert why in str(raised.value)
    assert "LISTENING_BROKER_URL" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_messages_are_kept_until_the_work_is_done(tmp_path: Path) -> None:
    found = make_app(Settings(data_dir=tmp_path)).conf
    assert found.task_acks_late is True
    assert found.task_reject_on_worker_lost is True
    assert found.worker_prefetch_multiplier == 1
    assert found.broker_connection_max_retries is None
    assert (found.task_soft_time_limit, found.task_time_limit) == (900, 960)


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("sweep.due", "sweep"),
        ("sweep.watch", "sweep"),
        ("sweep.look", "sweep"),
        ("keep.house", "sweep"),
        ("keep.settle", "sweep"),
        ("keep.cases", "sweep"),
        ("keep.figures", "sweep"),
        ("nlp.analyse", "nlp"),
        ("nlp.segment", "nlp"),
    ],
)
def test_where_a_task_goes(tmp_path: Path, task: str, queue: str) -> None:
    app = make_app(Settings(data_dir=tmp_path))
    assert app.amqp.router.route({}, task)["queue"].name == queue


def test_a_segmentation_may_take_hours() -> None:
    from workers.tasks import segment_task

    assert (segment_task.soft_time_limit, segment_task.time_limit) == (21600, 21900)


@pytest.mark.parametrize(
    ("text", "queues"),
    [("sweep", ["sweep"]), ("sweep,nlp", ["sweep", "nlp"]), (" nlp , nlp ", ["nlp"])],
)
def test_queues_as_written(text: str, queues: list[str]) -> None:
    assert queues_of(text) == queues


@pytest.mark.parametrize("text", ["", ",", "nlp,fast"])
def test_queues_that_are_none(text: str) -> None:
    with pytest.raises(SettingsError, match="is no queue; write sweep, nlp, or sweep,nlp"):
        queues_of(text)


def test_sweeps_run_in_threads_and_models_in_processes() -> None:
    def option(words: list[str], name: str) -> str:
        return words[words.index(name) + 1]

    sweeps, models = arguments(["sweep"]), arguments(["sweep", "nlp"], 3)
    assert (option(sweeps, "--pool"), option(sweeps, "--concurrency")) == ("threads", "8")
    assert (option(models, "--pool"), option(models, "--concurrency")) == ("prefork", "3")
    assert option(models, "--queues") == "sweep,nlp"
