"""Learning every task at once: batches, losses, averaged weights."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nlp.network import TOWARDS, Dropout, OpinionNetwork
from nlp.tokens import Window, WordPieces
from nlp.training.tasks import Task, class_weights
from nlp.types import Floats

log = logging.getLogger("training")

LENGTH = 128  # tokens of a training text that are read


@dataclass(frozen=True)
class Recipe:
    """What a run is made of; the same recipe and seed give the same model on one machine."""

    hidden: int = 128
    runs: int = 2  # with the same first weights, in other orders; their mean is the model
    epochs: float = 1.8
    batch: int = 40
    rate: float = 1.2e-4
    head_rate: float = 1e-3
    layer_decay: float = 0.9
    warmup: float = 0.06
    dropout: float = 0.1
    head_dropout: float = 0.2
    smoothing: float = 0.05
    decay: float = 0.01
    average: float = 0.998
    fidelity: float = 10.0  # weight of the sentence vector's distance from the base's
    every: int = 1200  # steps from one look at the validation texts to the next
    looks: int = 2  # best looks whose averages make the model
    patience: int = 5
    seed: int = 0

    def of_run(self, number: int) -> Recipe:
        """The recipe of one of the runs."""
        return replace(self, seed=self.seed + number)


@dataclass
class Part:
    """One task's texts as states."""

    task: Task
    windows: list[Window]
    vectors: Floats  # the base encoder's
    labels: Tensor
    weights: Tensor

    @property
    def lengths(self) -> list[int]:
        """Tokens of each text."""
        return [len(window.ids) for window in self.windows]


class Trainer:
    """Network, optimiser and averaged weights of one run."""

    def __init__(self, recipe: Recipe, network: OpinionNetwork, parts: list[Part], steps: int):
        self.recipe, self.network, self.parts = recipe, network, parts
        self.random = np.random.default_rng(recipe.seed)
        self.trained: list[Tensor] = [*network.layers.parameters(), *network.heads.parameters()]
        self.average = [p.detach().clone() for p in self.trained]
        groups: list[dict[str, Any]] = [
            {"params": list(layer.parameters()), "lr": recipe.rate * recipe.layer_decay**depth}
            for depth, layer in enumerate(reversed(list(network.layers)))
        ]
        groups.append({"params": list(network.heads.parameters()), "lr": recipe.head_rate})
        self.optimiser = torch.optim.AdamW(groups, weight_decay=recipe.decay, fused=True)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            [g["lr"] for g in groups],
            total_steps=steps + 1,
            pct_start=recipe.warmup,
        )

    def step(self, rows: Sequence[tuple[int, int]]) -> float:
        """Learn from a batch of (part, row); returns its loss."""
        loss = self.loss(rows)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimiser.step()
        self.schedule.step()
        self.optimiser.zero_grad(set_to_none=True)
        with torch.no_grad():
            torch._foreach_lerp_(self.average, self.trained, 1 - self.recipe.average)
        return float(loss.detach())

    def loss(self, rows: Sequence[tuple[int, int]]) -> Tensor:
        """Mean over the rows of each one's weighted cross-entropy and its vector's distance."""
        windows = [self.parts[number].windows[row] for number, row in rows]
        ids, mask = padded(windows)
        with torch.autocast("cpu", torch.bfloat16):
            vectors, post, tokens = self.network.features(
                ids, mask, self._dropout(self.recipe.dropout)
            )
        wanted = np.stack([self.parts[number].vectors[row] for number, row in rows])
        near = functional.cosine_similarity(vectors, torch.from_numpy(wanted).float())
        total = self.recipe.fidelity * (1 - near).sum()
        drop = self._dropout(self.recipe.head_dropout)
        for number in sorted({number for number, _ in rows}):
            part = self.parts[number]
            places = [place for place, (own, _) in enumerate(rows) if own == number]
            logits = self._logits(part, windows, places, post, tokens, drop)
            total = total + functional.cross_entropy(
                logits,
                part.labels[[rows[place][1] for place in places]],
                weight=part.weights,
                label_smoothing=self.recipe.smoothing,
                reduction="sum",
            )
        return total / len(rows)

    def _logits(
        self,
        part: Part,
        windows: Sequence[Window],
        places: list[int],
        post: Tensor,
        tokens: Tensor,
        drop: Dropout | None,
    ) -> Tensor:
        """(n, classes) of one task's places in a batch."""
        if part.task.name != TOWARDS:
            logits: Tensor = self.network.heads[part.task.name](post[places], drop)
            return logits.float()
        marks = torch.zeros(len(places), 1, tokens.shape[1])
        for row, place in enumerate(places):
            marks[row, 0, list(windows[place].targets[0])] = 1
        return self.network.towards(post[places], tokens[places], marks, drop)[:, 0].float()

    def _dropout(self, share: float) -> Dropout:
        """Dropout from random bytes: torch's own takes a tenth of a step on a CPU."""
        least = round(share * 256)
        scale = 256 / (256 - least)

        def drop(x: Tensor) -> Tensor:
            noise = torch.frombuffer(bytearray(self.random.bytes(x.numel())), dtype=torch.uint8)
            return x * ((noise >= least).view(x.shape) * scale).to(x.dtype)

        return drop

    @torch.inference_mode()
    def read(self, part: Part) -> tuple[Floats, float]:
        """(n, classes) probabilities of a part's texts, and their vectors' mean cosine."""
        order = np.argsort(part.lengths, kind="stable")
        found = np.zeros((len(order), part.task.classes), np.float32)
        near = 0.0
        for start in range(0, len(order), 64):
            rows = order[start : start + 64].tolist()
            windows = [part.windows[row] for row in rows]
            with torch.autocast("cpu", torch.bfloat16):
                vectors, post, tokens = self.network.features(*padded(windows))
            logits = self._logits(part, windows, list(range(len(rows))), post, tokens, None)
            found[rows] = logits.softmax(1).numpy()
            wanted = torch.from_numpy(part.vectors[rows]).float()
            near += float(functional.cosine_similarity(vectors, wanted).sum())
        return found, near / len(order)

    def hold(self, weights: Sequence[Tensor]) -> None:
        """Take over weights, for reading with them."""
        with torch.no_grad():
            for own, given in zip(self.trained, weights, strict=True):
                own.copy_(given)

    def swap(self) -> None:
        """Exchange the weights and their averages."""
        with torch.no_grad():
            for weight, average in zip(self.trained, self.average, strict=True):
                held = weight.detach().clone()
                weight.copy_(average)
                average.copy_(held)

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs."""
        return {
            "trained": [p.detach() for p in self.trained],
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "random": self.random.bit_generator.state,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state()`."""
        self.hold(state["trained"])
        self.average = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.random.bit_generator.state = state["random"]


