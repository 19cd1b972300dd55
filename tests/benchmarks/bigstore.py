"""A store of a million mentions, made in minutes: for the desk at its size, and for nothing else.

Written past every job by bulk statements, as the jobs of an earlier release would have left it:
analysed, flagged, with cases and two segmentations. Then it is migrated, so that this is measured
too, and what is kept counted is counted by the jobs themselves. Chunks that stand are not written
again; what was made for another seed or size is refused.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from alembic import command
from sqlalchemy import inspect, text
from sqlmodel import SQLModel, func, select

from listening.errors import ConflictError
from listening.sources.base import PostKind
from listening.store.bulk import upsert
from listening.store.keeping.upkeep import vacuum
from listening.store.posts.posts import text_hash
from listening.store.schema import alembic_config, current_version, migrate, newest_version
from listening.store.session import Store
from listening.store.tables import (
    Analysis,
    Author,
    AuthorProfile,
    Brand,
    MatchedBy,
    Mention,
    MentionSentiment,
    Post,
    QuarantinedRow,
    SentimentBasis,
    StoreFact,
    Sweep,
    SweepStatus,
    Watch,
)
from tests.benchmarks import concluded, crowd
from tests.benchmarks.crowd import BRANDS, SOURCES, People, Posts, moment, name_of, words
from workers.jobs.counting import count
from workers.jobs.figuring import make_figures

CHUNK = 20_000
FILLED_AT = "0006"  # the schema whose tables it fills
MODEL = "desk-benchmark"
SEGMENTS = 40

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Size:
    """What is made: so many mentions by so many authors, up to a moment."""

    mentions: int
    authors: int
    end: datetime
    seed: int = 1


def build(store: Store, size: Size, say: Say = print) -> None:
    """Fill a store, or go on where filling it was cut off.

    Raises:
        ConflictError: it was filled otherwise.
    """
    if current_version(store) == newest_version():
        _same(store, size)
        _timed("counted", lambda: _counted(store), say)
        return
    command.upgrade(alembic_config(store), FILLED_AT)
    _same(store, size)
    who = crowd.people(size.seed, size.authors, SEGMENTS)
    said = crowd.posts(size.seed, who, size.mentions)
    for name, table, rows in _frame(size):
        _chunks(store, name, table, [rows], say)
    _chunks(store, "authors", Author, _authors(who), say)
    _chunks(store, "profiles", AuthorProfile, _profiles(who, said, size), say, key="author_id")
    _chunks(store, "posts", Post, _posts(who, said, size), say)
    _chunks(store, "analyses", Analysis, _analyses(who, said, size), say, key="post_id")
    _chunks(store, "mentions", Mention, _mentions(said, size), say)
    _chunks(
        store, "sentiments", MentionSentiment, _sentiments(who, said, size), say, key="mention_id"
    )
    for name, table, rows, key in concluded.tables(who, said, size.end):
        _chunks(store, name, table, rows, say, key=key)
    if store.dialect == "postgresql":
        _set_sequences(store)
    vacuum(store)
    _timed("migrated", lambda: migrate(store), say)
    _timed("counted", lambda: _counted(store), say)
    vacuum(store)


def _counted(store: Store) -> None:
    count(store)
    make_figures(store)


def _timed(what: str, work: Callable[[], None], say: Say) -> None:
    began = time.perf_counter()
    work()
    say(f"  {what}: {time.perf_counter() - began:.0f} s")


def full(table: type[SQLModel], row: dict[str, Any]) -> dict[str, Any]:
    """A row with the table's own defaults for what it leaves out."""
    defaults = {
        name: found.get_default(call_default_factory=True)
        for name, found in table.model_fields.items()
        if name not in row and not found.is_required()
    }
    return {**defaults, **row}


def _same(store: Store, size: Size) -> None:
    wanted = json.dumps([size.mentions, size.authors, size.end.isoformat(), size.seed])
    with store.work() as session:
        fact = session.get(StoreFact, "desk-benchmark")
        if fact is not None and fact.value != wanted:
            raise ConflictError(
                f"This store was made for {fact.value}, not {wanted}: take another folder."
            )
        session.merge(StoreFact(name="desk-benchmark", value=wanted))


