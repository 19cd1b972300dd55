"""How many posts a second go through the matcher, beside two plain ways.

Brands are made from words of the posts themselves: a name of three to six spellings, a NOT
and a NEAR each; names are drawn from frequent and rare words alike, with a fixed seed. One
process, one core. The baselines, on the same posts in the same run: every query evaluated
on its own without the automaton, and one `re` alternation of all names per brand, which
knows neither NOT nor NEAR.
"""

from __future__ import annotations

import csv
import gzip
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from listening.query import Document, Matcher, Query, parse
from listening.query.evaluate import Subject, evaluate

SEED = 7
REAL = [
    'virginamerica OR "virgin america" OR @virginamerica',
    '(united OR @united OR "united airlines") NOT "united nations"',
    "southwest OR southwestair OR @southwestair OR swa",
    'jetblue OR "jet blue" OR #jetblue',
    'americanair OR "american airlines" OR (american NEAR/3 (flight OR airline))',
    "usairways OR @usairways OR (us NEAR/0f airways)",
]


def texts_of(paths: Sequence[Path], column: str) -> list[str]:
    """The texts of one column of CSV files, plain or gzipped."""
    texts = []
    for path in paths:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8", newline="") as lines:  # type: ignore[operator]
            texts += [row[column] for row in csv.DictReader(lines) if row[column]]
    return texts


def brands(texts: Sequence[str], count: int) -> dict[int, str]:
    """Queries of realistic size; the six airlines first, the rest from words of the posts."""
    seen: Counter[str] = Counter()
    for text in texts:
        seen.update(set(re.findall(r"[a-z]{4,}", text.lower())))
    # No brand is called "with" or "your": leave the 300 commonest words to NOT and NEAR.
    ranked = [word for word, number in seen.most_common() if number > 1]
    common, names = ranked[:300], ranked[300:]
    dice = random.Random(SEED)
    queries = dict(enumerate(REAL))
    while len(queries) < count:
        a, b, c, d = dice.sample(names, 4)
        near, other, excluded, context = dice.sample(common, 4)
        spellings = [a, f'"{a} {b}"', f"@{a}", f"#{c}", f"{d}*"][: dice.randint(3, 5)]
        queries[len(queries)] = (
            f"({' OR '.join(spellings)} OR ({b} NEAR/5 ({near} OR {other}))) "
            f'NOT ({excluded} NEAR/2 {context} OR "{excluded} {other}")'
        )
    return {key: queries[key] for key in range(count)}


def rate(run: Callable[[Sequence[Document]], int], posts: Sequence[Document]) -> tuple[float, int]:
    """Posts a second, best of three, and how many matches there were."""
    best = 0.0
    matches = 0
    for _ in range(3):
        start = time.perf_counter()
        matches = run(posts)
        best = max(best, len(posts) / (time.perf_counter() - start))
    return best, matches


def one_by_one(queries: dict[int, Query]) -> Callable[[Sequence[Document]], int]:
    """Every query on its own, straight from its tree."""

    def run(posts: Sequence[Document]) -> int:
        matches = 0
        for post in posts:
            subject = Subject(post)
            for query in queries.values():
                matches += evaluate(query.tree, subject, subject.areas) is not None
        return matches

    return run


def alternation(queries: dict[int, Query]) -> Callable[[Sequence[Document]], int]:
    """One compiled alternation of its literal terms for every query."""
    patterns = [
        re.compile("|".join(rf"\b{re.escape(t.lstrip('@#'))}\b" for t in query.terms()), re.I)
        for query in queries.values()
    ]

    def run(posts: Sequence[Document]) -> int:
        return sum(p.search(post.text) is not None for post in posts for p in patterns)

    return run


def automaton(queries: dict[int, Query]) -> Callable[[Sequence[Document]], int]:
    """The matcher."""
    match = Matcher(queries).match

    def run(posts: Sequence[Document]) -> int:
        return sum(len(match(post)) for post in posts)

    return run


def run(data: Path) -> None:
    """Print posts/s with 1, 10 and 100 brands."""
    names = ("airline.csv.gz", "customer_support.csv.gz")
    texts = texts_of([data / "mentions" / name for name in names], "text")
    posts = [Document(text) for text in texts]
    few = posts[:: max(1, len(posts) // 500)]  # the baselines are slow
    ascii_share = sum(text.isascii() for text in texts) / len(texts)
    mean = sum(map(len, texts)) / len(texts)
    print(f"{len(texts):,} posts, {mean:.0f} characters on average, {ascii_share:.0%} pure ASCII")
    for count in (1, 10, 100):
        queries = {key: parse(text) for key, text in brands(texts, count).items()}
        print(f"{count} brands")
        for name, make, some in (
            ("matcher", automaton, posts),
            ("each query alone", one_by_one, few),
            ("re alternations", alternation, few),
        ):
            speed, matches = rate(make(queries), some)
            print(f"  {name:18} {speed:10,.0f} posts/s  {matches / len(some):.3f} matches a post")
