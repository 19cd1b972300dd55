"""What a form has to tell on the page after it: that something was done, and the way back."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request
from itsdangerous import BadSignature, URLSafeSerializer
from starlette.responses import RedirectResponse, Response

from api.web.security import is_secure
from listening.keyring import Keyring

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
        value = [text, undo, dict(undo_fields or {}), bad]
        if len(json.dumps(value)) > _MOST:
            value = [text[:300], None, {}, bad]
        response.set_cookie(
            _COOKIE, str(_sealing(request).dumps(value)), max_age=60, path="/", httponly=True,
            samesite="lax", secure=is_secure(request),
        )  # fmt: skip
    return response


def take_flash(request: Request) -> Flash | None:
    """What the last form has to tell; escaped like everything else, and never obeyed unasked."""
    try:
        told = request.cookies[_COOKIE]  # most pages have none, and need no key
        text, undo, fields, bad = _sealing(request).loads(told)
        chosen = undo if isinstance(undo, str) and _OWN.match(undo) else None
        return Flash(str(text), chosen, {str(k): str(v) for k, v in fields.items()}, bool(bad))
    except (KeyError, ValueError, TypeError, AttributeError, BadSignature):
        return None


def _sealing(request: Request) -> URLSafeSerializer:
    """Signed: its undo is a button of ours, which nobody else may write on."""
    key = Keyring.of(request.app.state.site.settings).key("cookie")
    options = {"digest_method": hashlib.sha256}
    return URLSafeSerializer(key, salt="told", serializer=json, signer_kwargs=options)


def forget_flash(request: Request, response: Response) -> None:
    """Told once is enough."""
    if request.cookies.get(_COOKIE):
        response.delete_cookie(_COOKIE, path="/", httponly=True, samesite="lax")
