"""Reading the public data sets that the opinion model is trained and judged on.

Whatever a validation text says is taken out of the training texts: SemEval's tweets are
the same as TweetEval's, with handles and addresses written out.
"""

from __future__ import annotations

import csv
import gzip
import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from nlp.text import for_model, marked, near_duplicates
from nlp.types import SENTIMENTS, Target

HANDLE = "@user"  # as `for_model` writes every handle


@dataclass(frozen=True, slots=True)
class Labelled:
    """n texts, as the models want them, with labels as positions among the head's classes.

    Attributes:
        targets: where the topic stands in each text; empty where labels are of the whole post.
    """

    texts: list[str]
    labels: list[int]
    targets: list[Target] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    def pick(self, rows: Iterable[int]) -> Labelled:
        """The rows named."""
        rows = list(rows)
        return Labelled(
            [self.texts[r] for r in rows],
            [self.labels[r] for r in rows],
            [self.targets[r] for r in rows] if self.targets else [],
        )


def semeval_sentiment(folder: Path, *, without: Sequence[str] = ()) -> Labelled:
    """SemEval-2017 task 4 A, the 2013 to 2016 splits.

    Args:
        folder: holds sentiment/semeval_a.csv.gz with the columns label and text.
        without: validation texts; the same text is left out of what is returned.
    """
    rows = _rows(folder / "sentiment" / "semeval_a.csv.gz")
    kept = [(row["text"], SENTIMENTS.index(row["label"])) for row in rows]
    fresh = unseen([text for text, _ in kept], without)
    data = Labelled([for_model(t) for t, _ in kept], [y for _, y in kept])
    return data.pick(fresh)


def semeval_towards(folder: Path) -> dict[str, Labelled]:
    """SemEval-2017 task 4 B and C, sentiment towards a named topic, by split.

    C's five classes become three; B's tweets that C lacks are added. A text that does not
    hold its topic is left out.

    Returns:
        By split ("2016train", "2016devtest", ...), rows of both; labels are positions in
        `SENTIMENTS`.
    """
    splits: dict[str, list[tuple[str, Target, int]]] = {}
    seen: set[tuple[str, str]] = set()
    for name, column in (("ce", "label_minus2_to_2"), ("bd", "label")):
        for row in _rows(folder / "sentiment" / f"semeval_{name}_topic.csv.gz"):
            key = (row["text"], row["topic"].casefold())
            target = places_of(row["topic"], row["text"])
            if key in seen or not target:
                continue
            seen.add(key)
            splits.setdefault(row["split"], []).append((row["text"], target, _three(row[column])))
    return {split: _targeted(rows) for split, rows in splits.items()}


def semeval_two_way(folder: Path, split: str) -> Labelled:
    """One split of SemEval-2017 task 4 B: negative or positive towards a named topic."""
    rows = [
        r for r in _rows(folder / "sentiment" / "semeval_bd_topic.csv.gz") if r["split"] == split
    ]
    found = [(r["text"], places_of(r["topic"], r["text"]), _three(r["label"])) for r in rows]
    return _targeted([row for row in found if row[1]])


def tweeteval(folder: Path, task: str, split: str) -> Labelled:
    """One split of a TweetEval task: sentiment, emotion, irony or offensive."""
    base = folder / "tweeteval" / task
    texts = (base / f"{split}_text.txt").read_text(encoding="utf-8").split("\n")
    labels = (base / f"{split}_labels.txt").read_text(encoding="utf-8").split("\n")
    pairs = [(for_model(t), int(y)) for t, y in zip(texts, labels, strict=True) if y]
    return Labelled([t for t, _ in pairs], [y for _, y in pairs])


def tweeteval_validation(folder: Path) -> Labelled:
    """TweetEval's sentiment validation split, 2,000 tweets."""
    return tweeteval(folder, "sentiment", "val")


def goemotions(folder: Path) -> Labelled:
    """Reddit comments with exactly one of GoEmotions' 27 emotions or none.

    Labels are positions in the sorted names of those that occur.
    """
    rows = _rows(folder / "emotion" / "goemotions.csv.gz")
    kept = [(r["text"], r["labels27"]) for r in rows if r["labels27"].isalpha()]
    names = sorted({name for _, name in kept})
    texts = [for_model(text.replace("[NAME]", HANDLE)) for text, _ in kept]
    return Labelled(texts, [names.index(name) for _, name in kept])


