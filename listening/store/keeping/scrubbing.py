"""Where an erased author's words may stand besides posts: rejected rows, errors, keywords."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

from sqlalchemy import delete, exists, func, or_
from sqlmodel import Session, col, select

from listening.matching import handle_of
from listening.store.access.views import BETWEEN_VALUES
from listening.store.tables import (
    Backfill,
    CannedNote,
    CaseNote,
    Claim,
    Delivery,
    Erasure,
    Job,
    Post,
    QuarantinedRow,
    Report,
    Review,
    SavedView,
    Segment,
    Segmentation,
    SegmentState,
    Sweep,
    Watch,
)
from listening.store.watches.rawrows import fields_of

LEFT_OUT = "left out: it named an erased author"
_BETWEEN = " · "  # the words of a name that no person gave
_ENOUGH = 20  # characters of a text that nobody else happens to write

# Columns in which a program wrote what it had before it when it failed, or a colleague did.
_NOTES: tuple[tuple[Any, Any], ...] = (
    (Sweep, Sweep.error),
    (Sweep, Sweep.label),
    (Job, Job.error),
    (Job, Job.label),
    (Job, Job.stage),
    (Watch, Watch.last_error),
    (Backfill, Backfill.error),
    (Claim, Claim.error),
    (QuarantinedRow, QuarantinedRow.reason),
    (Delivery, Delivery.answer),
    (Erasure, Erasure.error),
    (CaseNote, CaseNote.text),  # of others' cases: colleagues quote
)
# What colleagues wrote to keep: a short text of the author's is no reason to lose it.
_KEPT: tuple[tuple[Any, Any], ...] = (
    (CannedNote, CannedNote.text),
    (Review, Review.note),  # of other authors
    (Review, Review.reason),
)


def drop_rows(
    session: Session, values: Collection[str], *, after: int, limit: int
) -> tuple[int, int | None]:
    """Delete quarantined rows of which a field is one of the values.

    Args:
        session: inside a unit of work.
        values: folded: native ids, handles, names, texts.
        after: only rows with a higher id.
        limit: rows looked at.

    Returns:
        how many went, and the id to go on after; None: all were looked at.
    """
    wanted = set(values)
    statement = select(QuarantinedRow.id, QuarantinedRow.raw).where(col(QuarantinedRow.id) > after)
    rows = session.exec(statement.order_by(col(QuarantinedRow.id)).limit(limit)).all()
    ids = [int(i or 0) for i, raw in rows if wanted & fields_of(raw)]
    session.execute(delete(QuarantinedRow).where(col(QuarantinedRow.id).in_(ids)))
    return len(ids), int(rows[-1][0] or 0) if len(rows) == limit else None


def count_rows(session: Session, values: Collection[str]) -> int:
    """How many quarantined rows have one of the values as a field."""
    wanted = set(values)
    found = select(QuarantinedRow.raw).execution_options(yield_per=1000)
    return sum(bool(wanted & fields_of(raw)) for raw in session.exec(found))


def naming(telling: Collection[str], values: Collection[str]) -> set[str]:
    """Of an author's values, folded, those that nobody else happens to write."""
    return {handle_of(value) for value in telling} | {v for v in values if len(v) >= _ENOUGH}


def scrub_notes(session: Session, values: Collection[str], names: Collection[str]) -> int:
    """Take errors, labels and notes that hold one of the values out of the store.

    Args:
        session: inside a unit of work.
        values: folded: native ids, handles, names, texts.
        names: as `naming` has them, for what colleagues wrote to keep.

    Returns:
        how many went.
    """
    changed = 0
    for table, column, holds in _noted(values, names):
        key = table.__mapper__.primary_key[0]
        statement = select(key, column).where(column.is_not(None)).order_by(key)
        for own, text in session.execute(statement).all():
            if text != LEFT_OUT and holds(text):
                row = session.get(table, own)
                setattr(row, column.key, LEFT_OUT)
                session.add(row)
                changed += 1
    session.flush()
    return changed


def _noted(
    values: Collection[str], names: Collection[str]
) -> Iterator[tuple[Any, Any, Callable[[str], bool]]]:
    """The columns of notes, each with what tells whether one has to go."""
    for columns, own in ((_NOTES, values), (_KEPT, names)):
        holds = _holder(own)
        yield from ((table, column, holds) for table, column in columns)


