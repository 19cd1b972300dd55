"""Addresses of lists behind figures (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from api.web.formats import brand_url
from listening.windows import Window


def mentions_url(slug: str, filters: Mapping[str, str]) -> str:
    """The list of mentions behind a figure."""
    return f"{brand_url(slug, 'mentions')}?{urlencode(filters)}"


def window_filters(window: Window, **more: str) -> dict[str, str]:
    """The filters of a window's mentions."""
    return {"startDate": window.first.isoformat(), "endDate": window.last.isoformat(), **more}
