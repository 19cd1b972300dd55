"""The opinion model's file: written, read, refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from nlp import weights
from nlp.errors import ModelError
from nlp.network import OpinionNetwork, load_base
from tests.nlp import tiny

OUTPUTS = {"sentiment": 3, "towards": 3}
IDS = torch.tensor([[2, 9, 30, 3]])
ONES = torch.ones(1, 4, dtype=torch.long)
TARGET = torch.tensor([[[0.0, 1, 0, 0]]])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.bert(tmp_path_factory.mktemp("base"))


@pytest.fixture
def trained(base: Path) -> OpinionNetwork:
    """A network whose layers and heads are no longer the base's."""
    torch.manual_seed(3)
    network = load_base(base, hidden=8, outputs=OUTPUTS | {"aside": 2}).eval()
    with torch.no_grad():
        for parameter in [*network.layers.parameters(), *network.heads.parameters()]:
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return network


def test_what_is_written_is_read_again(trained: OpinionNetwork, base: Path, tmp_path: Path) -> None:
    file = tmp_path / "opinions.safetensors"
    weights.save(trained, file, base_sha256="abc", outputs=OUTPUTS)
    again = weights.load(file, base, base_sha256="abc")
    vectors, sentiment, _, towards = trained(IDS, ONES, TARGET)
    read_vectors, read_sentiment, read_towards = again(IDS, ONES, TARGET)
    assert torch.allclose(read_vectors, vectors, atol=0.05)  # bfloat16
    assert torch.allclose(read_sentiment, sentiment, atol=0.05)
    assert torch.allclose(read_towards, towards, atol=0.05)


def test_heads_that_only_helped_to_learn_stay_out(trained: OpinionNetwork, tmp_path: Path) -> None:
    file = tmp_path / "opinions.safetensors"
    weights.save(trained, file, base_sha256="abc", outputs=OUTPUTS)
    assert weights.outputs_of(weights.header(file)) == OUTPUTS
    assert b"heads.aside" not in file.read_bytes()
    assert b"embeddings" not in file.read_bytes()


def test_a_model_of_another_base_is_refused(
    trained: OpinionNetwork, base: Path, tmp_path: Path
) -> None:
    file = tmp_path / "opinions.safetensors"
    weights.save(trained, file, base_sha256="abc", outputs=OUTPUTS)
    with pytest.raises(ModelError, match="trained on another base encoder"):
        weights.load(file, base, base_sha256="def")


@pytest.mark.parametrize("kind", ["text", "another", "cut short"])
def test_a_foreign_file_is_refused(
    trained: OpinionNetwork, base: Path, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "opinions.safetensors"
    if kind == "text":
        file.write_text("not tensors")
    elif kind == "another":
        save_file({"x": np.zeros(3, np.float32)}, str(file))
    else:
        weights.save(trained, file, base_sha256="abc", outputs=OUTPUTS)
        file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ModelError, match="is not an opinion model"):
        weights.load(file, base, base_sha256="abc")


def test_missing_tensors_are_named(trained: OpinionNetwork, base: Path, tmp_path: Path) -> None:
    file = tmp_path / "opinions.safetensors"
    weights.save(trained, file, base_sha256="abc", outputs={"sentiment": 3})
    whole = dict(weights.header(file)) | {"outputs": '{"sentiment": 3, "towards": 3}'}
    from safetensors.torch import load_file
    from safetensors.torch import save_file as save_torch

    save_torch(load_file(str(file)), str(file), metadata=whole)
    with pytest.raises(ModelError, match=r"missing \['heads\.towards"):
        weights.load(file, base, base_sha256="abc")
