"""/settings/quarantine: rows that could not be read, as they came, with the reason."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.web.acting import actor_of, form_of, need
from api.web.flash import redirect
from api.web.forms import text_of
from api.web.settings.doing import Before, Chosen, Number, chosen_number, done, given
from api.web.settingsframe import render_settings
from api.web.site import site_of
from listening.access import Permission
from listening.errors import NotFoundError
from listening.store.tables import QuarantineStatus
from listening.store.watches.healthviews import row_views, settle_row

router = APIRouter(include_in_schema=False)
SET_UP = [need(Permission.CONFIGURE, "somewhere")]
PATH = "/settings/quarantine"
PAGE = 25


@router.get(PATH, dependencies=SET_UP)
def quarantine_page(
    request: Request,
    status: Chosen = "waiting",
    watch: Chosen = "",
    sweep: Chosen = "",
    before: Before = None,
) -> Response:
    """Rows of one status, the latest first."""
    wanted = QuarantineStatus(status) if status in set(QuarantineStatus) else None
    with site_of(request).reading() as session:
        views = row_views(
            session, actor_of(request), status=wanted, watch_id=chosen_number(watch),
            sweep_id=chosen_number(sweep), before=before, limit=PAGE + 1,
        )  # fmt: skip
    keep = given({"status": status, "watch": watch, "sweep": sweep})
    last = views[PAGE - 1].row.id if len(views) > PAGE else None
    return render_settings(
        request,
        "settings/quarantine.html",
        title="Rows that could not be read",
        views=views[:PAGE],
        chosen=status,
        watch=watch,
        sweep=sweep,
        statuses=list(QuarantineStatus),
        older=urlencode({**keep, "before": last}) if last else None,
        newest=urlencode(keep) if before is not None else None,
        here=f"{PATH}?{urlencode({**keep, **({'before': before} if before else {})})}",
    )


@router.post(PATH + "/{row_id}/{status}", dependencies=SET_UP)
async def settle(request: Request, row_id: Number, status: str) -> Response:
    """Say what became of a row."""
    if status not in set(QuarantineStatus):
        raise NotFoundError(f"There is no page at {request.url.path}.")
    form = await form_of(request)
    back = text_of(form, "back", 500)
    await done(request, lambda s, actor: settle_row(s, actor, row_id, QuarantineStatus(status)))
    undo = None if status == "waiting" else f"{PATH}/{row_id}/waiting"
    here = back if back.startswith(PATH) else PATH
    return redirect(request, here, f"The row is {status}.", undo=undo, undo_fields={"back": here})
