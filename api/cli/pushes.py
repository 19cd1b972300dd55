"""`listening watch secret`: what a sender has to know to push to a watch."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.context import opened

Number = Annotated[int, typer.Argument(help="Its number in `listening watch list`.")]


def secret(
    watch: Number,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make another; the last one is refused from now on.")
    ] = False,
) -> None:
    """Print the secret of a watch that takes pushes, and how to push."""
    from listening.pushing import address_of
    from listening.signing import HEADER
    from listening.store.watches.pushkeys import make_push_secret
    from listening.store.watches.watches import get_watch

    with opened() as (settings, store), store.work() as session:
        found = make_push_secret(session, get_watch(session, watch), rotate=rotate)
        address = f"http://{settings.web_host}:{settings.web_port}{address_of(watch)}"
    if rotate:
        print("This is another secret: pushes signed with the last one are refused from now on.\n")
    print(
        f"Whoever has this secret may push to watch {watch}:\n\n"
        f"    secret={found}\n\n"
        "A file is pushed so:\n\n"
        "    at=$(date +%s)\n"
        "    digest=$({ printf '%s.' $at; cat posts.csv; } |\n"
        "        openssl dgst -sha256 -hmac $secret -r)\n"
        f'    curl --data-binary @posts.csv -H "{HEADER}: t=$at,v1=${{digest%% *}}" {address}'
    )
