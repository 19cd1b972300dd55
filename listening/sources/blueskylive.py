"""What the two live ways to Bluesky have in common: what an event does, and batches of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from listening.fetching.http import Client
from listening.sources.base import KEEP_ALL, Batch, RawPost, Wanted
from listening.sources.blueskyauthors import PROFILES, Authors, asking, everybody
from listening.sources.blueskyposts import SOURCE, address_of, post_of_record
from listening.sources.live import Heard, Stream, hear
from listening.sources.normalise import clean
from listening.sources.searching import bad_row

# Accounts whose posts are not to be had any more; others may be back tomorrow.
_GONE = ("deleted", "takendown")


@dataclass(frozen=True, slots=True)
class Taker:
    """Takes what events tell into what was heard.

    Attributes:
        origin: address of the stream, for what is kept aside.
        whose: which new posts are taken. Edits and deletions all are: what they change may
            stand already.
    """

    origin: str
    whose: Callable[[RawPost], bool]

    def post(
        self,
        heard: Heard,
        *,
        operation: Any,
        did: Any,
        key: Any,
        record: Any,
        seen: datetime,
        raw: Any,
    ) -> None:
        """A post was created, updated or deleted.

        Args:
            heard: what was heard before.
            operation: "create", "update", "delete"; any other is nothing.
            did: whose repository.
            key: of the record.
            record: as it is now.
            seen: when.
            raw: the event, for what is kept aside.
        """
        if operation == "delete":
            heard.deleted.append((SOURCE, address_of(clean(did), clean(key))))
        elif operation in ("create", "update"):
            found = post_of_record(did, key, record, seen)
            if isinstance(found, str):
                self.aside(heard, raw, found)
            elif found is not None and (operation == "update" or self.whose(found)):
                heard.posts.append(found)

    def account(self, heard: Heard, did: Any, active: Any, status: Any) -> None:
        """An account is there, or no more."""
        if active is False and status in _GONE:
            heard.deleted_authors.append((SOURCE, clean(did)))

    def aside(self, heard: Heard, raw: Any, field: str, why: str | None = None) -> None:
        """Keep aside what cannot be read."""
        heard.bad_rows.append(bad_row(self.origin, raw, field, why))


def whose_of(params: Mapping[str, Any], wanted: Wanted) -> Callable[[RawPost], bool]:
    """Which posts a watch takes."""
    return everybody if params.get(KEEP_ALL.name) is True else wanted.mentions


def batches(
    stream: Stream,
    begun: Heard,
    listen: float,
    *,
    name: str,
    params: Mapping[str, Any],
    client: Client,
    whose: Callable[[RawPost], bool],
) -> Iterator[Batch]:
    """What is heard, with its authors, as a watch stores it.

    Args:
        stream: what to read.
        begun: where to go on.
        listen: see `hear`.
        name: of the place in the cursor.
        params: of the watch.
        client: asks the public index who wrote.
        whose: see `Taker`.

    Raises:
        SourceError: see `hear`.
    """
    authors = Authors(asking(client) if params.get(PROFILES.name, True) else None)
    for heard in hear(stream, begun, listen):
        yield Batch(
            cursor={} if heard.last is None else {name: heard.last},
            posts=authors.add_to(heard.posts, whose),
            bad_rows=heard.bad_rows,
            deleted=heard.deleted,
            deleted_authors=heard.deleted_authors,
            read_until=heard.until,
        )
