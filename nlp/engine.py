"""One pass: texts in, sentence vectors and opinions out, in their order.

A text goes through the encoder once. Batches are sorted by length and cut by tokens;
identical texts are computed once; long texts are read in windows.
"""

from __future__ import annotations

import json
import os
import platform
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np

from nlp.artifacts import Manifest, find_base_encoder, head_file, read_manifest, revision_of
from nlp.encoder import Backend, BaseEncoder, unit
from nlp.head import SentimentHead
from nlp.types import SENTIMENTS, Encoded, Floats

BACKENDS: tuple[Backend, ...] = ("float32", "bfloat16")

# Most windows of one text that are read: about 1,500 words.
MAX_WINDOWS = 8
# Padded tokens of one forward pass: large enough for the cores, small enough for the cache.
_BATCH_TOKENS = 2048
# A backend whose vectors are further than this from float32 is refused.
_MAX_COSINE_DISTANCE = 0.005


@dataclass(frozen=True, slots=True)
class BackendChoice:
    """Which backend, and why."""

    backend: Backend
    why: str


class Engine:
    """Encoder and sentiment head of one process. Load it after a fork, never before.

    Args:
        manifest: which files; None: the checkout's.
        encoder_dir: a configured folder of the base encoder.
        backend: how to compute; "auto" times the backends once.
        threads: cores to use; None: all.
        cache_dir: where "auto" remembers its choice; None: nowhere.

    Raises:
        nlp.errors.ModelError: a model file is missing, corrupt or another one.
    """

    def __init__(
        self,
        manifest: Manifest | None = None,
        *,
        encoder_dir: Path | None = None,
        backend: Literal["auto", "float32", "bfloat16"] = "auto",
        threads: int | None = None,
        cache_dir: Path | None = None,
    ) -> None:
        import torch

        self.manifest = manifest or read_manifest()
        self.head = SentimentHead.load(head_file(self.manifest, "sentiment"))
        folder = find_base_encoder(self.manifest, encoder_dir)
        torch.set_num_threads(threads or os.cpu_count() or 1)
        self._lock = threading.Lock()
        self.choice, self._encoder = _choose(folder, backend, cache_dir)
        self.revision = revision_of(self.manifest)

    @property
    def dimensions(self) -> int:
        """Length of a sentence vector."""
        return self._encoder.dimensions

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Encoded:
        """Vectors and sentiment of n texts.

        Args:
            texts: already as `nlp.text.for_model` gives them.
            progress: called with the number of texts just finished.
        """
        vectors, features = self.features(texts, progress=progress)
        if not len(texts):
            return Encoded(vectors, np.zeros((0, len(SENTIMENTS)), np.float32))
        return Encoded(vectors, self.head.probabilities(features))

    def features(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> tuple[Floats, Floats]:
        """(n, d) unit sentence vectors and (n, f) features for heads."""
        with self._lock:
            return run_windows(self._encoder, texts, progress=progress)


def run_windows(
    encoder: BaseEncoder, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
) -> tuple[Floats, Floats]:
    """Encode texts, identical ones once, long ones in windows weighted by their tokens."""
    distinct: dict[str, int] = {}
    places = np.array([distinct.setdefault(t, len(distinct)) for t in texts], dtype=np.int64)
    pooled = np.zeros((len(distinct), encoder.dimensions), np.float32)
    features = np.zeros((len(distinct), encoder.features), np.float32)
    weights = np.zeros((len(distinct), 1), np.float32)
    windows = [
        (owner, ids)
        for owner, own in enumerate(encoder.token_windows(list(distinct), most=MAX_WINDOWS))
        for ids in own
    ]
    # Equal lengths are ordered by their tokens, so that a batch, and with it the last bit of
    # a result, does not hang on the order in which texts came.
    windows.sort(key=lambda window: (len(window[1]), window[1]))
    start = 0
    while start < len(windows):
        end = _batch_end(windows, start)
        owners = [owner for owner, _ in windows[start:end]]
        vectors, heads = encoder.run([ids for _, ids in windows[start:end]])
        size = np.array([[len(ids)] for _, ids in windows[start:end]], np.float32)
        np.add.at(pooled, owners, vectors * size)
        np.add.at(features, owners, heads * size)
        np.add.at(weights, owners, size)
        if progress is not None:
            progress(round((end - start) * len(texts) / len(windows)))
        start = end
    weights = np.maximum(weights, np.float32(1))
    return unit(pooled / weights)[places], np.asarray(features / weights, np.float32)[places]


def _batch_end(windows: Sequence[tuple[int, Sequence[int]]], start: int) -> int:
    """End of the batch that begins at `start`: as many windows as `_BATCH_TOKENS` holds."""
    end = start + 1
    while end < len(windows) and (end + 1 - start) * len(windows[end][1]) <= _BATCH_TOKENS:
        end += 1
    return end


def _choose(
    folder: Path, backend: str, cache_dir: Path | None
) -> tuple[BackendChoice, BaseEncoder]:
    if backend != "auto":
        named = cast(Backend, backend)
        return BackendChoice(named, "named in the settings"), BaseEncoder(folder, named)
    remembered = _recall(cache_dir)
    if remembered is not None:
        return remembered, BaseEncoder(folder, remembered.backend)
    choice, encoder = _time_backends(folder)
    _remember(cache_dir, choice)
    return choice, encoder


def _time_backends(folder: Path) -> tuple[BackendChoice, BaseEncoder]:
    """Run the same texts on each backend; the fastest that agrees with float32 wins."""
    texts = [f"waited {n} minutes at the gate and nobody said a word, thanks" for n in range(96)]
    texts += ["lovely crew, on time, would fly again " * (n % 4 + 1) for n in range(32)]
    encoders = {name: BaseEncoder(folder, name) for name in BACKENDS}
    vectors: dict[str, Floats] = {}
    rates: dict[Backend, float] = {}
    for name, encoder in encoders.items():
        run_windows(encoder, texts[:16])  # the first pass pays for allocation
        started = time.perf_counter()
        vectors[name], _ = run_windows(encoder, texts)
        rates[name] = len(texts) / (time.perf_counter() - started)
    for name in BACKENDS:
        distance = 1 - float((vectors[name] * vectors["float32"]).sum(axis=1).min())
        if distance > _MAX_COSINE_DISTANCE:
            del rates[name]
    best = max(rates, key=lambda name: rates[name])
    shown = ", ".join(f"{name} {rate:,.0f}" for name, rate in rates.items())
    return BackendChoice(best, f"fastest here, texts/s: {shown}"), encoders[best]


def processor_key() -> str:
    """What a remembered choice holds for: this processor and this torch."""
    import torch

    capability = torch.backends.cpu.get_cpu_capability()
    return f"{platform.machine()} {capability} {os.cpu_count()} torch {torch.__version__}"


def _recall(cache_dir: Path | None) -> BackendChoice | None:
    if cache_dir is None:
        return None
    try:
        data = json.loads((cache_dir / "engine.json").read_text(encoding="utf-8"))
        if data["processor"] == processor_key() and data["backend"] in BACKENDS:
            return BackendChoice(data["backend"], str(data["why"]))
    except (OSError, ValueError, KeyError):
        return None  # timed again
    return None


def _remember(cache_dir: Path | None, choice: BackendChoice) -> None:
    if cache_dir is None:
        return
    cache_dir.mkdir(parents=True, exist_ok=True)
    data = {"processor": processor_key(), "backend": choice.backend, "why": choice.why}
    partial = cache_dir / f"engine.json.{os.getpid()}"
    partial.write_text(json.dumps(data), encoding="utf-8")
    partial.replace(cache_dir / "engine.json")
