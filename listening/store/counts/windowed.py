"""What cannot be added up from days: who spoke in a window, and how many they reach."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.store.bulk import upsert
from listening.store.counts.counted import read_days, span_of
from listening.store.tables import Author, BrandWindow, Mention
from listening.windows import ALL, PRESETS, Window, ends_on, preset

# Up to so many mentions authors and reach are counted when somebody asks.
AT_ONCE = 8000
# A window that took so long to count is counted again after this many times as long.
PATIENCE = 100
# Themes are looked for again once a window has so much more or less.
CHANGED = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who spoke.

    Attributes:
        reach_total: followers summed over mentions; reach_unique counts each author once.
        reach_known: authors whose followers are known, the coverage of both.
        as_of: what changed later is not in; None: everything is.
    """

    authors: int = 0
    reach_total: int = 0
    reach_unique: int = 0
    reach_known: int = 0
    as_of: datetime | None = None


def count_people(session: Session, brand_id: int, window: Window | None = None) -> People:
    """Count who mentioned a brand in a window, or ever."""
    speaking = (
        select_columns(col(Author.followers), func.count().label("mentions"))
        .select_from(Mention)
        .join(Author, col(Author.id) == col(Mention.author_id))
        .where(col(Mention.brand_id) == brand_id)
        .group_by(col(Author.id), col(Author.followers))
    )
    if window is not None and window.name != ALL:
        moment = col(Mention.published_at)
        speaking = speaking.where(moment >= window.start, moment < window.end)
    c = speaking.subquery().c
    total, unique, known, authors = session.execute(
        select_columns(
            func.sum(c.followers * c.mentions),
            func.sum(c.followers),
            func.count(c.followers),
            func.count(),
        )
    ).one()
    return People(
        authors=authors,
        reach_total=int(total or 0),
        reach_unique=int(unique or 0),
        reach_known=known,
    )


def people_of(
    session: Session, brand_id: int, window: Window, mentions: int, *, room: int = AT_ONCE
) -> People | None:
    """Who mentioned a brand in a window: counted at once where that is quick, else as kept.

    Args:
        session: to read with.
        brand_id: of the brand.
        window: of one's own or by its name.
        mentions: about how many there are in it.
        room: mentions that are counted at once.

    Returns:
        them; None: too many to count at once, and not counted yet.
    """
    if mentions <= room:
        return count_people(session, brand_id, window)
    kept = kept_window(session, brand_id, window)
    if kept is None:
        return None
    return People(
        authors=kept.authors,
        reach_total=kept.reach_total,
        reach_unique=kept.reach_unique,
        reach_known=kept.reach_known,
        as_of=kept.counted_at,
    )


def kept_window(session: Session, brand_id: int, window: Window) -> BrandWindow | None:
    """What is kept of a window; None: nothing, or of other days."""
    if window.name is None:
        return None
    kept = session.get(BrandWindow, (brand_id, window.name))
    if kept is None:
        return None
    same = window.name == ALL or (kept.first, kept.last) == (window.first, window.last)
    return kept if same else None


def standing_windows(session: Session, brand_id: int, today: date) -> list[Window]:
    """The windows that are kept of a brand: by name, and those before them; none without mentions.

    The shorter first: they are counted the sooner.
    """
    span = span_of(session, brand_id)
    if span is None:
        return []
    end = ends_on(span[1], today)
    found: list[Window] = []
    for name in PRESETS:
        window = preset(name, end)
        before = window.before()
        found += [window] if before is None else [window, before]
    return [*found, preset(ALL, end, span[0])]


def due_windows(session: Session, brand_id: int, moment: datetime, changed: bool) -> list[Window]:
    """Windows to be counted again: those of other days, and where mentions changed, the old.

    Args:
        session: to read with.
        brand_id: of the brand.
        moment: now.
        changed: whether anything did since the last time.
    """
    rows = select(BrandWindow).where(BrandWindow.brand_id == brand_id)
    kept = {row.name: row for row in session.exec(rows)}
    due = []
    for window in standing_windows(session, brand_id, moment.date()):
        row = kept.get(window.name or "")
        moved = row is None or (row.first, row.last) != (window.first, window.last)
        if moved or (changed and row is not None and _is_old(row, moment)):
            due.append(window)
    return due


def _is_old(row: BrandWindow, moment: datetime) -> bool:
    waited = moment - row.counted_at
    # Counted in the future is before a clock was put back.
    return waited >= timedelta(seconds=row.seconds * PATIENCE) or waited < timedelta(0)


def store_window(
    session: Session,
    brand_id: int,
    window: Window,
    people: People,
    *,
    counted_at: datetime,
    seconds: float,
) -> None:
    """Keep what was found of a window; themes of other days go."""
    kept = kept_window(session, brand_id, window)
    row = {
        "brand_id": brand_id,
        "name": window.name,
        "first": window.first,
        "last": window.last,
        "authors": people.authors,
        "reach_total": people.reach_total,
        "reach_unique": people.reach_unique,
        "reach_known": people.reach_known,
        "themes": kept.themes if kept is not None else None,
        "counted_at": counted_at,
        "seconds": seconds,
    }
    upsert(
        session,
        BrandWindow,
        [row],
        key=("brand_id", "name"),
        update=tuple(name for name in row if name not in {"brand_id", "name"}),
    )


def themeless(session: Session, brand_id: int) -> list[tuple[Window, int]]:
    """Windows whose themes were not looked for, or of fewer mentions by now; with how many.

    Words hardly change with a fiftieth of the mentions.
    """
    rows = select(BrandWindow).where(
        BrandWindow.brand_id == brand_id, col(BrandWindow.name).in_(list(PRESETS))
    )
    found = []
    for row in session.exec(rows.order_by(col(BrandWindow.first).desc())):
        window = Window(row.first, row.last, row.name)
        days = read_days(session, [brand_id], row.first, row.last)[brand_id].days
        mentions = sum(day.mentions for day in days)
        before = (row.themes or {}).get("mentions")
        if before is None or abs(mentions - before) > before * CHANGED:
            found.append((window, mentions))
    return found


def put_themes(session: Session, brand_id: int, window: Window, themes: dict[str, Any]) -> None:
    """Keep a window's themes, unless it is of other days by now."""
    session.execute(
        update(BrandWindow)
        .where(
            col(BrandWindow.brand_id) == brand_id,
            col(BrandWindow.name) == window.name,
            col(BrandWindow.first) == window.first,
            col(BrandWindow.last) == window.last,
        )
        .values(themes=themes)
    )


def forget_themes(session: Session, brand_ids: Collection[int]) -> None:
    """Themes go with texts that they were read from, and are looked for again."""
    session.execute(
        update(BrandWindow)
        .where(col(BrandWindow.brand_id).in_(sorted(brand_ids)))
        .values(themes=None)
    )
