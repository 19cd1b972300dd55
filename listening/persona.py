"""What is said of a segment or of an author: counts of posts, and what sets them apart (pure).

Every figure is a count with what it is a count of. Nothing is inferred: a fact is here because
posts of these authors show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from statistics import median

from listening.reports import Counts, net_sentiment
from listening.tally import Tally

# How much likelier than everyone: drawn towards 1 by so many who are like everyone, and told
# of those alone that as many share.
PRIOR_AUTHORS, LEAST_AUTHORS = 10.0, 3
PRIOR_POSTS, LEAST_POSTS = 5.0, 2
LEAST_TIMES = 1.2
MOST_AFFINITIES = 12

SENTIMENTS = ("negative", "neutral", "positive")
EMOTIONS = ("anger", "joy", "optimism", "sadness")
FORMATS = ("text", "link", "image", "video")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Share:
    """How much of something is of one kind, beside everyone.

    Attributes:
        count, of: of these posts; everyone, among: of everybody's.
    """

    name: str
    count: int
    of: int
    everyone: int
    among: int

    @property
    def share(self) -> float | None:
        """In [0, 1]; None where there is nothing to be a share of."""
        return self.count / self.of if self.of else None

    @property
    def everyones(self) -> float | None:
        """The same of everybody."""
        return self.everyone / self.among if self.among else None


def shares(
    own: Mapping[str, int], everyone: Mapping[str, int], names: Sequence[str] = ()
) -> tuple[Share, ...]:
    """Each name's share beside everyone's; of all names of these, largest first, where none
    are given."""
    of, among = sum(own.values()), sum(everyone.values())
    chosen = names or sorted(own, key=lambda name: (-own[name], name))
    return tuple(Share(n, own.get(n, 0), of, everyone.get(n, 0), among) for n in chosen)


@dataclass(frozen=True, slots=True)
class Format:
    """How often posts carry something, and what they get back for it.

    Attributes:
        reactions: median likes, reposts, replies and quotes of a post; None: unknown.
        known: posts whose reactions are known.
    """

    share: Share
    reactions: float | None
    known: int


@dataclass(frozen=True, slots=True)
class Affinity:
    """What these have more often than everyone.

    Attributes:
        kind: "hashtag", "site" or "word".
        own, of: how many of these have it; everyone, among: how many of all.
        times: how much likelier, drawn towards 1.
    """

    kind: str
    name: str
    own: int
    of: int
    everyone: int
    among: int
    times: float


def times_likelier(own: int, of: int, everyone: int, among: int, prior: float) -> float:
    """How much likelier something is here than among everyone.

        ((own + prior * p) / (of + prior)) / p,   p = everyone / among

    as if `prior` more were here who are like everyone: what few show says little. Where
    everyone was only sampled and lacks some that are here, p is of both together.
    """
    if everyone < own:
        everyone, among = everyone + own, among + of
    p = everyone / among
    return (own + prior * p) / (of + prior) / p


def affinities(
    own: Mapping[tuple[str, str], int],
    of: int,
    everyone: Mapping[tuple[str, str], int],
    among: int,
    *,
    prior: float = PRIOR_AUTHORS,
    least: int = LEAST_AUTHORS,
    most: int = MOST_AFFINITIES,
) -> tuple[Affinity, ...]:
    """What sets these apart, that with the most behind it first: by count x log(times)."""
    found = []
    for (kind, name), count in own.items():
        if count < least:
            continue
        times = times_likelier(count, of, everyone.get((kind, name), 0), among, prior)
        if times >= LEAST_TIMES:
            others = everyone.get((kind, name), 0)
            found.append(Affinity(kind, name, count, of, others, among, round(times, 2)))
    return tuple(sorted(found, key=lambda a: (-a.own * log(a.times), a.kind, a.name))[:most])


@dataclass(frozen=True, slots=True)
class Word:
    """A word that sets praise and complaint apart.

    Attributes:
        praise, complaint: authors who use it in the one and in the other.
        mentions: ids of some where it stands.
    """

    word: str
    praise: int
    complaint: int
    mentions: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Towards:
    """What these say of a brand.

    Attributes:
        authors: of these who mention it; counts, everyone: scored mentions (negative, neutral,
            positive), theirs and everybody's.
        weighed: of these with a stance; advocates, detractors: of the weighed.
        praise, complaint: words, as of the last segmentation.
        liked, disliked: ids of mentions that show it.
    """

    brand_id: int
    name: str
    slug: str
    authors: int
    mentions: int
    counts: Counts
    everyone: Counts
    weighed: int = 0
    advocates: int = 0
    detractors: int = 0
    praise: tuple[Word, ...] = ()
    complaint: tuple[Word, ...] = ()
    liked: tuple[int, ...] = ()
    disliked: tuple[int, ...] = ()

    @property
    def scored(self) -> int:
        """Mentions with a sentiment towards the brand."""
        return sum(self.counts)

    @property
    def net_sentiment(self) -> float | None:
        """(positive - negative) / scored mentions."""
        return net_sentiment(self.counts)

    @property
    def everyones(self) -> float | None:
        """The same of everybody who mentions it."""
        return net_sentiment(self.everyone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the figures stand on.

    Attributes:
        members: all there are; read: whose posts were read, a sample where they are many.
        everyone: authors read for comparison, of `all_authors`.
        posts: counted; left_out: spam and copies, which are not.
        scored: posts with a sentiment.
    """

    members: int
    read: int
    posts: int
    scored: int
    left_out: int
    everyone: int
    all_authors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """The facts of a segment, or of one author, each beside everyone's."""

    coverage: Coverage
    sentiment: tuple[Share, ...]
    emotion: tuple[Share, ...]
    sources: tuple[Share, ...]
    kinds: tuple[Share, ...]
    formats: tuple[Format, ...]
    weekdays: tuple[Share, ...]
    hours: tuple[tuple[int, ...], ...]  # 7 x 24, posts, UTC
    affinities: tuple[Affinity, ...]
    words: tuple[Affinity, ...] = ()  # as of the last segmentation
    brands: tuple[Towards, ...] = ()

    @property
    def busiest(self) -> tuple[int, int, float] | None:
        """Three hours of a day (UTC) with the most posts: first, last, their share."""
        day = [sum(row[hour] for row in self.hours) for hour in range(24)]
        if not any(day):
            return None
        spans = [sum(day[(h + k) % 24] for k in range(3)) for h in range(24)]
        first = max(range(24), key=lambda h: (spans[h], -h))
        return first, (first + 3) % 24, spans[first] / sum(day)


