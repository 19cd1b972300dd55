"""What people decide about segments, by forms: each goes back to its page, with a way back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from api.web.acting import actor_of, form_of, need
from api.web.flash import redirect
from api.web.people import Number
from api.web.site import site_of
from listening.access import Permission
from listening.errors import InvalidError
from listening.store.segments.acts import change_segment, merge, unmerge
from listening.store.tables import Segment

router = APIRouter(include_in_schema=False)
Form = Annotated[FormData, Depends(form_of)]
_EDITS = [need(Permission.REVIEW, "everywhere")]


@router.post("/segments/{segment_id}/change", dependencies=_EDITS)
def change(request: Request, segment_id: Number, form: Form) -> Response:
    """Rename, pin, hide, or take that back."""
    values: dict[str, Any] = {
        name: _text(form, name) == "1" for name in ("pinned", "hidden") if name in form
    }
    if "name" in form:
        values["name"] = _text(form, "name").strip() or None
    with site_of(request).store.work() as session:
        before = _as_it_is(session.get(Segment, segment_id))
        found = change_segment(
            session, actor_of(request), segment_id, version=_number(form, "version"), **values
        )
        after = _as_it_is(found)
    changed = {name: before[name] for name in after if after[name] != before.get(name)}
    back = _back(form, segment_id)
    if not changed:
        return redirect(request, back, "Nothing was changed.")
    return redirect(
        request,
        back,
        _told(found, changed),
        undo=f"/segments/{segment_id}/change",
        undo_fields={**changed, "back": back},
    )


@router.post("/segments/{segment_id}/merge", dependencies=_EDITS)
def merge_into(request: Request, segment_id: Number, form: Form) -> Response:
    """Make a segment part of another."""
    into = _number(form, "into")
    if into is None:
        raise InvalidError("Choose the segment that stands for both.", field="into")
    with site_of(request).store.work() as session:
        whole = merge(
            session, actor_of(request), segment_id, into, version=_number(form, "version")
        )
        part = session.get_one(Segment, segment_id)
    keep = _text(form, "brand")
    return redirect(
        request,
        f"/segments/{whole.id}{keep}",
        f"{part.name} is part of {whole.name} now. The next segmentation finds the words of the "
        "whole.",
        undo=f"/segments/{segment_id}/unmerge",
        undo_fields={"brand": keep},
    )


@router.post("/segments/{segment_id}/unmerge", dependencies=_EDITS)
def take_apart(request: Request, segment_id: Number, form: Form) -> Response:
    """Take a merge back."""
    with site_of(request).store.work() as session:
        found = unmerge(session, actor_of(request), segment_id)
    return redirect(
        request, f"/segments/{segment_id}{_text(form, 'brand')}", f"{found.name} stands for itself."
    )


def _as_it_is(segment: Segment | None) -> dict[str, str]:
    """What a form would send to bring a segment back to how it is."""
    if segment is None:
        return {}
    flags = {name: "1" if getattr(segment, name) else "0" for name in ("pinned", "hidden")}
    return {"name": segment.name if segment.renamed else "", **flags}


def _told(segment: Segment, changed: dict[str, str]) -> str:
    said = {
        "name": f"It is named {segment.name} now.",
        "pinned": f"{segment.name} is {'kept by every run' if segment.pinned else 'unpinned'}.",
        "hidden": f"{segment.name} is {'hidden from' if segment.hidden else 'shown in'} lists.",
    }
    return " ".join(said[name] for name in changed)


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _number(form: FormData, name: str) -> int | None:
    text = _text(form, name)
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise InvalidError(f"{name} is a number.", field=name)
    return int(text)


def _back(form: FormData, segment_id: int) -> str:
    return _text(form, "back") or f"/segments/{segment_id}"
