"""Class-based TF-IDF: the words that set a segment apart from the others (pure)."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nlp.text import bare
from nlp.types import Floats

MIN_SHARE = 0.1
# Documents like all others that a class is thought to have beside its own.
PRIOR = 10.0
# Words that set praise and complaint apart: how far, in standard deviations, and whose.
APART = 1.645
LEAST_AUTHORS = 3
_PRIOR_WORDS = 100.0
_RARE = 0.01
_WORD = re.compile(r"\b[^\W\d_][\w'’]+\b")
# Words of talk that say nothing about interests, beside scikit-learn's English list.
_FILLER = frozenset(
    """
    amp actually ain't also anybody anyone anything aren't away bad better big bit bought
    can't come coming couldn't day days did didn't does doesn't doing don don't done dont
    end ever far feel fine finally got gonna good got great guess guys haha half hasn't
    haven't hey hour hours i'd i'll i'm i've im isn't it'll it's ive just keep kind know
    last later let let's like little ll lol long look looking lot lots love made make makes
    making maybe mean month months morning need needs new nice night nobody nothing oh ok
    okay old omg one ones people please pretty probably put quite re real really right said
    saw say says second seen shouldn't since somebody someone something sort start started
    still stuff sure take takes tell thank thanks that'll that's the there's they're they've
    thing things think thought time times today told tomorrow took tried try trying turns
    use used using ve very want wanted was wasn't way we'll we're we've week weeks weekend
    went weren't what's who's won't work worked working works worst wouldn't yeah year years
    yes yesterday yet you'd you'll you're you've
    """.split()
)

# Verdicts: what they are about is what is looked for.
_VERDICTS = frozenset(
    """
    absolute absolutely amazing angry annoyed annoying appreciate awesome awful beautiful best
    brilliant broken crap cool definitely disappointed disappointing disgusting dreadful
    excellent excited fabulous fail failed fantastic favorite favourite freaking fucking fun
    glad happy hate hated hates honestly hope hopeless horrendous horrible horrid impressed
    joke kudos loves loving miserable nightmare outstanding pathetic perfect pleased poor
    properly recommend ridiculous sad shame shit sorry stupid suck sucks super terrible thx
    thankful totally truly ugh unacceptable unhappy upset useless waste wonderful wow worse yay
    """.split()
)


def c_tf_idf(counts: Floats) -> Floats:
    """Weights of words in classes (Grootendorst, BERTopic, 2022).

        weight[c, w] = sqrt(tf[c, w]) * log(1 + a / f[w])

    with tf the share of word w among the words of class c, f[w] the count of w in all
    classes, and a the mean number of words a class. The root keeps words that everybody
    uses ("coffee" among owners of coffee machines) from leading every class.

    Args:
        counts: (classes, words).
    """
    return _weights(counts, counts.sum(axis=1, keepdims=True), counts.sum(axis=0))


def _weights(counts: Floats, sizes: Floats, totals: Floats) -> Floats:
    """As `c_tf_idf`, of some of the words, where sizes (classes, 1) and totals are of all."""
    if not counts.size:
        return counts
    share = counts / np.where(sizes > 0, sizes, 1)
    weights = np.sqrt(share) * np.log1p(sizes.mean() / np.where(totals > 0, totals, 1))
    return np.asarray(weights, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Keyword:
    """A word that sets a class apart, with what that stands on.

    Attributes:
        documents: of the class that hold it, of how many; everywhere, among: of all classes.
        times: how much likelier it is in a document of the class than in any, drawn towards 1
            by `PRIOR` documents that are like all.
    """

    word: str
    weight: float
    documents: int
    of: int
    everywhere: int
    among: int
    times: float


class Words:
    """Counts the words of classes, document by document, and forgets the documents.

    A word counts once a document, so that one author's refrain is not a segment's keyword, and
    must stand in two documents of a class and in a tenth of them. Where a class has more than
    `limit` words and pairs, those in less than a hundredth of its documents so far are dropped
    (lossy counting, Manku and Motwani, VLDB 2002): too rare to be keywords, they would be all
    there is at a million authors. Documents come in an order of nature, so that the same data
    give the same words.

    Args:
        classes: how many; they are named by their numbers.
        leave_out: words that say nothing here, such as the brands' names.
        limit: words and pairs held a class.
    """

    def __init__(
        self, classes: int, *, leave_out: Collection[str] = (), limit: int = 400_000
    ) -> None:
        self._stop = _stop_words(leave_out)
        self._limit = limit
        self._counts: list[dict[str, int]] = [{} for _ in range(classes)]
        self._documents = [0] * classes

    def add(self, owner: int, text: str) -> None:
        """One document of a class: an author's posts."""
        self._documents[owner] += 1
        counts = self._counts[owner]
        for word in set(_terms(text, self._stop)):
            counts[word] = counts.get(word, 0) + 1
        if len(counts) > self._limit:
            least = max(2, math.ceil(self._documents[owner] * _RARE))
            kept = {w: n for w, n in counts.items() if n >= least}
            self._counts[owner] = kept

    def keywords(self, most: int = 10) -> list[list[Keyword]]:
        """Per class, the words that set it apart, strongest first."""
        totals: Counter[str] = Counter()
        for own in self._counts:
            totals.update(own)
        words = self._candidates(totals)
        counts = np.array(
            [[own.get(word, 0) for word in words] for own in self._counts], np.float32
        ).reshape(len(self._counts), len(words))
        # What stands in one document of all is no word of anybody's and weighs nothing.
        sizes = np.array(
            [[sum(n for w, n in own.items() if totals[w] > 1)] for own in self._counts], np.float32
        ).reshape(-1, 1)
        everywhere = np.array([totals[word] for word in words], np.float32)
        weights = _weights(counts, sizes, everywhere)
        least = np.array([[max(2.0, n * MIN_SHARE)] for n in self._documents]).reshape(-1, 1)
        kept = np.where(counts >= least, weights, 0)
        place = {word: at for at, word in enumerate(words)}
        return [
            [self._keyword(owner, w, float(row[place[w]]), totals[w]) for w in found]
            for owner, row in enumerate(kept)
            for found in [_top(row, words, most)]
        ]

    def _candidates(self, totals: Counter[str]) -> list[str]:
        """Words frequent enough in some class to be its keyword, in alphabetical order."""
        found: set[str] = set()
        for own, documents in zip(self._counts, self._documents, strict=True):
            least = max(2.0, documents * MIN_SHARE)
            found.update(w for w, n in own.items() if n >= least and totals[w] > 1)
        return sorted(found)

    def _keyword(self, owner: int, word: str, weight: float, everywhere: int) -> Keyword:
        own, size = self._counts[owner][word], self._documents[owner]
        among = sum(self._documents)
        share = everywhere / among
        times = (own + PRIOR * share) / (size + PRIOR) / share
        return Keyword(word, round(weight, 6), own, size, everywhere, among, round(times, 4))


