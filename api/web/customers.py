"""Customer records: a form that keeps them, and one that forgets them; never what is in them."""

from __future__ import annotations

from io import StringIO

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import Response

from api.web.acting import actor_of, form_of, need
from api.web.flash import redirect
from api.web.site import render, site_of
from listening.access import Permission
from listening.errors import ImportFileError, ListeningError
from listening.store.brands.brands import list_brands
from listening.store.flags.customers import (
    CustomersRead,
    count_customers,
    forget_customers,
    import_customers,
)

router = APIRouter(include_in_schema=False)
PAGE = "/customers"


@router.get(PAGE, dependencies=[need(Permission.CONFIGURE, "everywhere")])
def customers_page(request: Request) -> Response:
    """How many there are, and the forms."""
    with site_of(request).reading() as session:
        return render(
            request,
            "customers.html",
            title="Customer records",
            brands=list_brands(session),
            records=count_customers(session),
        )


@router.post(PAGE, dependencies=[need(Permission.CONFIGURE, "everywhere")])
async def add_page(request: Request) -> Response:
    """Keep the customers of a file."""
    form = await form_of(request)
    file = form.get("file")
    try:
        if not isinstance(file, UploadFile) or not file.filename:
            raise ImportFileError("Choose a CSV file first.")
        found = await run_in_threadpool(_read, request, await file.read())
    except ListeningError as error:
        return redirect(request, PAGE, str(error), bad=True)
    finally:
        await form.close()
    told = f"{found.stored:,} customer records kept, {found.left_out:,} rows left out."
    if found.erased:
        told += f" {found.erased:,} are of authors who were erased: not kept."
    if found.problems:
        told += " " + "; ".join(found.problems[:5]) + "."
    return redirect(request, PAGE, told, bad=bool(found.left_out and not found.stored))


def _read(request: Request, content: bytes) -> CustomersRead:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ImportFileError("The file is not UTF-8: export it anew as CSV in UTF-8.") from None
    with site_of(request).store.work() as session:
        return import_customers(session, actor_of(request), StringIO(text, newline=""))


@router.post(PAGE + "/forget", dependencies=[need(Permission.CONFIGURE, "everywhere")])
def forget_page(request: Request) -> Response:
    """Forget them all."""
    with site_of(request).store.work() as session:
        gone = forget_customers(session, actor_of(request))
    return redirect(request, PAGE, f"{gone:,} customer records deleted.")
