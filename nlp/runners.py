"""One forward pass on a backend: padded batches in, numpy arrays out.

Backends: PyTorch in float32 or bfloat16 on the CPU, PyTorch in bfloat16 on a GPU, and OpenVINO
in float32 or bfloat16. OpenVINO's graph is kept in the cache folder, so that the next
process needs no PyTorch to read texts: it starts sooner and takes less memory.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from nlp.types import Floats, Ints

if TYPE_CHECKING:
    from nlp.network import OpinionNetwork

log = logging.getLogger(__name__)

Backend = Literal["float32", "bfloat16", "openvino-float32", "openvino-bfloat16", "cuda"]


@dataclass(frozen=True, slots=True)
class Raw:
    """What a forward pass gives for b texts.

    Attributes:
        vectors: (b, d) mean token states, not normalised.
        heads: (b, c) logits of every post head, in their order.
        towards: (b, t, 3) logits towards the targets.
    """

    vectors: Floats
    heads: list[Floats]
    towards: Floats


class Runner(Protocol):
    """A backend, ready."""

    def run(self, ids: Ints, mask: Ints, targets: Floats) -> Raw:
        """(b, l) token ids and mask, (b, t, l) marks of the targets' tokens."""
        ...


class TorchRunner:
    """PyTorch on the CPU or a GPU."""

    def __init__(self, network: OpinionNetwork, backend: Backend, threads: int) -> None:
        import torch

        self._torch = torch
        self._device = "cuda" if backend == "cuda" else "cpu"
        self._kind = torch.float32 if backend == "float32" else torch.bfloat16
        if self._device == "cpu":
            torch.set_num_threads(threads)
        self._network: Any = network.to(device=self._device, dtype=self._kind)
        # The heads are small and read float32 means.
        self._network.heads.float()

    def run(self, ids: Ints, mask: Ints, targets: Floats) -> Raw:
        """One forward pass."""
        torch = self._torch
        with torch.inference_mode():
            vectors, *heads, towards = self._network(
                *(torch.from_numpy(a).to(self._device) for a in (ids, mask, targets))
            )
        return Raw(
            vectors.float().cpu().numpy(),
            [head.float().cpu().numpy() for head in heads],
            towards.float().cpu().numpy(),
        )


class OpenVinoRunner:
    """OpenVINO on the CPU.

    Args:
        network: called when the graph is not in the cache.
        stem: where the graph is kept, without its suffix.
        backend: the precision.
        threads: cores to use.
    """

    def __init__(
        self,
        network: Callable[[], OpinionNetwork],
        stem: Path | None,
        backend: Backend,
        threads: int,
    ) -> None:
        core = openvino().Core()
        graph = _kept_graph(core, stem)
        if graph is None:
            graph = convert(network())
            _keep_graph(graph, stem)
        precision = "bf16" if backend == "openvino-bfloat16" else "f32"
        self._compiled: Any = core.compile_model(
            graph,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": precision,
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": threads,
                "ENABLE_CPU_PINNING": False,
            },
        )
        self._request = self._compiled.create_infer_request()

    def run(self, ids: Ints, mask: Ints, targets: Floats) -> Raw:
        """One forward pass."""
        outputs = self._request.infer([ids, mask, targets], share_inputs=True)
        vectors, *heads, towards = (np.array(value, np.float32) for value in outputs.values())
        return Raw(vectors, heads, towards)


def openvino() -> Any:
    """OpenVINO without its telemetry: importing it would report the import to its maker."""
    hidden: dict[str, Any] = {"openvino_telemetry": None}  # None: an import of it fails
    sys.modules.update({name: value for name, value in hidden.items() if name not in sys.modules})
    import openvino as module

    return module


def convert(network: OpinionNetwork) -> Any:
    """The network as an OpenVINO graph, every size of the inputs left open."""
    import torch

    example = (
        torch.tensor([[1, 2, 3], [1, 3, 2]]),
        torch.ones(2, 3, dtype=torch.long),
        torch.tensor([[[0.0, 1.0, 0.0]]] * 2),
    )
    with warnings.catch_warnings():
        # The sizes that tracing holds fast are the model's own, not those of a batch.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        graph = openvino().convert_model(network.float().eval(), example_input=example)
    for node, rank in zip(graph.inputs, (2, 2, 3), strict=True):
        node.get_node().set_partial_shape(openvino().PartialShape([-1] * rank))
    graph.validate_nodes_and_infer_types()
    return graph


def _kept_graph(core: Any, stem: Path | None) -> Any:
    if stem is None or not stem.with_suffix(".xml").is_file():
        return None
    try:
        return core.read_model(stem.with_suffix(".xml"))
    except RuntimeError as error:
        log.warning("the kept graph %s cannot be read and is made again: %s", stem, error)
        return None


def _keep_graph(graph: Any, stem: Path | None) -> None:
    if stem is None:
        return
    stem.parent.mkdir(parents=True, exist_ok=True)
    partial = stem.with_name(f"{stem.name}.{os.getpid()}.{threading.get_ident()}")
    openvino().save_model(graph, partial.with_suffix(".xml"), compress_to_fp16=False)
    # The weights first: a graph without them must never be seen.
    for suffix in (".bin", ".xml"):
        partial.with_suffix(suffix).replace(stem.with_suffix(suffix))


def available(backends: Sequence[Backend] = ()) -> list[Backend]:
    """The backends that this machine has."""
    from importlib.util import find_spec

    found: list[Backend] = ["float32", "bfloat16"]
    if find_spec("openvino") is not None:
        found += ["openvino-float32", "openvino-bfloat16"]
    import torch

    if torch.cuda.is_available():
        found.append("cuda")
    return [name for name in found if not backends or name in backends]
