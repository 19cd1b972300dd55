"""Cases: lists, one, and what is done to it."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Annotated

from fastapi import Query, Request
from sqlmodel import Session
from starlette.responses import Response

from api.routes.paging import Cursor, Id, Limit, decode_cursor, encode_cursor
from api.routes.v1.caseshown import actions_of, case_shown, filter_of, posts_shown
from api.routes.v1.route import api_router, expected_version
from api.schemas.base import Page
from api.schemas.cases import (
    AnswerSent,
    BatchSent,
    BulkDone,
    BulkSent,
    CaseCountsShown,
    CaseEventShown,
    CasePatch,
    CaseQuery,
    CaseShown,
    CaseWhole,
    NoteSent,
    NoteShown,
    Outcome,
    OverrideSent,
    PaceShown,
    PostShown,
    WeekShown,
)
from api.web.acting import actor_of, need
from api.web.site import Site, site_of
from listening.access import Permission
from listening.errors import InvalidError
from listening.store.cases.actions import act, get_case
from listening.store.cases.history import Pace, history, pace
from listening.store.cases.lists import CaseOrder, as_views, count_listed, list_cases
from listening.store.cases.many import (
    Done,
    act_on_many,
    group_of,
    override_case,
    undo,
    undo_batch,
)
from listening.store.cases.notes import add_note, answer, answer_many, notes_of
from listening.store.posts.threads import thread_of
from listening.store.tables import Case, CaseStatus
from listening.store.tables.types import now

router = api_router("cases")
_READ = [need(Permission.READ)]
_ANSWER = [need(Permission.ANSWER)]
_CASES = "/brands/{brand_id}/cases"
PLACES: dict[CaseOrder, tuple[type | tuple[type, ...], ...]] = {
    CaseOrder.URGENCY: ((float, int), int),
    CaseOrder.DUE: (datetime, int),
    CaseOrder.NEWEST: (datetime, int),
}
Asked = Annotated[CaseQuery, Query()]


@router.get(_CASES, dependencies=_READ)
def cases(
    request: Request, brand_id: Id, asked: Asked, cursor: Cursor = None, limit: Limit = 50
) -> Page[CaseShown]:
    """Cases of a brand: the most urgent, the soonest due or the newest first."""
    place = decode_cursor(cursor, PLACES[asked.order])
    if place is not None and None in place:
        raise InvalidError("This cursor is not of this list: begin again.", field="cursor")
    after = (place[0], place[1]) if place else None
    with site_of(request).reading() as session:
        chosen = filter_of(session, actor_of(request), asked)
        found = list_cases(session, brand_id, chosen, order=asked.order, after=after, limit=limit)
    at = now()
    return Page(
        items=[case_shown(view, at) for view in found.cases],
        next_cursor=encode_cursor(found.after) if found.after else None,
    )


@router.get(_CASES + "/counts", dependencies=_READ)
def counts(request: Request, brand_id: Id, asked: Asked) -> CaseCountsShown:
    """How many cases a filter finds in each state; its own state and its text are no matter."""
    with site_of(request).reading() as session:
        found = count_listed(session, brand_id, filter_of(session, actor_of(request), asked))
    return CaseCountsShown(**{status.value: number for status, number in found.items()})


@router.get(_CASES + "/metrics", dependencies=_READ)
def metrics(request: Request, brand_id: Id) -> PaceShown:
    """How long answers and closings took, by week, with what each figure stands on."""
    found = kept_pace(site_of(request), brand_id)
    return PaceShown(
        answer=[WeekShown.model_validate(week) for week in found.answer],
        close=[WeekShown.model_validate(week) for week in found.close],
    )


def kept_pace(site: Site, brand_id: int) -> Pace:
    """The figures of a brand, as of some minutes ago where they take long to read."""

    def read() -> Pace:
        with site.reading() as session:
            return pace(session, brand_id, now())

    return site.kept.get(("pace", brand_id), read, dear=0.02, age=120)


@router.post(_CASES + "/bulk", dependencies=_ANSWER)
def bulk(request: Request, brand_id: Id, sent: BulkSent) -> BulkDone:
    """Do the same to several cases, each on its own: one that is refused stops no other."""
    batch = secrets.token_hex(8)
    actor = actor_of(request)
    results: dict[int, Done] = {}
    with site_of(request).store.work() as session:
        wanted = [(item.id, item.version) for item in sent.items]
        for action in actions_of(session, actor, sent):
            done = act_on_many(session, actor, brand_id, wanted, action, batch=batch)
            results |= {one.case_id: one for one in done}
            wanted = [(one.case_id, one.version) for one in done if one.error is None]
    return _done(batch, list(results.values()))


@router.post(_CASES + "/bulk/undo", dependencies=_ANSWER)
def bulk_undo(request: Request, brand_id: Id, sent: BatchSent) -> BulkDone:
    """Take back what was done to several, where nobody did something since."""
    with site_of(request).store.work() as session:
        done = undo_batch(session, actor_of(request), brand_id, sent.batch)
    return _done(sent.batch, done)


def _done(batch: str, done: list[Done]) -> BulkDone:
    return BulkDone(
        batch=batch,
        done=sum(one.error is None for one in done),
        results=[Outcome.model_validate(one) for one in done],
    )


@router.get(_CASES + "/{case_id}", dependencies=_READ)
def case(request: Request, response: Response, brand_id: Id, case_id: Id) -> CaseWhole:
    """A case with its notes and what was done to it."""
    with site_of(request).reading() as session:
        found = whole(session, get_case(session, brand_id, case_id))
    response.headers["ETag"] = f'"{found.version}"'
    return found


def whole(session: Session, found: Case) -> CaseWhole:
    """A case as it stands."""
    own = int(found.id or 0)
    (view,) = as_views(session, [found])
    return CaseWhole(
        **case_shown(view, now()).model_dump(),
        notes=[NoteShown.model_validate(one) for one in notes_of(session, own)],
        history=[CaseEventShown.model_validate(one) for one in history(session, own)],
    )


@router.patch(_CASES + "/{case_id}", dependencies=_ANSWER)
def patch(request: Request, brand_id: Id, case_id: Id, sent: CasePatch) -> CaseWhole:
    """Change how a case stands; all that is sent, or nothing."""
    version = _version(request, sent.version)
    actor = actor_of(request)
    with site_of(request).store.work() as session:
        found = get_case(session, brand_id, case_id)
        for action in actions_of(session, actor, sent):
            found = act(session, actor, brand_id, case_id, action, version=version)
            version = found.version
        return whole(session, found)


@router.post(_CASES + "/{case_id}/override", dependencies=_ANSWER)
def override(request: Request, brand_id: Id, case_id: Id, sent: OverrideSent) -> CaseWhole:
    """Set what the mention says of the brand: the author's stance and the case follow."""
    version = _version(request, sent.version)
    with site_of(request).store.work() as session:
        found = override_case(
            session, actor_of(request), brand_id, case_id, sent.sentiment, version=version
        )
        return whole(session, found)


