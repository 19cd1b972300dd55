"""The Celery application: carries ids and wakes people up; the store is the truth."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from celery import Celery
from celery.signals import (
    before_task_publish,
    celeryd_after_setup,
    setup_logging,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
)

from listening.config import Settings, get_settings
from listening.errors import ListeningError, SettingsError
from listening.logs import configure, correlation
from listening.store.session import Store
from workers import files, tracing
from workers.health import Heartbeat

# Seconds. They hold for the queue nlp: sweeps wait for others and are worked by threads, which
# nobody can end; their sources have time limits of their own.
SOFT, HARD = 900.0, 960.0
LONG_SOFT, LONG_HARD = 6 * 3600.0, 6 * 3600.0 + 300


def _transport(settings: Settings) -> dict[str, Any]:
    """How messages travel: files in the data folder, or the broker that is named."""
    if settings.broker_url is not None:
        return _redis(settings.broker_url.get_secret_value())
    messages = settings.folder("queue/messages").resolve()
    return {
        "broker_url": f"{files.SCHEME}://localhost/",
        "broker_transport_options": {
            "data_folder_in": str(messages),
            "data_folder_out": str(messages),
            "polling_interval": 0.1,
        },
    }


def _redis(url: str) -> dict[str, Any]:
    """The broker's options; over TLS its certificate is checked unless the address says not to.

    Raises:
        SettingsError: an address that is not Redis's.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss"}:
        raise SettingsError(
            "LISTENING_BROKER_URL: expected redis://:password@host:6379/0, or rediss:// for TLS, "
            f"not {parts.scheme or 'an address without a scheme'}."
        )
    found: dict[str, Any] = {
        "broker_transport_options": {
            # A message that a dead worker held comes back after this; the beat is faster.
            "visibility_timeout": 3600,
            "socket_connect_timeout": 5,
            "socket_timeout": 30,
            "socket_keepalive": True,
            "health_check_interval": 15,
        }
    }
    if parts.scheme == "rediss":
        query = dict(parse_qsl(parts.query))
        options = {name: query.pop(name) for name in list(query) if name.startswith("ssl_")}
        found["broker_use_ssl"] = _tls(options)
        url = urlunsplit(parts._replace(query=urlencode(query)))
    return found | {"broker_url": url}


def _tls(options: dict[str, str]) -> dict[str, Any]:
    kinds = {
        "required": ssl.CERT_REQUIRED,
        "optional": ssl.CERT_OPTIONAL,
        "none": ssl.CERT_NONE,
    }
    asked = options.pop("ssl_cert_reqs", "required").removeprefix("CERT_").lower()
    if asked not in kinds:
        raise SettingsError(
            f'LISTENING_BROKER_URL: ssl_cert_reqs={asked}: one of "required", "optional", "none".'
        )
    found: dict[str, Any] = dict(options)
    if "ssl_check_hostname" in found:
        found["ssl_check_hostname"] = found["ssl_check_hostname"].lower() != "false"
    elif asked == "none":
        found["ssl_check_hostname"] = False
    return found | {"ssl_cert_reqs": kinds[asked]}


def make_app(settings: Settings) -> Celery:
    """The application for these settings.

    Raises:
        SettingsError: the broker's address does not fit.
    """
    # Not the process's own: a check makes one only to reach the broker.
    app = Celery("listening", include=["workers.tasks"], set_as_current=False)
    app.conf.update(
        **_transport(settings),
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_default_queue="nlp",
        task_routes={
            "sweep.*": {"queue": "sweep"},
            "keep.*": {"queue": "sweep"},
            "nlp.*": {"queue": "nlp"},
        },
        task_soft_time_limit=SOFT,
        task_time_limit=HARD,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        # Loading the model takes longer than the four seconds Celery grants a new process.
        worker_proc_alive_timeout=180,
        # Workers say in the store that they live (`listening status`), and a job is cancelled
        # there: neither needs mailboxes, which a killed worker would leave behind.
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_timeout=5,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # for ever
        timezone="UTC",
    )
    return app


app = make_app(get_settings())
app.set_current()
tracing.install(get_settings())

# Of this worker; its children inherit it.
_QUEUES: list[str] = []
_HEARTBEATS: list[Heartbeat] = []


@setup_logging.connect
def _logging(**_: Any) -> None:
    configure()


@before_task_publish.connect
def _pass_on(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """What a task sets off carries its correlation id, retries and all."""
    present = correlation()
    if headers is not None and present is not None:
        headers.setdefault("correlation", present)


@celeryd_after_setup.connect
def _queues(instance: Any, **_: Any) -> None:
    _QUEUES[:] = sorted(instance.app.amqp.queues.consume_from)


@worker_ready.connect
def _ready(sender: Any, **_: Any) -> None:
    """Threads work in this process; of forked children each shows itself."""
    if "prefork" not in str(sender.pool.__class__.__module__):
        _appear()


@worker_process_init.connect
def _after_fork(**_: Any) -> None:
    """Load the models in the child: torch and a fork do not mix (transformers #7516)."""
    _appear()
    if "nlp" not in _QUEUES:
        return
    from workers.models import models

    try:
        models()
    except ListeningError as error:
        # Told once here and again by every task, until it is mended: nothing is lost.
        import structlog

        structlog.get_logger().error("no model", error=str(error))
        return
    _look_for_work()


def _look_for_work() -> None:
    """The one before it may have died with its message: what it left is not waited for."""
    from workers.holder import this_holder
    from workers.messages import Message, send_or_drop

    store = Store.from_settings(get_settings())
    try:
        send_or_drop(app, store, Message("nlp.analyse", once=f"nlp.analyse:{this_holder()}"))
    finally:
        store.close()


@worker_process_shutdown.connect
@worker_shutdown.connect
def _end(**_: Any) -> None:
    while _HEARTBEATS:
        _HEARTBEATS.pop().stop()


def _appear() -> None:
    _HEARTBEATS.append(Heartbeat(get_settings(), "worker", _QUEUES))
    _HEARTBEATS[-1].start()
