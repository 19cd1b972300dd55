"""Rows of a table into the store: posts, mentions, what could not be read, and the counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlmodel import Session

from listening.importing import BadRow, Table
from listening.ingest import Ingested, ingest, tally
from listening.matching import BrandMatcher
from listening.sources.base import RawPost
from listening.store.tables import Sweep
from listening.store.watches.sweeps import quarantine


@dataclass(slots=True)
class Rows:
    """Rows on their way into the store, each post with the line it begins at or after."""

    posts: list[RawPost] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)

    def __len__(self) -> int:
        """Good and bad ones."""
        return len(self.posts) + len(self.bad)

    def add(self, row: RawPost | BadRow, line: int) -> None:
        """One more."""
        if isinstance(row, BadRow):
            self.bad.append(row)
        else:
            self.posts.append(row)
            self.lines.append(line)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of rows.

    Attributes:
        counts: of the posts.
        rejected: rows that could not be read, and posts whose id is another author's.
        quarantined: how many of them are kept; those that tell an erased author are not.
    """

    counts: Ingested
    rejected: Sequence[BadRow]
    quarantined: int


def take_rows(
    session: Session,
    rows: Rows,
    matcher: BrandMatcher,
    *,
    brand_ids: Sequence[int],
    all_about: int | None,
    sweep_id: int,
    file: str,
    source: str,
) -> Taken:
    """Store rows with the mentions found in them; the bad ones are put aside.

    Args:
        session: inside a unit of work.
        rows: in the order delivered.
        matcher, brand_ids, all_about: as of `ingest`.
        sweep_id: the sweep they came with.
        file: where rejected rows stand: a file, an address.
        source: under which /metrics counts them.
    """
    found = ingest(session, rows.posts, matcher, brand_ids=brand_ids, all_about=all_about)
    lines = {id(post): line for post, line in zip(rows.posts, rows.lines, strict=True)}
    rejected = [*rows.bad, *(clash_row(post, lines[id(post)]) for post in found.clashes)]
    aside = [(row.line, row.field, row.reason, row.raw) for row in rejected]
    kept = quarantine(session, sweep_id=sweep_id, file=file, rows=aside)
    tally(session, source, found, kept)
    return Taken(replace(found, clashes=()), rejected, kept)


def count_into(sweep: Sweep, counts: Ingested, quarantined: int) -> None:
    """Write counts into a sweep's entry, in place of those there."""
    sweep.rows = counts.rows + quarantined
    sweep.posts_new, sweep.posts_edited = counts.posts_new, counts.posts_edited
    sweep.posts_same, sweep.mentions_new = counts.posts_same, counts.mentions_new
    sweep.refused, sweep.quarantined = counts.refused, quarantined


def clash_row(post: RawPost, line: int) -> BadRow:
    """A post whose id another author's post has: kept aside, not written over it."""
    facts = {name: getattr(post, name) for name in post.__dataclass_fields__}
    return BadRow(
        line,
        "the id is another author's post already: ids must be unique within a source; name "
        "another id column (--map id=...) or another --source",
        "id",
        json.dumps(facts, ensure_ascii=False, default=str),
    )


def unknown_values(table: Table) -> list[str]:
    """What the latest reading of a table kept as unknown, in words."""
    return [
        f"{name}: {count} values unreadable, kept as unknown"
        for name, count in table.unreadable().items()
    ]
