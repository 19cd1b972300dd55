"""Segments: lists, personas, members, the map, what changed, and what people decide of them."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from sqlmodel import Session

from api.routes.paging import Cursor, Id, Limit, decode_cursor, encode_cursor
from api.routes.v1.route import api_router, expected_version
from api.schemas.base import Page
from api.schemas.segments import (
    ChangesShown,
    FlowShown,
    MapShown,
    MemberShown,
    PersonaShown,
    SegmentChange,
    SegmentEdited,
    SegmentEventShown,
    SegmentMerge,
    SegmentShown,
)
from api.web.acting import actor_of, brand_of, need
from api.web.audience import audience_file
from api.web.keeping import kept_everyone, kept_persona, kept_points_of
from api.web.site import site_of
from listening.access import Permission
from listening.audiences import AudienceFormat
from listening.errors import NotFoundError
from listening.store.segments.acts import change_segment, merge, unmerge
from listening.store.segments.lineage import PastEvent, lineage_of, lineage_of_run
from listening.store.segments.members import Member, members_after
from listening.store.segments.moves import flows_of_run
from listening.store.segments.personas import segment_persona
from listening.store.segments.segments import current_segmentation, run_id_of
from listening.store.segments.views import SegmentView, segment_views
from listening.store.tables import Segment, Segmentation

MOST_FLOWS = 100
_OF_BRAND = [need(Permission.READ)]
_OF_ALL = [need(Permission.READ, "everywhere")]
_EDITS = [need(Permission.REVIEW, "everywhere")]

router = api_router("segments")


@router.get("/brands/{brand_id}/segments", dependencies=_OF_BRAND)
def list_of_brand(
    request: Request, brand_id: Id, cursor: Cursor = None, limit: Limit = 50, hidden: bool = False
) -> Page[SegmentShown]:
    """Segments as the authors of a brand fall into them, largest first."""
    return _list(request, brand_id, cursor, limit, hidden)


@router.get("/segments", dependencies=_OF_ALL)
def list_of_all(
    request: Request, cursor: Cursor = None, limit: Limit = 50, hidden: bool = False
) -> Page[SegmentShown]:
    """Segments with everybody, largest first."""
    return _list(request, None, cursor, limit, hidden)


@router.get("/brands/{brand_id}/segments/map", dependencies=_OF_BRAND)
def map_of_all(request: Request, brand_id: Id) -> MapShown:
    """The dots of the map."""
    site = site_of(request)
    with site.reading() as session:
        found = kept_points_of(site, session)
    points = found.points if found is not None else []
    return MapShown(
        total=found.total if found is not None else 0,
        segment_ids=[p.segment_id for p in points],
        noise=[p.noise for p in points],
        x=[p.x for p in points],
        y=[p.y for p in points],
    )


@router.get("/brands/{brand_id}/segments/changes", dependencies=_OF_BRAND)
def changes(request: Request, brand_id: Id) -> ChangesShown:
    """What became of segments in the last run, and the ways authors went."""
    with site_of(request).reading() as session:
        run = current_segmentation(session)
        if run is None:
            return ChangesShown(run_at=None, events=[], flows=[])
        flows = flows_of_run(session, run_id_of(run), limit=MOST_FLOWS)
        return ChangesShown(
            run_at=run.created_at,
            events=[_event(e) for e in lineage_of_run(session, run_id_of(run))],
            flows=[
                FlowShown(from_id=f.was.id or 0, to_id=f.segment.id or 0, authors=f.authors)
                for f in flows
            ],
        )


@router.get("/brands/{brand_id}/segments/{segment_id}", dependencies=_OF_BRAND)
def one_of_brand(request: Request, brand_id: Id, segment_id: Id) -> SegmentShown:
    """A segment among those who mention a brand."""
    return _one(request, segment_id, brand_id)


@router.get("/segments/{segment_id}", dependencies=_OF_ALL)
def one_of_all(request: Request, segment_id: Id) -> SegmentShown:
    """A segment with everybody."""
    return _one(request, segment_id, None)


@router.get("/brands/{brand_id}/segments/{segment_id}/persona", dependencies=_OF_BRAND)
def persona_of_brand(request: Request, brand_id: Id, segment_id: Id) -> PersonaShown:
    """What those of a segment who mention a brand are like."""
    return _persona(request, segment_id, brand_id)


@router.get("/segments/{segment_id}/persona", dependencies=_OF_ALL)
def persona_of_all(request: Request, segment_id: Id) -> PersonaShown:
    """What everybody in a segment is like."""
    return _persona(request, segment_id, None)


@router.get("/brands/{brand_id}/segments/{segment_id}/members", dependencies=_OF_BRAND)
def members_of_brand(
    request: Request, brand_id: Id, segment_id: Id, cursor: Cursor = None, limit: Limit = 50
) -> Page[MemberShown]:
    """Members who mention a brand, the strongest first."""
    return _members(request, segment_id, brand_id, cursor, limit)


@router.get("/segments/{segment_id}/members", dependencies=_OF_ALL)
def members_of_all(
    request: Request, segment_id: Id, cursor: Cursor = None, limit: Limit = 50
) -> Page[MemberShown]:
    """Every member, the strongest first."""
    return _members(request, segment_id, None, cursor, limit)


@router.get("/brands/{brand_id}/segments/{segment_id}/lineage", dependencies=_OF_BRAND)
def lineage(request: Request, brand_id: Id, segment_id: Id) -> list[SegmentEventShown]:
    """All that became of a segment, latest first."""
    with site_of(request).reading() as session:
        if session.get(Segment, segment_id) is None:
            raise NotFoundError(f"No segment {segment_id}.")
        return [_event(e) for e in lineage_of(session, segment_id)]


@router.get(
    "/brands/{brand_id}/segments/{segment_id}/audience",
    dependencies=[need(Permission.REVIEW)],
    response_class=Response,
    responses={200: {"content": {"text/csv": {"example": "Email,Phone\n"}}}},
)
def audience(
    request: Request, brand_id: Id, segment_id: Id, format: AudienceFormat = AudienceFormat.X
) -> StreamingResponse:
    """The members who mention a brand as an audience file: hashed, as the platform takes it."""
    return audience_file(request, segment_id, brand_of(request), format)


@router.patch("/segments/{segment_id}", dependencies=_EDITS)
def change(request: Request, segment_id: Id, sent: SegmentChange) -> SegmentEdited:
    """Rename, pin, hide, or take that back: all brands share segments."""
    values = sent.model_dump(exclude_unset=True, exclude={"version"})
    version = expected_version(request, sent.version)
    with site_of(request).store.work() as session:
        found = change_segment(session, actor_of(request), segment_id, version=version, **values)
        return SegmentEdited.model_validate(found)


@router.post("/segments/{segment_id}/merge", dependencies=_EDITS)
def merge_into(request: Request, segment_id: Id, sent: SegmentMerge) -> SegmentEdited:
    """Make a segment part of another; answers with the part."""
    version = expected_version(request, sent.version)
    with site_of(request).store.work() as session:
        merge(session, actor_of(request), segment_id, sent.into, version=version)
        return SegmentEdited.model_validate(session.get_one(Segment, segment_id))


@router.post("/segments/{segment_id}/unmerge", dependencies=_EDITS)
def take_apart(request: Request, segment_id: Id) -> SegmentEdited:
    """Take a merge back."""
    version = expected_version(request)
    with site_of(request).store.work() as session:
        found = unmerge(session, actor_of(request), segment_id, version=version)
        return SegmentEdited.model_validate(found)


def _list(
    request: Request, brand: int | None, cursor: str | None, limit: int, hidden: bool
) -> Page[SegmentShown]:
    place = decode_cursor(cursor, (int, int))
    with site_of(request).reading() as session:
        views = segment_views(session, brand_id=brand, hidden=hidden)
    if place is not None:
        views = [v for v in views if (-v.authors, v.state.label) > (-place[0], place[1])]
    shown = views[:limit]
    more = len(views) > limit
    return Page(
        items=[_segment(v) for v in shown],
        next_cursor=encode_cursor((shown[-1].authors, shown[-1].state.label)) if more else None,
    )


def _view(session: Session, segment_id: int, brand: int | None) -> tuple[Segmentation, SegmentView]:
    run = current_segmentation(session)
    views = segment_views(session, brand_id=brand, hidden=True)
    found = next((v for v in views if v.segment.id == segment_id), None)
    if run is None or found is None:
        raise NotFoundError(f"No segment {segment_id} in the current segmentation.")
    return run, found


def _one(request: Request, segment_id: int, brand: int | None) -> SegmentShown:
    with site_of(request).reading() as session:
        return _segment(_view(session, segment_id, brand)[1])


def _persona(request: Request, segment_id: int, brand: int | None) -> PersonaShown:
    site = site_of(request)
    with site.reading() as session:
        _view(session, segment_id, brand)
        found = segment_persona(
            session,
            segment_id,
            brand_id=brand,
            everyone=kept_everyone(site, session),
            own=kept_persona(session, segment_id, brand),
        )
    row = asdict(found)
    seen = actor_of(request).visible()
    row["brands"] = [b for b in row["brands"] if seen is None or b["brand_id"] in seen]
    return PersonaShown.model_validate(row)


def _members(
    request: Request, segment_id: int, brand: int | None, cursor: str | None, limit: int
) -> Page[MemberShown]:
    place = decode_cursor(cursor, ((int, float), int))
    with site_of(request).reading() as session:
        run, _ = _view(session, segment_id, brand)
        after = (float(place[0] or 0.0), int(place[1] or 0)) if place is not None else None
        found = members_after(session, run, segment_id, brand, after, limit + 1)
    shown = found[:limit]
    return Page(
        items=[_member(m) for m in shown],
        next_cursor=encode_cursor(shown[-1].place) if len(found) > limit else None,
    )


def _segment(view: SegmentView) -> SegmentShown:
    segment, state = view.segment, view.state
    return SegmentShown(
        id=int(segment.id or 0), name=segment.name, named_by_people=segment.renamed,
        pinned=segment.pinned, hidden=segment.hidden, version=segment.version,
        keywords=state.keywords, members=view.authors, nearest=view.nearest, share=view.share,
        mentions=view.mentions, scored=view.scored, net_sentiment=view.net_sentiment,
        advocates=view.advocates, detractors=view.detractors, stability=state.stability,
        tentative=state.tentative,
    )  # fmt: skip


def _member(member: Member) -> MemberShown:
    author, stance = member.author, member.stance
    return MemberShown(
        author_id=int(author.id or 0), source=author.source, native_id=author.native_id,
        handle=author.handle, name=author.name, followers=author.followers,
        strength=member.strength, stance=stance.kind if stance else None,
        score=stance.score if stance else None,
    )  # fmt: skip


def _event(event: PastEvent) -> SegmentEventShown:
    told, other = event.told, event.other
    return SegmentEventShown(
        at=event.run.created_at, event=told.event, segment_id=told.segment_id,
        segment=event.segment.name, other_id=told.other_id, other=other.name if other else None,
        shared=told.shared, joined=told.joined, left=told.left, came=told.came, gone=told.gone,
        moved=told.moved,
    )  # fmt: skip
