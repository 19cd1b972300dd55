"""What a form has to tell on the page after it: that something was done, and the way back."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request
from starlette.responses import RedirectResponse, Response

_COOKIE = "told"
_MOST = 2500  # characters; browsers keep 4,096 of a cookie
# An address of this site: from the root, and nothing a browser takes for another host.
_OWN = re.compile(r"/(?![/\\])[^\x00-\x1f\\]*\Z")


def own_address(to: str, otherwise: str = "/") -> str:
    """An address of this site as it was asked for; another instead of somebody else's."""
    return to if _OWN.match(to) else otherwise


@dataclass(frozen=True, slots=True)
class Flash:
    """What is told once, on the next page: that something was done, and how to take it back.

    Attributes:
        undo: address that a form with `undo_fields` is sent to; None: there is no way back.
    """

    text: str
    undo: str | None = None
    undo_fields: Mapping[str, str] = field(default_factory=dict)
    bad: bool = False


def redirect(
    request: Request,
    to: str,
    text: str | None = None,
    *,
    undo: str | None = None,
    undo_fields: Mapping[str, str] | None = None,
    bad: bool = False,
) -> Response:
    """Answer a form: on to a page of ours, which tells what was done."""
    response = RedirectResponse(own_address(to), 303)
    if text is not None:
        value = json.dumps([text, undo, dict(undo_fields or {}), bad])
        if len(value) > _MOST:
            value = json.dumps([text[:300], None, {}, bad])
        sealed = base64.urlsafe_b64encode(value.encode()).decode()
        response.set_cookie(
            _COOKIE, sealed, max_age=60, path="/", httponly=True, samesite="lax",
            secure=request.url.scheme == "https",
        )  # fmt: skip
    return response


def take_flash(request: Request) -> Flash | None:
    """What the last form has to tell; escaped like everything else, and never obeyed unasked."""
    try:
        text, undo, fields, bad = json.loads(base64.urlsafe_b64decode(request.cookies[_COOKIE]))
        chosen = undo if isinstance(undo, str) and _OWN.match(undo) else None
        return Flash(str(text), chosen, {str(k): str(v) for k, v in fields.items()}, bool(bad))
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def forget_flash(request: Request, response: Response) -> None:
    """Told once is enough."""
    if request.cookies.get(_COOKIE):
        response.delete_cookie(_COOKIE, path="/", httponly=True, samesite="lax")
