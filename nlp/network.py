"""The network: the base encoder, tuned to hold opinions too, and small heads on its states.

    ids -> embeddings (base, as they are) -> layers (tuned) -> mean = sentence vector
                                                            -> heads = opinions

Tuning pulls the sentence vector back to the base encoder's at every step, so that one pass
serves segments and opinions alike. Written with plain matrix products instead of
transformers' modules: measured to train twice as fast in bfloat16 on a CPU, and traced into
a graph that OpenVINO runs.

Source: BERT (Devlin et al., 2019); MiniLM (Wang et al., 2020) for the base.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from nlp.errors import ModelError

EPSILON = 1e-12  # of BERT's layer norms
TOWARDS = "towards"  # the head that is asked about a target, not about the post
# Of the post's own sentiment in what is said towards a target. The head alone misses complaints
# that name the brand in passing: docs/decisions/0007-opinion-model.md has the figures.
POST_SHARE = 0.4
POOLED = 4  # last layers whose means the heads read
_NEVER = -1e4  # added to the attention logits of padding

# Dropout of a tensor with a share of zeros; training gives its own, inference none.
Dropout = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the network.

    Attributes:
        width, heads, inner, depth: of the base encoder.
        vocabulary, positions: rows of its embeddings.
        hidden: width of an opinion head's hidden layer.
        outputs: classes by name of the head, in the order in which they come out.
    """

    width: int
    heads: int
    inner: int
    depth: int
    vocabulary: int
    positions: int
    hidden: int
    outputs: Mapping[str, int]


class Layer(nn.Module):
    """One transformer layer."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        self.norm1 = nn.LayerNorm(shape.width, eps=EPSILON)
        self.up = nn.Linear(shape.width, shape.inner)
        self.down = nn.Linear(shape.inner, shape.width)
        self.norm2 = nn.LayerNorm(shape.width, eps=EPSILON)

    def forward(self, x: Tensor, bias: Tensor, dropout: Dropout | None = None) -> Tensor:
        """(b, l, width) states; `bias` (b, 1, 1, l) is added to the attention logits."""
        b, length, width = x.shape
        each = width // self.heads
        qkv = self.qkv(x).view(b, length, 3, self.heads, each).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.reshape(3, b * self.heads, length, each).unbind(0)
        logits = torch.bmm(q, k.transpose(1, 2)) * (1 / math.sqrt(each))
        logits = logits.view(b, self.heads, length, length) + bias
        weights = logits.softmax(-1).to(v.dtype).view(b * self.heads, length, length)
        mixed = torch.bmm(weights, v).view(b, self.heads, length, each)
        attended = self.out(mixed.transpose(1, 2).reshape(b, length, width))
        x = self.norm1(x + (dropout(attended) if dropout else attended))
        inner = self.down(functional.gelu(self.up(x)))
        added: Tensor = self.norm2(x + (dropout(inner) if dropout else inner))
        return added


class Embeddings(nn.Module):
    """Word and position embeddings; every text is of token type 0."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.words = nn.Embedding(shape.vocabulary, shape.width)
        self.places = nn.Embedding(shape.positions, shape.width)
        self.kind = nn.Parameter(torch.zeros(shape.width))
        self.norm = nn.LayerNorm(shape.width, eps=EPSILON)

    def forward(self, ids: Tensor) -> Tensor:
        """(b, l) token ids to (b, l, width)."""
        places = torch.arange(ids.shape[1], device=ids.device)
        summed: Tensor = self.norm(self.words(ids) + self.places(places) + self.kind)
        return summed


