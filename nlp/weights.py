"""The opinion model's file: tuned layers and heads, bfloat16, on the embeddings of the base.

The safetensors header says which base encoder it belongs to and which heads it holds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from nlp.errors import ModelError

if TYPE_CHECKING:
    from nlp.network import OpinionNetwork

FORMAT = "listening-opinions-1"


def save(network: OpinionNetwork, path: Path, *, base_sha256: str, outputs: dict[str, int]) -> None:
    """Write the layers and the heads named in `outputs`; the embeddings stay the base's."""
    import torch
    from safetensors.torch import save_file

    kept = {
        name: tensor.detach().to(torch.bfloat16).contiguous()
        for name, tensor in network.state_dict().items()
        if name.startswith("layers.") or name.split(".")[:2] in [["heads", own] for own in outputs]
    }
    about = {
        "format": FORMAT,
        "base_sha256": base_sha256,
        "hidden": str(network.shape.hidden),
        "outputs": json.dumps(outputs),
    }
    save_file(kept, str(path), metadata=about)


def load(path: Path, base: Path, *, base_sha256: str) -> OpinionNetwork:
    """The network, in float32, ready to read texts.

    Args:
        path: the opinion model.
        base: folder of the base encoder.
        base_sha256: of the base encoder's weights.

    Raises:
        ModelError: not such a file, of another base, or tensors missing or misshapen.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from nlp.network import load_base

    about = header(path)
    if about["base_sha256"] != base_sha256:
        raise ModelError(
            f"{path} was trained on another base encoder (sha256 {about['base_sha256'][:12]}...): "
            "restore the file that the manifest names."
        )
    network = load_base(base, hidden=int(about["hidden"]), outputs=outputs_of(about))
    try:
        tensors = {name: tensor.float() for name, tensor in load_file(str(path)).items()}
        missing, surplus = network.load_state_dict(tensors, strict=False)
    except (SafetensorError, RuntimeError, OSError) as error:
        raise ModelError(f"{path} is not a whole opinion model: {error}") from error
    missing = [name for name in missing if not name.startswith("embeddings.")]
    if missing or surplus:
        raise ModelError(
            f"{path} is not a whole opinion model: missing {missing[:3]}, unknown {surplus[:3]}."
        )
    return network.eval()


def outputs_of(about: dict[str, str]) -> dict[str, int]:
    """Classes by head, in the order in which the network gives them."""
    return {str(name): int(classes) for name, classes in json.loads(about["outputs"]).items()}


def header(path: Path) -> dict[str, str]:
    """What the file says of itself.

    Raises:
        ModelError: it is no opinion model.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), "np") as file:
            about = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} is not an opinion model: {error}") from error
    if about.get("format") != FORMAT:
        raise ModelError(
            f"{path} is not an opinion model of this release: its format is "
            f"{about.get('format') or 'not named'}, {FORMAT} is needed."
        )
    return dict(about)
