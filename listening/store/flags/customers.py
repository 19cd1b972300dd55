"""Customer records: what a customer's own files say of accounts, for audience files alone."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from listening.access import Actor, Permission
from listening.audiences import normal_country, normal_email, normal_name, normal_phone
from listening.errors import ImportFileError
from listening.matching import handle_of
from listening.store.access.audit import record
from listening.store.bulk import chunked, upsert
from listening.store.keeping.tombstones import erased_handles
from listening.store.tables import CustomerRecord
from listening.store.tables.types import now

# Column names as files have them, folded; the first is ours.
COLUMNS: dict[str, tuple[str, ...]] = {
    "source": ("source", "platform", "network"),
    "account": ("account", "handle", "username", "user_name", "screen_name", "native_id"),
    "email": ("email", "e-mail", "mail", "email_address"),
    "phone": ("phone", "phone_number", "mobile", "telephone"),
    "first_name": ("first_name", "firstname", "fn", "given_name"),
    "last_name": ("last_name", "lastname", "ln", "surname", "family_name"),
    "country": ("country", "country_code"),
    "zip": ("zip", "postcode", "postal_code", "zip_code"),
}
LONGEST = 320
MOST_TOLD = 20
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class CustomersRead:
    """What came of a file; `problems` are the first lines that were left out, and why."""

    stored: int = 0
    left_out: int = 0
    erased: int = 0
    problems: list[str] = field(default_factory=list)


def import_customers(session: Session, actor: Actor, lines: TextIO) -> CustomersRead:
    """Read a CSV file of customers: an account a row, known by source and handle.

    A row of an account that is known already takes its place. One that cannot be used is left
    out and told; one of an author who was erased is never stored.

    Raises:
        ImportFileError: the file has no columns that tell accounts and addresses.
        ForbiddenError: the actor may not configure everything.
    """
    actor.require(Permission.CONFIGURE, None)
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    problems: list[str] = []
    left_out = buried = 0
    moment = now()
    for line, row, why in _rows(lines):
        if row is None:
            left_out += 1
            if len(problems) < MOST_TOLD:
                problems.append(f"line {line}: {why}")
        else:
            rows[row["source"], row["account"]] = row | {"imported_at": moment}
    for chunk in chunked(sorted(rows), _CHUNK):
        gone = erased_handles(session, chunk)
        kept = [rows[key] for key in chunk if key not in gone]
        buried += len(chunk) - len(kept)
        columns = (*list(COLUMNS)[2:], "imported_at")
        upsert(session, CustomerRecord, kept, key=("source", "account"), update=columns)
    stored = len(rows) - buried
    record(
        session,
        actor,
        "customers.import",
        noun="customers",
        noun_id="all",
        after={"stored": stored, "left_out": left_out},
    )
    return CustomersRead(stored, left_out, buried, problems)


def _rows(lines: TextIO) -> Iterator[tuple[int, dict[str, Any] | None, str]]:
    try:
        reader = csv.DictReader(lines, strict=True)
        names = _columns(reader.fieldnames or ())
        for row in reader:
            yield (reader.line_num, *_row(row, names))
    except (csv.Error, UnicodeDecodeError) as error:
        raise ImportFileError(
            f"The file cannot be read as CSV in UTF-8 ({error}): export it anew."
        ) from error


def _columns(header: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    folded = {name.strip().casefold().replace(" ", "_").lstrip("\ufeff"): name for name in header}
    for ours, theirs in COLUMNS.items():
        name = next((folded[one] for one in theirs if one in folded), None)
        if name is not None:
            found[ours] = name
    if not {"source", "account"} <= set(found) or not {"email", "phone"} & set(found):
        raise ImportFileError(
            "A customer file has the columns source and handle, and email or phone: "
            f"found {', '.join(header) or 'none'}."
        )
    return found


def _row(row: dict[str, str | None], names: dict[str, str]) -> tuple[dict[str, Any] | None, str]:
    given = {ours: (row.get(theirs) or "").strip() for ours, theirs in names.items()}
    if any(len(value) > LONGEST or "\x00" in value for value in given.values()):
        return None, f"a field is longer than {LONGEST} characters"
    source, account = given["source"].casefold(), handle_of(given["account"])
    if not source or not account:
        return None, "source or handle is empty"
    email, phone = given.get("email", ""), given.get("phone", "")
    known = {"email": normal_email(email), "phone": normal_phone(phone)}
    if not any(known.values()):
        return None, "neither an e-mail address nor a phone number with its country (+44 ...)"
    return {
        "source": source,
        "account": account,
        **known,
        "first_name": normal_name(given.get("first_name", "")),
        "last_name": normal_name(given.get("last_name", "")),
        "country": normal_country(given.get("country", "")),
        "zip": given.get("zip") or None,
    }, ""


def customers_of(
    session: Session, accounts: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], CustomerRecord]:
    """Records by (source, folded account)."""
    found: dict[tuple[str, str], CustomerRecord] = {}
    by_source: dict[str, list[str]] = {}
    for source, account in accounts:
        by_source.setdefault(source, []).append(account)
    for source, own in sorted(by_source.items()):
        for chunk in chunked(sorted(set(own)), _CHUNK):
            statement = select(CustomerRecord).where(
                CustomerRecord.source == source, col(CustomerRecord.account).in_(chunk)
            )
            found |= {(one.source, one.account): one for one in session.exec(statement)}
    return found


def count_customers(session: Session) -> int:
    """How many accounts have a record."""
    return session.exec(select(func.count()).select_from(CustomerRecord)).one()


def forget_customers(session: Session, actor: Actor) -> int:
    """Delete every customer record; returns how many."""
    actor.require(Permission.CONFIGURE, None)
    done: Any = session.execute(delete(CustomerRecord))
    gone = int(done.rowcount)
    record(
        session, actor, "customers.forget", noun="customers", noun_id="all", before={"stored": gone}
    )
    return gone
