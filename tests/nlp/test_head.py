"""The sentiment head and its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlp.errors import ModelError
from nlp.head import SentimentHead


def small_head() -> SentimentHead:
    """Two features, one hidden unit that sees their difference."""
    return SentimentHead(
        mean=np.array([1.0, 1.0], np.float32),
        scale=np.array([2.0, 2.0], np.float32),
        hidden_weight=np.array([[1.0, -1.0]], np.float32),
        hidden_bias=np.array([0.0], np.float32),
        out_weight=np.array([[-1.0], [0.0], [1.0]], np.float32),
        out_bias=np.zeros(3, np.float32),
    )


def test_probabilities_by_hand() -> None:
    # (5 - 1) / 2 - (1 - 1) / 2 = 2, gelu(2) = 1.9546; softmax of (-1.9546, 0, 1.9546).
    p = small_head().probabilities(np.array([[5.0, 1.0]], np.float32))
    assert p[0] == pytest.approx([0.0173, 0.1219, 0.8608], abs=2e-4)
    assert p.sum() == pytest.approx(1.0)


def test_equal_features_tell_nothing() -> None:
    p = small_head().probabilities(np.array([[3.0, 3.0]], np.float32))
    assert p[0] == pytest.approx([1 / 3] * 3)


def test_a_head_survives_its_file(tmp_path: Path) -> None:
    small_head().save(tmp_path / "head.safetensors")
    again = SentimentHead.load(tmp_path / "head.safetensors")
    assert again.hidden_weight.tolist() == [[1.0, -1.0]]
    assert again.hidden_weight.dtype == np.float32


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x00" * 64])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "head.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"head\.safetensors is not a sentiment head"):
        SentimentHead.load(path)
