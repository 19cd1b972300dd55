"""The whole job on the airline tweets, and its lists against the human labels.

The plain baseline for the lists is the author's mean over a linear model on bags of words,
trained on the same tweets as our head and seeing the same mentions.
"""

from __future__ import annotations

import csv
import gzip
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from sqlmodel import select

from listening.config import Settings
from listening.store.brands.brands import add_brand
from listening.store.schema import migrate
from listening.store.session import Store
from listening.store.tables import Author, Brand, Stance
from nlp.engine import Engine
from nlp.evaluate import average_precision, macro_recall
from nlp.text import for_model
from nlp.types import SENTIMENTS
from tests.benchmarks.bags import bag_of_words
from workers.jobs.analysing import analyse_pending
from workers.jobs.flagging import flag
from workers.jobs.importing import import_table, open_file
from workers.jobs.segmenting import segment
from workers.models import Models

T = TypeVar("T")
BRANDS = {
    "Virgin America": ("virginamerica", '"virgin america"'),
    "United": ("united", '"united airlines"'),
    "Southwest": ("southwestair", "southwest"),
    "JetBlue": ("jetblue", 'jetblue OR "jet blue"'),
    "US Airways": ("usairways", '"us airways"'),
    "American": ("americanair", '"american airlines"'),
}
Pair = tuple[str, str]


def run(data: Path) -> None:
    """Print counts, seconds, memory, macro recall and average precision."""
    path = data / "mentions" / "airline.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with tempfile.TemporaryDirectory() as folder:
        store = Store.from_settings(settings := Settings(data_dir=Path(folder)))
        scores, kinds = _job(store, settings, path)
        store.close()
    truth = _truth(rows)
    pairs = sorted(set(truth) & set(scores))
    human = np.array([truth[p] for p in pairs])
    print(f"{len(pairs)} author and airline pairs with two tweets or more")
    baseline = _bag_of_words(data, rows)
    for name, own in (("bag of words, mean", baseline), ("ours", scores)):
        values = np.array([own[p] for p in pairs])
        print(
            f"{name:20} average precision: detractors "
            f"{average_precision(list(human <= -0.5), list(-values)):.3f}, advocates "
            f"{average_precision(list(human >= 0.5), list(values)):.3f}"
        )
    for kind, right in (("advocate", human >= 0.5), ("detractor", human <= -0.5)):
        flagged = np.array([kinds[p] == kind for p in pairs])
        print(
            f"{kind}s flagged {flagged.sum()}, precision {right[flagged].mean():.2f}, "
            f"recall {flagged[right].mean():.2f}"
        )


def _job(store: Store, settings: Settings, path: Path) -> tuple[dict[Pair, float], dict[Pair, str]]:
    migrate(store)
    with store.work() as session:
        for name, (handle, query) in BRANDS.items():
            add_brand(session, name, query=f"@{handle} OR {query}", own_accounts=[handle])
    report = _timed("import", lambda: import_table(store, open_file(path, source="twitter")))
    print(f"  {report.counts}, {report.quarantined} in quarantine")
    models = _timed("load the model", lambda: Models(Engine()))
    _timed("analyse", lambda: analyse_pending(store, models))
    done = _timed("segment", lambda: segment(store, settings, model=models.revision))
    if done is not None:
        print(f"  {done.authors} authors, {done.noise} unsegmented")
    _timed("flag", lambda: flag(store, settings))
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")
    with store.session() as session:
        found = session.exec(
            select(Stance, Author, Brand).where(
                Author.id == Stance.author_id, Brand.id == Stance.brand_id
            )
        ).all()
    keys = [(author.native_id, brand.name) for _, author, brand in found]
    return (
        {key: s.score for key, (s, _, _) in zip(keys, found, strict=True)},
        {key: str(s.kind) for key, (s, _, _) in zip(keys, found, strict=True)},
    )


def _timed(what: str, work: Callable[[], T]) -> T:
    started = time.perf_counter()
    done = work()
    print(f"{what}: {time.perf_counter() - started:.1f} s", flush=True)
    return done


def _truth(rows: list[dict[str, str]]) -> dict[Pair, float]:
    """Mean human label, -1 to 1, of pairs with two tweets or more."""
    labels: dict[Pair, list[int]] = defaultdict(list)
    for row in rows:
        value = SENTIMENTS.index(row["airline_sentiment"]) - 1
        labels[row["author_id"], row["airline"]].append(value)
    return {pair: float(np.mean(own)) for pair, own in labels.items() if len(own) >= 2}


def _bag_of_words(data: Path, rows: list[dict[str, str]]) -> dict[Pair, float]:
    p = bag_of_words(data)([for_model(row["text"]) for row in rows])
    labels = [SENTIMENTS.index(row["airline_sentiment"]) for row in rows]
    print(f"bag of words: macro recall on tweets {macro_recall(labels, p.argmax(1)):.3f}")
    said: dict[Pair, list[float]] = defaultdict(list)
    for row, own in zip(rows, p, strict=True):
        said[row["author_id"], row["airline"]].append(float(own[2] - own[0]))
    return {pair: float(np.mean(own)) for pair, own in said.items()}
