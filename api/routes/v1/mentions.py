"""Mentions of a brand: searched, counted, corrected, tagged, exported."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from api.routes.paging import Cursor, Id, Limit
from api.routes.v1.route import api_router
from api.schemas.mentions import (
    Changed,
    FacetsShown,
    MentionChange,
    MentionPage,
    MentionShown,
    OverrideMany,
    QueryCheck,
    Tags,
    Undo,
)
from api.web.acting import actor_of, brand_of, need
from api.web.exports import Form, mentions_file
from api.web.site import site_of
from listening.access import Permission
from listening.errors import QueryError
from listening.query import parse_small
from listening.searching import FACETS, LONGEST_QUERY, LONGEST_VALUE, MOST_VALUES, NONE, Sort
from listening.searching import search_of as read_search
from listening.store.mentions.finding import PAGE, count_facets, find, find_mention
from listening.store.mentions.overriding import override
from listening.store.mentions.tagging import tag_mentions
from listening.store.mentions.undoing import undo

router = api_router("mentions")
_PATH = "/brands/{brand_id}/mentions"


def _parameter(name: str, about: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": about, "schema": schema}


def _parameters() -> list[dict[str, Any]]:
    text: dict[str, Any] = {"type": "string", "maxLength": LONGEST_QUERY}
    found = [_parameter("q", "A query in the language of brands.", text)]
    for facet in FACETS.values():
        one: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": LONGEST_VALUE}
        if facet.choices:
            one = {"type": "string", "enum": [*facet.choices, *([NONE] if facet.missing else [])]}
        many = {"type": "array", "items": one, "maxItems": MOST_VALUES}
        missing = f"; {NONE}: {facet.missing}" if facet.missing else ""
        found.append(_parameter(facet.name, f"{facet.title}: one of these{missing}.", many))
        found.append(_parameter(f"x{facet.name}", f"{facet.title}: none of these.", many))
    day = {"type": "string", "examples": ["2026-03-31", "2026-03-31T12:00:00Z"]}
    found.append(
        _parameter("startDate", "Published on this day, or at this moment, or later.", day)
    )
    found.append(
        _parameter("endDate", "Published on this day or earlier; or before a moment.", day)
    )
    return found


FILTERS: dict[str, Any] = {"parameters": _parameters()}
_ORDER = _parameter(
    "sort",
    "reach and negative order the latest mentions alone; the answer says how many.",
    {"type": "string", "enum": list(map(str, Sort)), "default": str(Sort.NEWEST)},
)


@router.get(
    _PATH,
    dependencies=[need(Permission.READ)],
    openapi_extra={"parameters": [*FILTERS["parameters"], _ORDER]},
)
def list_mentions(
    request: Request, brand_id: Id, cursor: Cursor = None, limit: Limit = PAGE
) -> MentionPage:
    """Mentions that a search finds."""
    search = read_search(request.query_params.multi_items())
    with site_of(request).reading() as session:
        found = find(session, brand_id, search, cursor=cursor, limit=limit)
        return MentionPage(
            items=[MentionShown.of(row) for row in found.rows],
            next_cursor=found.next_cursor,
            looked_to=found.looked_to,
            ranked=found.ranked,
        )


@router.get(_PATH + "/facets", dependencies=[need(Permission.READ)], openapi_extra=FILTERS)
def mention_facets(request: Request, brand_id: Id) -> FacetsShown:
    """How many of the mentions found have which value."""
    search = read_search(request.query_params.multi_items())
    with site_of(request).reading() as session:
        return FacetsShown.of(count_facets(session, brand_id, search))


@router.get(
    _PATH + "/export",
    dependencies=[need(Permission.REVIEW)],
    openapi_extra=FILTERS,
    response_class=Response,
    responses={200: {"description": "A file.", "content": {"text/csv": {}}}},
)
def export_mentions(
    request: Request,
    brand_id: Id,
    form: Annotated[Form, Query(alias="format")] = "csv",
    pseudonymise: Annotated[
        bool, Query(description="Names, handles and addresses as salted hashes.")
    ] = False,
) -> Response:
    """All mentions that a search finds, as a file; no cell of it is run by a spreadsheet."""
    search = read_search(request.query_params.multi_items())
    return mentions_file(request, brand_of(request), search, form, pseudonyms=pseudonymise)


@router.get(_PATH + "/{mention_id}", dependencies=[need(Permission.READ)])
def mention(request: Request, brand_id: Id, mention_id: Id) -> MentionShown:
    """One mention."""
    with site_of(request).reading() as session:
        return MentionShown.of(find_mention(session, brand_id, mention_id))


@router.patch(_PATH + "/{mention_id}", dependencies=[need(Permission.ANSWER)])
def change_mention(
    request: Request, brand_id: Id, mention_id: Id, sent: MentionChange
) -> MentionShown:
    """Say what a mention says of the brand, or take that back."""
    with site_of(request).store.work() as session:
        override(session, actor_of(request), [mention_id], sent.override, brand_id=brand_id)
        session.expire_all()
        return MentionShown.of(find_mention(session, brand_id, mention_id))


@router.post(_PATH + "/override", dependencies=[need(Permission.ANSWER)])
def override_mentions(request: Request, brand_id: Id, sent: OverrideMany) -> Changed:
    """Say what several mentions say of the brand, or take that back."""
    with site_of(request).store.work() as session:
        done = override(
            session, actor_of(request), sent.mention_ids, sent.override, brand_id=brand_id
        )
        return Changed(mention_ids=list(done.mention_ids), entries=list(done.entries))


@router.post(_PATH + "/tags", dependencies=[need(Permission.ANSWER)])
def change_tags(request: Request, brand_id: Id, sent: Tags) -> Changed:
    """Put tags on mentions, and take others off."""
    with site_of(request).store.work() as session:
        done = tag_mentions(
            session, actor_of(request), sent.mention_ids, add=sent.add, remove=sent.remove,
            brand_id=brand_id,
        )  # fmt: skip
        return Changed(mention_ids=list(done.mention_ids), entries=list(done.entries))


@router.post(_PATH + "/undo", dependencies=[need(Permission.ANSWER)])
def undo_change(request: Request, brand_id: Id, sent: Undo) -> Changed:
    """Put back what stood before an override or a change of tags, by one of its `entries`."""
    with site_of(request).store.work() as session:
        ids, entries = undo(session, actor_of(request), brand_id, sent.entry)
        return Changed(mention_ids=list(ids), entries=list(entries))


@router.get("/query/check", dependencies=[need(Permission.READ, "somewhere")])
def check_query(request: Request, q: Annotated[str, Query(max_length=LONGEST_QUERY)]) -> QueryCheck:
    """Whether a query can be read; where not, what is wrong and at which column."""
    try:
        return QueryCheck(valid=True, normal=str(parse_small(q)))
    except QueryError as error:
        return QueryCheck(valid=False, message=str(error), column=error.column)
