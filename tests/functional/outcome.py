"""The outcome of a store: its rows by what they say, without ids, times and who ran what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy import Column, Table
from sqlalchemy import select as select_columns
from sqlmodel import SQLModel

from listening.store.session import Store
from listening.store.tables.types import UTCDateTime

Row = dict[str, Any]
Outcome = dict[str, dict[str, Row]]

# How a row of each table is told from the others of its table.
KEYS: Mapping[str, tuple[str, ...]] = {
    "brand": ("slug",),
    "alias": ("brand_id", "kind", "value"),
    "watch": ("brand_id", "source", "params_key"),
    "author": ("source", "native_id"),
    "author_look": ("author_id",),
    "post": ("source", "native_id"),
    "mention": ("post_id", "brand_id"),
    "analysis": ("post_id",),
    "vector": ("post_id",),
    "mention_sentiment": ("mention_id",),
    "correction": ("brand_id", "version"),
    "stance": ("brand_id", "author_id"),
    "support_case": ("mention_id",),
    "review": ("brand_id", "author_id", "verdict"),
    "flag": ("brand_id", "author_id"),
    "stance_change": ("brand_id", "author_id", "at", "kind"),
    "campaign": ("brand_id", "first_mention"),
    "campaign_mention": ("mention_id",),
    "customer_record": ("source", "account"),
    "post_words": ("post_id",),
    "mention_tag": ("mention_id", "tag"),
    "quarantined_row": ("file", "line", "raw_hash"),
    "backfill": ("watch_id",),
    "tombstone": ("digest",),
}
# Who ran what and when, which a kill changes.
RUNNING = frozenset(
    {
        "audit_entry",
        "brand_window",
        "case_event",
        "change",
        "claim",
        "counter",
        "delivery",
        "figure_due",
        "job",
        "lease",
        "mention_day",  # counted again for a while after; tested in test_daycounts
        "mention_mark",
        "presence",
        "store_fact",
        "sweep",
    }
)
# What people alone enter, and nobody does here.
ENTERED = frozenset(
    {
        "account",
        "api_key",
        "brand_role",
        "canned_note",
        "case_note",
        "channel",
        "credential",
        "erasure",
        "failed_attempt",
        "one_time_link",
        "repeat",
        "report",
        "report_item",
        "report_schedule",
        "saved_view",
        "sign_in",
    }
)
# Made when the first analyses stand, whichever they are by then: compared apart.
SEGMENTS = frozenset(
    {
        "author_profile",
        "lineage",
        "membership",
        "membership_change",
        "placed_chunk",
        "run_artefact",
        "segment",
        "segment_figure",
        "segment_state",
        "segmentation",
        "segmentation_fit",
        "unprofiled",
    }
)
# Times that are said of the data, not of the run.
_TIMES = frozenset({"published_at", "at"})
# What names others in what it holds, and so comes last.
_LAST = frozenset({"stance", "support_case", "campaign", "campaign_mention"})


def outcome(store: Store) -> Outcome:
    """Every row, by table and by its key."""
    found: Outcome = {}
    names: dict[str, dict[Any, str]] = {}
    with store.session() as session:
        tables = [table for table in SQLModel.metadata.sorted_tables if table.name in KEYS]
        for table in sorted(tables, key=lambda table: table.name in _LAST):
            rows = [dict(row) for row in session.execute(select_columns(table)).mappings()]
            own = names.setdefault(table.name, {})
            kept: dict[str, Row] = {}
            for row in rows:
                said = _said(table, row, names)
                key = " ".join(str(said[name]) for name in KEYS[table.name])
                if "id" in row:
                    own[row["id"]] = key
                kept[key] = said
            if len(kept) != len(rows):
                raise AssertionError(f"{table.name}: {len(rows) - len(kept)} rows twice")
            found[table.name] = kept
    return found


def _said(table: Table, row: Row, names: Mapping[str, Mapping[Any, str]]) -> Row:
    said: Row = {}
    for column in table.columns:
        value = row[column.name]
        parents = [key.column.table.name for key in column.foreign_keys]
        if _left_out(column, parents):
            continue
        if parents:
            value = names[parents[0]].get(value)
        said[column.name] = value
    # Ids within what is written down.
    if table.name == "stance":
        mentions = names["mention"]
        said["evidence"] = sorted(
            (one | {"mention_id": mentions[one["mention_id"]]} for one in said["evidence"]),
            key=lambda one: str(one["mention_id"]),
        )
        said["newest"] = sorted([mentions[int(i)], pull] for i, pull in said["newest"] or [])
    if table.name == "flag":
        del said["noise"]  # of its segment, which is compared apart
    if table.name == "campaign":
        said["first_mention"] = names["mention"][said["first_mention"]]
    if table.name == "support_case" and said["group_key"] is not None:
        said["group_key"] = names["post"][int(said["group_key"])]
    return said


def _left_out(column: Column[Any], parents: list[str]) -> bool:
    time = isinstance(column.type, UTCDateTime) and column.name not in _TIMES
    return time or column.name == "id" or any(parent not in KEYS for parent in parents)


# What a model says of a text differs in the last of bfloat16's eight bits with the texts beside
# it, and after a kill others are beside it.
NEAR, SAME_WAY = 0.01, 0.999


def differences(one: Outcome, other: Outcome) -> list[str]:
    """What is not the same in both, in words; empty: nothing.

    Every value is, but for what models say: numbers within `NEAR`, vectors by cosine.
    """
    told = []
    for table in sorted(set(one) | set(other)):
        left, right = one.get(table, {}), other.get(table, {})
        told += [f"{table} {key}: only in the first" for key in sorted(set(left) - set(right))]
        told += [f"{table} {key}: only in the second" for key in sorted(set(right) - set(left))]
        for key in sorted(set(left) & set(right)):
            told += [
                f"{table} {key}, {name}: {str(value)[:200]} and {str(right[key][name])[:200]}"
                for name, value in left[key].items()
                if not _same(value, right[key][name])
            ]
    return told


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= NEAR
    if isinstance(one, bytes) and isinstance(other, bytes):
        a, b = (np.frombuffer(data, np.float16).astype(np.float64) for data in (one, other))
        return len(a) == len(b) and float(a @ b) >= SAME_WAY * float(np.sqrt((a @ a) * (b @ b)))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)
