"""Which backend is taken, with runners of known speed and outcome."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path

import numpy as np
import pytest

from nlp.choosing import BackendChoice, choose, recall, remember
from nlp.runners import Backend, Raw, Runner
from nlp.types import Floats, Ints

ALL: tuple[Backend, ...] = ("float32", "bfloat16", "openvino-bfloat16")


class Timed:
    """Takes `seconds` for a pass and turns the vector by `angle`."""

    def __init__(self, seconds: float, angle: float = 0.0) -> None:
        self.seconds, self.angle = seconds, angle

    def run(self, ids: Ints, mask: Ints, targets: Floats) -> Raw:
        time.sleep(self.seconds)
        vector = np.array([[np.cos(self.angle), np.sin(self.angle)]], np.float32)
        return Raw(vector, [], np.zeros((1, 1, 3), np.float32))


def read(runner: Runner) -> Floats:
    nothing = np.zeros((1, 1), np.int64)
    return runner.run(nothing, nothing, np.zeros((1, 1, 1), np.float32)).vectors


def test_the_fastest_that_agrees_is_taken() -> None:
    made = {"float32": Timed(0.03), "bfloat16": Timed(0.02), "openvino-bfloat16": Timed(0.001)}
    choice, runner = choose(ALL, made.__getitem__, read, 10)
    assert choice.backend == "openvino-bfloat16"
    assert runner is made["openvino-bfloat16"]
    assert choice.why.startswith("fastest here, texts/s: float32 ")


def test_a_backend_that_turns_vectors_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    made = {"float32": Timed(0.01), "bfloat16": Timed(0.0, angle=0.11)}  # cosine 0.99396
    with caplog.at_level(logging.WARNING):
        choice, _ = choose(ALL[:2], made.__getitem__, read, 10)
    assert choice.backend == "float32"
    assert "bfloat16 is refused: 0.0060 from float32" in caplog.text


def test_a_backend_that_gives_no_numbers_is_refused() -> None:
    made = {"float32": Timed(0.01), "bfloat16": Timed(0.0, angle=float("nan"))}
    assert choose(ALL[:2], made.__getitem__, read, 10)[0].backend == "float32"


def test_a_backend_that_cannot_be_made_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    def make(name: Backend) -> Runner:
        if name != "float32":
            raise RuntimeError("no such instruction")
        return Timed(0.0)

    with caplog.at_level(logging.WARNING):
        assert choose(ALL, make, read, 10)[0].backend == "float32"
    assert "bfloat16 does not run here: no such instruction" in caplog.text


def test_a_choice_is_remembered_for_its_model_only(tmp_path: Path) -> None:
    choice = BackendChoice("bfloat16", "fastest here")
    remember(tmp_path, "model 1", choice)
    assert recall(tmp_path, "model 1", ALL) == choice
    assert recall(tmp_path, "model 2", ALL) is None


def test_a_choice_of_another_processor_is_forgotten(tmp_path: Path) -> None:
    remember(tmp_path, "model 1", BackendChoice("bfloat16", "fastest here"))
    file = tmp_path / "engine.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"processor": "another"}))
    assert recall(tmp_path, "model 1", ALL) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"processor": 1}'])
def test_a_damaged_memory_is_no_obstacle(tmp_path: Path, content: str) -> None:
    (tmp_path / "engine.json").write_text(content)
    assert recall(tmp_path, "model 1", ALL) is None


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    remember(tmp_path / "file", "model 1", BackendChoice("bfloat16", "fastest here"))
    assert recall(tmp_path / "file", "model 1", ALL) is None
