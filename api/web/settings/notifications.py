"""/settings/notifications: who is told of what, and the log of what was sent."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response

from api.web.acting import actor_of, form_of, need
from api.web.flash import redirect
from api.web.forms import number_of, text_of
from api.web.settings.doing import (
    MENDABLE,
    Before,
    Chosen,
    Number,
    chosen_number,
    done,
    done_or_told,
    given,
    sent_of,
    told,
)
from api.web.settingsframe import render_settings
from api.web.site import site_of
from listening.access import Actor, Permission
from listening.errors import InvalidError, ListeningError
from listening.keyring import Keyring
from listening.notifying import MEANINGS
from listening.store.brands.brands import brand_id, list_brands
from listening.store.notifying import channels
from listening.store.notifying.channels import get_channel, list_channels
from listening.store.notifying.deliveries import list_deliveries
from listening.store.tables import Channel, ChannelKind, DeliveryStatus

router = APIRouter(include_in_schema=False)
ADMIN = [need(Permission.ADMINISTER, "somewhere")]
PATH = "/settings/notifications"
PAGE = 50
_ADDRESS = ("address", "to", "server", "port", "security", "user", "password", "sender")


@router.get(PATH, dependencies=ADMIN)
def channels_page(request: Request, kind: Chosen = "") -> Response:
    """The channels, and a form for another one."""
    return _list(request, kind=kind)


@router.post(PATH, dependencies=ADMIN)
async def add_channel(request: Request) -> Response:
    """Add a channel; what a webhook is signed with shows once, on the page that answers."""
    form = await form_of(request)
    keyring, kind = Keyring.of(site_of(request).settings), text_of(form, "kind", 20)
    try:
        if kind not in set(ChannelKind):
            raise InvalidError("Choose how to send.", field="kind")
        values = _values(form)
        address, brand = _address(form), number_of(form, "brand")
        channel, secret = await done(
            request,
            lambda s, actor: channels.add_channel(
                s, actor, keyring, kind=ChannelKind(kind), address=address, brand_id=brand, **values
            ),
        )
    except MENDABLE as error:
        return await run_in_threadpool(_list, request, kind=kind, error=error, form=form)
    if secret is not None:
        return await run_in_threadpool(_one, request, int(channel.id or 0), secret=secret)
    text = f"{channel.name} is added. Send a test to see that it works."
    return redirect(request, f"{PATH}/{channel.id}", text)


@router.get(PATH + "/log", dependencies=ADMIN)
def log_page(
    request: Request, channel: Chosen = "", status: Chosen = "", before: Before = None
) -> Response:
    """What was sent, waits, failed or was held back; the latest first."""
    wanted = DeliveryStatus(status) if status in set(DeliveryStatus) else None
    with site_of(request).reading() as session:
        own = list_channels(session, actor_of(request))
        found = list_deliveries(
            session, [int(c.id or 0) for c, _ in own], channel_id=chosen_number(channel),
            status=wanted, before=before, limit=PAGE + 1,
        )  # fmt: skip
    keep = given({"channel": channel, "status": status})
    last = found[PAGE - 1][0].id if len(found) > PAGE else None
    return render_settings(
        request,
        "settings/deliveries.html",
        title="What was sent",
        rows=found[:PAGE],
        channels=[c for c, _ in own],
        statuses=list(DeliveryStatus),
        chosen_channel=channel,
        chosen_status=status,
        older=urlencode({**keep, "before": last}) if last else None,
        newest=urlencode(keep) if before is not None else None,
    )


@router.post(PATH + "/log/{delivery_id}/resend", dependencies=ADMIN)
async def resend(request: Request, delivery_id: Number) -> Response:
    """Send one once more, under the same id."""
    try:
        await done(request, lambda s, actor: channels.resend(s, actor, delivery_id))
    except MENDABLE as error:
        return redirect(request, f"{PATH}/log", str(error), bad=True)
    return redirect(request, f"{PATH}/log", "It is sent again within seconds.")


@router.get(PATH + "/{channel_id}", dependencies=ADMIN)
def channel_page(request: Request, channel_id: Number) -> Response:
    """One channel."""
    return _one(request, channel_id)


@router.post(PATH + "/{channel_id}", dependencies=ADMIN)
async def change_channel(request: Request, channel_id: Number) -> Response:
    """Change name, events, quiet time; and the address where another is written."""
    form = await form_of(request)
    keyring = Keyring.of(site_of(request).settings)

    def act(session: Session, actor: Actor) -> Channel:
        values, version, address = _values(form), number_of(form, "version"), _address(form)
        another = bool(address.get("address") or address.get("to"))
        return channels.edit_channel(
            session, actor, keyring, channel_id, version=version,
            address=address if another else None, **values,
        )  # fmt: skip

    page, to = partial(_one, request, channel_id, form=form), f"{PATH}/{channel_id}"
    return await done_or_told(request, act, page, to=to, text="Saved.")


@router.post(PATH + "/{channel_id}/test", dependencies=ADMIN)
async def try_channel(request: Request, channel_id: Number) -> Response:
    """Have a test sent."""
    return await done_or_told(
        request,
        lambda s, actor: channels.try_channel(s, actor, channel_id),
        partial(_one, request, channel_id),
        to=f"{PATH}/{channel_id}",
        text="A test is sent within seconds; what came of it stands below.",
    )


@router.post(PATH + "/{channel_id}/pause", dependencies=ADMIN)
async def pause_channel(request: Request, channel_id: Number) -> Response:
    """Send nothing to it until it is resumed."""
    return await _paused(request, channel_id, True)


@router.post(PATH + "/{channel_id}/resume", dependencies=ADMIN)
async def resume_channel(request: Request, channel_id: Number) -> Response:
    """Send to it again."""
    return await _paused(request, channel_id, False)


@router.post(PATH + "/{channel_id}/secret", dependencies=ADMIN)
async def rotate_secret(request: Request, channel_id: Number) -> Response:
    """Sign with another secret; it shows once, on the page that answers."""
    keyring = Keyring.of(site_of(request).settings)
    try:
        made = await done(
            request, lambda s, actor: channels.rotate_secret(s, actor, keyring, channel_id)
        )
    except MENDABLE as error:
        return await run_in_threadpool(_one, request, channel_id, error=error)
    return await run_in_threadpool(_one, request, channel_id, secret=made)


@router.post(PATH + "/{channel_id}/remove", dependencies=ADMIN)
async def remove_channel(request: Request, channel_id: Number) -> Response:
    """Remove it with the log of what was sent to it."""
    await done(request, lambda s, actor: channels.remove_channel(s, actor, channel_id))
    return redirect(request, PATH, "The channel is removed.")


async def _paused(request: Request, number: int, paused: bool) -> Response:
    await done(request, lambda s, actor: channels.pause_channel(s, actor, number, paused=paused))
    text = "Nothing is sent to it until it is resumed." if paused else "It is sent to again."
    undo = f"{PATH}/{number}/{'resume' if paused else 'pause'}"
    return redirect(request, f"{PATH}/{number}", text, undo=undo)


def _values(form: FormData) -> dict[str, Any]:
    return {
        "name": text_of(form, "name", 500),
        "events": [str(value) for value in form.getlist("events")][:50],
        "quiet_minutes": number_of(form, "quiet_minutes"),
    }


def _address(form: FormData) -> dict[str, str]:
    return {name: text_of(form, name, 5000) for name in _ADDRESS}


def _list(
    request: Request,
    *,
    kind: str = "",
    error: ListeningError | None = None,
    form: FormData | None = None,
) -> Response:
    actor = actor_of(request)
    with site_of(request).reading() as session:
        own = list_channels(session, actor)
        brands = [b for b in list_brands(session) if actor.may(Permission.ADMINISTER, brand_id(b))]
    return render_settings(
        request,
        "settings/channels.html",
        title="Notifications",
        rows=own,
        all_brands=brands,
        everywhere=actor.may(Permission.ADMINISTER, None),
        kind=kind if kind in set(ChannelKind) else "",
        meanings=MEANINGS,
        chosen=[str(value) for value in form.getlist("events")] if form is not None else [],
        sent=sent_of(form),
        **told(error),
    )


def _one(
    request: Request,
    number: int,
    *,
    secret: str | None = None,
    error: ListeningError | None = None,
    form: FormData | None = None,
) -> Response:
    with site_of(request).reading() as session:
        channel = _own(session, actor_of(request), number)
        log = list_deliveries(session, channel_id=number, limit=10)
    quiet = "" if channel.quiet_minutes is None else str(channel.quiet_minutes)
    values = {"name": channel.name, "quiet_minutes": quiet, "version": str(channel.version)}
    typed = [str(value) for value in form.getlist("events")] if form is not None else None
    return render_settings(
        request,
        "settings/channel.html",
        title=channel.name,
        channel=channel,
        log=[delivery for delivery, _ in log],
        meanings=MEANINGS,
        chosen=typed if typed is not None else list(channel.events),
        sent=values | sent_of(form),
        secret=secret,
        **told(error),
    )


def _own(session: Session, actor: Actor, number: int) -> Channel:
    found = get_channel(session, number)
    actor.require(Permission.ADMINISTER, found.brand_id, "channel")
    return found
