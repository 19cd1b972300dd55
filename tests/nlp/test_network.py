"""The network is BERT: the same states as transformers' own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertModel

from nlp.errors import ModelError
from nlp.network import OpinionNetwork, load_base

OUTPUTS = {"sentiment": 3, "towards": 3, "irony": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT on disk, its weights drawn at random."""
    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("bert")
    config = BertConfig(
        vocab_size=50,
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=12,
        initializer_range=0.3,
    )
    BertModel(config).save_pretrained(path)
    return path


@pytest.fixture
def network(folder: Path) -> Iterator[OpinionNetwork]:
    torch.manual_seed(1)
    yield load_base(folder, hidden=8, outputs=OUTPUTS).eval()


IDS = torch.tensor([[1, 7, 9, 30, 2], [1, 4, 2, 0, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
NOBODY = torch.zeros(2, 1, 5)


@torch.inference_mode()
def test_the_sentence_vector_is_the_mean_of_berts_last_states(
    network: OpinionNetwork, folder: Path
) -> None:
    states = BertModel.from_pretrained(folder).eval()(IDS, MASK).last_hidden_state
    weights = MASK[:, :, None].float()
    wanted = (states * weights).sum(1) / weights.sum(1)
    vectors, *_ = network(IDS, MASK, NOBODY)
    assert torch.allclose(vectors, wanted, atol=1e-5)


@torch.inference_mode()
def test_padding_changes_nothing(network: OpinionNetwork) -> None:
    together = network(IDS, MASK, NOBODY)
    alone = network(IDS[1:, :3], MASK[1:, :3], NOBODY[1:, :, :3])
    for long, short in zip(together, alone, strict=True):
        assert torch.allclose(long[1:], short, atol=1e-5)


@torch.inference_mode()
def test_shapes_of_what_comes_out(network: OpinionNetwork) -> None:
    vectors, sentiment, irony, towards = network(IDS, MASK, torch.zeros(2, 3, 5))
    assert vectors.shape == (2, 16)
    assert sentiment.shape == (2, 3)
    assert irony.shape == (2, 2)
    assert towards.shape == (2, 3, 3)


@torch.inference_mode()
def test_another_target_has_another_answer(network: OpinionNetwork) -> None:
    targets = torch.tensor([[[0, 1.0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 1, 0, 0, 0]]] * 2)
    *_, towards = network(IDS, MASK, targets)
    assert torch.equal(towards[:, 0], towards[:, 2])
    assert not torch.allclose(towards[0, 0], towards[0, 1], atol=1e-4)


def test_only_layers_and_heads_learn(network: OpinionNetwork) -> None:
    learning = {name.split(".")[0] for name, p in network.named_parameters() if p.requires_grad}
    assert learning == {"layers", "heads"}


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "roberta"}')
    with pytest.raises(ModelError, match="has to be a BERT"):
        load_base(tmp_path, hidden=8, outputs=OUTPUTS)


def test_a_folder_without_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    with pytest.raises(ModelError, match="cannot be read as a base encoder"):
        load_base(tmp_path, hidden=8, outputs=OUTPUTS)
