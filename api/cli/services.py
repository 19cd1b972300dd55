"""`listening up | web | worker | beat`: what runs, as one command or each alone."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.context import opened
from api.cli.users import tell_first_link

PortOption = Annotated[int | None, typer.Option(help="Of the web pages (LISTENING_WEB_PORT).")]
HostOption = Annotated[str | None, typer.Option(help="LISTENING_WEB_HOST.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (up, web, worker, beat):
        app.command()(command)


def up(port: PortOption = None, host: HostOption = None) -> None:
    """Run web, workers and beat until Ctrl-C; one that dies is started again."""
    from workers.health import check_start
    from workers.supervise import Supervisor, commands

    with opened(begins=True) as (settings, store):
        host, port = host or settings.web_host, port or settings.web_port
        where = store.shown_url
    check_start(settings)
    _check_port(host, port)
    print(f"Store {where}\nPages http://{host}:{port}/\nCtrl-C stops everything.", flush=True)
    Supervisor(commands(host, port), lambda line: print(line, flush=True)).run()


def web(port: PortOption = None, host: HostOption = None) -> None:
    """Serve the pages alone."""
    from api.web.serving import serve
    from workers.health import Heartbeat

    with opened(begins=True) as (settings, store):
        host, port = host or settings.web_host, port or settings.web_port
        _check_port(host, port)
        tell_first_link(store, settings, host, port)
    heartbeat = Heartbeat(settings, "web")
    heartbeat.start()
    try:
        serve(host, port)
    finally:
        heartbeat.stop()


def worker(
    queues: Annotated[
        str, typer.Option(help="sweep (threads, loads no model), nlp (models), or both.")
    ] = "sweep,nlp",
    concurrency: Annotated[
        int | None,
        typer.Option(min=1, help="Sweeps at once (8), or model processes (1) where nlp is named."),
    ] = None,
) -> None:
    """Work the queues alone; any number on any number of machines."""
    from workers.health import check_start
    from workers.serving import queues_of, run_worker

    wanted = queues_of(queues)
    with opened(begins=True) as (settings, _):
        pass
    check_start(settings)
    run_worker(wanted, concurrency)


def beat() -> None:
    """Send what is due alone; of several only one leads, the others wait."""
    from listening.logs import configure
    from workers.beat import run_beat
    from workers.health import check_start

    with opened(begins=True) as (settings, _):
        pass
    check_start(settings)
    configure()
    run_beat(settings)


def _check_port(host: str, port: int) -> None:
    """Refuse a port that is taken, before anything starts."""
    import socket

    from listening.errors import SettingsError

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"{host}:{port} cannot be listened on ({error.strerror}): choose another with "
                "--port."
            ) from error
