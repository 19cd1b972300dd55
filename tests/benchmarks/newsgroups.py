"""Segments of newsgroup authors against where they post, beside k-means told the true number."""

from __future__ import annotations

import csv
import gzip
import random
import tempfile
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

import numpy as np

from listening.config import Settings
from listening.ingest import ingest
from listening.matching import BrandMatcher
from listening.sources.base import RawPost
from listening.store.rows import membership_rows
from listening.store.schema import migrate
from listening.store.segments.segments import author_keys
from listening.store.session import Store
from nlp.engine import Engine
from workers.jobs.analysing import analyse_pending
from workers.jobs.profiling import read_profiles
from workers.jobs.segmenting import segment
from workers.models import Models

LEAST_POSTS = 3
Placed = dict[str, tuple[str, bool, float]]


def run(data: Path) -> None:
    """Print adjusted mutual information and noise, and whether shuffled rows give the same."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    posts, main = newsgroup_posts(data)
    models = Models(Engine())
    first, interests = segments(posts, models)
    shuffled = posts.copy()
    random.Random(5).shuffle(shuffled)
    again, _ = segments(shuffled, models)
    authors = sorted(first)
    truth = [main[a] for a in authors]
    groups = len(set(truth))
    plain = KMeans(groups, random_state=0, n_init=10).fit_predict(
        np.stack([interests[a] for a in authors])
    )
    soft = [first[a][0] for a in authors]
    hard = ["noise" if first[a][1] else first[a][0] for a in authors]
    for name, found in ((f"k-means told {groups}", plain), ("ours", soft), ("ours, noise", hard)):
        print(
            f"{name:18} AMI {adjusted_mutual_info_score(truth, found):.3f}, "
            f"ARI {adjusted_rand_score(truth, found):.3f}"
        )
    noise = sum(first[a][1] for a in authors) / len(authors)
    print(f"{len(authors)} authors, {len(set(soft))} segments, {noise:.1%} noise")
    print("rows shuffled: " + ("the same segments" if again == first else "OTHER SEGMENTS"))


def newsgroup_posts(data: Path) -> tuple[list[RawPost], dict[str, str]]:
    """Posts of authors with enough of them, and each author's main newsgroup."""
    csv.field_size_limit(1 << 24)
    path = data / "interests" / "newsgroups_posts.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["text"].strip() and r["date_utc_or_offset"]]
    where: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        where[row["author_id"]][row["newsgroup"]] += 1
    posts = [
        RawPost(
            source="usenet",
            # Numbers of articles are a newsgroup's own.
            native_id=f"{row['newsgroup']}/{row['doc_id']}",
            author_native_id=row["author_id"],
            title=row["subject"] or None,
            text=row["text"],
            published_at=datetime.fromisoformat(row["date_utc_or_offset"]),
        )
        for row in rows
        if where[row["author_id"]].total() >= LEAST_POSTS
    ]
    return posts, {author: own.most_common(1)[0][0] for author, own in where.items()}


def segments(posts: list[RawPost], models: Models) -> tuple[Placed, dict[str, np.ndarray]]:
    """Each author's segment, whether it is only the nearest, and strength; and interests."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), segment_min_posts=LEAST_POSTS)
        store = Store.from_settings(settings)
        migrate(store)
        for start in range(0, len(posts), 1000):
            with store.work() as session:
                ingest(session, posts[start : start + 1000], BrandMatcher([]), brand_ids=[])
        analyse_pending(store, models)
        segment(store, settings, model=models.revision)
        with store.session() as session:
            placed = {
                row["author_native_id"]: (row["segment"], row["noise"], row["strength"])
                for row in membership_rows(session)
            }
            people = read_profiles(session, settings, models.revision)
            keys = author_keys(session)
        store.close()
    return placed, {
        keys[int(author_id)][1]: vector
        for author_id, vector in zip(people.ids, people.interests, strict=True)
    }
