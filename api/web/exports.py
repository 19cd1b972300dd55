"""Mentions as files, for browsers and programs alike: written while they are read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from fastapi import Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response, StreamingResponse

from api.web.acting import actor_of
from api.web.site import site_of
from listening.exporting import Row, pseudonymised, stream_rows, write_file
from listening.searching import Search
from listening.store.access.audit import record
from listening.store.brands.brands import brand_id
from listening.store.keeping.tombstones import store_salt
from listening.store.rows import found_rows
from listening.store.tables import Brand

Form = Literal["csv", "jsonl", "parquet"]
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


def mentions_file(
    request: Request, brand: Brand, search: Search, form: Form, *, pseudonyms: bool
) -> Response:
    """All mentions that a search finds, as a file; that it was asked for is in the audit log."""
    site = site_of(request)
    with site.store.work() as session:
        salt = store_salt(session)
        after = {"format": form, "pseudonymised": pseudonyms}
        record(
            session, actor_of(request), "mention.export", noun="mention", noun_id="several",
            brand_id=brand_id(brand), after=after,
        )  # fmt: skip

    def rows() -> Iterator[Row]:
        with site.reading() as session:
            found = found_rows(session, brand, search)
            yield from pseudonymised(found, salt) if pseudonyms else found

    headers = {"Content-Disposition": f'attachment; filename="mentions.{form}"'}
    if form != "parquet":
        return StreamingResponse(
            stream_rows(rows(), form), media_type=_TYPES[form], headers=headers
        )
    handle, name = tempfile.mkstemp(suffix=".parquet", dir=site.settings.folder("cache"))
    os.close(handle)
    path = Path(name)
    try:
        write_file(rows(), path, form)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    done = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type=_TYPES[form], headers=headers, background=done)
