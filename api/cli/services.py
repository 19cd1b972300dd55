"""`listening up`: everything that runs, as one command."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.context import opened


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(up)


def up(
    port: Annotated[int | None, typer.Option(help="Of the web pages (LISTENING_WEB_PORT).")] = None,
    host: Annotated[str | None, typer.Option(help="LISTENING_WEB_HOST.")] = None,
) -> None:
    """Run web, worker and beat until Ctrl-C; one that dies is started again."""
    import socket

    from listening.errors import SettingsError
    from workers.supervise import Supervisor, commands

    with opened() as (settings, store):
        host, port = host or settings.web_host, port or settings.web_port
        where = store.shown_url
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"{host}:{port} cannot be listened on ({error.strerror}): choose another with "
                "--port."
            ) from error
    print(f"Store {where}\nPages http://{host}:{port}/\nCtrl-C stops everything.", flush=True)
    Supervisor(commands(host, port), lambda line: print(line, flush=True)).run()
