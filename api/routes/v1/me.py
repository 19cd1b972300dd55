"""Who is asking."""

from __future__ import annotations

from fastapi import Request

from api.routes.v1.route import api_router
from api.schemas.me import Me
from api.web.acting import actor_of, need
from listening.access import Permission

router = api_router("me")


@router.get("/me", dependencies=[need(Permission.READ, "somewhere")])
def me(request: Request) -> Me:
    """Who this key or browser is, and what they may do."""
    actor = actor_of(request)
    return Me(
        name=actor.name, role=actor.everywhere, brands=dict(actor.brands), writes=actor.writes
    )
