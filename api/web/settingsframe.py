"""What the pages below /settings share: their list, of which each sees what is theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.web.acting import actor_of, need
from api.web.site import render, site_of
from listening.access import Actor, Permission
from listening.errors import ForbiddenError
from listening.store.brands.brands import list_brands

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Section:
    """A page below /settings, and who finds it in the list.

    Attributes:
        everywhere: whether it takes the permission for every brand.
    """

    path: str
    label: str
    permission: Permission
    everywhere: bool = False

    def open_to(self, actor: Actor) -> bool:
        """Whether somebody may go there."""
        if self.everywhere:
            return actor.may(self.permission, None)
        return actor.may_somewhere(self.permission)


# In the order of the list.
SECTIONS: tuple[Section, ...] = (
    Section("/settings/brands", "Brands", Permission.CONFIGURE),
    Section("/settings/watches", "Watches", Permission.READ),
    Section("/settings/quarantine", "Quarantine", Permission.CONFIGURE),
    Section("/settings/sources", "Sources", Permission.CONFIGURE),
    Section("/settings/notifications", "Notifications", Permission.ADMINISTER),
    Section("/settings/people", "People", Permission.ADMINISTER, everywhere=True),
    Section("/settings/keys", "API keys", Permission.READ),
    Section("/settings/erasing", "Erasing", Permission.ADMINISTER, everywhere=True),
    Section("/settings/audit", "Audit log", Permission.ADMINISTER, everywhere=True),
)


@router.get("/settings", dependencies=[need(Permission.READ, "somewhere")])
def settings_page(request: Request) -> Response:
    """On to the first that is open to who asks."""
    first = next((s.path for s in SECTIONS if s.open_to(actor_of(request))), None)
    if first is None:
        raise ForbiddenError("There is nothing here for you to set.")
    return RedirectResponse(first, 303)


def render_settings(
    request: Request, template: str, *, title: str, status: int = 200, **context: Any
) -> Response:
    """A page below /settings, in its frame (settings/frame.html)."""
    actor = actor_of(request)
    with site_of(request).reading() as session:
        brands = list_brands(session)
    return render(
        request,
        template,
        title=title,
        status=status,
        brands=brands,
        sections=[s for s in SECTIONS if s.open_to(actor)],
        **context,
    )


def site_root(request: Request) -> str:
    """Where people reach these pages."""
    return (site_of(request).settings.public_url or str(request.base_url)).rstrip("/")
