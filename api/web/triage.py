"""Triage: the queue of a brand, and the case that is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from sqlmodel import Session, select
from starlette.responses import HTMLResponse, Response

from api.routes.paging import decode_cursor, encode_cursor
from api.routes.v1.cases import PLACES, kept_pace
from api.routes.v1.caseshown import filter_of
from api.schemas.cases import CaseQuery
from api.web.acting import actor_of, brand_of, need
from api.web.keeping import known_change
from api.web.people import Number
from api.web.savedviews import views_for
from api.web.site import render, site_of
from listening.access import Actor, Permission
from listening.caseflow import filled, overdue, snooze_choices
from listening.errors import InvalidError
from listening.store.brands.brands import brand_id, list_brands
from listening.store.cases.actions import get_case, told
from listening.store.cases.cases import CaseView
from listening.store.cases.history import history
from listening.store.cases.lists import COUNTED, LOOKED_THROUGH, as_views, count_listed, list_cases
from listening.store.cases.many import group_of
from listening.store.cases.notes import canned_notes, notes_of
from listening.store.cases.owners import own_login, owners
from listening.store.posts.threads import thread_of
from listening.store.tables import Brand, Case, CaseStatus, Stance
from listening.store.tables.types import now

router = APIRouter(include_in_schema=False)
_PATH = "/brands/{slug:path}/triage"
_SIZE = 50
_SIMILAR = 5  # shown beside a case
# Of an address, what is no filter.
_NO_FILTER = frozenset({"case", "cursor", "csrf"})
_ALL = "all"

Text = Annotated[str, Query(max_length=2000)]


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of an address.

    Attributes:
        pairs: as they stand in it, for links.
        status: the tab; "all": whatever state.
    """

    query: CaseQuery
    pairs: tuple[tuple[str, str], ...]
    status: str

    def address(self, **changed: object) -> str:
        """The part of an address after its question mark, with some filters changed."""
        kept = [(k, v) for k, v in self.pairs if k not in changed]
        return urlencode([*kept, *((k, str(v)) for k, v in changed.items() if v is not None)])

    @property
    def narrowed(self) -> bool:
        """Whether anything but the state and the order is asked for."""
        return any(name not in {"status", "order"} for name, _ in self.pairs)


def asked_of(address: str) -> Asked:
    """The filters that stand in an address.

    Raises:
        InvalidError: one has a value that it cannot have.
    """
    pairs = tuple((k, v) for k, v in parse_qsl(address)[:100] if k not in _NO_FILTER)
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    status = given.pop("status", [CaseStatus.OPEN.value])
    if status == [_ALL]:
        status = []
    one = {"overdue", "group", "author", "starred", "checked", "text", "order"}
    values: dict[str, Any] = {k: v[-1] if k in one else v for k, v in given.items()}
    try:
        query = CaseQuery.model_validate({**values, "status": status})
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        raise InvalidError(f"{field}: {error.errors()[0]['msg']}.", field=field) from None
    return Asked(query, pairs, status[0] if len(status) == 1 else _ALL)


@router.get(_PATH, dependencies=[need(Permission.READ)])
def triage_page(
    request: Request, slug: str, case: int | None = Query(None, ge=1), cursor: Text = ""
) -> Response:
    """The queue of a brand with the case that is looked at."""
    return triage(request, case=case, cursor=cursor)


