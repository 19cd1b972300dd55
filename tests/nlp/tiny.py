"""Tiny models built on disk, in the format of the large ones: real files, known outcomes."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    BertTokenizerFast,
    BertweetTokenizer,
    PreTrainedModel,
)
from transformers.utils import logging

# "gut" and its like are positive, "schlecht" and its like negative, the rest says nothing.
GOOD = "gut toll super schön".split()
BAD = "schlecht kaputt furchtbar mies".split()
PLAIN = (
    "die der das maschine kaffee ist war sind wir haben und wieder heute morgen im laden am"
    " bahnhof gekauft sehr nicht mit ich finde den service für meine familie user http"
).split()
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = [*"abcdefghijklmnopqrstuvwxyzäöü", *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyzäöü")]
SIGNS = [*"@.,!?#"]
POSITIONS = 32

_SENTENCES = [
    "die maschine ist {}",
    "der kaffee war {} und wir haben wieder gekauft",
    "{}",
    "ich finde den service im laden {}",
    "heute am bahnhof war das {} für meine familie",
    "{} " * (POSITIONS - 2),  # so that it knows every position
]


def classifier(
    folder: Path, labels: Sequence[str] = ("negative", "neutral", "positive"), *, seed: int = 0
) -> Path:
    """A German sentiment classifier with the labels of three, two or five classes.

    Trained for a second on sentences made of the words above until it has learned them.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # such matrices are slower on more
    logging.disable_progress_bar()
    config = BertConfig(
        **_sizes(),
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: place for place, label in enumerate(labels)},
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model = BertForSequenceClassification(config)
    tokenizer = _tokenizer(folder)
    texts, classes = _lessons(len(labels))
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    target = torch.tensor(classes)
    for _ in range(80):
        loss = model(**batch, labels=target).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05, "the tiny model has not learned its words"
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def untrained(folder: Path, kind: type[PreTrainedModel]) -> Path:
    """A classifier of another kind that knows nothing, without a limit in its tokenizer."""
    torch.manual_seed(0)
    logging.disable_progress_bar()
    names = {0: "neg", 1: "neu", 2: "pos"}
    kind(kind.config_class(**_sizes(), id2label=names, pad_token_id=0)).save_pretrained(folder)
    tokenizer = _tokenizer(folder)
    tokenizer.model_max_length = int(1e30)
    tokenizer.save_pretrained(folder)
    return folder


def with_python_tokenizer(folder: Path) -> Path:
    """The same with a tokenizer that has no fast form, BERTweet's; its words are letters."""
    untrained(folder, BertForSequenceClassification)
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("".join(f"{letter} 1\n" for letter in LETTERS[:26]))
    (folder / "bpe.codes").write_text("#version: 0.2\n")
    tokenizer = BertweetTokenizer(str(folder / "vocab.txt"), str(folder / "bpe.codes"))
    tokenizer.save_pretrained(folder)
    return folder


def encoder(folder: Path, *, seed: int = 0) -> Path:
    """A sentence encoder of 16 dimensions: transformer, mean pooling, normalising."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    torch.manual_seed(seed)
    logging.disable_progress_bar()
    bare = folder.with_name(folder.name + "-bare")
    BertModel(BertConfig(**_sizes())).save_pretrained(bare)
    _tokenizer(bare).save_pretrained(bare)
    first = Transformer(str(bare), max_seq_length=POSITIONS)
    pooling = Pooling(first.get_embedding_dimension(), "mean")
    SentenceTransformer(modules=[first, pooling, Normalize()], device="cpu").save(str(folder))
    shutil.rmtree(bare)
    return folder


def bert(folder: Path, *, seed: int = 0) -> Path:
    """An encoder in the format of the base encoder, its weights drawn at random."""
    torch.manual_seed(seed)
    logging.disable_progress_bar()
    BertModel(BertConfig(**_sizes())).save_pretrained(folder)
    _tokenizer(folder).save_pretrained(folder)
    return folder


def _sizes() -> dict[str, Any]:
    return {
        "vocab_size": len(_vocabulary()),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": POSITIONS,
        "initializer_range": 0.2,  # the default is for wider models and learns slowly here
    }


def _vocabulary() -> list[str]:
    return [*SPECIAL, *SIGNS, *LETTERS, *GOOD, *BAD, *PLAIN]


def _tokenizer(folder: Path) -> BertTokenizerFast:
    vocabulary = {word: place for place, word in enumerate(_vocabulary())}
    folder.mkdir(parents=True, exist_ok=True)
    return BertTokenizerFast(
        vocab=vocabulary, do_lower_case=True, strip_accents=False, model_max_length=POSITIONS
    )


def _lessons(classes: int) -> tuple[list[str], list[int]]:
    """Sentences and their classes: bad ones the first, good ones the last, plain the middle."""
    texts, found = [], []
    for words, place in ((BAD, 0), (GOOD, classes - 1), (PLAIN[:12], classes // 2)):
        if classes == 2 and words is not BAD and words is not GOOD:
            continue
        for sentence in _SENTENCES:
            texts += [sentence.replace("{}", word) for word in words]
            found += [place] * len(words)
    return texts, found
