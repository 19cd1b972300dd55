"""Flag advocates and detractors, and open cases for negative mentions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from listening.config import Settings
from listening.store.brands.brands import brand_id, get_brand, list_brands
from listening.store.cases.cases import FoundCase, store_cases
from listening.store.flags.campaigns import store_campaigns
from listening.store.flags.restancing import names_of
from listening.store.flags.reviews import marks_of
from listening.store.flags.stances import store_stances
from listening.store.mentions.mentions import MentionView, views
from listening.store.posts.analyses import vectors_of
from listening.store.posts.posts import newest_post_at
from listening.store.session import Store
from listening.store.tables import Brand, SentimentLabel
from listening.store.tables.types import now
from listening.triage import needs_answer, urgency
from workers.jobs.weighing import weigh
from workers.progress import Progress, Silent

# The latest negative mentions are compared for likeness; older ones stand for themselves.
GROUPED_CASES = 5000


@dataclass(frozen=True, slots=True)
class Flagged:
    """Counts of one brand."""

    brand: str
    authors: int
    advocates: int
    detractors: int
    cases: int


def flag(
    store: Store,
    settings: Settings,
    names: Sequence[str] | None = None,
    *,
    progress: Progress | None = None,
) -> list[Flagged]:
    """Flag the named brands, or all: a unit of work a brand."""
    progress = progress or Silent()
    with store.session() as session:
        brands = list_brands(session) if names is None else [get_brand(session, n) for n in names]
        as_of = newest_post_at(session)
    progress.begin("Flagging", len(brands))
    done = []
    for brand in brands:
        if as_of is not None:
            done.append(_flag_brand(store, settings, brand, as_of))
        progress.advance()
    progress.end()
    return done


def _flag_brand(store: Store, settings: Settings, of: Brand, as_of: datetime) -> Flagged:
    brand = brand_id(of)
    with store.session() as session:
        names = names_of(session, of)
        marks = marks_of(session, brand)
        found = list(views(session, brand_id=brand))
        negative = [
            v
            for v in found
            if needs_answer(
                v.post.text,
                negative=v.sentiment is SentimentLabel.NEGATIVE,
                polarity=v.polarity,
            )
            and not (v.analysis and v.analysis.spam and v.mention.override is None)
        ]
        vectors = vectors_of(session, [int(v.post.id or 0) for v in negative[-GROUPED_CASES:]])
    # This may take long, and nobody waits for it: only writing is one unit of work.
    weighed = weigh(
        found,
        names=names,
        marks=marks,
        as_of=as_of,
        half_life_days=settings.stance_half_life_days,
    )
    cases = _cases(negative, vectors, as_of)
    with store.work() as session:
        store_stances(session, brand, weighed.verdicts, weighed.courses)
        store_campaigns(session, brand, weighed.campaigns)
        store_cases(session, brand, cases, opened_at=now())
    kinds = [v.kind for v in weighed.verdicts.values()]
    return Flagged(
        brand=of.name,
        authors=len(kinds),
        advocates=kinds.count("advocate"),
        detractors=kinds.count("detractor"),
        cases=len(cases),
    )


def _cases(
    negative: Sequence[MentionView], vectors: dict[int, bytes], as_of: datetime
) -> list[FoundCase]:
    complaints: dict[int, int] = defaultdict(int)
    groups = _groups(negative, vectors)
    cases = []
    for view in negative:  # in the order of publication
        complaints[view.mention.author_id] += 1
        polarity = view.polarity
        cases.append(
            FoundCase(
                mention_id=int(view.mention.id or 0),
                urgency=urgency(
                    view.post.text,
                    polarity=-1.0 if polarity is None else polarity,
                    followers=view.author.followers,
                    complaints=complaints[view.mention.author_id],
                    published_at=view.post.published_at,
                    as_of=as_of,
                ),
                group_key=str(groups.get(int(view.post.id or 0), view.post.id)),
            )
        )
    return cases


def _groups(negative: Sequence[MentionView], vectors: dict[int, bytes]) -> dict[int, int]:
    """Post id to the post id that leads its group of similar complaints."""
    from nlp.group import similar_groups

    ids = [int(v.post.id or 0) for v in negative if v.post.id in vectors]
    if not ids:
        return {}
    # The latest are analysed first: while a new model is at it, older vectors may be of
    # another length.
    size = len(vectors[ids[-1]])
    ids = [i for i in ids if len(vectors[i]) == size]
    matrix = np.stack([np.frombuffer(vectors[i], np.float16) for i in ids]).astype(np.float32)
    return {ids[i]: ids[leader] for i, leader in enumerate(similar_groups(matrix))}
