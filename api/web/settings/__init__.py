"""Pages below /settings: brands, watches, rejected rows, sources, notifications, erasing."""

from __future__ import annotations

from api.web.settings import brands, erasing, notifications, quarantine, sources, watches

PARTS = (brands, watches, quarantine, sources, notifications, erasing)