class Head(nn.Module):
    """One hidden layer on features."""

    def __init__(self, features: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(features)
        self.hidden = nn.Linear(features, hidden)
        self.out = nn.Linear(hidden, classes)

    def forward(self, features: Tensor, dropout: Dropout | None = None) -> Tensor:
        """(..., features) to (..., classes) logits."""
        x = self.norm(features)
        x = functional.gelu(self.hidden(dropout(x) if dropout else x))
        logits: Tensor = self.out(dropout(x) if dropout else x)
        return logits


class OpinionNetwork(nn.Module):
    """The tuned encoder and its heads.

    A post's features are the means of the token states of the last four layers (of which the
    last is the sentence vector) and the first token of the last one. A target's are the mean of
    its own tokens' states in the last two layers, beside the post's.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embeddings = Embeddings(shape)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.depth))
        post = shape.width * (min(POOLED, shape.depth) + 1)
        self.heads = nn.ModuleDict(
            {
                name: Head(post + 2 * shape.width * (name == TOWARDS), shape.hidden, classes)
                for name, classes in shape.outputs.items()
            }
        )

    def features(
        self, ids: Tensor, mask: Tensor, dropout: Dropout | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What the heads read.

        Args:
            ids: (b, l) token ids.
            mask: (b, l), 1 for a token, 0 for padding.
            dropout: within the layers, in training.

        Returns:
            (b, width) sentence vectors, not normalised; (b, f) features of posts; and
            (b, l, 2 width) of their tokens.
        """
        x = self.embeddings(ids)
        bias = ((1 - mask.to(x.dtype)) * _NEVER)[:, None, None, :]
        states = []
        for layer in self.layers:
            x = layer(x, bias, dropout)
            states.append(x)
        weights = mask.float()[:, :, None]
        total = weights.sum(1)
        means = [(state.float() * weights).sum(1) / total for state in states[-POOLED:]]
        post = torch.cat([*means, x[:, 0].float()], dim=1)
        return means[-1], post, torch.cat(states[-2:], dim=2)

    def towards(
        self, post: Tensor, tokens: Tensor, targets: Tensor, dropout: Dropout | None = None
    ) -> Tensor:
        """(b, t, 3) logits towards t targets, each (b, t, l): 1 for its tokens, 0 elsewhere."""
        share = targets.float() / targets.float().sum(2, keepdim=True).clamp(min=1)
        own = torch.bmm(share, tokens.float())
        features = torch.cat([post[:, None].expand(-1, own.shape[1], -1), own], dim=2)
        logits: Tensor = self.heads[TOWARDS](features, dropout)
        return logits

    def forward(self, ids: Tensor, mask: Tensor, targets: Tensor) -> tuple[Tensor, ...]:
        """Sentence vectors, the logits of every post head in their order, those towards."""
        vectors, post, tokens = self.features(ids, mask)
        heads = {name: head(post) for name, head in self.heads.items() if name != TOWARDS}
        towards = self.towards(post, tokens, targets)
        towards = (1 - POST_SHARE) * towards + POST_SHARE * heads["sentiment"][:, None]
        return (vectors, *heads.values(), towards)


def shape_of(config: Mapping[str, Any], *, hidden: int, outputs: Mapping[str, int]) -> Shape:
    """The shape that belongs to a BERT config.json.

    Raises:
        KeyError: a size is missing.
        ValueError: not a BERT with absolute positions and exact GELU.
    """
    if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
        raise ValueError("the base encoder has to be a BERT with exact GELU")
    return Shape(
        width=config["hidden_size"],
        heads=config["num_attention_heads"],
        inner=config["intermediate_size"],
        depth=config["num_hidden_layers"],
        vocabulary=config["vocab_size"],
        positions=config["max_position_embeddings"],
        hidden=hidden,
        outputs=dict(outputs),
    )


_NAMES = {
    "out": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm2": "output.LayerNorm",
}


def base_state(weights: Mapping[str, Tensor], depth: int) -> dict[str, Tensor]:
    """A BERT's tensors under this module's names: embeddings and layers.

    Raises:
        KeyError: a tensor is missing.
    """
    state = {
        "embeddings.words.weight": weights["embeddings.word_embeddings.weight"],
        "embeddings.places.weight": weights["embeddings.position_embeddings.weight"],
        "embeddings.kind": weights["embeddings.token_type_embeddings.weight"][0],
        "embeddings.norm.weight": weights["embeddings.LayerNorm.weight"],
        "embeddings.norm.bias": weights["embeddings.LayerNorm.bias"],
    }
    for place in range(depth):
        old, new = f"encoder.layer.{place}.", f"layers.{place}."
        for kind in ("weight", "bias"):
            parts = [weights[f"{old}attention.self.{n}.{kind}"] for n in ("query", "key", "value")]
            state[f"{new}qkv.{kind}"] = torch.cat(parts)
            for short, long in _NAMES.items():
                state[f"{new}{short}.{kind}"] = weights[f"{old}{long}.{kind}"]
    return state


def load_base(folder: Path, *, hidden: int, outputs: Mapping[str, int]) -> OpinionNetwork:
    """A network with the base encoder's weights and heads that know nothing yet.

    Raises:
        ModelError: the folder does not hold a BERT with its config.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        shape = shape_of(config, hidden=hidden, outputs=outputs)
        state = base_state(load_file(str(folder / "model.safetensors")), shape.depth)
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise ModelError(f"{folder} cannot be read as a base encoder: {error}") from error
    network = OpinionNetwork(shape)
    network.load_state_dict(state, strict=False)
    network.embeddings.requires_grad_(False)
    return network