@router.post(_CASES + "/{case_id}/undo", dependencies=_ANSWER)
def undo_last(request: Request, brand_id: Id, case_id: Id) -> CaseWhole:
    """Take back what you did last to a case, where nobody did something since."""
    with site_of(request).store.work() as session:
        return whole(session, undo(session, actor_of(request), brand_id, case_id))


@router.post(_CASES + "/{case_id}/notes", status_code=201, dependencies=_ANSWER)
def note(request: Request, brand_id: Id, case_id: Id, sent: NoteSent) -> NoteShown:
    """Note something for colleagues."""
    with site_of(request).store.work() as session:
        found = add_note(session, actor_of(request), brand_id, case_id, sent.text)
        return NoteShown.model_validate(found)


@router.post(_CASES + "/{case_id}/answer", dependencies=_ANSWER)
def answered(request: Request, brand_id: Id, case_id: Id, sent: AnswerSent) -> BulkDone:
    """Keep what the author was told, and bring the case on; or every case of its group."""
    version = _version(request, sent.version)
    then = CaseStatus(sent.then) if sent.then else None
    actor, batch = actor_of(request), secrets.token_hex(8)
    with site_of(request).store.work() as session:
        own = get_case(session, brand_id, case_id)
        if not sent.group:
            found = answer(
                session, actor, brand_id, case_id, sent.text, then=then, version=version,
                batch=batch,
            )  # fmt: skip
            return _done(batch, [Done(case_id, found.version)])
        wanted = [(n, version if n == case_id else None) for n in group_of(session, own)]
        done = answer_many(session, actor, brand_id, wanted, sent.text, then=then, batch=batch)
    return _done(batch, done)


@router.get(_CASES + "/{case_id}/thread", dependencies=_READ)
def thread(request: Request, brand_id: Id, case_id: Id) -> list[PostShown]:
    """What was said before and after, as far as it is in the store."""
    with site_of(request).reading() as session:
        (view,) = as_views(session, [get_case(session, brand_id, case_id)])
        return posts_shown(thread_of(session, view.mention.post))


@router.get(_CASES + "/{case_id}/similar", dependencies=_READ)
def similar(request: Request, brand_id: Id, case_id: Id) -> list[CaseShown]:
    """Cases that the same answer serves, at most fifty; this one not."""
    with site_of(request).reading() as session:
        numbers = group_of(session, get_case(session, brand_id, case_id))[1:51]
        found = [get_case(session, brand_id, number) for number in numbers]
        at = now()
        return [case_shown(view, at) for view in as_views(session, found)]


def _version(request: Request, sent: int | None) -> int:
    found = expected_version(request, sent)
    if found is None:
        raise InvalidError(
            "Name the version that you saw: two people never overwrite each other.",
            field="version",
        )
    return found
