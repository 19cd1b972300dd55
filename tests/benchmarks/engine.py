"""Vector and sentiment of tweets in one pass, beside SentenceTransformer.encode alone."""

from __future__ import annotations

import time
from pathlib import Path

from nlp.artifacts import find_base_encoder, read_manifest
from nlp.engine import BACKENDS, Engine
from nlp.text import for_model
from tests.benchmarks.matching import texts_of

COUNT = 2048


def run(data: Path) -> None:
    """Print texts/s of each backend and of the library's own encode at its defaults."""
    from sentence_transformers import SentenceTransformer

    texts = [for_model(t) for t in texts_of([data / "mentions" / "airline.csv.gz"], "text")]
    texts = list(dict.fromkeys(texts))[:COUNT]
    plain = SentenceTransformer(str(find_base_encoder(read_manifest())), device="cpu")
    plain.encode(texts[:64])
    started = time.perf_counter()
    plain.encode(texts)
    base = len(texts) / (time.perf_counter() - started)
    print(f"{'SentenceTransformer.encode, vectors only':45} {base:7,.0f} texts/s   1.0")
    for backend in BACKENDS:
        engine = Engine(backend=backend)
        engine.encode(texts[:64])
        started = time.perf_counter()
        engine.encode(texts)
        rate = len(texts) / (time.perf_counter() - started)
        name = f"engine {backend}, vectors and sentiment"
        print(f"{name:45} {rate:7,.0f} texts/s   {rate / base:.1f}")
