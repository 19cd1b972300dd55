"""What a segment's members praise and complain of, brand by brand, in their own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from listening.store.brands.brands import brand_id, list_brands
from listening.store.flags.towards import SaidOf, opposed, put_figures, unworded
from listening.store.segments.segments import current_segmentation
from listening.store.session import Store
from workers.jobs.naming import brand_words
from workers.progress import Progress, Silent

Row = dict[str, Any]

# Mentions read of a segment and a brand, the latest first, of praise and of complaint each.
MOST = 4000


def word_segments(store: Store, *, progress: Progress | None = None) -> int:
    """Find the words of every segment of the current run that has none yet; returns how many.

    Each segment is a unit of work: killed anywhere, the next call goes on.
    """
    progress = progress or Silent()
    with store.session() as session:
        run = current_segmentation(session)
        waiting = unworded(session, int(run.id or 0)) if run is not None else []
    if run is None or not waiting:
        return 0
    progress.begin("Words of praise and complaint", len(waiting))
    for segment_id in waiting:
        with store.work() as session:
            found = brand_contrasts(session, int(run.id or 0), segment_id)
            put_figures(session, int(run.id or 0), segment_id, {"words": found})
        progress.advance()
    progress.end()
    return len(waiting)


def brand_contrasts(session: Session, run_id: int, segment_id: int) -> dict[str, Row]:
    """Brand id to words of praise and of complaint among a segment's members.

    Returns:
        JSON: {"3": {"praise": [word, ...], "complaint": [word, ...]}}, each word
        {"word", "praise", "complaint", "mentions"}: authors on both sides, and mention ids.
    """
    from nlp.keywords import contrast

    brands = list_brands(session)
    leave_out = brand_words(brands)
    found: dict[str, Row] = {}
    for brand in brands:
        number = brand_id(brand)
        praise, complaint = opposed(session, run_id, segment_id, number, most=MOST)
        sides = contrast(_texts(praise), _texts(complaint), leave_out=leave_out)
        if any(sides):
            found[str(number)] = {
                name: [_row(word, said) for word in words]
                for name, words, said in zip(
                    ("praise", "complaint"), sides, (praise, complaint), strict=True
                )
            }
    return found


def _texts(said: Sequence[SaidOf]) -> list[tuple[int, str]]:
    return [(one.author_id, one.text) for one in said]


def _row(word: Any, said: Sequence[SaidOf]) -> Row:
    return {
        "word": word.word,
        "praise": word.praise,
        "complaint": word.complaint,
        "mentions": [said[place].mention_id for place in word.places],
    }
