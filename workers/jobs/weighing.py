"""What everybody said of a brand, made ready to be weighed: copies, campaigns, discounts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from listening.advocacy import Said, Verdict, prior_of, stance
from listening.coordination import Copied, FoundCampaign, campaigns, may_be_copied
from listening.discounting import Discount
from listening.sources.base import PostKind
from listening.stancechanges import Course, course
from listening.store.flags.restancing import discounts_for, said_of
from listening.store.flags.reviews import Marked
from listening.store.mentions.mentions import MentionView


@dataclass(frozen=True, slots=True)
class Weighed:
    """Everybody's stance towards a brand, how each came about, and who copied whom."""

    verdicts: dict[int, Verdict]
    courses: dict[int, Course]
    campaigns: list[FoundCampaign]


def weigh(
    found: Sequence[MentionView],
    *,
    names: Collection[str],
    marks: Mapping[int, Marked],
    as_of: datetime,
    half_life_days: float,
) -> Weighed:
    """Weigh all mentions of a brand.

    Args:
        found: in the order of publication.
        names: of the brand, its aliases among them.
        marks: what people said authors are.
        as_of: the moment that ages are counted from.
        half_life_days: age at which a mention counts half.
    """
    copies, copied_by = _copies(found)
    discounts = _discounts(found, names, marks)
    said = [
        said_of(
            view,
            copied=view.post.id in copies,
            coordinated=view.mention.id in copied_by.mentions,
            discounts=discounts.get(view.mention.author_id, ()),
        )
        for view in found
    ]
    prior = prior_of(said)
    by_author: dict[int, list[Said]] = defaultdict(list)
    for one in said:
        by_author[one.author_id].append(one)
    told = {"as_of": as_of, "half_life_days": half_life_days}
    return Weighed(
        {a: stance(own, prior, **told) for a, own in by_author.items()},  # type: ignore[arg-type]
        {a: course(own, prior, **told) for a, own in by_author.items()},  # type: ignore[arg-type]
        copied_by.campaigns,
    )


def _discounts(
    found: Sequence[MentionView], names: Collection[str], marks: Mapping[int, Marked]
) -> dict[int, tuple[Discount, ...]]:
    own: dict[int, list[MentionView]] = defaultdict(list)
    for view in found:
        own[view.mention.author_id].append(view)
    return {author: discounts_for(v, names, marks.get(author)) for author, v in own.items()}


@dataclass(frozen=True, slots=True)
class _Coordinated:
    campaigns: list[FoundCampaign]
    mentions: set[int | None]


def _copies(found: Sequence[MentionView]) -> tuple[set[int | None], _Coordinated]:
    """Post ids whose text was posted before, word for word or nearly; and what many copied."""
    from nlp.text import near_duplicates

    groups = near_duplicates([v.post.text for v in found])
    first: dict[str, int] = {}
    copies: set[int | None] = set()
    copied = []
    for position, view in enumerate(found):
        key = view.analysis.copy_key if view.analysis else None
        earlier = first.setdefault(key, position) if key is not None else position
        if groups[position] != position or earlier != position:
            copies.add(view.post.id)
        if may_be_copied(view.post.text, repost=view.post.kind is PostKind.REPOST):
            group = groups[position] if groups[position] != position else groups[earlier]
            copied.append(
                Copied(
                    int(view.mention.id or 0),
                    view.mention.author_id,
                    view.post.published_at,
                    group,
                )
            )
    campaigned = campaigns(copied)
    return copies, _Coordinated(campaigned, {i for one in campaigned for i in one.mentions})