def keywords(
    documents: Sequence[Sequence[str]], *, leave_out: Collection[str] = (), most: int = 10
) -> list[list[str]]:
    """The words that set each class apart, strongest first; as `Words` finds them.

    Args:
        documents: per class, the documents (one author's posts are one document).
        leave_out: words that say nothing here, such as the brands' names.
        most: words a class.
    """
    words = Words(len(documents), leave_out=leave_out)
    for owner, own in enumerate(documents):
        for text in own:
            words.add(owner, text)
    return [[found.word for found in own] for own in words.keywords(most)]


@dataclass(frozen=True, slots=True)
class Telling:
    """A word that sets praise and complaint apart.

    Attributes:
        praise, complaint: authors who use it in the one and in the other.
        z: how far apart, in standard deviations.
        places: where it stands, as places in the list it is more often in; at most three.
    """

    word: str
    praise: int
    complaint: int
    z: float
    places: tuple[int, ...]


def contrast(
    praise: Sequence[tuple[int, str]],
    complaint: Sequence[tuple[int, str]],
    *,
    leave_out: Collection[str] = (),
    most: int = 6,
) -> tuple[list[Telling], list[Telling]]:
    """Words of praise that complaint lacks, and the other way round, strongest first.

    By the log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn,
    Fightin' Words, 2008): the prior is how often a word stands in both together, so that rare
    words are not told apart by chance. Kept is what stands 1.645 standard deviations apart
    (5 % one-sided), used by three authors. Bare verdicts ("awful") are left out: they say
    that, not what.

    Args:
        praise, complaint: (author, text) each; a word counts once an author.
        leave_out: words that say nothing here, such as the brands' names.
        most: words a side.
    """
    stop = _stop_words(leave_out) | _VERDICTS
    sides = [_authors_of(texts, stop) for texts in (praise, complaint)]
    sizes = [sum(map(len, side.values())) for side in sides]
    scored = {
        word: _apart([len(side.get(word, ())) for side in sides], sizes)
        for word in sorted({w for side in sides for w in side})
        if sum(len(side.get(word, ())) for side in sides) >= LEAST_AUTHORS
    }
    return _told(scored, sides, 0, most), _told(scored, sides, 1, most)