def drop_views(session: Session, values: Collection[str], author_ids: Collection[int]) -> int:
    """Delete saved views of which the name or a filter tells an author; returns how many.

    Args:
        session: inside a unit of work.
        values: as `naming` has them.
        author_ids: the numbers that pages have for them.
    """
    holds = _holder(values)
    numbers = {str(number) for number in author_ids}
    gone = 0
    for view in session.exec(select(SavedView).order_by(col(SavedView.id))).all():
        authors = {
            own
            for name in ("author", "xauthor")
            for own in view.params.get(name, "").split(BETWEEN_VALUES)
        }
        if numbers & authors or any(map(holds, (view.name, *view.params.values()))):
            session.delete(view)
            gone += 1
    session.flush()
    return gone


def scrub_reports(session: Session, values: Collection[str]) -> int:
    """Take the values out of the words and sentences of kept digests; returns how many changed.

    A word that others say too stays, as it does in a segment's keywords.
    """
    words = {handle_of(value) for value in values}
    common: dict[str, bool] = {}

    def tells(word: str) -> bool:
        return _tells(session, word, words, common)

    changed = 0
    for report in session.exec(select(Report).order_by(col(Report.id))).all():
        content = _without(report.content, tells)
        if "sentences" in content:
            content["sentences"] = [
                one
                for one in content["sentences"]
                if not any(_holder([word])(one["text"]) and tells(word) for word in words)
            ]
        if content != report.content:
            report.content = content
            session.add(report)
            changed += 1
    session.flush()
    return changed


def scrub_keywords(session: Session, values: Collection[str]) -> int:
    """Take the values out of segments' keywords, unless others say the word too.

    A segment that no person named is named by what is left, and so is a group of them.

    Returns:
        how many segment states and runs changed.
    """
    changed = 0
    words = {handle_of(value) for value in values}
    common: dict[str, bool] = {}

    def tells(word: str) -> bool:
        return _tells(session, word, words, common)

    latest: dict[int, list[str]] = {}
    for state in session.exec(select(SegmentState).order_by(col(SegmentState.id))).all():
        kept = [k for k in state.keywords if not tells(k)]
        figures = _without(state.figures, tells)
        latest[state.segment_id] = kept
        if kept != state.keywords or figures != state.figures:
            state.keywords, state.figures = kept, figures
            session.add(state)
            changed += 1
    for segment in session.exec(select(Segment).where(col(Segment.renamed).is_(False))).all():
        if any(map(tells, segment.name.split(_BETWEEN))):
            segment.name = _named(latest.get(int(segment.id or 0), []))
            session.add(segment)
    for run in session.exec(select(Segmentation).order_by(col(Segmentation.id))).all():
        groups = [_group(group, tells) for group in run.groups]
        if groups != run.groups:
            run.groups = groups
            session.add(run)
            changed += 1
    session.flush()
    return changed


def _without(value: Any, tells: Callable[[str], bool]) -> Any:
    """What figures say, without the entries about a word that tells somebody."""
    if isinstance(value, dict):
        return {name: _without(own, tells) for name, own in value.items()}
    if isinstance(value, list):
        about = [own.get("word") if isinstance(own, dict) else None for own in value]
        return [
            _without(own, tells)
            for own, word in zip(value, about, strict=True)
            if not isinstance(word, str) or not tells(word)
        ]
    return value


def _group(group: dict[str, Any], tells: Callable[[str], bool]) -> dict[str, Any]:
    kept = [word for word in group.get("keywords", []) if not tells(word)]
    return group if kept == group.get("keywords") else group | {
        "keywords": kept, "name": _named(kept)
    }  # fmt: skip


def _named(words: list[str]) -> str:
    return _BETWEEN.join(words[:3]) or "no common words"


def _tells(session: Session, keyword: str, words: set[str], common: dict[str, bool]) -> bool:
    folded = handle_of(keyword)
    for word in words & {folded, *folded.split()}:
        if word not in common:
            said = func.lower(col(Post.text)).contains(word, autoescape=True)
            titled = func.lower(col(Post.title)).contains(word, autoescape=True)
            found = select(exists().where(or_(said, titled)))
            common[word] = bool(session.execute(found).scalar())
        if not common[word]:
            return True
    return False


def _holder(values: Collection[str]) -> Callable[[str], bool]:
    """Tell whether a text holds one of the values: a short one as a word of its own."""
    short = sorted(v for v in values if v and len(v) < _ENOUGH)
    long = sorted(v for v in values if len(v) >= _ENOUGH)
    word = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, short))})(?!\w)") if short else None

    def holds(text: str) -> bool:
        folded = text.casefold()
        return bool(word and word.search(folded)) or any(v in folded for v in long)

    return holds
