"""Models of other people: a classifier for another language, another sentence encoder.

Both are loaded as their libraries load them, from files on this machine, on first use (after
a fork, never before), and never with code that comes with a model.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nlp.errors import ModelError
from nlp.found import FoundModel, find_classifier, find_encoder
from nlp.types import SENTIMENTS, Floats

OWN = "own"
EVERY_OTHER = "*"
OWN_LANGUAGES = frozenset({"en"})

# Padded tokens of one forward pass, and most tokens of one text that are read, as in the engine.
_BATCH_TOKENS = 2048
_MOST_TOKENS = 2048
# Longest window where a model names no limit, or one beyond what it is worth.
_WINDOW = 512


def route(
    language: str | None, others: Collection[str] | None, own: Collection[str] = OWN_LANGUAGES
) -> str | None:
    """Which model scores a text in this language.

    Args:
        language: two-letter code; None: too short to tell, which is read as English.
        others: languages that have a model of their own, "*" for all that `own` lacks.
        own: languages of our own model.

    Returns:
        A key of `others`, `OWN`, or None: not scored.
    """
    others = others or ()
    language = language or "en"
    if language in others:
        return language
    if language in own:
        return OWN
    return EVERY_OTHER if EVERY_OTHER in others else None


class _Named:
    """A model that is loaded once, by whichever thread needs it first."""

    def __init__(self, found: FoundModel, threads: int | None) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._model: Any = None
        self.name = found.name
        self.revision = found.revision
        self._folder = str(found.folder)

    def load(self) -> None:
        """Load now and not with the first text.

        Raises:
            ModelError: the files do not make a model that can be run.
        """
        with self._lock:
            self._ready()

    def _ready(self) -> None:
        if self._model is not None:
            return
        import torch
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        if self._threads is not None:
            torch.set_num_threads(self._threads)
        try:
            self._model = self._loaded("cuda" if torch.cuda.is_available() else "cpu")
        except ModelError:
            raise
        except Exception as error:  # each kind of model raises its own kinds here
            raise ModelError(f"The model {self.name} cannot be loaded: {error}") from error

    def _loaded(self, device: str) -> Any:
        raise NotImplementedError


class NamedClassifier(_Named):
    """Sentiment by a transformers sequence classifier.

    Args:
        name: a folder, or a hub name that is in the Hugging Face cache.
        labels: what its labels mean, label to sentiment, where they do not say so.
        threads: cores to use; None: as the process has it.

    Raises:
        ModelError: not on this machine, pickled, or its labels cannot be understood. What only
            loading can tell is raised by `load` and the first call.
    """

    def __init__(
        self, name: str, *, labels: Mapping[str, str] | None = None, threads: int | None = None
    ) -> None:
        self.found = find_classifier(name, labels)
        super().__init__(self.found, threads)
        self._tokenizer: Any = None
        self._window = 0

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Probabilities (n, 3) of n texts in the order of `SENTIMENTS`.

        Long texts are read in windows and averaged by tokens; identical ones are read once.

        Args:
            texts: as `nlp.text.for_model` gives them.

        Raises:
            ModelError: the model cannot be loaded, or answers with no numbers.
        """
        if not texts:
            return np.zeros((0, len(SENTIMENTS)), np.float32)
        distinct, places = _distinct(texts)
        with self._lock:
            self._ready()
            answers = self._read(distinct)
        columns = [answers[:, list(own)].sum(axis=1) for own in self.found.columns]
        return np.stack(columns, axis=1)[places]

    def _read(self, texts: Sequence[str]) -> Floats:
        """Probabilities (n, c) of the model's own labels, windows weighted by their tokens."""
        windows = [(own, ids) for own, text in enumerate(texts) for ids in self._windows(text)]
        # Equal lengths by their tokens, so that no result hangs on the order of the texts.
        windows.sort(key=lambda window: (len(window[1]), window[1]))
        total = np.zeros((len(texts), len(self.found.labels)), np.float32)
        weights = np.zeros((len(texts), 1), np.float32)
        for part in _batches([len(ids) for _, ids in windows]):
            owners = [own for own, _ in windows[part]]
            size = np.array([[len(ids)] for _, ids in windows[part]], np.float32)
            np.add.at(total, owners, self._run([ids for _, ids in windows[part]]) * size)
            np.add.at(weights, owners, size)
        return _numbers(total / weights, self.name)

    def _windows(self, text: str) -> list[list[int]]:
        """Token ids of a text in windows, each with the special tokens the model wants."""
        tokenizer = self._tokenizer
        if tokenizer.is_fast:
            found = tokenizer(
                text,
                truncation=True,
                max_length=self._window,
                stride=0,
                return_overflowing_tokens=True,
                verbose=False,
            )["input_ids"]
        else:
            inner = self._window - tokenizer.num_special_tokens_to_add()
            ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
            found = [
                tokenizer.build_inputs_with_special_tokens(ids[start : start + inner])
                for start in range(0, max(len(ids), 1), inner)
            ]
        most = max(_MOST_TOKENS // self._window, 1)
        return [list(ids) or [tokenizer.pad_token_id] for ids in found[:most]]

    def _run(self, batch: Sequence[Sequence[int]]) -> Floats:
        import torch

        width = max(len(ids) for ids in batch)
        ids = torch.full((len(batch), width), self._tokenizer.pad_token_id, dtype=torch.long)
        mask = torch.zeros((len(batch), width), dtype=torch.long)
        for row, own in enumerate(batch):
            ids[row, : len(own)] = torch.tensor(own)
            mask[row, : len(own)] = 1
        device = self._model.device
        with torch.inference_mode():
            logits = self._model(input_ids=ids.to(device), attention_mask=mask.to(device)).logits
            return np.asarray(logits.float().softmax(dim=1).cpu().numpy(), np.float32)

    def _loaded(self, device: str) -> Any:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        kept = {"local_files_only": True, "trust_remote_code": False}
        tokenizer = AutoTokenizer.from_pretrained(self._folder, **kept)
        model, told = AutoModelForSequenceClassification.from_pretrained(
            self._folder,
            **kept,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
        missing = sorted(told["missing_keys"])
        if missing:
            raise ModelError(
                f"The weights of {self.name} are not those of a whole classifier: {len(missing)} "
                f"are missing ({missing[0]} ...) and would be random."
            )
        if tokenizer.pad_token_id is None:
            raise ModelError(f"The tokenizer of {self.name} names no pad_token: texts need one.")
        if model.config.pad_token_id is None:
            model.config.pad_token_id = tokenizer.pad_token_id
        self._window = _longest(model, tokenizer.model_max_length)
        self._tokenizer = tokenizer
        return model.eval().to(device)


class NamedEncoder(_Named):
    """Sentence vectors by a sentence-transformers encoder.

    Args:
        name: a folder, or a hub name that is in the Hugging Face cache.
        threads: cores to use; None: as the process has it.

    Raises:
        ModelError: not on this machine, pickled, or no sentence-transformers encoder. What only
            loading can tell is raised by `load` and the first call.
    """

    def __init__(self, name: str, *, threads: int | None = None) -> None:
        super().__init__(find_encoder(name), threads)
        self._dimensions = 0

    @property
    def dimensions(self) -> int:
        """Length of a vector; loads the model."""
        self.load()
        return self._dimensions

    def encode(self, texts: Sequence[str]) -> Floats:
        """Unit vectors (n, d) of n texts, in their order.

        Long texts are read in windows and averaged by tokens; identical ones are read once.

        Args:
            texts: as `nlp.text.for_model` gives them.

        Raises:
            ModelError: the model cannot be loaded, or answers with no numbers.
        """
        with self._lock:
            self._ready()
            distinct, places = _distinct(texts)
            pieces = sorted(
                (
                    (size, piece, own)
                    for own, t in enumerate(distinct)
                    for piece, size in self._cut(t)
                )
            )
            total = np.zeros((len(distinct), self._dimensions), np.float32)
            for part in _batches([size for size, _, _ in pieces]):
                vectors = self._run([piece for _, piece, _ in pieces[part]])
                size = np.array([[size] for size, _, _ in pieces[part]], np.float32)
                np.add.at(total, [own for _, _, own in pieces[part]], vectors * size)
        lengths = np.linalg.norm(total, axis=1, keepdims=True)
        return np.asarray(total / np.where(lengths > 0, lengths, 1), np.float32)[places]

    def _cut(self, text: str) -> list[tuple[str, int]]:
        """A text in pieces that the encoder reads whole, each with its tokens."""
        tokenizer, longest = self._model.tokenizer, self._model.max_seq_length
        if not getattr(tokenizer, "is_fast", False) or not longest:
            return [(text, len(text.split()) + 1)]
        special = tokenizer.num_special_tokens_to_add()
        inner = max(int(min(longest, _MOST_TOKENS)) - special, 1)
        spans = tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )["offset_mapping"][:_MOST_TOKENS]
        if len(spans) <= inner:
            return [(text, max(len(spans) + special, 1))]
        parts = [spans[start : start + inner] for start in range(0, len(spans), inner)]
        return [(text[part[0][0] : part[-1][1]], len(part) + special) for part in parts]

    def _run(self, texts: list[str]) -> Floats:
        vectors = self._model.encode(
            texts,
            batch_size=len(texts),
            convert_to_numpy=True,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return _numbers(np.asarray(vectors, np.float32), self.name)

    def _loaded(self, device: str) -> Any:
        import torch
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(
            self._folder,
            device=device,
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True, "dtype": torch.float32},
        )
        # Some modules do not tell their width, a vector always does.
        self._dimensions = len(model.encode("a", show_progress_bar=False))
        return model


def _distinct(texts: Sequence[str]) -> tuple[list[str], list[int]]:
    """Texts without repetitions, and where each of the given ones is among them."""
    seen: dict[str, int] = {}
    places = [seen.setdefault(text, len(seen)) for text in texts]
    return list(seen), places


def _batches(lengths: Sequence[int]) -> Iterator[slice]:
    """Stretches of ascending lengths that fit `_BATCH_TOKENS` once padded."""
    start = 0
    for end in range(1, len(lengths) + 1):
        if end == len(lengths) or (end + 1 - start) * lengths[end] > _BATCH_TOKENS:
            yield slice(start, end)
            start = end


def _numbers(found: Floats, name: str) -> Floats:
    if not np.isfinite(found).all():
        raise ModelError(f"{name} answers with what is no number: its weights are damaged.")
    return found


def _longest(model: Any, said: int) -> int:
    """Tokens of one window: what the tokenizer says, within the positions the model has."""
    positions = [
        module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
        for name, module in model.named_modules()
        if name.endswith("position_embeddings") and hasattr(module, "num_embeddings")
    ]
    return int(min(said, _WINDOW, *positions))


def revision_with(own: str, classifiers: Mapping[str, str], encoder: str | None) -> str:
    """What analyses are made with, where models are named beside our own.

    Args:
        own: revision of our own model.
        classifiers: language to revision.
        encoder: revision of the encoder that gives the vectors; None: our own.
    """
    parts = [f"{language}:{found}" for language, found in sorted(classifiers.items())]
    if encoder is not None:
        parts.append(f"vectors:{encoder}")
    return " ".join([own, *parts])
