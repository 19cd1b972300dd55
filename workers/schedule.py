"""The beat's timetable, the only one."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

# Nothing here is lost when a beat is missed: each task reads from the store what is to do.
TIMETABLE: dict[str, dict[str, Any]] = {
    "analyse what is pending": {
        "task": "nlp.analyse",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "flag again": {"task": "nlp.flag", "schedule": crontab(minute=7), "options": {"expires": 3600}},
    "segment at night": {
        "task": "nlp.segment",
        "schedule": crontab(hour=3, minute=20),
        "options": {"expires": 3600},
    },
}
