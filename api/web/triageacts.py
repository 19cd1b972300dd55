"""What the forms of the triage page do; the same functions as the API's."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Request
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from api.web.acting import actor_of, brand_of, form_of, need
from api.web.flash import redirect
from api.web.formats import brand_url, plural
from api.web.people import Number
from api.web.site import site_of
from api.web.triage import triage
from listening.access import Actor, Permission
from listening.errors import ConflictError, InvalidError, ListeningError
from listening.store.brands.brands import brand_id
from listening.store.cases.actions import Action, Verb, get_case
from listening.store.cases.many import (
    Done,
    act_on_many,
    each,
    group_of,
    override_case,
    undo,
    undo_batch,
)
from listening.store.cases.notes import add_note, answer_many, remove_canned, save_canned
from listening.store.cases.owners import own_login
from listening.store.tables import CaseStatus, Priority, SentimentLabel

T = TypeVar("T", bound=StrEnum)

router = APIRouter(include_in_schema=False)
Form = Annotated[FormData, Depends(form_of)]
_PATH = "/brands/{slug:path}/triage"
_DONE = {
    "close": "closed",
    "pending": "set to pending",
    "open": "opened again",
    "snooze": "snoozed",
    "assign": "assigned",
    "take": "taken",
    "priority": "given another priority",
    "star": "starred",
    "unstar": "no longer starred",
    "check": "checked",
    "uncheck": "no longer checked",
    "answer": "answered",
    "note": "noted",
}

_ALONE = frozenset({"note", "override"})  # taken back one by one


@router.post(_PATH + "/act", dependencies=[need(Permission.ANSWER)])
def act_on(request: Request, slug: str, form: Form) -> Response:
    """Do something to the cases that a form names."""
    brand, actor = brand_of(request), actor_of(request)
    own = brand_id(brand)
    back = str(form.get("back", ""))
    shown = _number(form.get("shown"))
    batch = secrets.token_hex(8)
    to = _address(brand.slug, back, shown)
    try:
        what = str(form.get("do", ""))
        with site_of(request).store.work() as session:
            wanted = _wanted(form)
            if form.get("group") == "1" and len(wanted) == 1:
                first, version = wanted[0]
                group = group_of(session, get_case(session, own, first))
                wanted = [(n, version if n == first else None) for n in group]
            done = _do(session, actor, own, wanted, what, form, batch)
            past = _DONE.get(what) or _corrected(session, own, done, form)
    except (ConflictError, InvalidError) as error:
        return redirect(request, to, str(error), bad=True)
    refused = [one for one in done if one.error is not None]
    if refused and len(done) == 1:
        # What was typed is kept: the page itself is the answer.
        typed = {name: str(form.get(name, "")) for name in ("text", "note")}
        return triage(
            request, address=back, case=refused[0].case_id, conflict=refused[0].error, typed=typed
        )
    count = len(done) - len(refused)
    said = f"{plural(count, 'case')} {past}."
    if refused:
        said += f" {len(refused)} not: {refused[0].error}"
    left = {"close", "pending", "snooze", "answer", "override", "open"}
    to = _address(brand.slug, back, None if what in left else shown)
    return redirect(
        request, to, said, bad=bool(refused),
        undo=brand_url(brand.slug, "triage") + "/undo" if count else None,
        undo_fields={
            "batch": "" if what in _ALONE else batch,
            "back": back,
            "case": str(done[0].case_id),
        },
    )  # fmt: skip


@router.post(_PATH + "/undo", dependencies=[need(Permission.ANSWER)])
def undo_act(request: Request, slug: str, form: Form) -> Response:
    """Take back what a form did last."""
    brand, actor = brand_of(request), actor_of(request)
    own, case = brand_id(brand), _number(form.get("case"))
    to = _address(brand.slug, str(form.get("back", "")), case)
    batch = str(form.get("batch", ""))[:64]
    try:
        with site_of(request).store.work() as session:
            if batch:
                done = undo_batch(session, actor, own, batch)
            else:
                done = [Done(case or 0, undo(session, actor, own, case or 0).version)]
    except ListeningError as error:
        return redirect(request, to, str(error), bad=True)
    refused = [one.error for one in done if one.error is not None]
    said = f"Taken back for {plural(len(done) - len(refused), 'case')}."
    return redirect(request, to, " ".join([said, *refused[:1]]), bad=bool(refused))


@router.post(_PATH + "/canned", dependencies=[need(Permission.ANSWER)])
def keep_canned(request: Request, slug: str, form: Form) -> Response:
    """Keep a text that is said often."""
    brand = brand_of(request)
    to = _address(brand.slug, str(form.get("back", "")), _number(form.get("shown")))
    try:
        with site_of(request).store.work() as session:
            found = save_canned(
                session, actor_of(request), brand_id(brand),
                name=str(form.get("name", "")), text=str(form.get("text", "")),
            )  # fmt: skip
            said = f"Kept as {found.name}."
    except (ConflictError, InvalidError) as error:
        return redirect(request, to, str(error), bad=True)
    return redirect(request, to, said)


@router.post(_PATH + "/canned/{canned_id}/remove", dependencies=[need(Permission.ANSWER)])
def drop_canned(request: Request, slug: str, canned_id: Number, form: Form) -> Response:
    """Take a text away."""
    brand = brand_of(request)
    to = _address(brand.slug, str(form.get("back", "")), _number(form.get("shown")))
    with site_of(request).store.work() as session:
        remove_canned(session, actor_of(request), brand_id(brand), canned_id)
    return redirect(request, to, "The canned note is gone.")


def _do(
    session: Session,
    actor: Actor,
    brand: int,
    wanted: list[tuple[int, int | None]],
    what: str,
    form: FormData,
    batch: str,
) -> list[Done]:
    """Do it to each, and say what came of it."""
    text = str(form.get("text", ""))
    if what == "answer":
        then = {"pending": CaseStatus.PENDING, "closed": CaseStatus.CLOSED}
        chosen = then.get(str(form.get("then", "")))
        return answer_many(session, actor, brand, wanted, text, then=chosen, batch=batch)
    if what == "note":
        for case_id, _ in wanted:
            add_note(session, actor, brand, case_id, str(form.get("note", "")))
        return [Done(case_id) for case_id, _ in wanted]
    if what == "override":
        said = str(form.get("sentiment", ""))
        label = None if said == "none" else _one_of(SentimentLabel, said)
        return each(
            wanted,
            lambda case_id, version: override_case(
                session, actor, brand, case_id, label, version=version
            ),
        )
    action = _action(session, actor, what, form)
    return act_on_many(session, actor, brand, wanted, action, batch=batch)


def _corrected(session: Session, brand: int, done: list[Done], form: FormData) -> str:
    """What became of cases whose sentiment somebody corrected."""
    said = str(form.get("sentiment", ""))
    closed = [
        one.case_id for one in done
        if one.error is None and get_case(session, brand, one.case_id).status is CaseStatus.CLOSED
    ]  # fmt: skip
    to = "what the model says" if said == "none" else said
    return f"set to {to}" + (", and so closed" if closed else "")


def _action(session: Session, actor: Actor, what: str, form: FormData) -> Action:
    if what == "take":
        return Action(verb=Verb.ASSIGN, owner=own_login(session, actor))
    if what == "assign":
        return Action(verb=Verb.ASSIGN, owner=str(form.get("owner", "")) or None)
    if what == "priority":
        said = str(form.get("priority", ""))
        return Action(
            verb=Verb.PRIORITY, priority=None if said == "computed" else _one_of(Priority, said)
        )
    if what in {"star", "unstar", "check", "uncheck"}:
        verb = Verb(what.removeprefix("un"))
        return Action(verb=verb, value=not what.startswith("un"))
    if what == "snooze":
        return Action(verb=Verb.SNOOZE, until=_moment(str(form.get("until", ""))))
    if what not in {"close", "pending", "open"}:
        raise InvalidError("Choose what to do.", field="do")
    return Action(verb=Verb(what))


def _one_of(kind: type[T], value: str) -> T:
    try:
        return kind(value)
    except ValueError:
        raise InvalidError(f"Choose one of {', '.join(kind)}.", field="do") from None


def _moment(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _wanted(form: FormData) -> list[tuple[int, int | None]]:
    found: list[tuple[int, int | None]] = []
    for value in form.getlist("case"):
        number, _, version = str(value).partition(":")
        if _number(number) is None:
            raise InvalidError("A case has a number.", field="case")
        found.append((int(number), _number(version)))
    if not found:
        raise InvalidError("Tick the cases first.", field="case")
    return found


def _number(value: object) -> int | None:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _address(slug: str, back: str, case: int | None) -> str:
    pairs = [(k, v) for k, v in parse_qsl(back) if k != "case"]
    if case is not None:
        pairs.append(("case", str(case)))
    return brand_url(slug, "triage") + (f"?{urlencode(pairs)}" if pairs else "")
