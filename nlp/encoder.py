"""The base encoder on one backend: token ids in, sentence vectors and features out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nlp.errors import ModelError
from nlp.types import Floats

Backend = Literal["float32", "bfloat16"]

# all-MiniLM-L6-v2 was trained on 128 tokens and takes 256 (its sentence_bert_config).
WINDOW = 256
_POOLED_LAYERS = 4


class BaseEncoder:
    """A BERT-like sentence encoder from a folder, read by transformers.

    Args:
        folder: config.json, tokenizer.json and model.safetensors.
        backend: the type of the weights.

    Raises:
        ModelError: the folder cannot be read as an encoder.
    """

    def __init__(self, folder: Path, backend: Backend) -> None:
        import torch
        from tokenizers import Tokenizer
        from transformers import AutoModel
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        self._torch = torch
        self.backend = backend
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._model: Any = AutoModel.from_pretrained(
                str(folder), local_files_only=True, dtype=getattr(torch, backend)
            ).eval()
        except Exception as error:  # each library raises its own kinds here
            raise ModelError(f"{folder} cannot be read as a base encoder: {error}") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.dimensions = int(self._model.config.hidden_size)
        self.features = self.dimensions * (_POOLED_LAYERS + 1)

    def token_windows(self, texts: Sequence[str], *, most: int) -> list[list[list[int]]]:
        """Each text as its windows of token ids, at most `most` of `WINDOW` tokens each."""
        inner = WINDOW - 2
        windows = []
        for encoding in self._tokenizer.encode_batch(list(texts)):
            first, *body, last = encoding.ids
            starts = range(0, min(max(len(body), 1), inner * most), inner)
            windows.append([[first, *body[s : s + inner], last] for s in starts])
        return windows

    def run(self, batch: Sequence[Sequence[int]]) -> tuple[Floats, Floats]:
        """One forward pass.

        Args:
            batch: n windows of token ids.

        Returns:
            (n, d) mean-pooled last states, not normalised, and (n, 5 d) features for heads.
        """
        torch = self._torch
        width = max(len(ids) for ids in batch)
        ids = torch.zeros((len(batch), width), dtype=torch.long)
        mask = torch.zeros((len(batch), width), dtype=torch.long)
        for row, own in enumerate(batch):
            ids[row, : len(own)] = torch.tensor(own)
            mask[row, : len(own)] = 1
        with torch.inference_mode():
            states = self._model(
                input_ids=ids, attention_mask=mask, output_hidden_states=True
            ).hidden_states
            weights = mask[:, :, None].float()
            total = weights.sum(1)
            pooled = [(s.float() * weights).sum(1) / total for s in states[-_POOLED_LAYERS:]]
            features = torch.cat([*pooled, states[-1][:, 0].float()], dim=1)
        return pooled[-1].numpy(), features.numpy()


def unit(vectors: Floats) -> Floats:
    """Rows scaled to length 1; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)
