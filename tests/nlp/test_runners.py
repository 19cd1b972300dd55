"""Backends: the same numbers, a graph that is kept, and no word to anybody outside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from nlp.network import OpinionNetwork, load_base
from nlp.runners import Backend, OpenVinoRunner, Raw, TorchRunner, available
from tests.nlp import tiny

IDS = np.array([[2, 9, 30, 12, 3], [2, 40, 3, 0, 0]])
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
TARGETS = np.array([[[0, 1, 0, 0, 0], [0, 0, 1, 1, 0]], [[0, 1, 0, 0, 0], [0, 0, 0, 0, 0]]])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.bert(tmp_path_factory.mktemp("base"))


def network(base: Path) -> OpinionNetwork:
    torch.manual_seed(1)
    return load_base(base, hidden=8, outputs={"sentiment": 3, "towards": 3, "irony": 2}).eval()


def read(runner: TorchRunner | OpenVinoRunner) -> Raw:
    return runner.run(IDS, MASK, TARGETS.astype(np.float32))


def agree(one: Raw, other: Raw, within: float) -> None:
    assert np.allclose(one.vectors, other.vectors, atol=within)
    assert np.allclose(one.towards[0], other.towards[0], atol=within)
    for own, theirs in zip(one.heads, other.heads, strict=True):
        assert np.allclose(own, theirs, atol=within)


@pytest.mark.parametrize(
    ("backend", "within"),
    [("bfloat16", 0.05), ("openvino-float32", 1e-4), ("openvino-bfloat16", 0.05)],
)
def test_backends_agree_with_float32(base: Path, backend: Backend, within: float) -> None:
    wanted = read(TorchRunner(network(base), "float32", 1))
    if backend == "bfloat16":
        found = read(TorchRunner(network(base), backend, 1))
    else:
        found = read(OpenVinoRunner(lambda: network(base), None, backend, 1))
    assert found.vectors.shape == (2, 16)
    assert [head.shape for head in found.heads] == [(2, 3), (2, 2)]
    assert found.towards.shape == (2, 2, 3)
    agree(found, wanted, within)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_agrees_with_float32(base: Path) -> None:
    wanted = read(TorchRunner(network(base), "float32", 1))
    agree(read(TorchRunner(network(base), "cuda", 1)), wanted, 0.05)


def test_the_graph_is_kept_and_read_without_the_network(base: Path, tmp_path: Path) -> None:
    stem = tmp_path / "cache" / "graph"
    first = read(OpenVinoRunner(lambda: network(base), stem, "openvino-float32", 1))

    def never() -> OpinionNetwork:
        raise AssertionError("the kept graph was not read")

    again = read(OpenVinoRunner(never, stem, "openvino-float32", 1))
    agree(again, first, 1e-6)
    assert sorted(p.name for p in stem.parent.iterdir()) == ["graph.bin", "graph.xml"]


@pytest.mark.parametrize("damaged", ["graph.xml", "graph.bin"])
def test_a_damaged_graph_is_made_again(base: Path, tmp_path: Path, damaged: str) -> None:
    stem = tmp_path / "graph"
    first = read(OpenVinoRunner(lambda: network(base), stem, "openvino-float32", 1))
    (tmp_path / damaged).write_bytes(b"")
    again = read(OpenVinoRunner(lambda: network(base), stem, "openvino-float32", 1))
    agree(again, first, 1e-6)


def test_openvino_is_there_and_torch_is_not_needed_to_run_a_kept_graph(
    base: Path, tmp_path: Path
) -> None:
    assert {"float32", "bfloat16", "openvino-float32", "openvino-bfloat16"} <= set(available())
    stem = tmp_path / "graph"
    OpenVinoRunner(lambda: network(base), stem, "openvino-float32", 1)
    code = f"""
import sys
from pathlib import Path
import numpy as np
from nlp.runners import OpenVinoRunner
runner = OpenVinoRunner(None, Path({str(stem)!r}), "openvino-float32", 1)
ids = np.array([[2, 9, 3]])
runner.run(ids, np.ones_like(ids), np.zeros((1, 1, 3), np.float32))
said = {{m.split(".")[0] for m, module in sys.modules.items() if module is not None}}
assert not said & {{"torch", "transformers", "openvino_telemetry"}}, said
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
