"""Audience files as the platforms take them (pure): exact columns, normalising, hashes.

    x       one hashed handle a line, no header: without its @, lower-case, SHA-256, no salt
    google  Email, Phone, First Name, Last Name hashed (SHA-256, lower-case hex); Country and Zip
            in clear. Trimmed and lower-cased before; phones in E.164 with the plus
    meta    EMAIL, PHONE, FN, LN, ZIP, COUNTRY, all hashed. Phones are digits alone with the
            country's; names and zips without spaces and punctuation. At most `META_BATCH` a call

A field that is unknown is empty, never the hash of nothing. The three are hashed without a salt,
as the platforms ask: whoever has a list of e-mail addresses can find them in the file.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

META_BATCH = 10_000
X_SOURCES = frozenset({"x", "twitter"})

_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\"]{2,}")
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_PHONE_SIGNS = re.compile(r"[\s().\-/]")
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_HANDLE = re.compile(r"[a-z0-9_]{1,50}")


class AudienceFormat(StrEnum):
    """Whose file it is."""

    X = "x"
    GOOGLE = "google"
    META = "meta"


HEADERS: dict[AudienceFormat, tuple[str, ...]] = {
    AudienceFormat.X: (),
    AudienceFormat.GOOGLE: ("Email", "Phone", "First Name", "Last Name", "Country", "Zip"),
    AudienceFormat.META: ("EMAIL", "PHONE", "FN", "LN", "ZIP", "COUNTRY"),
}


@dataclass(frozen=True, slots=True)
class Contact:
    """What is known of one person, as far as a platform can find them by it."""

    source: str
    handle: str | None = None
    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    country: str | None = None
    zip: str | None = None


def sha256(text: str) -> str:
    """Lower-case hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def normal_handle(handle: str) -> str | None:
    """A handle as X hashes it; None: it is none that X gives."""
    plain = handle.strip().removeprefix("@").lower()
    return plain if _HANDLE.fullmatch(plain) else None


def normal_email(email: str) -> str | None:
    """An address trimmed and in lower case; None: it is none."""
    plain = email.strip().lower()
    return plain if _EMAIL.fullmatch(plain) else None


def normal_phone(phone: str) -> str | None:
    """A number in E.164; None: it does not say its country, or is none."""
    plain = _PHONE_SIGNS.sub("", phone.strip())
    if plain.startswith("00"):
        plain = "+" + plain[2:]
    return plain if _E164.fullmatch(plain) else None


def normal_name(name: str) -> str | None:
    """A name trimmed and in lower case, its accents kept."""
    return " ".join(unicodedata.normalize("NFC", name).lower().split()) or None


def normal_country(country: str) -> str | None:
    """Two letters, in capitals; None: another way of naming a country."""
    plain = country.strip().upper()
    return plain if re.fullmatch(r"[A-Z]{2}", plain) else None


def row_of(contact: Contact, form: AudienceFormat) -> tuple[str, ...] | None:
    """A row of the file; None: nothing is known that the platform could find somebody by."""
    if form is AudienceFormat.X:
        if contact.source not in X_SOURCES or contact.handle is None:
            return None
        handle = normal_handle(contact.handle)
        return None if handle is None else (sha256(handle),)
    email = normal_email(contact.email) if contact.email else None
    phone = normal_phone(contact.phone) if contact.phone else None
    if email is None and phone is None:
        return None
    return (
        _google(contact, email, phone)
        if form is AudienceFormat.GOOGLE
        else _meta(contact, email, phone)
    )


def _google(contact: Contact, email: str | None, phone: str | None) -> tuple[str, ...]:
    first = normal_name(contact.first_name or "")
    last = normal_name(contact.last_name or "")
    country = normal_country(contact.country or "") or ""
    return (*(sha256(v) if v else "" for v in (email, phone, first, last)), country,
            (contact.zip or "").strip())  # fmt: skip


def _meta(contact: Contact, email: str | None, phone: str | None) -> tuple[str, ...]:
    country = normal_country(contact.country or "")
    plain = (
        email,
        phone.removeprefix("+") if phone else None,
        _NOT_LETTERS.sub("", normal_name(contact.first_name or "") or ""),
        _NOT_LETTERS.sub("", normal_name(contact.last_name or "") or ""),
        re.sub(r"[\s\-]", "", (contact.zip or "").lower()),
        country.lower() if country else None,
    )
    return tuple(sha256(v) if v else "" for v in plain)


def audience_lines(contacts: Iterable[Contact], form: AudienceFormat) -> Iterator[str]:
    """The lines of a file as they come; each person once."""
    if HEADERS[form]:
        yield _line(HEADERS[form])
    seen: set[tuple[str, ...]] = set()
    for contact in contacts:
        row = row_of(contact, form)
        if row is not None and row not in seen:
            seen.add(row)
            yield _line(row)


def in_parts(lines: Iterable[str], most: int = META_BATCH) -> Iterator[tuple[int, str]]:
    """Each line of a file with a header, and the part it belongs to, from 1.

    Each part is a file of its own, with the header and at most so many rows.
    """
    rest = iter(lines)
    header = next(rest, "")
    yield 1, header
    for number, line in enumerate(rest):
        part, place = divmod(number, most)
        if part and not place:
            yield part + 1, header
        yield part + 1, line


def _line(row: tuple[str, ...]) -> str:
    out = io.StringIO()
    # Hashes begin with no sign that a spreadsheet would run; a zip may.
    csv.writer(out, lineterminator="\n").writerow(
        "'" + value if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
        for value in row
    )
    return out.getvalue()
