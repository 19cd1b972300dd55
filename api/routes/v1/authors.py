"""Advocates and detractors: lists, one author, what is done about them, files."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from sqlmodel import Session
from starlette.responses import Response

from api.routes.paging import Cursor as CursorText
from api.routes.paging import Id, Limit, decode_cursor, encode_cursor
from api.routes.v1.route import api_router, expected_version
from api.schemas.base import Page
from api.schemas.flags import (
    ActOnMany,
    ActOnOne,
    AuthorOpened,
    Batch,
    CampaignShown,
    CoverageShown,
    CustomersFile,
    CustomersImported,
    CustomersKept,
    Done,
    EvidenceShown,
    FlaggedAuthor,
    ReviewShown,
    StancePoint,
    StanceTurned,
)
from api.web.acting import actor_of, brand_of, need
from api.web.flagfiles import Form, flags_file
from api.web.site import site_of
from listening.access import Permission
from listening.audiences import AudienceFormat
from listening.errors import NotFoundError
from listening.flagfilter import DISCOUNTS, SORTS, STATUSES, Cursor, FlagFilter, filter_of
from listening.store.flags.audience import coverage_of
from listening.store.flags.campaigns import campaign_views, coordinated_among
from listening.store.flags.customers import count_customers, forget_customers, import_customers
from listening.store.flags.reviewing import act, flag_of, undo
from listening.store.flags.reviews import reviews_of
from listening.store.flags.stancechanges import change_views
from listening.store.flags.stances import cursor_of, flagged_ids, stance_views, views_of
from listening.store.posts.authors import mentions_by_id
from listening.store.tables import StanceKind

router = api_router("authors")
_PATH = "/brands/{brand_id}/authors"
ListName = Annotated[Literal["advocate", "detractor"], Query(description="Which of the two lists.")]


def _parameter(name: str, about: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": about, "schema": schema}


def _parameters() -> list[dict[str, Any]]:
    """The filters of the lists; several values of one are divided by commas."""
    text: dict[str, Any] = {"type": "string", "maxLength": 200}
    day: dict[str, Any] = {"type": "string", "format": "date", "examples": ["2026-09-01"]}
    count: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 10**14}
    status = {"type": "string", "examples": ["confirmed,back"], "maxLength": 200}
    yes: dict[str, Any] = {"type": "string", "enum": ["yes", "no"]}
    return [
        _parameter("status", f"Some of {', '.join(STATUSES)}; without: not dismissed.", status),
        _parameter("xstatus", "None of these.", status),
        _parameter("segment", "Members of these segments, by number.", text),
        _parameter("xsegment", "Members of none of these.", text),
        _parameter("source", "From these sources.", text),
        _parameter("xsource", "From none of these.", text),
        _parameter(
            "reach", "Whether followers are known.",
            {"type": "string", "enum": ["known", "unknown"]},
        ),
        _parameter("reach_from", "Followers at least.", count),
        _parameter("reach_to", "Followers at most.", count),
        _parameter("since", "Latest mention on this day or later.", day),
        _parameter("until", "Latest mention on this day or earlier.", day),
        _parameter("turned_since", "Came to stand here on this day or later.", day),
        _parameter("assignee", "A login, or nobody.", text),
        _parameter("coordinated", "Part of a copied campaign.", yes),
        _parameter("discount", "Weighs less as.", {"type": "string", "enum": list(DISCOUNTS)}),
        _parameter("sort", "Order.", {"type": "string", "enum": list(SORTS), "default": "surest"}),
    ]  # fmt: skip


_FILTERS: dict[str, Any] = {"parameters": _parameters()}


def _chosen(request: Request) -> FlagFilter:
    return filter_of(request.query_params.multi_items())


@router.get(_PATH, dependencies=[need(Permission.READ)], openapi_extra=_FILTERS)
def list_flagged(
    request: Request,
    brand_id: Id,
    stance: ListName = "advocate",
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[FlaggedAuthor]:
    """Advocates or detractors of a brand."""
    chosen = _chosen(request)
    place = decode_cursor(cursor, [(float, int), int])
    after = Cursor(float(place[0]), int(place[1])) if place is not None else None
    with site_of(request).reading() as session:
        found = stance_views(
            session, brand_id=brand_id, kind=StanceKind(stance), chosen=chosen,
            limit=limit + 1, after=after,
        )  # fmt: skip
        shown, more = found[:limit], len(found) > limit
        last = cursor_of(shown[-1].flag, chosen) if more else None
        return Page(
            items=[FlaggedAuthor.of(view) for view in shown],
            next_cursor=encode_cursor((last.key, last.author_id)) if last else None,
        )


@router.get(
    _PATH + "/export",
    dependencies=[need(Permission.REVIEW)],
    openapi_extra=_FILTERS,
    response_class=Response,
    responses={200: {"description": "A file.", "content": {"text/csv": {}}}},
)
def export_flagged(
    request: Request,
    brand_id: Id,
    stance: ListName = "advocate",
    form: Annotated[Form, Query(alias="format")] = "csv",
    pseudonymise: Annotated[
        bool, Query(description="Names, handles and addresses as salted hashes; csv, jsonl.")
    ] = False,
) -> Response:
    """A list as a table, or as an audience file of X (hashed handles), Google or Meta."""
    kind, chosen = StanceKind(stance), _chosen(request)
    return flags_file(request, brand_of(request), kind, chosen, form, pseudonyms=pseudonymise)


@router.get(_PATH + "/coverage", dependencies=[need(Permission.REVIEW)], openapi_extra=_FILTERS)
def audience_coverage(
    request: Request,
    brand_id: Id,
    form: Annotated[AudienceFormat, Query(alias="format")],
    stance: ListName = "advocate",
) -> CoverageShown:
    """How many authors of a list the audience file would have."""
    kind, chosen = StanceKind(stance), _chosen(request)
    with site_of(request).reading() as session:
        ids = list(flagged_ids(session, brand_id, kind, chosen))
        return CoverageShown.model_validate(coverage_of(session, ids, form))


@router.get(_PATH + "/changes", dependencies=[need(Permission.READ)])
def stance_changes(
    request: Request,
    brand_id: Id,
    kind: Annotated[StanceKind | None, Query(description="What they turned into.")] = None,
    since: Annotated[datetime | None, Query()] = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[StanceTurned]:
    """Who came to stand elsewhere, the latest first, with the mention that made it."""
    place = decode_cursor(cursor, [datetime, int])
    after = (place[0], place[1]) if place is not None else None
    if since is not None and since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    with site_of(request).reading() as session:
        found = change_views(
            session, brand_id, kind=kind, since=since, after=after, limit=limit + 1
        )
        shown = [StanceTurned.of(view) for view in found[:limit]]
    more = len(found) > limit
    return Page(
        items=shown, next_cursor=encode_cursor((shown[-1].at, shown[-1].id)) if more else None
    )


@router.get(_PATH + "/campaigns", dependencies=[need(Permission.READ)])
def copied_campaigns(request: Request, brand_id: Id) -> list[CampaignShown]:
    """Texts that many authors posted at once, the latest fifty."""
    with site_of(request).reading() as session:
        return [
            CampaignShown(
                id=int(one.campaign.id or 0),
                authors=one.campaign.authors,
                mentions=one.campaign.mentions,
                first_at=one.campaign.first_at,
                last_at=one.campaign.last_at,
                example=one.example.post.text if one.example else None,
            )
            for one in campaign_views(session, brand_id)
        ]


@router.post(_PATH + "/actions", dependencies=[need(Permission.REVIEW)])
def act_on_many(request: Request, brand_id: Id, sent: ActOnMany) -> Done:
    """Confirm, dismiss, mark as contacted, note, assign or mark several authors at once."""
    with site_of(request).store.work() as session:
        done = act(
            session, actor_of(request), brand_id, sent.author_ids, sent.action,
            value=sent.value, reason=sent.reason, note=sent.note, versions=sent.versions,
        )  # fmt: skip
        return Done.of(done)


@router.post(_PATH + "/undo", dependencies=[need(Permission.REVIEW)])
def undo_batch(request: Request, brand_id: Id, sent: Batch) -> Done:
    """Take back what was done at once."""
    with site_of(request).store.work() as session:
        return Done.of(undo(session, actor_of(request), brand_id, sent.batch))


@router.get(_PATH + "/{author_id}", dependencies=[need(Permission.READ)])
def flagged_author(request: Request, brand_id: Id, author_id: Id) -> AuthorOpened:
    """One flagged author: evidence, history, changes of stance, reviews and notes."""
    with site_of(request).reading() as session:
        return _opened(session, brand_id, author_id)


@router.post(_PATH + "/{author_id}/actions", dependencies=[need(Permission.REVIEW)])
def act_on_one(request: Request, brand_id: Id, author_id: Id, sent: ActOnOne) -> Done:
    """Confirm, dismiss, mark as contacted, note, assign or mark an author."""
    version = expected_version(request, sent.version)
    with site_of(request).store.work() as session:
        done = act(
            session, actor_of(request), brand_id, [author_id], sent.action,
            value=sent.value, reason=sent.reason, note=sent.note,
            versions={author_id: version} if version is not None else None,
        )  # fmt: skip
        return Done.of(done)


def _opened(session: Session, brand_id: int, author_id: int) -> AuthorOpened:
    flag = flag_of(session, brand_id, author_id)
    views = views_of(session, brand_id, [flag]) if flag is not None else []
    if not views:
        raise NotFoundError(f"No flagged author {author_id} who mentions this brand.")
    (view,) = views
    ids = [int(e["mention_id"]) for e in view.stance.evidence]
    said, copied = mentions_by_id(session, ids), coordinated_among(session, ids)
    evidence = []
    for one in view.stance.evidence:
        mention = said.get(int(one["mention_id"]))
        evidence.append(
            EvidenceShown(
                mention_id=one["mention_id"],
                weight=one["weight"],
                pull=one["pull"],
                not_counted=one["not_counted"],
                coordinated=copied.get(int(one["mention_id"])),
                published_at=mention.post.published_at if mention else None,
                text=mention.post.text if mention else None,
                url=mention.post.url if mention else None,
            )
        )
    return AuthorOpened(
        **FlaggedAuthor.of(view).model_dump(),
        evidence=evidence,
        history=[
            StancePoint(at=datetime.fromtimestamp(at, UTC), score=score)
            for at, score in view.stance.history or []
        ],
        turns=[
            StanceTurned.of(one) for one in change_views(session, brand_id, author_id=author_id)
        ],
        reviews=[ReviewShown.of(one) for one in reviews_of(session, brand_id, author_id)],
    )


@router.get("/customers", dependencies=[need(Permission.CONFIGURE, "everywhere")])
def customers(request: Request) -> CustomersKept:
    """How many accounts have a customer record; what is in them is never shown."""
    with site_of(request).reading() as session:
        return CustomersKept(records=count_customers(session))


@router.post("/customers", dependencies=[need(Permission.CONFIGURE, "everywhere")])
def add_customers(request: Request, sent: CustomersFile) -> CustomersImported:
    """Keep customer records, for audience files alone."""
    with site_of(request).store.work() as session:
        found = import_customers(session, actor_of(request), StringIO(sent.csv))
        return CustomersImported.model_validate(found)


@router.delete("/customers", dependencies=[need(Permission.CONFIGURE, "everywhere")])
def drop_customers(request: Request) -> CustomersKept:
    """Forget every customer record; says how many went."""
    with site_of(request).store.work() as session:
        return CustomersKept(records=forget_customers(session, actor_of(request)))
