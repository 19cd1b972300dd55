"""Copied campaigns: the same text by many authors in a short time (pure).

Of the texts of one group (the same but for links, handles and case, or nearly), those count as
coordinated that lie in some window of `WINDOW` with `LEAST_AUTHORS` authors or more. Reposts are
none: a platform's own button says whose words they are. Nor are texts of fewer than `LEAST_WORDS`
words, which people arrive at by themselves.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LEAST_AUTHORS = 5
LEAST_WORDS = 6
WINDOW = timedelta(hours=48)

_NO_WORD = re.compile(r"https?://\S+|www\.\S+|@\w+")
_WORD = re.compile(r"\w+")
_REPOST = re.compile(r"^\s*(?:RT|MT)\s+@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Copied:
    """A mention with the group of texts that it is one of."""

    mention_id: int
    author_id: int
    at: datetime
    group: int


@dataclass(frozen=True, slots=True)
class FoundCampaign:
    """Mentions that say the same; the first is what it is known by."""

    mentions: tuple[int, ...]
    authors: frozenset[int]
    first_at: datetime
    last_at: datetime


def may_be_copied(text: str, *, repost: bool) -> bool:
    """Whether the same text by others would be telling."""
    if repost or _REPOST.match(text):
        return False
    return len(_WORD.findall(_NO_WORD.sub(" ", text))) >= LEAST_WORDS


def campaigns(copied: Iterable[Copied]) -> list[FoundCampaign]:
    """Every campaign, in the order of their first mentions."""
    groups: dict[int, list[Copied]] = defaultdict(list)
    for one in copied:
        groups[one.group].append(one)
    found = [
        campaign
        for own in groups.values()
        if len(own) >= LEAST_AUTHORS
        for campaign in _of_group(sorted(own, key=lambda c: (c.at, c.mention_id)))
    ]
    return sorted(found, key=lambda c: (c.first_at, c.mentions))


def _of_group(own: Sequence[Copied]) -> list[FoundCampaign]:
    """Neighbours that share a window with enough authors are one campaign."""
    within: set[int] = set()
    start = 0
    authors: dict[int, int] = defaultdict(int)
    for end, one in enumerate(own):
        authors[one.author_id] += 1
        while one.at - own[start].at > WINDOW:
            authors[own[start].author_id] -= 1
            if not authors[own[start].author_id]:
                del authors[own[start].author_id]
            start += 1
        if len(authors) >= LEAST_AUTHORS:
            within.update(range(start, end + 1))
    runs: list[list[Copied]] = []
    for place in sorted(within):
        one = own[place]
        if runs and one.at - runs[-1][-1].at <= WINDOW:
            runs[-1].append(one)
        else:
            runs.append([one])
    return [
        FoundCampaign(
            tuple(c.mention_id for c in run),
            frozenset(c.author_id for c in run),
            run[0].at,
            run[-1].at,
        )
        for run in runs
    ]