def _chunks(
    store: Store,
    name: str,
    table: type[SQLModel],
    rows: Iterable[list[dict[str, Any]]],
    say: Say,
    *,
    key: str | tuple[str, ...] = "id",
) -> None:
    """Write rows chunk by chunk, all but those that stand."""
    with store.session() as session:
        there = session.exec(select(func.count()).select_from(table)).one()
        columns = inspect(session.connection()).get_columns(str(table.__tablename__))
    names = {column["name"] for column in columns}
    defaults, written = {n: v for n, v in full(table, {}).items() if n in names}, 0
    for chunk in rows:
        written += len(chunk)
        if written > there:
            # Columns of later releases are filled by their migrations.
            whole = [{**defaults, **{n: row[n] for n in row if n in names}} for row in chunk]
            with store.work() as session:
                upsert(session, table, whole, key=(key,) if isinstance(key, str) else key)
    say(f"  {name}: {written:,}")


def _frame(size: Size) -> Iterator[tuple[str, type[SQLModel], list[dict[str, Any]]]]:
    """Brands, watches, sweeps, and rows that could not be read."""
    began = size.end - timedelta(days=crowd.DAYS)
    folded = [(name, name.casefold()) for name in BRANDS]
    yield "brands", Brand, [
        {"id": n, "name": name, "slug": slug, "created_at": began,
         "query": f'"{slug}" OR {slug.replace(" ", "")}'}
        for n, (name, slug) in enumerate(folded, 1)
    ]  # fmt: skip
    yield "watches", Watch, [
        {"id": n + 1, "brand_id": n // 2 + 1, "source": SOURCES[n % 2], "read_until": size.end,
         "created_at": began, "next_due_at": size.end + timedelta(days=3650)}
        for n in range(2 * len(BRANDS))
    ]  # fmt: skip
    yield "sweeps", Sweep, [
        {"id": n + 1, "watch_id": n % 12 + 1, "source": SOURCES[n % 2],
         "label": f"{BRANDS[n % 6]}, {n}", "status": SweepStatus.DONE, "rows": 90,
         "started_at": size.end - timedelta(minutes=15 * n),
         "finished_at": size.end - timedelta(minutes=15 * n - 1),
         "posts_new": 80, "posts_same": 9, "mentions_new": 60, "quarantined": n % 2}
        for n in range(1200)
    ]  # fmt: skip
    yield "quarantined rows", QuarantinedRow, [
        {"id": n + 1, "sweep_id": n + 1, "file": f"export-{n % 9}.csv", "line": n + 2,
         "field": "date", "reason": "no date", "raw": f"{n},someday,hello",
         "raw_hash": f"{n:032x}"}
        for n in range(500)
    ]  # fmt: skip


def _parts(count: int) -> Iterator[range]:
    for start in range(0, count, CHUNK):
        yield range(start, min(start + CHUNK, count))


def _authors(who: People) -> Iterator[list[dict[str, Any]]]:
    for part in _parts(len(who.segment)):
        yield [
            {
                "id": a + 1,
                "source": SOURCES[a % 5],
                "native_id": f"a{a + 1}",
                "handle": f"{name_of(a + 1).lower().replace(' ', '.')}",
                "name": name_of(a + 1),
                "followers": int(who.followers[a]) if who.followers[a] >= 0 else None,
                "verified": None if a % 3 else a % 50 == 0,
            }
            for a in part
        ]


def _profiles(who: People, said: Posts, size: Size) -> Iterator[list[dict[str, Any]]]:
    counts = np.bincount(said.author, minlength=len(who.segment))
    for part in _parts(len(who.segment)):
        yield [
            {
                "author_id": a + 1,
                "model": MODEL,
                "params": "",
                "posts": int(counts[a]),
                "interests": b"",
                "opinions": [0.3, 0.4, 0.3, 1.0],
                "as_of": size.end,
                "changed_at": size.end,
            }
            for a in part
        ]


def _worded(who: People, said: Posts, p: int) -> tuple[str, list[str]]:
    names = BRANDS[said.brand[p]]
    if said.second[p] >= 0:
        names += f" beside {BRANDS[said.second[p]]}"
    return words(who.segment[said.author[p]], names, said.polarity[p], said.draw[p])


def _language(said: Posts, p: int) -> str:
    return "en" if said.scored[p] else ("de", "es", "fr")[p % 3]


