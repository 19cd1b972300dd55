"""Who is in an audience file: authors by id, with what customer records say of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from sqlmodel import Session, col, select

from listening.audiences import AudienceFormat, Contact, audience_lines, row_of
from listening.matching import handle_of
from listening.store.flags.customers import customers_of
from listening.store.tables import Author

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of an audience's authors a platform's file has."""

    matched: int
    authors: int


def audience_of(session: Session, author_ids: Iterable[int], form: AudienceFormat) -> Iterator[str]:
    """The lines of an audience file, as they are read; authors in the order given."""
    return audience_lines(contacts_of(session, author_ids, form), form)


def coverage_of(session: Session, author_ids: Iterable[int], form: AudienceFormat) -> Coverage:
    """How many of the authors the file would have."""
    matched = authors = 0
    seen: set[tuple[str, ...]] = set()
    for contact in contacts_of(session, author_ids, form):
        authors += 1
        row = row_of(contact, form)
        if row is not None and row not in seen:
            seen.add(row)
            matched += 1
    return Coverage(matched, authors)


def contacts_of(
    session: Session, author_ids: Iterable[int], form: AudienceFormat
) -> Iterator[Contact]:
    """What is known of authors; those who are gone are left out."""
    ids = iter(author_ids)
    while chunk := list(islice(ids, _CHUNK)):
        statement = select(Author).where(col(Author.id).in_(chunk))
        authors = {int(a.id or 0): a for a in session.exec(statement)}
        accounts = {
            number: [
                (author.source.casefold(), handle_of(name))
                for name in (author.handle, author.native_id)
                if name
            ]
            for number, author in authors.items()
        }
        known = (
            {}
            if form is AudienceFormat.X
            else customers_of(session, [one for own in accounts.values() for one in own])
        )
        for number in chunk:
            author = authors.get(number)
            if author is None:
                continue
            one = next((known[a] for a in accounts[number] if a in known), None)
            yield Contact(
                author.source,
                author.handle or author.native_id,
                *(
                    (None,) * 6
                    if one is None
                    else (
                        one.email, one.phone, one.first_name, one.last_name, one.country, one.zip,
                    )
                ),
            )  # fmt: skip