def authors_by_word(
    texts: Sequence[tuple[int, str]], *, leave_out: Collection[str] = ()
) -> dict[str, int]:
    """How many authors use each word or pair; bare verdicts and words that say nothing left out.

    Args:
        texts: (author, text) each; a word counts once an author.
        leave_out: words that say nothing here, such as the brands' names.
    """
    found = _authors_of(texts, _stop_words(leave_out) | _VERDICTS)
    return {word: len(authors) for word, authors in found.items()}


def most_said(authors: Mapping[str, int], most: int) -> list[str]:
    """The words of the most authors; one that only repeats part of a word before it is left out."""
    words = sorted(authors)
    return _top(np.array([authors[word] for word in words], np.float32), words, most)


# Word to its authors in the order they came, each with the place of the first text.
_Side = dict[str, dict[int, int]]


def _authors_of(texts: Sequence[tuple[int, str]], stop: Collection[str]) -> _Side:
    found: _Side = {}
    for place, (author, text) in enumerate(texts):
        for word in _terms(text, stop):
            found.setdefault(word, {}).setdefault(author, place)
    return found


def _apart(own: Sequence[int], sizes: Sequence[int]) -> float:
    """The z-score of a word, by its authors of each side: above 0 where the first has it more."""
    if sum(own) == sum(sizes):  # the only word there is
        return 0.0
    prior = _PRIOR_WORDS * sum(own) / sum(sizes)
    rest = _PRIOR_WORDS - prior
    odds = [math.log((n + prior) / (size - n + rest)) for n, size in zip(own, sizes, strict=True)]
    return (odds[0] - odds[1]) / math.sqrt(sum(1 / (n + prior) for n in own))


def _told(
    scored: Mapping[str, float], sides: Sequence[_Side], which: int, most: int
) -> list[Telling]:
    sign = 1 if which == 0 else -1
    own = {
        word: sign * z
        for word, z in scored.items()
        if sign * z >= APART and len(sides[which].get(word, ())) >= LEAST_AUTHORS
    }
    words = sorted(own)
    weights = np.array([own[word] for word in words], np.float32)
    return [
        Telling(
            word,
            len(sides[0].get(word, ())),
            len(sides[1].get(word, ())),
            round(sign * own[word], 4),
            tuple(sides[which][word].values())[:3],
        )
        for word in _top(weights, words, most)
    ]


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS) | _FILLER


def _stop_words(leave_out: Collection[str]) -> frozenset[str]:
    return _common() | {word.casefold() for word in leave_out}


def _terms(text: str, stop: Collection[str]) -> Iterator[str]:
    """Words and pairs of neighbours, once what says nothing is left out."""
    last = ""
    for word in _WORD.findall(_plain(text)):
        if word in stop:
            continue
        yield word
        if last:
            yield f"{last} {word}"
        last = word


def _plain(text: str) -> str:
    return re.sub(r"[’]", "'", bare(text).casefold())


def _top(weights: Floats, words: Sequence[str], most: int) -> list[str]:
    """The heaviest words; one that only repeats part of a heavier one is passed over."""
    chosen: list[str] = []
    found = [int(place) for place in np.flatnonzero(weights > 0)]
    for place in sorted(found, key=lambda p: (-weights[p], words[p])):
        parts = set(str(words[place]).split())
        if not any(parts & set(other.split()) for other in chosen):
            chosen.append(str(words[place]))
        if len(chosen) == most:
            break
    return chosen


def name_of(words: Sequence[str], *, parts: int = 3) -> str:
    """A segment's name from its keywords."""
    return " · ".join(words[:parts]) if words else "no common words"
