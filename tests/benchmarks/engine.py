"""Vectors and every opinion in one pass, beside the two libraries' passes at their defaults."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from nlp.artifacts import find_base_encoder, read_manifest
from nlp.engine import Engine
from nlp.runners import Backend, available
from nlp.text import for_model
from nlp.tokens import WordPieces
from tests.benchmarks.matching import texts_of

COUNT = 4096
# A worker's first batch, in a process of its own: seconds from nothing to opinions, and memory.
_START = """
import re, sys, time
from pathlib import Path
began = float(sys.argv[1])
from workers.models import models
found = models().analyse([f"the crew was lovely on flight {n}" for n in range(512)])
# Not getrusage: its peak is the parent's where that one was larger when it forked.
status = Path("/proc/self/status").read_text()
memory = int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) >> 10
print(f"{time.time() - began:.1f} s, {memory} MiB")
"""


def run(data: Path) -> None:
    """Print texts/s of each backend and of the libraries, and a worker's start."""
    texts = [for_model(t) for t in texts_of([data / "mentions" / "airline.csv.gz"], "text")]
    texts = list(dict.fromkeys(texts))[:COUNT]
    base = _libraries(texts)
    peak = {kind: _matrix_peak(kind) for kind in ("float32", "bfloat16")}
    print(", ".join(f"{kind} matrix peak {rate / 1e9:,.0f} GFLOP/s" for kind, rate in peak.items()))
    work = _operations(texts)
    for backend in available():
        rate = _engine_rate(backend, texts)
        best = peak["float32" if backend.endswith("float32") else "bfloat16"]
        share = "" if backend == "cuda" else f", {rate * work / len(texts) / best:.0%} of the peak"
        name = f"engine {backend}, vectors and opinions"
        print(f"{name:52} {rate:7,.0f} texts/s {rate / base:6.1f}{share}", flush=True)
    _start()


def _libraries(texts: list[str]) -> float:
    """texts/s of the library's encoder and then a classifier of the same size."""
    from sentence_transformers import SentenceTransformer
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    folder = str(find_base_encoder(read_manifest()))
    plain = SentenceTransformer(folder, device="cpu")
    with tempfile.TemporaryDirectory() as same_size:
        AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3).save_pretrained(
            same_size
        )
        AutoTokenizer.from_pretrained(folder).save_pretrained(same_size)
        classify = pipeline("text-classification", model=same_size)
    seconds = []
    for name, work in (
        ("SentenceTransformer.encode, vectors", plain.encode),
        ('pipeline("text-classification"), one opinion', classify),
    ):
        work(texts[:64])
        seconds.append(_seconds(work, texts))
        print(f"{name:52} {len(texts) / seconds[-1]:7,.0f} texts/s", flush=True)
    both = len(texts) / sum(seconds)
    print(f"{'both, one after the other':52} {both:7,.0f} texts/s    1.0", flush=True)
    return both


def _engine_rate(backend: Backend, texts: list[str]) -> float:
    engine = Engine(backend=backend)
    engine.read(texts)  # the first pass compiles for every length
    return len(texts) / min(_seconds(engine.read, texts) for _ in range(2))


def _seconds(work: Callable[[list[str]], object], texts: list[str]) -> float:
    started = time.perf_counter()
    work(texts)
    return time.perf_counter() - started


def _matrix_peak(kind: str) -> float:
    """Operations/s of a large matrix product, the best of twenty."""
    import torch

    torch.set_num_threads(os.cpu_count() or 1)
    a = torch.randn(2048, 2048, dtype=getattr(torch, kind))
    times = []
    for _ in range(20):
        started = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - started)
    return float(2 * 2048**3 / min(times))


def _operations(texts: list[str]) -> float:
    """Multiplications and additions of the encoder's layers on these texts, padding left out."""
    width, inner, layers = 384, 1536, 6
    total = 0
    for window in WordPieces(find_base_encoder(read_manifest())).windows(texts, most=1):
        length = len(window.ids)
        each = 4 * width * width + 2 * width * inner + 2 * length * width
        total += 2 * layers * length * each
    return float(total)


def _start() -> None:
    """A worker with a warm cache: the first start on a machine times the backends too."""
    with tempfile.TemporaryDirectory() as folder:
        for what in ("a worker's first start", "a worker's start"):
            found = subprocess.run(
                [sys.executable, "-c", _START, str(time.time())],
                env=os.environ | {"LISTENING_DATA_DIR": folder},
                capture_output=True,
                text=True,
                check=True,
            )
            print(f"{what}, until 512 posts are read: {found.stdout.strip()}", flush=True)