def _posts(who: People, said: Posts, size: Size) -> Iterator[list[dict[str, Any]]]:
    for part in _parts(len(said.author)):
        rows = []
        for p in part:
            body, tags = _worded(who, said, p)
            source = SOURCES[said.author[p] % 5]
            reply = p > 50 and said.draw[p, 0] % 10 == 0
            root = p - 1 - int(said.draw[p, 1]) % 40 if reply else p
            rows.append(
                {
                    "id": p + 1,
                    "source": source,
                    "native_id": f"p{p + 1}",
                    "author_id": int(said.author[p]) + 1,
                    "text": body,
                    "text_hash": text_hash(body, None, _language(said, p)),
                    "url": f"https://posts.example/p{p + 1}",
                    "published_at": moment(size.end, said.back[p]),
                    "added_at": moment(size.end, said.back[p]),
                    "language": _language(said, p),
                    "kind": PostKind.REPLY if reply else PostKind.POST,
                    "reply_to": f"p{root + 1}" if reply else None,
                    "thread": f"p{root + 1}" if reply else None,
                    "country": ("US", "DE", "BR", None)[p % 4],
                    "likes": int(said.draw[p, 2] % 40) if p % 2 else None,
                    "tags": tags,
                    "media": ["image"] if p % 5 == 0 else [],
                }
            )
        yield rows


def _three(polarity: float) -> tuple[float, float, float]:
    return max(-polarity, 0.0), 1 - abs(polarity), max(polarity, 0.0)


def _analyses(who: People, said: Posts, size: Size) -> Iterator[list[dict[str, Any]]]:
    for part in _parts(len(said.author)):
        rows = []
        for p in part:
            body, _ = _worded(who, said, p)
            polarity, scored = float(said.polarity[p]), bool(said.scored[p])
            negative, neutral, positive = _three(polarity) if scored else (None, None, None)
            rows.append(
                {
                    "post_id": p + 1,
                    "text_hash": text_hash(body, None, _language(said, p)),
                    "model": MODEL,
                    "language": _language(said, p),
                    "not_scored": None if scored else "language",
                    "negative": negative,
                    "neutral": neutral,
                    "positive": positive,
                    "anger": max(-polarity, 0.1) if scored else None,
                    "joy": max(polarity, 0.1) if scored else None,
                    "optimism": 0.2 if scored else None,
                    "sadness": 0.15 if scored else None,
                    "ironic": float(said.draw[p, 3] % 100) / 100 if scored else None,
                    "offensive": float(said.draw[p, 4] % 50) / 100 if scored else None,
                    "recommends": bool(polarity > 0.8),
                    "warns": bool(polarity < -0.8),
                    "spam": bool(said.draw[p, 5] % 200 == 0),
                    # Now and then the same words by many.
                    "copy_key": f"k{p // 500 if p % 500 < 12 else f'{p}-'}",
                    "analysed_at": moment(size.end, said.back[p]),
                }
            )
        yield rows


def mentions_of(said: Posts, p: int) -> list[tuple[int, int]]:
    """Id and brand of each mention that a post is."""
    first = (int(said.mention[p]), int(said.brand[p]) + 1)
    if said.second[p] < 0:
        return [first]
    return [first, (first[0] + 1, int(said.second[p]) + 1)]


def _mentions(said: Posts, size: Size) -> Iterator[list[dict[str, Any]]]:
    for part in _parts(len(said.author)):
        yield [
            {
                "id": number,
                "post_id": p + 1,
                "brand_id": brand,
                "author_id": int(said.author[p]) + 1,
                "published_at": moment(size.end, said.back[p]),
                "matched_by": MatchedBy.QUERY,
                "salience": 0.5 + float(said.draw[p, 6] % 50) / 100,
                "spans": [[3, 12]],
            }
            for p in part
            for number, brand in mentions_of(said, p)
        ]


def _sentiments(who: People, said: Posts, size: Size) -> Iterator[list[dict[str, Any]]]:
    for part in _parts(len(said.author)):
        rows = []
        for p in (p for p in part if said.scored[p]):
            body, _ = _worded(who, said, p)
            digest = text_hash(body, None, "en")
            for place, (number, _) in enumerate(mentions_of(said, p)):
                three = _three(float(said.polarity[p]) * (1 - 1.5 * place))
                names = dict(zip(("negative", "neutral", "positive"), three, strict=True))
                rows.append(
                    {
                        "mention_id": number,
                        "text_hash": digest,
                        "spans": [[3, 12]],
                        "model": MODEL,
                        "basis": SentimentBasis.TARGET,
                        **names,
                        **{f"model_{name}": value for name, value in names.items()},
                    }
                )
        yield rows


def _set_sequences(store: Store) -> None:
    """Ids were given; the next one is the database's own again."""
    with store.work() as session:
        for table in SQLModel.metadata.tables.values():
            if "id" in table.c and table.c.id.autoincrement is not False:
                named = f"pg_get_serial_sequence('\"{table.name}\"', 'id')"
                session.execute(
                    text(
                        f"SELECT setval({named}, (SELECT coalesce(max(id), 1) FROM "
                        f'"{table.name}")) WHERE {named} IS NOT NULL'
                    )
                )
