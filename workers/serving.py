"""One worker process and what it consumes."""

from __future__ import annotations

from collections.abc import Sequence

from listening.errors import SettingsError

QUEUES = ("sweep", "nlp")
# Sweeps wait for others most of the time; of models each process holds its own.
THREADS, PROCESSES = 8, 1


def queues_of(text: str) -> list[str]:
    """The queues of a list with commas.

    Raises:
        SettingsError: one that is none.
    """
    found = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in found if name not in QUEUES]
    if unknown or not found:
        named = ", ".join(f'"{name}"' for name in unknown) or "nothing"
        raise SettingsError(f"--queues: {named} is no queue; write sweep, nlp, or sweep,nlp.")
    return found


def arguments(queues: Sequence[str], concurrency: int | None = None) -> list[str]:
    """Celery's command line for a worker of these queues."""
    models = "nlp" in queues
    number = concurrency or (PROCESSES if models else THREADS)
    return [
        "--quiet",
        "worker",
        *("--queues", ",".join(queues)),
        *("--pool", "prefork" if models else "threads"),
        *("--concurrency", str(number)),
        *("--hostname", f"{'-'.join(queues)}@%h"),
        # What workers would tell one another is in the store.
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


def run_worker(queues: Sequence[str], concurrency: int | None = None) -> None:
    """Work until SIGTERM or SIGINT: what runs is finished first; a second signal ends it."""
    from workers.app import app

    app.worker_main(arguments(queues, concurrency))
