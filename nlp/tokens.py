"""Texts as windows of token ids, and where a target's tokens are in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp.errors import ModelError
from nlp.types import Target

# all-MiniLM-L6-v2 was trained on 128 tokens and takes 256 (its sentence_bert_config).
WINDOW = 256


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of a text.

    Attributes:
        owner: position of the text it is of.
        ids: (l,) token ids, with the two that stand at the ends.
        targets: per target of the text, the positions in `ids` of its tokens; empty where
            the target is not in this window.
    """

    owner: int
    ids: list[int]
    targets: tuple[tuple[int, ...], ...] = ()


class WordPieces:
    """The tokenizer of an encoder's folder.

    Raises:
        ModelError: the folder has no tokenizer.json that can be read.
    """

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        try:
            self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the library raises a bare Exception
            raise ModelError(f"{folder} cannot be read as a base encoder: {error}") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def windows(
        self,
        texts: Sequence[str],
        targets: Sequence[Sequence[Target]] | None = None,
        *,
        most: int,
        length: int = WINDOW,
    ) -> list[Window]:
        """Every text in its windows, at most `most` of `length` tokens each.

        Args:
            texts: prepared.
            targets: per text, its targets by (start, end) places in characters.
        """
        inner = length - 2
        found = []
        for owner, encoding in enumerate(self._tokenizer.encode_batch(list(texts))):
            own = (
                [_tokens_of(target, encoding.offsets) for target in targets[owner]]
                if targets
                else []
            )
            first, *body, last = encoding.ids
            for start in range(0, min(max(len(body), 1), inner * most), inner):
                ids = [first, *body[start : start + inner], last]
                held = tuple(
                    tuple(t - start for t in tokens if start < t <= start + inner) for tokens in own
                )
                found.append(Window(owner, ids, held))
        return found


def _tokens_of(target: Target, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """Positions of the tokens that overlap any of a target's places."""
    return [
        place
        for place, (start, end) in enumerate(offsets)
        if end > start and any(start < b and a < end for a, b in target)
    ]
