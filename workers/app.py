"""The Celery application: carries ids and wakes people up; the store is the truth."""

from __future__ import annotations

from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init

from listening.config import Settings, get_settings
from listening.logs import configure
from workers.schedule import TIMETABLE


def _transport(settings: Settings) -> dict[str, Any]:
    """How messages travel: files in the data folder, or the broker that is named."""
    if settings.broker_url is not None:
        return {
            "broker_url": settings.broker_url.get_secret_value(),
            "broker_transport_options": {"visibility_timeout": 3600},
        }
    messages, control = settings.folder("queue/messages"), settings.folder("queue/control")
    return {
        "broker_url": "filesystem://",
        "broker_transport_options": {
            "data_folder_in": str(messages.resolve()),
            "data_folder_out": str(messages.resolve()),
            "control_folder": str(control.resolve()),
            "polling_interval": 0.1,
        },
    }


def make_app(settings: Settings) -> Celery:
    """The application for these settings."""
    app = Celery("listening", include=["workers.tasks"])
    app.conf.update(
        **_transport(settings),
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_default_queue="nlp",
        task_routes={"sweep.*": {"queue": "sweep"}},
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        # Loading the model takes longer than the four seconds Celery grants a new process.
        worker_proc_alive_timeout=180,
        broker_connection_retry_on_startup=True,
        beat_schedule=TIMETABLE,
        beat_schedule_filename=str(settings.folder("queue") / "beat"),
        timezone="UTC",
    )
    return app


app = make_app(get_settings())


@setup_logging.connect
def _logging(**_: Any) -> None:
    configure()


@worker_process_init.connect
def _after_fork(**_: Any) -> None:
    """Load the models in the child: torch and a fork do not mix (transformers #7516)."""
    from workers.models import models

    models()
