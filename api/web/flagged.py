"""Advocates and detractors: the lists, what people do about them, files, copied campaigns."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response

from api.web.acting import actor_of, brand_of, form_of, need
from api.web.flagfiles import flags_file
from api.web.flash import redirect
from api.web.formats import brand_url
from api.web.keeping import kept_count, known_change
from api.web.paging import page_of
from api.web.savedviews import views_for
from api.web.site import render, site_of
from listening.access import Permission
from listening.errors import InvalidError, ListeningError
from listening.flagfilter import DISCOUNTS, SORTS, STATUSES, FlagFilter, filter_of
from listening.store.brands.brands import brand_id, list_brands
from listening.store.cases.owners import owners
from listening.store.flags.campaigns import campaign_views, count_campaigns
from listening.store.flags.customers import count_customers
from listening.store.flags.pages import evidence_of, news_of, segments_named, sources_of
from listening.store.flags.reviewing import Acted, act, undo
from listening.store.flags.stancechanges import latest_turns
from listening.store.flags.stances import (
    COUNTED,
    count_dismissed,
    count_flagged,
    count_stances,
    stance_views,
)
from listening.store.tables import Brand, Mark, StanceKind
from listening.store.tables.types import now

# Beyond these the store's own integers end.
PageNumber = Annotated[int, Query(ge=1, le=10_000_000)]

router = APIRouter(include_in_schema=False)

_TICKED = "ticked"  # in an address: ids of the authors who stay ticked after an error
ROWS = 40  # each with its mentions: more would be a heavy page

DONE = {
    "confirm": "Confirmed",
    "dismiss": "Dismissed",
    "contacted": "Marked as contacted:",
    "note": "Noted for",
    "assign": "Assigned",
    "mark": "Marked",
    "undo": "Taken back for",
}


@router.get("/brands/{slug:path}/advocates", dependencies=[need(Permission.READ)])
def advocates_page(request: Request, slug: str, page: PageNumber = 1) -> Response:
    """Everybody who stands up for a brand."""
    return _list(request, StanceKind.ADVOCATE, page)


@router.get("/brands/{slug:path}/detractors", dependencies=[need(Permission.READ)])
def detractors_page(request: Request, slug: str, page: PageNumber = 1) -> Response:
    """Everybody who speaks against a brand."""
    return _list(request, StanceKind.DETRACTOR, page)


def _list(request: Request, kind: StanceKind, number: int) -> Response:
    brand, actor = brand_of(request), actor_of(request)
    bid = brand_id(brand)
    chosen = filter_of(request.query_params.multi_items())
    site, week = site_of(request), FlagFilter(turned_since=now().date() - timedelta(days=7))
    with site.reading() as session:
        change = known_change(session)
        counts = kept_count(site, session, ("stances", bid), lambda: count_stances(session, bid))
        dismissed = kept_count(
            site, session, ("dismissed", bid), lambda: count_dismissed(session, bid)
        )
        total = counts.get(kind, 0) if chosen.plain else count_flagged(session, bid, kind, chosen)
        found = page_of(
            total,
            number,
            lambda limit, offset: stance_views(
                session, brand_id=bid, kind=kind, chosen=chosen, limit=limit, offset=offset
            ),
            ROWS,
        )
        ids = [row.flag.author_id for row in found.rows]
        return render(
            request,
            "people.html",
            title=f"{kind.value.capitalize()}s of {brand.name}",
            brands=list_brands(session),
            brand=brand,
            tab=f"{kind.value}s",
            kind=kind,
            page=found,
            change=change,
            most=not chosen.plain and total >= COUNTED,
            weighed=sum(counts.values()) + sum(dismissed.values()),
            dismissed=dismissed.get(kind, 0),
            lately=kept_count(
                site, session, ("turned", bid, kind, week.turned_since),
                lambda: count_flagged(session, bid, kind, week),
            ),
            lately_address=urlencode(week.params()),
            chosen=chosen,
            ticked=request.query_params.get(_TICKED, "").split(","),
            keep=_kept(chosen),
            views=views_for(session, actor, brand, f"{kind.value}s"),
            first_address=urlencode(chosen.params()),
            evidence=evidence_of(session, found.rows),
            news=news_of(session, found.rows),
            turns=latest_turns(session, bid, ids),
            campaigns=count_campaigns(session, bid),
            **_choices(session, brand, kind),
        )  # fmt: skip


def _kept(chosen: FlagFilter) -> str:
    """The filter as the beginning of an address, for links that go on with it."""
    params = urlencode(chosen.params())
    return params + "&" if params else ""


def _choices(session: Session, brand: Brand, kind: StanceKind) -> dict[str, Any]:
    """What the forms of the lists may be given."""
    number = brand_id(brand)
    return {
        "sorts": SORTS,
        "statuses": STATUSES,
        "discounts": DISCOUNTS,
        "marks": list(Mark),
        "segments": segments_named(session),
        "sources": sources_of(session, number, kind),
        "logins": [account.login for account in owners(session, number)],
    }


@router.get("/brands/{slug:path}/campaigns", dependencies=[need(Permission.READ)])
def campaigns_page(request: Request, slug: str) -> Response:
    """Texts that many authors posted at once."""
    brand = brand_of(request)
    with site_of(request).reading() as session:
        return render(
            request,
            "campaigns.html",
            title=f"Copied campaigns about {brand.name}",
            brands=list_brands(session),
            brand=brand,
            tab=None,
            campaigns=campaign_views(session, brand_id(brand)),
        )


@router.get("/brands/{slug:path}/advocates/export", dependencies=[need(Permission.REVIEW)])
@router.get("/brands/{slug:path}/detractors/export", dependencies=[need(Permission.REVIEW)])
def export_page(request: Request, slug: str) -> Response:
    """The list as a file."""
    kind, given = _kind_in(request), request.query_params
    if given.get("format") in {"google", "meta"}:
        with site_of(request).reading() as session:
            known = count_customers(session)
        if not known:
            told = "Nobody is known by e-mail or phone yet: import customer records first."
            back = brand_url(brand_of(request).slug, f"{kind.value}s")
            return redirect(request, back, told, bad=True)
    return flags_file(
        request,
        brand_of(request),
        kind,
        filter_of(given.multi_items()),
        given.get("format", "csv"),
        pseudonyms=given.get("pseudonymise") in {"yes", "on", "true"},
    )


def _kind_in(request: Request) -> StanceKind:
    """The list that an address ends in, but for what is asked of it."""
    name = request.url.path.rsplit("/", 2)[-2]
    return StanceKind.ADVOCATE if name == "advocates" else StanceKind.DETRACTOR


@router.post("/brands/{slug:path}/flags", dependencies=[need(Permission.REVIEW)])
async def act_page(request: Request, slug: str) -> Response:
    """Do one thing about the authors who are ticked."""
    form = await form_of(request)
    back = _back(form, brand_of(request))
    try:
        done = await run_in_threadpool(_act, request, form)
    except InvalidError as error:
        return redirect(request, _with_ticks(back, form), str(error), bad=True)
    except ListeningError as error:
        return redirect(request, back, str(error), bad=True)
    return _told(request, done, back)


def _act(request: Request, form: FormData) -> Acted:
    action = _word(form, "action")
    ids, versions = _ticked(form)
    value = {"assign": "assignee", "mark": "mark"}.get(action)
    with site_of(request).store.work() as session:
        return act(
            session,
            actor_of(request),
            brand_id(brand_of(request)),
            ids,
            action,
            value=_word(form, value) if value else None,
            reason=_word(form, "reason") if action == "dismiss" else None,
            note=_word(form, "note"),
            versions=versions,
        )


def _ticked(form: FormData) -> tuple[list[int], dict[int, int]]:
    """The authors, and the version each was shown in: "12:3" is author 12 in version 3."""
    versions: dict[int, int] = {}
    for value in form.getlist("author"):
        author, _, version = str(value).partition(":")
        if not (author.isdecimal() and version.isdecimal() and len(str(value)) < 40):
            raise InvalidError("This form is not whole: load the page again.", field="author")
        versions[int(author)] = int(version)
    return list(versions), versions


@router.post("/brands/{slug:path}/flags/undo", dependencies=[need(Permission.REVIEW)])
async def undo_page(request: Request, slug: str) -> Response:
    """Take back what was done last."""
    form = await form_of(request)
    back = _back(form, brand_of(request))

    def take_back() -> Acted:
        with site_of(request).store.work() as session:
            number = brand_id(brand_of(request))
            return undo(session, actor_of(request), number, _word(form, "batch"))

    try:
        done = await run_in_threadpool(take_back)
    except ListeningError as error:
        return redirect(request, back, str(error), bad=True)
    return _told(request, done, back)


def _told(request: Request, done: Acted, back: str) -> Response:
    who = "1 author" if done.authors == 1 else f"{done.authors:,} authors"
    text = f"{DONE[done.action]} {who}."
    if done.action == "undo":
        return redirect(request, back, text)
    address = brand_url(brand_of(request).slug, "flags", "undo")
    return redirect(
        request, back, text, undo=address, undo_fields={"batch": done.batch, "back": back}
    )


def _word(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _back(form: FormData, brand: Brand) -> str:
    return _without_ticks(_word(form, "back") or brand_url(brand.slug))


def _without_ticks(address: str) -> str:
    """What was kept for another try is over."""
    path, _, query = address.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith(f"{_TICKED}=")]
    return f"{path}?{'&'.join(kept)}" if kept else path


def _with_ticks(address: str, form: FormData) -> str:
    """The page with the same authors ticked: what was wrong is mended without choosing anew."""
    ids = [str(value).partition(":")[0] for value in form.getlist("author")]
    shown = [number for number in ids if number.isdecimal() and len(number) < 20][:ROWS]
    if not shown:
        return address
    return f"{address}{'&' if '?' in address else '?'}{_TICKED}={','.join(shown)}"
