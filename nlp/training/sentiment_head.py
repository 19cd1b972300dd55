"""Train the sentiment head: `python -m nlp.training.sentiment_head --data FOLDER`.

The encoder stays as it is; its features of every text are computed once and kept in the
work folder, so that a second run takes seconds. Writes models/sentiment_head.safetensors
and prints the lines for the manifest and the card.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

import numpy as np

from nlp.artifacts import file_sha256, find_base_encoder, read_manifest
from nlp.encoder import BaseEncoder
from nlp.engine import run_windows
from nlp.evaluate import expected_calibration_error, macro_recall
from nlp.head import SentimentHead
from nlp.training.data import Labelled, semeval_sentiment, tweeteval_validation
from nlp.types import Floats

log = logging.getLogger("training")

HIDDEN = 256
EPOCHS = 15
BATCH = 256
LEARNING_RATE = 1e-3
DROPOUT = 0.3
SMOOTHING = 0.05
SEED = 0


def features_of(encoder: BaseEncoder, data: Labelled, cache: Path) -> Floats:
    """(n, f) features of a data set, read from `cache` when they are there."""
    if cache.is_file():
        return np.asarray(np.load(cache), dtype=np.float32)
    done = 0

    def tell(count: int) -> None:
        nonlocal done
        if (done + count) // 5000 != done // 5000:
            log.info("%s: %d of %d texts", cache.stem, done + count, len(data.texts))
        done += count

    _, features = run_windows(encoder, data.texts, progress=tell)
    np.save(cache, features.astype(np.float16))
    return features


def fit(train: Floats, labels: list[int]) -> SentimentHead:
    """A head on (n, f) features: class-weighted cross-entropy, AdamW, one cycle."""
    import torch

    torch.manual_seed(SEED)
    mean, scale = train.mean(0), train.std(0) + 1e-6
    x, y = torch.tensor((train - mean) / scale), torch.tensor(labels)
    net = torch.nn.Sequential(
        torch.nn.Dropout(DROPOUT),
        torch.nn.Linear(x.shape[1], HIDDEN),
        torch.nn.GELU(approximate="tanh"),
        torch.nn.Dropout(DROPOUT),
        torch.nn.Linear(HIDDEN, 3),
    )
    counts = torch.bincount(y, minlength=3).float()
    loss_of: Any = torch.nn.CrossEntropyLoss(
        weight=counts.sum() / counts / 3, label_smoothing=SMOOTHING
    )
    optimiser = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=1e-2)
    steps = EPOCHS * ((len(y) + BATCH - 1) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    for epoch in range(EPOCHS):
        net.train()
        order, total = torch.randperm(len(y)), 0.0
        for start in range(0, len(y), BATCH):
            rows = order[start : start + BATCH]
            loss = loss_of(net(x[rows]), y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * len(rows)
        log.info("epoch %d: loss %.4f", epoch + 1, total / len(y))
    state = {name: value.detach().numpy() for name, value in net.state_dict().items()}
    return SentimentHead(
        mean, scale, state["1.weight"], state["1.bias"], state["4.weight"], state["4.bias"]
    )


def calibrated(head: SentimentHead, features: Floats, labels: list[int]) -> SentimentHead:
    """The head with the temperature that makes `labels` likeliest folded in (Guo et al., 2017)."""

    def scaled(temperature: float) -> SentimentHead:
        return SentimentHead(
            head.mean,
            head.scale,
            head.hidden_weight,
            head.hidden_bias,
            head.out_weight / temperature,
            head.out_bias / temperature,
        )

    def surprise(temperature: float) -> float:
        p = scaled(temperature).probabilities(features)
        return float(-np.log(p[np.arange(len(labels)), labels] + 1e-9).mean())

    best = min(np.arange(0.4, 2.51, 0.02), key=surprise)
    log.info("temperature %.2f", best)
    return scaled(float(best))


def main() -> None:
    """Train, judge on the validation split, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--work", type=Path, default=Path("data/training"))
    parser.add_argument("--out", type=Path, default=Path("models/sentiment_head.safetensors"))
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options.work.mkdir(parents=True, exist_ok=True)

    encoder = BaseEncoder(find_base_encoder(read_manifest(options.out.parent)), "float32")
    validation = tweeteval_validation(options.data)
    train = semeval_sentiment(options.data, without=validation.texts)
    log.info("%d training texts, %d validation texts", len(train.texts), len(validation.texts))
    held = features_of(encoder, validation, options.work / "validation.npy")
    head = fit(features_of(encoder, train, options.work / "train.npy"), train.labels)
    head = calibrated(head, held, validation.labels)
    head.save(options.out)
    p = SentimentHead.load(options.out).probabilities(held)
    log.info("validation macro recall %.4f", macro_recall(validation.labels, p.argmax(1)))
    log.info("calibration error %.4f", expected_calibration_error(validation.labels, p))
    log.info("sha256 %s", file_sha256(options.out))


if __name__ == "__main__":
    main()
