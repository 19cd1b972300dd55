"""Channels that notifications go to, and what was sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response
from sqlmodel import Session

from api.routes.paging import Cursor, Id, Limit, decode_cursor, encode_cursor
from api.routes.v1.route import api_router, expected_version, told_once
from api.schemas.base import Page
from api.schemas.channels import (
    ChannelChange,
    ChannelMade,
    ChannelShown,
    DeliveryShown,
    NewChannel,
    SigningSecret,
)
from api.web.acting import actor_of, need
from api.web.site import site_of
from listening.access import Actor, Permission
from listening.keyring import Keyring
from listening.store.notifying import channels as store_channels
from listening.store.notifying.channels import get_channel, list_channels
from listening.store.notifying.deliveries import get_delivery, list_deliveries
from listening.store.tables import Channel, DeliveryStatus

router = api_router("notifications")
ADMIN = [need(Permission.ADMINISTER, "somewhere")]


@router.get("/channels", dependencies=ADMIN)
def channels(request: Request) -> Page[ChannelShown]:
    """The channels that one sets up, by name; addresses without what is secret in them."""
    with site_of(request).reading() as session:
        found = list_channels(session, actor_of(request))
        return Page(items=[ChannelShown.model_validate(channel) for channel, _ in found])


@router.post("/channels", status_code=201, dependencies=ADMIN)
def add_channel(request: Request, sent: NewChannel, response: Response) -> ChannelMade:
    """Add a channel; what a webhook is signed with is in this answer and never shown again."""
    told_once(request)
    site = site_of(request)
    with site.store.work() as session:
        channel, secret = store_channels.add_channel(
            session,
            actor_of(request),
            Keyring.of(site.settings),
            name=sent.name,
            kind=sent.kind,
            address=sent.address,
            events=[kind.value for kind in sent.events],
            brand_id=sent.brand_id,
            quiet_minutes=sent.quiet_minutes,
        )
        response.headers["Location"] = f"/api/v1/channels/{channel.id}"
        made = ChannelMade.model_validate(channel)
    made.signing_secret = secret
    return made


@router.get("/channels/{channel_id}", dependencies=ADMIN)
def channel(request: Request, channel_id: Id) -> ChannelShown:
    """One channel."""
    with site_of(request).reading() as session:
        return ChannelShown.model_validate(_own(session, actor_of(request), channel_id))


@router.patch("/channels/{channel_id}", dependencies=ADMIN)
def change_channel(request: Request, channel_id: Id, sent: ChannelChange) -> ChannelShown:
    """Change a channel; a webhook keeps what it is signed with."""
    site = site_of(request)
    with site.store.work() as session:
        found = store_channels.edit_channel(
            session,
            actor_of(request),
            Keyring.of(site.settings),
            channel_id,
            version=expected_version(request, sent.version),
            name=sent.name,
            events=None if sent.events is None else [kind.value for kind in sent.events],
            quiet_minutes=sent.quiet_minutes,
            address=sent.address,
        )
        return ChannelShown.model_validate(found)


@router.delete("/channels/{channel_id}", status_code=204, dependencies=ADMIN)
def remove_channel(request: Request, channel_id: Id) -> None:
    """Remove a channel with the log of what was sent to it."""
    with site_of(request).store.work() as session:
        store_channels.remove_channel(session, actor_of(request), channel_id)


@router.post("/channels/{channel_id}/pause", dependencies=ADMIN)
def pause_channel(request: Request, channel_id: Id) -> ChannelShown:
    """Send nothing to it until it is resumed."""
    return _paused(request, channel_id, True)


@router.post("/channels/{channel_id}/resume", dependencies=ADMIN)
def resume_channel(request: Request, channel_id: Id) -> ChannelShown:
    """Send to it again; what waits goes out within seconds."""
    return _paused(request, channel_id, False)


@router.post("/channels/{channel_id}/secret", dependencies=ADMIN)
def rotate_secret(request: Request, channel_id: Id) -> SigningSecret:
    """Sign a webhook with another secret from now on."""
    told_once(request)
    site = site_of(request)
    with site.store.work() as session:
        made = store_channels.rotate_secret(
            session, actor_of(request), Keyring.of(site.settings), channel_id,
            version=expected_version(request),
        )  # fmt: skip
    return SigningSecret(signing_secret=made)


@router.post("/channels/{channel_id}/test", status_code=202, dependencies=ADMIN)
def try_channel(request: Request, channel_id: Id) -> DeliveryShown:
    """Have a test sent to it within seconds; `GET /deliveries` tells what came of it."""
    with site_of(request).store.work() as session:
        delivery = store_channels.try_channel(session, actor_of(request), channel_id)
        return DeliveryShown.model_validate(delivery)


@router.get("/deliveries", dependencies=ADMIN)
def deliveries(
    request: Request,
    channel_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    status: DeliveryStatus | None = None,
    event: Annotated[str | None, Query(max_length=50)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DeliveryShown]:
    """What was sent, waits, failed or was held back; the latest first."""
    place = decode_cursor(cursor, [int])
    with site_of(request).reading() as session:
        own = [int(c.id or 0) for c, _ in list_channels(session, actor_of(request))]
        found = list_deliveries(
            session, own, channel_id=channel_id, status=status, event=event,
            before=place[0] if place else None, limit=limit + 1,
        )  # fmt: skip
    items = [DeliveryShown.model_validate(delivery) for delivery, _ in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor([items[-1].id]) if more else None)


@router.get("/deliveries/{delivery_id}", dependencies=ADMIN)
def delivery(request: Request, delivery_id: Id) -> DeliveryShown:
    """One delivery."""
    with site_of(request).reading() as session:
        found = get_delivery(session, delivery_id)
        _own(session, actor_of(request), found.channel_id)
        return DeliveryShown.model_validate(found)


@router.post("/deliveries/{delivery_id}/resend", status_code=202, dependencies=ADMIN)
def resend(request: Request, delivery_id: Id) -> DeliveryShown:
    """Send it once more, under the same id."""
    with site_of(request).store.work() as session:
        found = store_channels.resend(session, actor_of(request), delivery_id)
        return DeliveryShown.model_validate(found)


def _own(session: Session, actor: Actor, channel_id: int) -> Channel:
    found = get_channel(session, channel_id)
    actor.require(Permission.ADMINISTER, found.brand_id, "channel")
    return found


def _paused(request: Request, channel_id: int, paused: bool) -> ChannelShown:
    with site_of(request).store.work() as session:
        found = store_channels.pause_channel(
            session, actor_of(request), channel_id, paused=paused,
            version=expected_version(request),
        )  # fmt: skip
        return ChannelShown.model_validate(found)
