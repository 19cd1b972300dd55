"""One pass: texts in, sentence vectors and every opinion out, in their order.

A text goes through the encoder once. Batches are sorted by length and cut by tokens;
identical texts are computed once; long texts are read in windows.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, cast

import numpy as np

from nlp import weights
from nlp.arrays import softmax, unit
from nlp.artifacts import Manifest, find_base_encoder, opinion_file, read_manifest, revision_of
from nlp.choosing import BackendChoice, choose, recall, remember
from nlp.runners import Backend, OpenVinoRunner, Raw, Runner, TorchRunner, available
from nlp.tokens import Window, WordPieces
from nlp.types import Floats, Ints, Reading, Target, Three

# Most windows of one text that are read: about 1,500 words.
MAX_WINDOWS = 8
# Padded tokens of one forward pass: large enough for the cores, small enough for the cache.
_BATCH_TOKENS = 2048
TOWARDS = "towards"


class Engine:
    """The opinion model of one process. Load it after a fork, never before.

    Args:
        manifest: which files; None: the checkout's.
        encoder_dir: a configured folder of the base encoder.
        backend: how to compute; "auto" times the backends once.
        threads: cores to use; None: all.
        cache_dir: where "auto" remembers its choice and OpenVINO's graph lies; None: nowhere.

    Raises:
        nlp.errors.ModelError: a model file is missing, corrupt or another one.
    """

    def __init__(
        self,
        manifest: Manifest | None = None,
        *,
        encoder_dir: Path | None = None,
        backend: Backend | Literal["auto"] = "auto",
        threads: int | None = None,
        cache_dir: Path | None = None,
    ) -> None:
        self.manifest = manifest or read_manifest()
        self.revision = revision_of(self.manifest)
        self._folder = find_base_encoder(self.manifest, encoder_dir)
        self._file = opinion_file(self.manifest)
        self._threads = threads or os.cpu_count() or 1
        self._cache_dir = cache_dir
        about = weights.header(self._file)
        self._classes = weights.outputs_of(about)
        self._tokens = WordPieces(self._folder)
        self._lock = threading.Lock()
        self.choice, self._runner = self._chosen(backend)
        self.dimensions = self._run([Window(0, [101, 102])], 1).vectors.shape[1]

    def read(
        self,
        texts: Sequence[str],
        targets: Sequence[Sequence[Target]] | None = None,
        *,
        progress: Callable[[int], None] | None = None,
    ) -> Reading:
        """Vectors, opinions, and sentiment towards targets, of n texts.

        Args:
            texts: already as `nlp.text.marked` gives them.
            targets: per text its targets, each by its (start, end) places in the text.
            progress: called with the number of texts just finished.
        """
        asked = _Asked(texts, targets)
        windows = self._tokens.windows(asked.texts, asked.targets, most=MAX_WINDOWS)
        gathered = _Gathered(self.dimensions, self._classes, [len(t) for t in asked.targets])
        # Equal lengths are ordered by their tokens, so that a batch, and with it the last bit
        # of a result, does not hang on the order in which texts came.
        windows.sort(key=lambda window: (len(window.ids), window.ids, window.targets))
        with self._lock:
            for batch in batches(windows):
                gathered.add(batch, self._run(batch, max(1, *(len(w.targets) for w in batch))))
                if progress is not None:
                    progress(round(len(batch) * len(texts) / len(windows)))
        vectors, heads, towards = gathered.results()
        return Reading(
            vectors=vectors[asked.places],
            heads={name: p[asked.places] for name, p in heads.items()},
            towards=[
                [towards[place][slot] for slot in slots]
                for place, slots in zip(asked.places, asked.slots, strict=True)
            ],
        )

    def _run(self, batch: Sequence[Window], targets: int) -> Raw:
        return self._runner.run(*padded(batch, targets))

    def _chosen(self, backend: str) -> tuple[BackendChoice, Runner]:
        if backend != "auto":
            named = cast(Backend, backend)
            return BackendChoice(named, "named in the settings"), self._make(named)
        remembered = recall(self._cache_dir, self.revision, BACKENDS)
        if remembered is not None:
            return remembered, self._make(remembered.backend)
        texts = [f"waited {n} minutes at the gate and nobody said a word" for n in range(96)]
        texts += ["lovely crew, on time, would fly again " * (n % 4 + 1) for n in range(32)]
        windows = self._tokens.windows(texts, most=1)

        def read(runner: Runner) -> Floats:
            return unit(
                np.concatenate([runner.run(*padded(b, 1)).vectors for b in batches(windows)])
            )

        choice, runner = choose(available(), self._make, read, len(texts))
        remember(self._cache_dir, self.revision, choice)
        return choice, runner

    def _make(self, backend: Backend) -> Runner:
        base = self.manifest.base.sha256
        if backend in {"openvino-float32", "openvino-bfloat16"}:
            name = f"{self.manifest.opinions.sha256[:16]}-{base[:8]}"
            stem = self._cache_dir / "openvino" / name if self._cache_dir else None
            return OpenVinoRunner(
                lambda: weights.load(self._file, self._folder, base_sha256=base),
                stem,
                backend,
                self._threads,
            )
        network = weights.load(self._file, self._folder, base_sha256=base)
        return TorchRunner(network, backend, self._threads)


BACKENDS: tuple[Backend, ...] = (
    "float32",
    "bfloat16",
    "openvino-float32",
    "openvino-bfloat16",
    "cuda",
)


class _Asked:
    """Texts and targets without repetition.

    Attributes:
        texts, targets: the distinct texts, each with every target somebody asks about.
        places: (n,) which of them each text is.
        slots: per text, which of its distinct text's targets each of its own is.
    """

    def __init__(self, texts: Sequence[str], targets: Sequence[Sequence[Target]] | None) -> None:
        distinct: dict[str, int] = {}
        self.places = [distinct.setdefault(text, len(distinct)) for text in texts]
        known: list[dict[Target, int]] = [{} for _ in distinct]
        self.slots: list[list[int]] = []
        for place, own in zip(self.places, targets or [()] * len(texts), strict=True):
            held = known[place]
            keys = [tuple((int(start), int(end)) for start, end in target) for target in own]
            self.slots.append([held.setdefault(key, len(held)) for key in keys])
        self.texts = list(distinct)
        self.targets = [list(held) for held in known]


class _Gathered:
    """Windows' outcomes, summed up for the texts they are of, weighted by their tokens."""

    def __init__(self, width: int, classes: dict[str, int], targets: Sequence[int]) -> None:
        n = len(targets)
        self._vectors = np.zeros((n, width), np.float32)
        self._heads = {
            name: np.zeros((n, c), np.float32) for name, c in classes.items() if name != TOWARDS
        }
        self._tokens = np.zeros((n, 1), np.float32)
        self._towards = [np.zeros((t, 3), np.float32) for t in targets]
        self._seen = [np.zeros((t, 1), np.float32) for t in targets]

    def add(self, batch: Sequence[Window], raw: Raw) -> None:
        """What a forward pass said of a batch of windows."""
        owners = [window.owner for window in batch]
        size = np.array([[len(window.ids)] for window in batch], np.float32)
        np.add.at(self._vectors, owners, raw.vectors * size)
        for held, logits in zip(self._heads.values(), raw.heads, strict=True):
            np.add.at(held, owners, logits * size)
        np.add.at(self._tokens, owners, size)
        for row, window in enumerate(batch):
            for place, tokens in enumerate(window.targets):
                self._towards[window.owner][place] += raw.towards[row, place] * len(tokens)
                self._seen[window.owner][place] += len(tokens)

    def results(self) -> tuple[Floats, dict[str, Floats], list[list[Three | None]]]:
        """Unit vectors, probabilities by head, and towards each text's targets."""
        size = np.maximum(self._tokens, np.float32(1))
        towards = [
            [
                _three(np.asarray(sums[t] / seen[t], np.float32)) if seen[t] else None
                for t in range(len(sums))
            ]
            for sums, seen in zip(self._towards, self._seen, strict=True)
        ]
        heads = {
            name: softmax(np.asarray(held / size, np.float32)) for name, held in self._heads.items()
        }
        return unit(np.asarray(self._vectors / size, np.float32)), heads, towards


def batches(windows: Sequence[Window]) -> list[Sequence[Window]]:
    """Windows sorted by length, cut so that each batch holds at most `_BATCH_TOKENS`."""
    found, start = [], 0
    while start < len(windows):
        end = start + 1
        while end < len(windows) and (end + 1 - start) * len(windows[end].ids) <= _BATCH_TOKENS:
            end += 1
        found.append(windows[start:end])
        start = end
    return found


def padded(batch: Sequence[Window], targets: int) -> tuple[Ints, Ints, Floats]:
    """(b, l) ids and mask, (b, targets, l) marks of the targets' tokens."""
    width = max(len(window.ids) for window in batch)
    ids = np.zeros((len(batch), width), np.int64)
    mask = np.zeros((len(batch), width), np.int64)
    marks = np.zeros((len(batch), targets, width), np.float32)
    for row, window in enumerate(batch):
        ids[row, : len(window.ids)] = window.ids
        mask[row, : len(window.ids)] = 1
        for place, tokens in enumerate(window.targets):
            marks[row, place, list(tokens)] = 1
    return ids, mask, marks


def _three(logits: Floats) -> Three:
    negative, neutral, positive = (float(p) for p in softmax(logits))
    return negative, neutral, positive