def triage(
    request: Request,
    *,
    address: str | None = None,
    case: int | None = None,
    cursor: str = "",
    conflict: str | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    """The page.

    Args:
        request: of the page, or of a form that stands on it.
        address: of the page, where the request is a form's.
        case: that is looked at; None: the first.
        cursor: where the list begins.
        conflict: why a form did nothing.
        typed: what it had in its fields, which is kept.
    """
    site, actor, brand = site_of(request), actor_of(request), brand_of(request)
    asked = asked_of(request.url.query if address is None else address)
    order = asked.query.order
    place = decode_cursor(cursor, PLACES[order])
    own = brand_id(brand)
    with site.reading() as session:
        change = known_change(session)
        chosen = filter_of(session, actor, asked.query)
        found = list_cases(
            session, own, chosen, order=order,
            after=(place[0], place[1]) if place and None not in place else None, limit=_SIZE,
        )  # fmt: skip
        counts = count_listed(session, own, replace(chosen, statuses=()))
        shown = None
        if case is not None:
            shown = get_case(session, own, case)
        elif found.cases:
            shown = found.cases[0].case
        pace = kept_pace(site, own)
        return render(
            request,
            "triage.html",
            title=f"Triage of {brand.name}",
            brands=list_brands(session),
            brand=brand,
            tab="triage",
            status=409 if conflict else 200,
            asked=asked,
            here=asked.address(),
            page=found,
            change=change,
            next=asked.address(cursor=encode_cursor(found.after)) if found.after else None,
            first=not cursor,
            counts={status.value: number for status, number in counts.items()},
            counted=COUNTED,
            looked=LOOKED_THROUGH if chosen.words else None,
            chosen=case is not None,
            pace=pace,
            views=views_for(session, actor, brand, "triage"),
            people=[one.login for one in owners(session, own)],
            me=own_login(session, actor),
            **(pane(session, brand, actor, shown, conflict, typed) if shown else {"view": None}),
        )


@router.get(_PATH + "/cases/{case_id}", dependencies=[need(Permission.READ)])
def case_part(request: Request, slug: str, case_id: Number) -> Response:
    """The case alone, for the module of the page."""
    brand, actor = brand_of(request), actor_of(request)
    own = brand_id(brand)
    template = site_of(request).templates.get_template("triage_case.html")
    with site_of(request).reading() as session:
        case = get_case(session, own, case_id)
        may = {p.value: actor.may(p, own) for p in Permission}
        html = template.render(
            brand=brand,
            may=may,
            csrf=request.state.csrf,
            here=asked_of(request.url.query).address(),
            people=[one.login for one in owners(session, own)],
            me=own_login(session, actor),
            **pane(session, brand, actor, case),
        )
    return HTMLResponse(html)


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of a case's history."""

    at: datetime
    by: str
    what: str
    text: str | None = None
    undone: bool = False


def pane(
    session: Session,
    brand: Brand,
    actor: Actor,
    case: Case,
    conflict: str | None = None,
    typed: dict[str, str] | None = None,
) -> dict[str, Any]:
    """What `triage_case.html` names."""
    own = int(case.id or 0)
    (view,) = as_views(session, [case])
    post, author = view.mention.post, view.mention.author
    group = group_of(session, case)
    cases = [get_case(session, case.brand_id, n) for n in group[1 : 1 + _SIMILAR]]
    at = now()
    name = author.handle or author.name or author.native_id
    name = f"@{name.removeprefix('@')}" if author.handle else name
    return {
        "view": view,
        "late": overdue(str(case.status), case.due_at, at),
        "similar": as_views(session, cases),
        "group": len(group) - 1,
        "thread": thread_of(session, post),
        "happened": _happened(session, own, view),
        "stance": session.exec(
            select(Stance).where(
                Stance.brand_id == case.brand_id, Stance.author_id == case.author_id
            )
        ).first(),
        "canned": [
            (one, filled(one.text, author=name, brand=brand.name))
            for one in canned_notes(session, case.brand_id)
        ],
        "snoozes": [(words, until.isoformat()) for words, until in snooze_choices(at)],
        "conflict": conflict,
        "typed": typed or {},
    }


def _happened(session: Session, case_id: int, view: CaseView) -> Sequence[Happened]:
    """What was done and noted, oldest first, with the opening."""
    texts = {one.id: one for one in notes_of(session, case_id)}
    lines = [Happened(view.case.opened_at, "", "opened")]
    for event in history(session, case_id):
        note = texts.get(event.after.get("note_id"))
        lines.append(
            Happened(
                event.at,
                event.by,
                told(event.action, event.after),
                note.text if note else None,
                event.undone_at is not None,
            )
        )
    return lines
