"""A brand's mentions: searched, narrowed down, corrected, tagged, kept as views, taken along."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Query, Request
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from api.web.acting import actor_of, brand_of, form_of, need
from api.web.exports import Form as FileForm
from api.web.exports import mentions_file
from api.web.facets import Choice, chips, shown_facets
from api.web.flash import redirect
from api.web.formats import brand_url, plural
from api.web.keeping import kept_count
from api.web.people import Number
from api.web.savedviews import views_for
from api.web.site import render, site_of
from listening.access import Permission
from listening.errors import InvalidError, ListeningError, QueryError
from listening.searching import FACETS, NAMES, Search, search_of
from listening.store.brands.brands import brand_id, list_brands
from listening.store.keeping.wishes import matching_of
from listening.store.mentions.finding import (
    Facets,
    Found,
    count_facets,
    find,
    find_mention,
    segment_names,
)
from listening.store.mentions.overriding import override
from listening.store.mentions.tagging import brand_tags, tag_mentions
from listening.store.mentions.undoing import undo
from listening.store.tables import Brand, SentimentLabel
from listening.windows import day_or_moment

router = APIRouter(include_in_schema=False)
Form = Annotated[FormData, Depends(form_of)]
_PATH = "/brands/{slug:path}/mentions"
_READ, _ANSWER = [need(Permission.READ)], [need(Permission.ANSWER)]
TITLES = {name: facet.title for name, facet in FACETS.items()}
MOST_SHOWN = 40_000  # characters of a text on its page
_LABELS = {"none": None} | {str(label): label for label in SentimentLabel}


@router.get(_PATH, dependencies=_READ)
def mentions_page(
    request: Request,
    slug: str,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
    counts: bool = False,
) -> Response:
    """What a search finds; a query that cannot be read is shown with the place."""
    brand, actor = brand_of(request), actor_of(request)
    given = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if name in NAMES and value.strip() and (name, value) != ("sort", "newest")
    ]
    search, wrong = _read(given)
    with site_of(request).reading() as session:
        number = brand_id(brand)
        found = Found([])
        if wrong is None:
            try:
                found = find(session, number, search, cursor=cursor)
            except InvalidError as error:
                wrong = error
        return render(
            request,
            "mentions.html",
            title=f"Mentions of {brand.name}",
            # A query that cannot be read is not wrong to ask about: the page says what it lacks.
            status=422 if isinstance(wrong, InvalidError) else 200,
            brands=list_brands(session),
            brand=brand,
            tab="mentions",
            search=search,
            found=found,
            matching=matching_of(session, brand),
            wrong=wrong,
            text=next((value for name, value in given if name == "q"), ""),
            days=_days(given, search),
            # Sent again by every form of the page; a search box sends its own.
            filters=[p for p in given if p[0] not in ("q", "sort", "startDate", "endDate")],
            chips=chips(search, segment_names(session, _segments(search))),
            address_of_first=urlencode(given),
            address_of_next=urlencode([*given, ("cursor", found.next_cursor)])
            if found.next_cursor
            else None,
            given=given,
            cursor=cursor,
            beyond_first=cursor is not None,
            facet_titles=TITLES,
            facets=_facets(session, brand, search) if counts and wrong is None else None,
            views=views_for(session, actor, brand, "mentions"),
            tags=[tag for tag, _ in brand_tags(session, number)][:200],
        )


@router.get(_PATH + "/facets", dependencies=_READ)
def facets_part(request: Request, slug: str) -> Response:
    """How many there are of each, for the page that asks for it when it is shown already."""
    brand, site = brand_of(request), site_of(request)
    given = request.query_params.multi_items()
    search = search_of(given)
    with site.reading() as session:
        facets = kept_count(
            site,
            session,
            ("facets", brand.id, tuple(given)),
            lambda: _facets(session, brand, search),
            dear=0.04,
        )
    return render(
        request, "mention_facets.html", title="", brand=brand, facets=facets, facet_titles=TITLES
    )


@router.get(_PATH + "/export", dependencies=[need(Permission.REVIEW)])
def export(
    request: Request,
    slug: str,
    form: Annotated[FileForm, Query(alias="format")] = "csv",
    pseudonymise: bool = False,
) -> Response:
    """All that is found, as a file."""
    search = search_of(request.query_params.multi_items())
    return mentions_file(request, brand_of(request), search, form, pseudonyms=pseudonymise)


@router.get(_PATH + "/{mention_id}", dependencies=_READ)
def mention_page(request: Request, slug: str, mention_id: Number) -> Response:
    """One mention with its whole text."""
    brand = brand_of(request)
    with site_of(request).reading() as session:
        found = find_mention(session, brand_id(brand), mention_id)
        return render(
            request,
            "mention.html",
            title=f"A mention of {brand.name}",
            brands=list_brands(session),
            brand=brand,
            tab="mentions",
            found=found,
            most=MOST_SHOWN,
        )


@router.post(_PATH + "/override", dependencies=_ANSWER)
def set_sentiment(request: Request, slug: str, form: Form) -> Response:
    """Say what the ticked mentions say of the brand."""
    brand, value = brand_of(request), str(form.get("sentiment", ""))
    if value not in _LABELS:
        return _back(request, brand, form, "Choose a sentiment first.", bad=True)
    try:
        with site_of(request).store.work() as session:
            done = override(
                session, actor_of(request), _ticked(form), _LABELS[value], brand_id=brand_id(brand)
            )
    except ListeningError as error:
        return _back(request, brand, form, str(error), bad=True)
    if not done.mention_ids:
        return _back(request, brand, form, "That is what they said already: nothing changed.")
    what = f"set to {value}" if _LABELS[value] else "given back to the models"
    told = f"{plural(len(done.mention_ids), 'mention')} {what}."
    if done.stances:
        told += f" The score of {plural(done.stances, 'author')} follows at once."
    return _back(request, brand, form, told, entry=done.entries[0])


@router.post(_PATH + "/tags", dependencies=_ANSWER)
def set_tags(request: Request, slug: str, form: Form) -> Response:
    """Put tags on the ticked mentions, or take them off."""
    brand, words = brand_of(request), str(form.get("tags", "")).split(",")
    off = form.get("how") == "remove"
    try:
        with site_of(request).store.work() as session:
            done = tag_mentions(
                session,
                actor_of(request),
                _ticked(form),
                add=() if off else words,
                remove=words if off else (),
                brand_id=brand_id(brand),
            )
    except ListeningError as error:
        return _back(request, brand, form, str(error), bad=True)
    if not done.mention_ids:
        return _back(request, brand, form, "They have it so already: nothing changed.")
    told = f"{plural(len(done.mention_ids), 'mention')} {'untagged' if off else 'tagged'}."
    return _back(request, brand, form, told, entry=done.entries[0])


@router.post(_PATH + "/undo", dependencies=_ANSWER)
def take_back(request: Request, slug: str, form: Form) -> Response:
    """Put back what stood before."""
    brand, entry = brand_of(request), str(form.get("entry", ""))
    try:
        with site_of(request).store.work() as session:
            number = int(entry) if entry.isdecimal() and len(entry) < 19 else 0
            ids, _ = undo(session, actor_of(request), brand_id(brand), number)
    except ListeningError as error:
        return _back(request, brand, form, str(error), bad=True)
    return _back(request, brand, form, f"{plural(len(ids), 'mention')} as before.")


def _read(given: Iterable[tuple[str, str]]) -> tuple[Search, InvalidError | QueryError | None]:
    try:
        return search_of(given), None
    except (InvalidError, QueryError) as error:
        return Search(), error


def _days(given: Iterable[tuple[str, str]], search: Search) -> dict[str, str]:
    """The days or moments as the fields of a form take them and send them again."""
    days = {name: value[:10] for name, value in given if name in ("startDate", "endDate")}
    if search.since is not None:
        days["startDate"] = day_or_moment(search.since)
    if search.until is not None:
        days["endDate"] = day_or_moment(search.until, end=True)
    return days


def _facets(
    session: Session, brand: Brand, search: Search
) -> tuple[Facets, dict[str, list[Choice]]]:
    found = count_facets(session, brand_id(brand), search)
    return found, shown_facets(found, search)


def _segments(search: Search) -> tuple[str, ...]:
    return (*search.only.get("segment", ()), *search.without.get("segment", ()))


def _ticked(form: FormData) -> list[int]:
    found = [str(value) for value in form.getlist("mention")]
    if not found:
        raise InvalidError("Tick at least one mention first.", field="mention")
    return [int(value) for value in found if value.isdecimal() and len(value) < 19]


def _back(
    request: Request,
    brand: Brand,
    form: FormData,
    text: str,
    *,
    bad: bool = False,
    entry: int | None = None,
) -> Response:
    """To the list as it was, or to the one mention, with what there is to tell."""
    one = str(form.get("one", ""))
    kept = [p for p in parse_qsl(str(form.get("back", ""))) if p[0] in {*NAMES, "cursor"}]
    query = urlencode(kept)
    here = brand_url(brand.slug, "mentions")
    fields = {"entry": str(entry), "back": query[:1500]} | ({"one": one} if one else {})
    to = f"{here}/{one}" if one.isdecimal() else here + (f"?{query}" if query else "")
    return redirect(
        request,
        to,
        text,
        undo=f"{here}/undo" if entry is not None else None,
        undo_fields=fields if entry is not None else None,
        bad=bad,
    )