def starred_reviews(folder: Path) -> Labelled:
    """Reviews of an app by their stars: 1 and 2 negative, 3 neutral, 4 and 5 positive."""
    rows = _rows(folder / "mentions" / "netflix_reviews.csv.gz")
    kept = [(for_model(r["text"]), int(r["stars"])) for r in rows if len(r["text"].split()) > 3]
    return Labelled([t for t, _ in kept], [1 + (n > 3) - (n < 3) for _, n in kept])


def isarcasm(folder: Path) -> Labelled:
    """Tweets whose own authors say whether they were sarcastic (Oprea and Magdy, 2020)."""
    rows = list(_rows(folder / "sarcasm" / "isarcasm_en_train.csv.gz"))
    return Labelled([for_model(r["text"]) for r in rows], [int(r["sarcastic"]) for r in rows])


def two_in_one(data: Labelled, order: Sequence[int]) -> Labelled:
    """Pairs of texts in one, asked about the first or the second: what is said of one thing
    is not said of the other.

    Args:
        data: with targets.
        order: (m,) rows; each is joined with the one after it if their labels differ, and is
            the one asked about, standing first and second by turns.
    """
    texts: list[str] = []
    labels: list[int] = []
    targets: list[Target] = []
    different = [(a, b) for a, b in pairwise(order) if data.labels[a] != data.labels[b]]
    for place, (own, other) in enumerate(different):
        first, second = (own, other) if place % 2 == 0 else (other, own)
        shift = 0 if place % 2 == 0 else len(data.texts[first]) + 1
        texts.append(f"{data.texts[first]} {data.texts[second]}")
        labels.append(data.labels[own])
        targets.append([(start + shift, end + shift) for start, end in data.targets[own]])
    return Labelled(texts, labels, targets)


def by_handle(data: Labelled, rows: Sequence[int]) -> Labelled:
    """All texts, the targets of those named written as a handle: most brands are addressed."""
    texts, targets = list(data.texts), list(data.targets)
    for row in rows:
        pieces: list[str] = []
        places: list[tuple[int, int]] = []
        at = 0
        for start, end in data.targets[row]:
            pieces.append(data.texts[row][at:start])
            begin = sum(map(len, pieces))
            pieces.append(HANDLE)
            places.append((begin, begin + len(HANDLE)))
            at = end
        texts[row], targets[row] = "".join([*pieces, data.texts[row][at:]]), places
    return Labelled(texts, data.labels, targets)


def addressed(data: Labelled, rows: Sequence[int]) -> Labelled:
    """The texts named, each said to somebody: towards whom it says what it says at all."""
    texts = [f"{HANDLE} {data.texts[row]}" for row in rows]
    return Labelled(texts, [data.labels[row] for row in rows], [[(0, len(HANDLE))] for _ in rows])


def places_of(name: str, text: str) -> list[tuple[int, int]]:
    """Where a name stands in a text, whatever its case; spaces may be missing or differ."""
    parts = [re.escape(part) for part in name.split()]
    if not parts:
        return []
    return [m.span() for m in re.finditer(r"\s*".join(parts), text, re.IGNORECASE)]


def unseen(texts: Sequence[str], held_out: Sequence[str]) -> list[int]:
    """Rows of `texts` that are none of `held_out`, nor nearly one of them."""
    known = {comparable(text) for text in held_out}
    groups = near_duplicates([*held_out, *texts], threshold=0.7)[len(held_out) :]
    return [
        row
        for row, (text, group) in enumerate(zip(texts, groups, strict=True))
        if group >= len(held_out) and comparable(text) not in known
    ]


def comparable(text: str) -> str:
    """A text stripped to what two releases of one tweet share: no handle, address, mark."""
    text = re.sub(r"\\u[0-9a-fA-F]{4}", "", html.unescape(text))
    text = re.sub(r"https?\S*|www\.\S+|@\w+(?:['’]s)?", "", text)
    return re.sub(r"[\W_]+", "", text.casefold())


def _rows(path: Path) -> Iterator[Mapping[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _three(label: str) -> int:
    """A named or five-class label as a position in `SENTIMENTS`."""
    if label in SENTIMENTS:
        return SENTIMENTS.index(label)
    value = int(label)
    return 1 + (value > 0) - (value < 0)


def _targeted(rows: Sequence[tuple[str, Target, int]]) -> Labelled:
    prepared = [marked(text, [target]) for text, target, _ in rows]
    found = [(t, s[0], y) for (t, s), (_, _, y) in zip(prepared, rows, strict=True) if s[0]]
    return Labelled([t for t, _, _ in found], [y for _, _, y in found], [s for _, s, _ in found])
