"""API keys: one's own, an admin's view of all."""

from __future__ import annotations

from fastapi import Request, Response

from api.routes.paging import Cursor, Id, Limit, decode_cursor, encode_cursor
from api.routes.v1.route import api_router, told_once
from api.schemas.accounts import KeyMade, KeyShown, NewKey
from api.schemas.base import Page
from api.web.acting import actor_of, need
from api.web.site import site_of
from listening.access import Permission
from listening.errors import ForbiddenError
from listening.store.access.edits import account_of
from listening.store.access.signins import KeyView, list_api_keys, make_api_key, revoke_api_key

router = api_router("keys")
ANYBODY = [need(Permission.READ, "somewhere")]


@router.get("/keys", dependencies=ANYBODY)
def keys(request: Request, cursor: Cursor = None, limit: Limit = 50) -> Page[KeyShown]:
    """The keys, newest first, never what they are."""
    place = decode_cursor(cursor, [int])
    with site_of(request).reading() as session:
        found = list_api_keys(
            session, actor_of(request), before=place[0] if place else None, limit=limit + 1
        )
        items = [_shown(view) for view in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor([items[-1].id]) if more else None)


@router.post("/keys", status_code=201, dependencies=ANYBODY)
def make_key(request: Request, sent: NewKey, response: Response) -> KeyMade:
    """Make a key of one's own; what it is stands in this answer alone."""
    told_once(request)
    actor = actor_of(request)
    if actor.account_id is None:
        raise ForbiddenError("This takes a person who is signed in, or their API key.")
    with site_of(request).store.work() as session:
        if sent.brand_id is not None:
            actor.require(Permission.READ, sent.brand_id)
        owner = account_of(session, actor.account_id)
        made = make_api_key(
            session, actor, owner, sent.name, role=sent.role, days=sent.days,
            brand_id=sent.brand_id, writes=sent.writes,
        )  # fmt: skip
        response.headers["Location"] = f"/api/v1/keys/{made.key.id}"
        shown = _shown(KeyView(made.key, owner.login, "valid"))
        return KeyMade(**shown.model_dump(), secret=made.secret)


@router.delete("/keys/{key_id}", status_code=204, dependencies=ANYBODY)
def revoke_key(request: Request, key_id: Id) -> None:
    """Make a key worthless at once."""
    with site_of(request).store.work() as session:
        revoke_api_key(session, actor_of(request), key_id)


def _shown(view: KeyView) -> KeyShown:
    key = view.key
    return KeyShown(
        id=int(key.id or 0),
        name=key.name,
        login=view.login,
        prefix=key.prefix,
        role=key.role,
        brand_id=key.brand_id,
        writes="write" in key.scopes,
        state=view.state,
        created_at=key.created_at,
        expires_at=key.expires_at,
        used_at=key.used_at,
    )
