"""Flagged authors as files, for browsers and programs alike: written while they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from fastapi import Request
from sqlmodel import Session
from starlette.responses import Response, StreamingResponse

from api.web.acting import actor_of
from api.web.site import site_of
from listening.audiences import AudienceFormat
from listening.errors import InvalidError
from listening.exporting import Row, pseudonymised, stream_rows
from listening.flagfilter import FlagFilter
from listening.store.access.audit import record
from listening.store.brands.brands import brand_id
from listening.store.flags.audience import audience_of
from listening.store.flags.rows import flag_rows
from listening.store.flags.stances import flagged_ids
from listening.store.keeping.tombstones import store_salt
from listening.store.tables import Brand, StanceKind

Form = Literal["csv", "jsonl", "x", "google", "meta"]
FORMS: tuple[Form, ...] = ("csv", "jsonl", "x", "google", "meta")


def flags_file(
    request: Request,
    brand: Brand,
    kind: StanceKind,
    chosen: FlagFilter,
    form: str,
    *,
    pseudonyms: bool,
) -> Response:
    """Everybody on a list as a file; that it was asked for is in the audit log.

    Raises:
        InvalidError: there is no such format, or an audience file without its people.
    """
    if form not in FORMS:
        raise InvalidError(f"format is one of {', '.join(FORMS)}.", field="format")
    number = brand_id(brand)
    if form in list(AudienceFormat):
        _refuse_pseudonyms(pseudonyms)
        return audience_file(
            request,
            lambda session: flagged_ids(session, number, kind, chosen),
            AudienceFormat(form),
            name=f"{kind.value}s",
            brand=number,
        )
    site = site_of(request)
    with site.store.work() as session:
        salt = store_salt(session)
        after = {
            "list": f"{kind.value}s", "format": form, "pseudonymised": pseudonyms,
            "filter": chosen.params(),
        }  # fmt: skip
        record(
            session, actor_of(request), "flag.export", noun="flag", noun_id="several",
            brand_id=number, after=after,
        )  # fmt: skip

    def rows() -> Iterator[Row]:
        with site.reading() as session:
            found = flag_rows(session, brand, kind, chosen)
            yield from pseudonymised(found, salt) if pseudonyms else found

    media = "text/csv; charset=utf-8" if form == "csv" else "application/x-ndjson"
    return StreamingResponse(
        stream_rows(rows(), form),
        media_type=media,
        headers={"Content-Disposition": f'attachment; filename="{kind.value}s.{form}"'},
    )


def audience_file(
    request: Request,
    who: Callable[[Session], Iterator[int]],
    form: AudienceFormat,
    *,
    name: str,
    brand: int | None,
) -> Response:
    """An audience as a platform takes it.

    Args:
        request: whose actor may export.
        who: reads the authors' ids.
        form: whose file it is.
        name: of the audience, in plain letters.
        brand: whose it is; None: everybody's.
    """
    site = site_of(request)
    with site.store.work() as session:
        record(
            session, actor_of(request), "audience.export", noun="audience", noun_id=name,
            brand_id=brand, after={"format": form.value},
        )  # fmt: skip

    def lines() -> Iterator[str]:
        with site.reading() as session:
            yield from _gathered(audience_of(session, list(who(session)), form))

    return StreamingResponse(
        lines(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}-{form.value}.csv"'},
    )


def _gathered(lines: Iterator[str]) -> Iterator[str]:
    """Lines in pieces: a packet for each would take longer than reading it."""
    held: list[str] = []
    for line in lines:
        held.append(line)
        if len(held) == 500:
            yield "".join(held)
            held.clear()
    yield "".join(held)


def _refuse_pseudonyms(pseudonyms: bool) -> None:
    if pseudonyms:
        raise InvalidError(
            "An audience file without its people would match nobody: pseudonymise csv or jsonl.",
            field="pseudonymise",
        )
