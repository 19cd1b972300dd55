"""What sources that search a platform have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from listening.errors import SettingsError
from listening.importing.rows import BadRow
from listening.sources.base import SourceSetting, SourceSpec, Wanted
from listening.sources.normalise import clean

QUERY = SourceSetting(
    name="query",
    help="what to search for, as the platform itself is searched; none: the brand's names",
)
_MOST_TERMS = 20
_MOST_RAW = 100_000


def terms_of(spec: SourceSpec, params: Mapping[str, Any], wanted: Wanted) -> tuple[str, ...]:
    """What to search the platform for, one search each.

    Raises:
        SettingsError: nothing is certain to be in every mention, or too many things are.
    """
    if query := str(params.get("query") or "").strip():
        return (query,)
    if not wanted.terms:
        raise SettingsError(
            f"{spec.name}: the query of {wanted.brand or 'the brand'} names no word that every "
            "mention has; say what to search for: --set query=..."
        )
    if len(wanted.terms) > _MOST_TERMS:
        raise SettingsError(
            f"{spec.name}: the query of {wanted.brand} has {len(wanted.terms)} names, more than "
            f"{_MOST_TERMS} searches a sweep; say what to search for: --set query=..."
        )
    return wanted.terms


def bad_row(origin: str, raw: Any, field: str, why: str | None = None) -> tuple[str, BadRow]:
    """What a platform sent and could not be read as a post, for quarantine.

    Args:
        origin: address of the answer.
        raw: JSON.
        field: that is missing or makes no sense.
        why: None: it is missing.

    Its place in the answer is not told: listings move, and read again it is the same row.
    """
    from listening.fetching.http import shown

    try:
        told = json.dumps(raw, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):  # nested too deep to be written again
        told = str(raw)[:_MOST_RAW] if isinstance(raw, str) else f"a {type(raw).__name__}"
    told = clean(told[:_MOST_RAW])
    return shown(origin), BadRow(
        line=1, field=field, reason=why or f"{field} is missing or makes no sense", raw=told
    )
