"""Are the tuned encoder's vectors as good for segments as the base encoder's?

The same job with both, on newsgroup authors and on Reddit's synthetic ones; k-means told the
true number stands beside, since it hangs less on chance than a density clustering.
"""

from __future__ import annotations

import csv
import gzip
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from listening.sources.base import RawPost
from nlp import weights
from nlp.artifacts import file_sha256, find_base_encoder, read_manifest
from nlp.engine import Engine
from nlp.network import load_base
from nlp.text import for_model
from nlp.types import Floats
from tests.benchmarks.newsgroups import LEAST_POSTS, newsgroup_posts, segments
from workers.models import Models

_REDDIT_AUTHORS = 800


class BaseVectors:
    """The base encoder as it came, in the place of a named one."""

    def __init__(self, folder: Path) -> None:
        own = read_manifest()
        outputs = {"sentiment": 3, "towards": 3}
        network = load_base(find_base_encoder(own), hidden=8, outputs=outputs)
        file = folder / "base.safetensors"
        weights.save(network, file, base_sha256=own.base.sha256, outputs=outputs)
        opinions = replace(own.opinions, file=file.name, sha256=file_sha256(file))
        self._engine = Engine(replace(own, folder=folder, opinions=opinions))
        self.dimensions = self._engine.dimensions
        self.revision = "base"

    def encode(self, texts: Sequence[str]) -> Floats:
        """(n, d) unit vectors."""
        return self._engine.read(texts).vectors


def run(data: Path) -> None:
    """Print agreement of segments with the truth, and the vectors' mean cosine."""
    engine = Engine()
    with tempfile.TemporaryDirectory() as folder:
        base = BaseVectors(Path(folder))
        for name, (posts, main) in (
            ("newsgroups", newsgroup_posts(data)),
            ("reddit, synthetic authors", reddit_posts(data)),
        ):
            some = [for_model(post.text) for post in posts[::10]]
            near = (base.encode(some) * engine.read(some).vectors).sum(axis=1)
            print(f"{name}: cosine to the base's, mean {near.mean():.4f}, worst {near.min():.3f}")
            for kind, models in (
                ("base", Models(engine, {}, base)),  # type: ignore[arg-type]
                ("tuned", Models(engine)),
            ):
                _judge(kind, posts, main, models)


def _judge(kind: str, posts: list[RawPost], main: dict[str, str], models: Models) -> None:
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_mutual_info_score

    found, interests = segments(posts, models)
    authors = sorted(found)
    truth = [main[a] for a in authors]
    rows = np.stack([interests[a] for a in authors])
    told = KMeans(len(set(truth)), random_state=0, n_init=10).fit_predict(rows)
    noise = sum(found[a][1] for a in authors) / len(authors)
    print(
        f"  {kind:6} AMI {adjusted_mutual_info_score(truth, [found[a][0] for a in authors]):.3f}, "
        f"{len({found[a][0] for a in authors})} segments, {noise:.1%} noise; k-means told "
        f"{len(set(truth))}: {adjusted_mutual_info_score(truth, told):.3f}",
        flush=True,
    )


def reddit_posts(data: Path) -> tuple[list[RawPost], dict[str, str]]:
    """Posts of the first authors with enough of them, and each one's main subreddit."""
    with gzip.open(
        data / "interests" / "reddit_posts.csv.gz", "rt", encoding="utf-8", newline=""
    ) as file:
        rows = [row for row in csv.DictReader(file) if row["text"].strip()]
    where: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        where[row["synthetic_author_id"]][row["subreddit"]] += 1
    enough = sorted(author for author, own in where.items() if own.total() >= LEAST_POSTS)
    chosen = set(enough[:_REDDIT_AUTHORS])
    posts = [
        RawPost(
            source="reddit",
            native_id=row["id"],
            author_native_id=row["synthetic_author_id"],
            text=row["text"],
            published_at=datetime.fromisoformat(row["created_utc"]),
        )
        for row in rows
        if row["synthetic_author_id"] in chosen
    ]
    return posts, {author: own.most_common(1)[0][0] for author, own in where.items()}
