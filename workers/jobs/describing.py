"""Say what the segments of a run are: keywords, names, posts that explain them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlmodel import Session, select

from listening.store.brands.brands import list_brands
from listening.store.segments.finishing import Described
from listening.store.segments.quoting import members_in_order, quotable, texts_of
from listening.store.session import Store
from listening.store.tables import Segmentation, SegmentState
from workers.jobs.naming import brand_words
from workers.progress import Progress, Silent

if TYPE_CHECKING:
    from nlp.keywords import Keyword

# Of a segment's members, so many are read for its words, evenly drawn from their order of
# nature, and so many of the strongest for the posts that explain it.
READ = 2000
QUOTED = 200
EXEMPLARS = 5
_OPINIONS = 3  # the last columns of a centre, which no post's vector has

Group = dict[str, Any]


def describe(
    store: Store, run_id: int, *, progress: Progress | None = None
) -> tuple[dict[int, Described], list[Group]]:
    """What every segment of a run is called and explained by, and its coarse groups.

    Args:
        store: with all authors of the run placed.
        run_id: of the run.
        progress: told of every segment.

    Returns:
        by segment; and the groups, as `Segmentation.groups`.
    """
    from nlp.keywords import name_of

    progress = progress or Silent()
    with store.session() as session:
        run = session.get_one(Segmentation, run_id)
        chosen = select(SegmentState).where(SegmentState.segmentation_id == run_id)
        states = {state.segment_id: state for state in session.exec(chosen)}
        members = members_in_order(session, run_id)
        progress.begin("Describing segments", len(states))
        words, groups = _words(session, run, states, members, progress)
        described = {
            segment_id: Described(
                name=name_of([word.word for word in words[segment_id]]),
                keywords=[word.word for word in words[segment_id]],
                affinities=[asdict(word) for word in words[segment_id]],
                exemplars=_exemplars(session, run, state, members.get(segment_id, [])),
            )
            for segment_id, state in sorted(states.items())
        }
        progress.end()
    return described, groups


def _words(
    session: Session,
    run: Segmentation,
    states: Mapping[int, SegmentState],
    members: Mapping[int, Sequence[tuple[int, float]]],
    progress: Progress,
) -> tuple[dict[int, list[Keyword]], list[Group]]:
    """Keywords by segment, and of the groups, each told apart from its like."""
    from nlp.keywords import Words, name_of

    leave_out = brand_words(list_brands(session))
    order = sorted(states)
    numbers = sorted({s.coarse for s in states.values() if s.coarse is not None})
    fine = Words(len(order), leave_out=leave_out)
    coarse = Words(len(numbers), leave_out=leave_out)
    for place, segment_id in enumerate(order):
        group = states[segment_id].coarse
        read = _evenly([author for author, _ in members.get(segment_id, [])], READ)
        for _, texts in texts_of(session, read, run.model):
            document = " \n ".join(texts)
            fine.add(place, document)
            if group is not None:
                coarse.add(numbers.index(group), document)
        progress.advance()
    grouped = [[word.word for word in found] for found in coarse.keywords()]
    groups = [
        {"number": number, "name": name_of(words), "keywords": words}
        for number, words in zip(numbers, grouped, strict=True)
    ]
    return dict(zip(order, fine.keywords(), strict=True)), groups


def _evenly(values: Sequence[int], most: int) -> Sequence[int]:
    """At most so many, evenly drawn from the whole."""
    if len(values) <= most:
        return values
    return [values[place * len(values) // most] for place in range(most)]


def _exemplars(
    session: Session,
    run: Segmentation,
    state: SegmentState,
    members: Sequence[tuple[int, float]],
) -> list[int]:
    from nlp.exemplars import exemplars

    nearest = sorted(members, key=lambda member: -member[1])[:QUOTED]
    posts = quotable(session, [author for author, _ in nearest], run.model)
    if not posts:
        return []
    vectors = np.stack([np.frombuffer(p.vector, np.float16) for p in posts]).astype(np.float32)
    centre = np.frombuffer(state.centre or b"", np.float32)[:-_OPINIONS]
    if len(centre) != vectors.shape[1]:
        centre = vectors.mean(axis=0)
    chosen = exemplars(
        vectors,
        centre,
        np.array([post.engagement for post in posts], np.float64),
        [post.author_id for post in posts],
        most=EXEMPLARS,
    )
    return [posts[place].post_id for place in chosen]
