"""What the store tells by itself, in the unit of work in which it happens: watches, cases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import itemgetter

from sqlmodel import Session, col, select

from listening import notifying
from listening.notifying import LARGE_REACH
from listening.sources.errors import AuthenticationError, FormatChangedError, UnavailableError
from listening.store.bulk import chunked, within
from listening.store.notifying.notifications import notify
from listening.store.tables import Author, Brand, Case, Priority, Watch
from listening.store.tables.types import now
from listening.unread import Rows

LATELY = timedelta(days=7)
_MOST_TOLD = 20  # of one brand at a time, the largest reach first
FAILURES = 3  # in a row, from which on a watch is told of; what a person must mend at once

_HOPELESS = (AuthenticationError, FormatChangedError)
# Of errors only their kind leaves this machine: a server's words may quote what somebody wrote.
_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (AuthenticationError, "it does not let us in"),
    (FormatChangedError, "it answers in a way that is not understood"),
    (UnavailableError, "it does not answer"),
)


def tell_failing(session: Session, watch: Watch, error: Exception) -> None:
    """A sweep failed; told of where it is one too many in a row."""
    told = watch.failures == 1 if isinstance(error, _HOPELESS) else watch.failures == FAILURES
    brand = session.get(Brand, watch.brand_id) if told else None
    if brand is None:
        return
    kind = next((words for own, words in _KINDS if isinstance(error, own)), "it failed")
    notify(
        session,
        notifying.watch_failing(
            brand,
            int(watch.id or 0),
            source=watch.source,
            failures=watch.failures,
            error=kind,
            at=now(),
        ),
    )


def tell_rejected(session: Session, watch: Watch, sweep_id: int, rows: Rows) -> None:
    """Much more of a sweep could not be read than before."""
    brand = session.get(Brand, watch.brand_id)
    if brand is not None:
        notify(
            session,
            notifying.sweep_rejected(
                brand,
                int(watch.id or 0),
                sweep_id,
                source=watch.source,
                rejected=rows.aside,
                rows=rows.all,
            ),
        )


def tell_opened(session: Session, brand_id: int, mention_ids: Sequence[int]) -> None:
    """Cases of these mentions were opened just now: those of high priority are told of in one."""
    found: list[tuple[int, float]] = []
    for chunk in chunked(sorted(mention_ids), 5000):
        high = select(Case.id, Case.urgency).where(
            col(Case.mention_id).in_(chunk), Case.priority == Priority.HIGH
        )
        found += [(int(i or 0), urgency) for i, urgency in session.exec(high)]
    brand = session.get(Brand, brand_id) if found else None
    if brand is not None:
        ids = sorted(i for i, _ in found)
        most = max(urgency for _, urgency in found)
        notify(session, notifying.cases_opened(brand, ids, urgency=most))


def tell_detractors(
    session: Session, brand_id: int, turned: Sequence[tuple[int, datetime]]
) -> None:
    """Authors turned detractor; told of where it is lately, and their reach is large.

    What was said years ago and is read only now turns many at once, and is no news.
    """
    since = now() - LATELY
    lately = {author: at for author, at in sorted(turned, key=itemgetter(1)) if at >= since}
    found: list[Author] = []
    for chunk in chunked(sorted(lately), 5000):
        large = select(Author).where(
            within(session, Author.id, chunk), col(Author.followers) >= LARGE_REACH
        )
        found += session.exec(large)
    brand = session.get(Brand, brand_id) if found else None
    if brand is None:
        return
    found.sort(key=lambda author: (-(author.followers or 0), author.id or 0))
    for author in found[:_MOST_TOLD]:
        number = int(author.id or 0)
        event = notifying.detractor_new(
            brand,
            number,
            source=author.source,
            followers=author.followers or 0,
            since=lately[number],
        )
        notify(session, event)
