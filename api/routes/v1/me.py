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
    if actor.only is not None:  # a key for one brand says nothing of the others
        role = actor.role_for(actor.only)
        own = {actor.only: role} if role is not None else {}
        return Me(name=actor.name, role=None, brands=own, writes=actor.writes)
    return Me(
        name=actor.name, role=actor.everywhere, brands=dict(actor.brands), writes=actor.writes
    )
