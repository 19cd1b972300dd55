"""Refusals for programs: problem details as JSON (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse


class Problem(Exception):  # noqa: N818  an answer, not a fault of ours
    """A refusal: what kind, what is wrong here, and what to do about it.

    Args:
        status: of the answer.
        title: the same for all of its kind.
        detail: of this one.
        headers: beside the usual ones.
        more: further members.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail
        self.headers, self.more = dict(headers or {}), more

    def answer(self) -> JSONResponse:
        """As it is sent."""
        content = {
            "type": f"urn:listening:problem:{self.title.lower().replace(' ', '-')}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }
        return JSONResponse(
            content, self.status, self.headers, media_type="application/problem+json"
        )
