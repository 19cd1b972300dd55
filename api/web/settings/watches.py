"""/settings/watches: what is swept where, when, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

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
    sent_of,
    told,
)
from api.web.settings.parameters import fields_of, params_of, written
from api.web.settingsframe import render_settings
from api.web.site import site_of
from listening.access import Actor, Permission
from listening.errors import InvalidError, ListeningError, NotFoundError, SettingsError
from listening.pushing import address_of
from listening.sources.registry import REGISTRY, get_source, settings_of
from listening.spans import moment_of, span_words
from listening.store.brands.brands import brand_id, list_brands
from listening.store.tables import Backfill, Watch
from listening.store.tables.types import now
from listening.store.watches import edits as watchedits
from listening.store.watches.credentials import standing_credentials
from listening.store.watches.edits import may_tell, own_watch, schedule_from
from listening.store.watches.healthviews import backfills_of, sweeps_page, watch_views
from listening.store.watches.tasting import try_source

router = APIRouter(include_in_schema=False)
SEE = [need(Permission.READ, "somewhere")]
SET_UP = [need(Permission.CONFIGURE, "somewhere")]
PATH = "/settings/watches"
SWEEPS = 20
_SCHEDULE = ("every", "cron", "timezone", "quiet", "jitter")


@router.get(PATH, dependencies=SEE)
def watches_page(request: Request, brand: Chosen = "") -> Response:
    """Watches with how they do."""
    actor = actor_of(request)
    with site_of(request).reading() as session:
        views = watch_views(session, actor, brand=chosen_number(brand))
        all_brands = list_brands(session)
    visible = actor.visible()
    return render_settings(
        request,
        "settings/watches.html",
        title="Watches",
        views=views,
        chosen=brand,
        all_brands=[b for b in all_brands if visible is None or b.id in visible],
        may_add=actor.may_somewhere(Permission.CONFIGURE),
    )


@router.get(PATH + "/add", dependencies=SET_UP)
def new_watch_page(request: Request, brand: Chosen = "", source: Chosen = "") -> Response:
    """Choose brand and source; then what the source is to be told."""
    return _new(request, brand, source)


@router.post(PATH + "/add", dependencies=SET_UP)
async def add_watch(request: Request) -> Response:
    """Add a watch."""
    form = await form_of(request)
    brand, source = text_of(form, "brand", 30), text_of(form, "source", 100)
    try:
        number = chosen_number(brand)
        if number is None:
            raise InvalidError("Choose a brand.", field="brand")
        spec = get_source(source).spec
        params, schedule = params_of(form, settings_of(spec)), _schedule(form)
        watch = await done(
            request,
            lambda s, actor: watchedits.add_watch(
                s, actor, number, source=source, params=params, schedule=schedule
            ),
        )
    except (*MENDABLE, NotFoundError) as error:
        return await run_in_threadpool(_new, request, brand, source, error=error, form=form)
    return redirect(request, f"{PATH}/{watch.id}", "The watch is added; it is swept when due.")


@router.post(PATH + "/add/try", dependencies=SET_UP)
async def try_watch(request: Request) -> Response:
    """Ask the source once what the watch would find; nothing is stored."""
    form = await form_of(request)
    brand, source = text_of(form, "brand", 30), text_of(form, "source", 100)
    try:
        number = chosen_number(brand)
        if number is None:
            raise InvalidError("Choose a brand.", field="brand")
        params = params_of(form, settings_of(get_source(source).spec))
        store, actor = site_of(request).store, actor_of(request)
        sample = await run_in_threadpool(
            try_source, store, actor, number, source=source, params=params
        )
    except (*MENDABLE, NotFoundError) as error:
        return await run_in_threadpool(_new, request, brand, source, error=error, form=form)
    return await run_in_threadpool(_new, request, brand, source, form=form, sample=sample)


@router.get(PATH + "/{watch_id}", dependencies=SEE)
def watch_page(request: Request, watch_id: Number, before: Before = None) -> Response:
    """One watch: how it does, its schedule, its sweeps."""
    return _one(request, watch_id, before=before)


@router.post(PATH + "/{watch_id}/schedule", dependencies=SET_UP)
async def change_schedule(request: Request, watch_id: Number) -> Response:
    """Sweep it at other times."""
    form = await form_of(request)

    def act(session: Session, actor: Actor, number: int) -> Watch:
        schedule, version = _schedule(form), number_of(form, "version")
        return watchedits.edit_watch(session, actor, number, schedule=schedule, version=version)

    return await _act(request, watch_id, act, "It is swept at other times from now on.", form=form)


@router.post(PATH + "/{watch_id}/listens", dependencies=SET_UP)
async def change_params(request: Request, watch_id: Number) -> Response:
    """Listen for something else at its source."""
    form = await form_of(request)

    def act(session: Session, actor: Actor, number: int) -> Watch:
        _, params = _told(session, actor, number, form)
        version = number_of(form, "version")
        return watchedits.edit_watch(session, actor, number, params=params, version=version)

    return await _act(request, watch_id, act, "Saved. Its next sweep asks for this.", form=form)


@router.post(PATH + "/{watch_id}/listens/try", dependencies=SET_UP)
async def try_params(request: Request, watch_id: Number) -> Response:
    """Ask the source once what the changed watch would find; nothing is stored."""
    form = await form_of(request)
    try:
        sample = await run_in_threadpool(_tried, request, watch_id, form)
    except MENDABLE as error:
        return await run_in_threadpool(_one, request, watch_id, error=error, form=form)
    return await run_in_threadpool(_one, request, watch_id, form=form, sample=sample)


@router.post(PATH + "/{watch_id}/backfill", dependencies=SET_UP)
async def backfill(request: Request, watch_id: Number) -> Response:
    """Have a window of the past fetched."""
    form = await form_of(request)

    def act(session: Session, actor: Actor, number: int) -> Backfill:
        since, until = _window(form)
        return watchedits.backfill_watch(session, actor, number, since, until or now())

    return await _act(request, watch_id, act, "The window is fetched by its next sweep.", form=form)


@router.post(PATH + "/{watch_id}/run", dependencies=SET_UP)
async def run_watch(request: Request, watch_id: Number) -> Response:
    """Have it swept within seconds."""
    return await _act(request, watch_id, watchedits.run_watch, "It is swept within seconds.")


@router.post(PATH + "/{watch_id}/pause", dependencies=SET_UP)
async def pause_watch(request: Request, watch_id: Number) -> Response:
    """Sweep it no more until it is resumed."""
    return await _act(request, watch_id, _pause, "It is paused.", undo="resume")


@router.post(PATH + "/{watch_id}/resume", dependencies=SET_UP)
async def resume_watch(request: Request, watch_id: Number) -> Response:
    """Sweep it again."""
    return await _act(request, watch_id, _resume, "It is swept again.", undo="pause")


@router.post(PATH + "/{watch_id}/secret", dependencies=SET_UP)
async def new_secret(request: Request, watch_id: Number) -> Response:
    """Another secret for whoever pushes; it shows once, on the page that answers."""
    try:
        made = await done(request, lambda s, actor: watchedits.new_push_secret(s, actor, watch_id))
    except MENDABLE as error:
        return await run_in_threadpool(_one, request, watch_id, error=error)
    return await run_in_threadpool(_one, request, watch_id, secret=made)


@router.post(PATH + "/{watch_id}/remove", dependencies=SET_UP)
async def remove_watch(request: Request, watch_id: Number) -> Response:
    """Remove it with how far it has read."""
    await done(request, lambda s, actor: watchedits.remove_watch(s, actor, watch_id))
    return redirect(request, PATH, "The watch is removed. Its posts and mentions stay.")


async def _act(
    request: Request,
    number: int,
    act: Callable[[Session, Actor, int], object],
    text: str,
    *,
    undo: str | None = None,
    form: FormData | None = None,
) -> Response:
    where = f"{PATH}/{number}"
    return await done_or_told(
        request,
        lambda s, actor: act(s, actor, number),
        partial(_one, request, number, form=form),
        to=where,
        text=text,
        undo=f"{where}/{undo}" if undo else None,
    )


def _pause(session: Session, actor: Actor, number: int) -> Watch:
    return watchedits.pause_watch(session, actor, number, paused=True)


def _resume(session: Session, actor: Actor, number: int) -> Watch:
    return watchedits.pause_watch(session, actor, number, paused=False)


def _schedule(form: FormData) -> Any:
    return schedule_from({name: text_of(form, name, 200) for name in _SCHEDULE})


def _window(form: FormData) -> tuple[Any, Any]:
    since, until = text_of(form, "since", 40), text_of(form, "until", 40)
    try:
        return moment_of("From", since), moment_of("To", until) if until else None
    except SettingsError as error:
        raise InvalidError(str(error), field="since") from None


def _told(
    session: Session, actor: Actor, number: int, form: FormData
) -> tuple[Watch, dict[str, Any]]:
    """A watch that is set up, and what its source would be told."""
    watch = own_watch(session, actor, number)
    return watch, params_of(form, settings_of(get_source(watch.source).spec))


def _tried(request: Request, number: int, form: FormData) -> dict[str, Any]:
    store, actor = site_of(request).store, actor_of(request)
    with site_of(request).reading() as session:
        watch, params = _told(session, actor, number, form)
    return try_source(store, actor, watch.brand_id, source=watch.source, params=params)


def _new(
    request: Request,
    brand: str,
    source: str,
    *,
    error: ListeningError | None = None,
    form: FormData | None = None,
    sample: dict[str, Any] | None = None,
) -> Response:
    actor = actor_of(request)
    spec = REGISTRY[source].spec if source in REGISTRY else None
    with site_of(request).reading() as session:
        own = [b for b in list_brands(session) if actor.may(Permission.CONFIGURE, brand_id(b))]
        lacking = [
            one.wanted
            for one in standing_credentials(session)
            if spec is not None
            and one.source == spec.name
            and not (one.from_environment or one.set_by or one.wanted.optional)
        ]
    return render_settings(
        request,
        "settings/watch_new.html",
        title="Add a watch",
        chosen=brand,
        all_brands=own,
        sources=list(REGISTRY.values()),
        spec=spec,
        settings=settings_of(spec) if spec is not None else (),
        lacking=lacking,
        sample=sample,
        values={"every": "15m", "timezone": "UTC", **sent_of(form)},
        **told(error),
    )


def _one(
    request: Request,
    number: int,
    *,
    before: int | None = None,
    secret: str | None = None,
    error: ListeningError | None = None,
    form: FormData | None = None,
    sample: dict[str, Any] | None = None,
) -> Response:
    actor = actor_of(request)
    with site_of(request).reading() as session:
        watch = own_watch(session, actor, number, Permission.READ)
        (view,) = watch_views(session, actor, watch_id=number)
        sweeps = sweeps_page(session, number, before=before, limit=SWEEPS + 1)
        backfills = backfills_of(session, number)
    quiet = f"{watch.quiet_from}-{watch.quiet_until}" if watch.quiet_from else ""
    values = {
        "every": span_words(watch.interval_seconds),
        "cron": watch.cron or "",
        "timezone": watch.timezone,
        "quiet": quiet,
        "jitter": span_words(watch.jitter_seconds),
        "version": str(watch.version),
        **fields_of(watch.params),
        **sent_of(form),
    }
    source = REGISTRY.get(watch.source)
    may_set_up = actor.may(Permission.CONFIGURE, watch.brand_id)
    may_retell = may_set_up and source is not None and may_tell(actor, watch.source)
    return render_settings(
        request,
        "settings/watch.html",
        title=f"{watch.source}: {view.where}",
        view=view,
        sweeps=sweeps[:SWEEPS],
        older=sweeps[SWEEPS - 1].id if len(sweeps) > SWEEPS else None,
        backfills=backfills,
        can_backfill=source is not None and source.spec.backfill,
        may_set_up=may_set_up,
        params=written(watch.params),
        settings=settings_of(source.spec) if source is not None and may_retell else (),
        goes_on_with=source.spec.goes_on_with if source is not None else (),
        sample=sample,
        values=values,
        secret=secret,
        push_address=address_of(number),
        **told(error),
    )