def persona(
    own: Tally,
    everyone: Tally,
    *,
    coverage: Coverage,
    brands: Sequence[Towards] = (),
    words: Sequence[Affinity] = (),
    one_author: bool = False,
) -> Persona:
    """The facts of some authors beside everyone's.

    Args:
        own, everyone: counted posts.
        coverage: what the counts stand on.
        brands: what they say of each.
        words: what sets their texts apart.
        one_author: affinities are counted by posts, for there are no authors to count.
    """
    found = (
        affinities(
            own.by_post, own.posts, everyone.by_post, everyone.posts,
            prior=PRIOR_POSTS, least=LEAST_POSTS,
        )
        if one_author
        else affinities(own.by_author, own.authors, everyone.by_author, everyone.authors)
    )  # fmt: skip
    days, all_days = _weekdays(own), _weekdays(everyone)
    return Persona(
        coverage=coverage,
        sentiment=shares(own.sentiments, everyone.sentiments, SENTIMENTS),
        emotion=shares(own.emotions, everyone.emotions, EMOTIONS),
        sources=shares(own.sources, everyone.sources),
        kinds=shares(own.kinds, everyone.kinds),
        formats=_formats(own, everyone),
        weekdays=shares(days, all_days, WEEKDAYS),
        hours=tuple(tuple(row) for row in own.hours),
        affinities=found,
        words=tuple(words),
        brands=tuple(sorted(brands, key=lambda b: (-b.mentions, b.slug))),
    )


def _weekdays(tally: Tally) -> dict[str, int]:
    return dict(zip(WEEKDAYS, map(sum, tally.hours), strict=True))


def _formats(own: Tally, everyone: Tally) -> tuple[Format, ...]:
    """Shares of posts: one may carry several things, so they need not add up to one."""
    return tuple(
        Format(
            Share(name, own.formats[name], own.posts, everyone.formats[name], everyone.posts),
            float(median(known)) if known else None,
            len(known),
        )
        for name in FORMATS
        for known in [own.reactions.get(name, [])]
    )
