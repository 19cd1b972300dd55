"""A segment as an audience: its members who mention a brand, as a platform's file."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from api.web.acting import actor_of, need
from api.web.people import Number, chosen_brand
from api.web.site import site_of
from listening.access import Permission
from listening.audiences import AudienceFormat
from listening.errors import NotFoundError
from listening.store.access.audit import record
from listening.store.brands.brands import brand_id
from listening.store.flags.audience import audience_of
from listening.store.segments.members import member_ids
from listening.store.segments.segments import current_segmentation
from listening.store.tables import Brand, Segment

router = APIRouter(include_in_schema=False)


@router.get("/segments/{segment_id}/audience", dependencies=[need(Permission.REVIEW, "somewhere")])
def download(
    request: Request, segment_id: Number, brand: str, format: AudienceFormat = AudienceFormat.X
) -> StreamingResponse:
    """The file, as a download."""
    with site_of(request).reading() as session:
        chosen = chosen_brand(session, brand)
    actor_of(request).require(Permission.REVIEW, brand_id(chosen))
    return audience_file(request, segment_id, chosen, format)


def audience_file(
    request: Request, segment_id: int, brand: Brand, form: AudienceFormat
) -> StreamingResponse:
    """The file, written as it is read; that it was taken stands in the audit log.

    Raises:
        NotFoundError: no such segment in the current run.
    """
    site, number = site_of(request), brand_id(brand)
    with site.store.work() as session:
        run, segment = current_segmentation(session), session.get(Segment, segment_id)
        if run is None or segment is None:
            raise NotFoundError(f"No segment {segment_id} in the current segmentation.")
        record(
            session, actor_of(request), "segment.export", noun="segment", noun_id=segment_id,
            brand_id=number, after={"format": form.value},
        )  # fmt: skip

    def lines() -> Iterator[str]:
        with site.reading() as session:
            yield from audience_of(session, member_ids(session, run, segment_id, number), form)

    name = f"segment-{segment_id}-{form.value}.csv"
    return StreamingResponse(
        lines(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
