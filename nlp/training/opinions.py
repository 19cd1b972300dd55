"""Train the opinion model: `python -m nlp.training.opinions --data FOLDER`.

Every task is learned at once, in mixed batches, from the base encoder's weights; its sentence
vectors are computed once, kept in the work folder, and what the tuned encoder is held to.
A run's weights are averaged along the way, at its best looks at the validation texts, and over
the runs. Killed at any moment, the same command goes on from the last checkpoint.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from nlp.artifacts import find_base_encoder, read_manifest
from nlp.network import OpinionNetwork, load_base
from nlp.tokens import WordPieces
from nlp.training import finish
from nlp.training.tasks import Task, read_tasks
from nlp.training.trainer import Part, Recipe, Trainer, batches, prepare
from nlp.types import Floats

log = logging.getLogger("training")


def train(
    recipe: Recipe,
    network: OpinionNetwork,
    tasks: Sequence[Task],
    tokens: WordPieces,
    work: Path,
) -> dict[str, Floats]:
    """Train, with checkpoints in `work`; leaves the model's weights in the network.

    Args:
        recipe: how.
        network: the base encoder with heads that know nothing.
        tasks: what.
        tokens: of the base encoder.
        work: for the checkpoint, the base's vectors, and the averages at every look.

    Returns:
        By task, the probabilities of its validation texts.
    """
    parts, held = prepare(tasks, network, tokens, work)
    steps = int(recipe.epochs * len(batches(parts, recipe, 0)))
    untrained = {name: weight.clone() for name, weight in network.state_dict().items()}
    means = []
    for number in range(recipe.runs):
        network.load_state_dict(untrained)
        trainer = Trainer(recipe.of_run(number), network, parts, steps)
        folder = work / f"run-{number + 1}"
        folder.mkdir(exist_ok=True)
        scores = _learn(trainer, held, steps, folder)
        looks = sorted(scores, key=lambda step: -scores[step])[: recipe.looks]
        log.info(
            "run %d: mean of the averages at step %s", number + 1, " and ".join(map(str, looks))
        )
        means.append(_mean([torch.load(_look(folder, step)) for step in looks]))
    # The runs began at the same weights, so that their mean is mostly better than each; where
    # it is not, the best run is the model.
    choices = [*means, _mean(means)] if recipe.runs > 1 else means
    found = []
    for weights in choices:
        trainer.hold(weights)
        found.append(_judge(trainer, held))
    best = int(np.argmax(found))
    log.info("the model is %s", f"run {best + 1}" if best < recipe.runs else "the mean of the runs")
    trainer.hold(choices[best])
    return {part.task.name: trainer.read(part)[0] for part in held}


def _mean(several: Sequence[Sequence[torch.Tensor]]) -> list[torch.Tensor]:
    return [torch.stack(same).mean(0) for same in zip(*several, strict=True)]


def _learn(trainer: Trainer, held: Sequence[Part], steps: int, work: Path) -> dict[int, float]:
    """Train to the end, or until nothing gets better; returns the score of every look."""
    recipe, checkpoint = trainer.recipe, work / "checkpoint.pt"
    step, scores = 0, dict[int, float]()
    if checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=False)
        trainer.restore(state["trainer"])
        step, scores = state["step"], state["scores"]
        log.info("going on from step %d", step)
    log.info("%d steps of %d texts", steps, recipe.batch)
    patience = recipe.patience * recipe.every
    started, began, losses = time.monotonic(), step, []
    for rows in _from(trainer.parts, recipe, step, steps):
        if scores and step - max(scores, key=scores.__getitem__) >= patience:
            log.info("no better for %d looks: stopped", recipe.patience)
            break
        losses.append(trainer.step(rows))
        step += 1
        if step % recipe.every and step != steps:
            continue
        rate = (step - began) * recipe.batch / (time.monotonic() - started)
        log.info("step %d of %d, loss %.4f, %.0f texts/s", step, steps, np.mean(losses), rate)
        losses.clear()
        trainer.swap()
        scores[step] = _judge(trainer, held)
        trainer.swap()
        torch.save(trainer.average, _look(work, step))
        partial = checkpoint.with_suffix(".partial")
        torch.save({"trainer": trainer.state(), "step": step, "scores": scores}, partial)
        partial.replace(checkpoint)
    return scores


def _judge(trainer: Trainer, held: Sequence[Part]) -> float:
    """The mean score on the validation texts, of the weights that the network holds."""
    read = {part.task.name: trainer.read(part) for part in held}
    scores = {part.task.name: _score(part, read[part.task.name][0]) for part in held}
    # A score of 400 texts is noise beside one of 2,000.
    sizes = [len(part.windows) ** 0.5 for part in held]
    mean = float(np.average(list(scores.values()), weights=sizes))
    shown = " ".join(f"{name} {score:.4f}" for name, score in scores.items())
    near = np.mean([cosine for _, cosine in read.values()])
    log.info("%s, weighted mean %.4f, cosine to the base's vectors %.4f", shown, mean, near)
    return mean


def _look(work: Path, step: int) -> Path:
    return work / f"look-{step:06d}.pt"


def _from(
    parts: Sequence[Part], recipe: Recipe, step: int, steps: int
) -> Iterator[list[tuple[int, int]]]:
    """The batches from a step on, epoch after epoch."""
    done, epoch = 0, 0
    while done < steps:
        for rows in batches(parts, recipe, epoch):
            if done >= steps:
                return
            done += 1
            if done > step:
                yield rows
        epoch += 1


def _score(part: Part, p: Floats) -> float:
    score = part.task.score
    return score(part.labels.tolist(), p) if score else 0.0


def _calibrate(
    network: OpinionNetwork, tasks: Sequence[Task], found: Mapping[str, Floats]
) -> dict[str, int]:
    """Fold in every head's temperature; returns the heads that are kept, with their classes."""
    kept = {}
    for task in tasks:
        if task.validation is not None:
            finish.calibrate(network, task.name, task.validation.labels, found[task.name])
            kept[task.name] = task.classes
    return kept


def main() -> None:
    """Train and write the artefact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--work", type=Path, default=Path("data/training"))
    parser.add_argument("--out", type=Path, default=Path("models/opinions.safetensors"))
    parser.add_argument("--runs", type=int, default=Recipe.runs)
    parser.add_argument("--epochs", type=float, default=Recipe.epochs)
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", force=True)
    options.work.mkdir(parents=True, exist_ok=True)
    recipe = Recipe(runs=options.runs, epochs=options.epochs, seed=options.seed)
    torch.manual_seed(recipe.seed)
    manifest = read_manifest(options.out.parent)
    folder = find_base_encoder(manifest)
    tasks = read_tasks(options.data, recipe.seed)
    for task in tasks:
        log.info(
            "%s: %d texts, %d for validation",
            task.name,
            len(task.train),
            len(task.validation or []),
        )
    outputs = {task.name: task.classes for task in tasks}
    network = load_base(folder, hidden=recipe.hidden, outputs=outputs)
    found = train(recipe, network, tasks, WordPieces(folder), options.work)
    kept = _calibrate(network, tasks, found)
    finish.write(network, options.out, base_sha256=manifest.base.sha256, outputs=kept)


if __name__ == "__main__":
    main()
