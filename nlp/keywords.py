"""Class-based TF-IDF: the words that set a segment apart from the others (pure)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import numpy as np

from nlp.text import bare
from nlp.types import Floats

MIN_SHARE = 0.1
_WORD = r"(?u)\b[^\W\d_][\w'’]+\b"
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


def c_tf_idf(counts: Floats) -> Floats:
    """Weights of words in classes (Grootendorst, BERTopic, 2022).

        weight[c, w] = sqrt(tf[c, w]) * log(1 + a / f[w])

    with tf the share of word w among the words of class c, f[w] the count of w in all
    classes, and a the mean number of words a class. The root keeps words that everybody
    uses ("coffee" among owners of coffee machines) from leading every class.

    Args:
        counts: (classes, words).
    """
    sizes = counts.sum(axis=1, keepdims=True)
    share = counts / np.where(sizes > 0, sizes, 1)
    totals = counts.sum(axis=0)
    weights = np.sqrt(share) * np.log1p(sizes.mean() / np.where(totals > 0, totals, 1))
    return np.asarray(weights, dtype=np.float32)


def keywords(
    documents: Sequence[Sequence[str]], *, leave_out: Collection[str] = (), most: int = 10
) -> list[list[str]]:
    """The words that set each class apart, strongest first.

    A word counts once a document, so that one author's refrain is not a segment's keyword,
    and must stand in two documents of a class and in a tenth of them.

    Args:
        documents: per class, the documents (one author's posts are one document).
        leave_out: words that say nothing here, such as the brands' names.
        most: words a class.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

    texts = [_plain(text) for own in documents for text in own]
    owners = np.repeat(np.arange(len(documents)), [len(own) for own in documents])
    stop = ENGLISH_STOP_WORDS | _FILLER | {w.casefold() for w in leave_out}
    vectoriser = CountVectorizer(
        token_pattern=_WORD, ngram_range=(1, 2), binary=True, min_df=2, stop_words=list(stop)
    )
    try:
        per_document = vectoriser.fit_transform(texts)
    except ValueError:  # no word stands in two documents
        return [[] for _ in documents]
    words = vectoriser.get_feature_names_out()
    counts = np.zeros((len(documents), len(words)), np.float32)
    for owner in range(len(documents)):
        counts[owner] = np.asarray(per_document[owners == owner].sum(axis=0)).ravel()
    weights = c_tf_idf(counts)
    least = np.array([[max(2.0, len(own) * MIN_SHARE)] for own in documents])
    return [_top(row, words, most) for row in np.where(counts >= least, weights, 0)]


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