def batches(parts: Sequence[Part], recipe: Recipe, epoch: int) -> list[list[tuple[int, int]]]:
    """An epoch's batches of (part, row): mixed tasks, similar lengths, in random order."""
    random = np.random.default_rng([recipe.seed, epoch])
    rows: list[tuple[int, int]] = []
    for number, part in enumerate(parts):
        whole, rest = divmod(part.task.repeats, 1)
        count = len(part.windows)
        own = (
            list(range(count)) * int(whole)
            + random.permutation(count)[: round(rest * count)].tolist()
        )
        rows += [(number, row) for row in own]
    lengths = [part.lengths for part in parts]
    order = random.permutation(len(rows))
    found = []
    pool = recipe.batch * 64
    for start in range(0, len(order), pool):
        held = [rows[i] for i in order[start : start + pool]]
        held.sort(key=lambda row: lengths[row[0]][row[1]])
        found += [held[i : i + recipe.batch] for i in range(0, len(held), recipe.batch)]
    random.shuffle(found)
    return found


def padded(windows: Sequence[Window]) -> tuple[Tensor, Tensor]:
    """(b, l) ids and mask."""
    width = max(len(window.ids) for window in windows)
    ids, mask = torch.zeros(len(windows), width, dtype=torch.long), torch.zeros(len(windows), width)
    for row, window in enumerate(windows):
        ids[row, : len(window.ids)] = torch.tensor(window.ids)
        mask[row, : len(window.ids)] = 1
    return ids, mask


def prepare(
    tasks: Sequence[Task], network: OpinionNetwork, tokens: WordPieces, work: Path
) -> tuple[list[Part], list[Part]]:
    """Training and validation parts; `network` is the base encoder still."""

    def part(task: Task, kind: str) -> Part:
        own = task.train if kind == "train" else task.validation
        if own is None:
            raise ValueError(f"{task.name} has no texts for {kind}")
        targets = [[target] for target in own.targets] if own.targets else None
        windows = tokens.windows(own.texts, targets, most=1, length=LENGTH)
        weights = class_weights(task.train.labels, task.classes, task.balance)
        vectors = base_vectors(network, windows, work, f"{task.name}-{kind}")
        return Part(task, windows, vectors, torch.tensor(own.labels), torch.from_numpy(weights))

    training = [part(task, "train") for task in tasks]
    return training, [part(task, "val") for task in tasks if task.validation is not None]


@torch.inference_mode()
def base_vectors(
    network: OpinionNetwork, windows: Sequence[Window], work: Path, name: str
) -> Floats:
    """(n, width) sentence vectors of an untrained network, kept in `work` from run to run."""
    digest = hashlib.sha256(json.dumps([w.ids for w in windows]).encode()).hexdigest()[:16]
    file = work / f"{name}-{digest}.npy"
    if not file.is_file():
        found = np.zeros((len(windows), network.shape.width), np.float16)
        order = sorted(range(len(windows)), key=lambda row: len(windows[row].ids))
        for start in range(0, len(order), 64):
            rows = order[start : start + 64]
            with torch.autocast("cpu", torch.bfloat16):
                vectors, _, _ = network.features(*padded([windows[row] for row in rows]))
            found[rows] = vectors.numpy()
        log.info("%s: vectors of %d texts", name, len(windows))
        np.save(file, found)
    return np.asarray(np.load(file))
