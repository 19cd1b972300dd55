"""Which backend is fastest on this processor: timed once, remembered, and said why."""

from __future__ import annotations

import json
import logging
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from nlp.runners import Backend, Runner
from nlp.types import Floats

log = logging.getLogger(__name__)

# A backend whose vectors are further than this from float32 is refused.
MAX_COSINE_DISTANCE = 0.005
_REFERENCE: Backend = "float32"

# How one batch of texts becomes (n, d) vectors on a runner.
Read = Callable[[Runner], Floats]


@dataclass(frozen=True, slots=True)
class BackendChoice:
    """Which backend, and why."""

    backend: Backend
    why: str


def choose(
    backends: Sequence[Backend], make: Callable[[Backend], Runner], read: Read, texts: int
) -> tuple[BackendChoice, Runner]:
    """Read the same texts on each backend; the fastest that agrees with float32 wins.

    A backend that cannot be made or run here is left out, and the log says why.

    Args:
        backends: to try; float32 is always made, to compare with.
        make: a runner of a backend.
        read: the texts on a runner.
        texts: how many they are, for the rate that is told.

    Raises:
        Exception: whatever float32 itself raises.
    """
    reference = read(make(_REFERENCE))
    rates: dict[Backend, float] = {}
    best: tuple[float, Backend, Runner] | None = None
    for name in backends:
        try:
            runner = make(name)
            vectors = read(runner)  # the first pass pays for allocation
            seconds = min(_seconds(read, runner) for _ in range(2))
        except Exception as error:  # each library raises its own kinds here
            log.warning("the backend %s does not run here: %s", name, error)
            continue
        distance = 1 - float((vectors * reference).sum(axis=1).min())
        if not distance <= MAX_COSINE_DISTANCE:  # not a number is refused too
            log.warning("the backend %s is refused: %.4f from float32", name, distance)
            continue
        rates[name] = texts / seconds
        if best is None or seconds < best[0]:
            best = seconds, name, runner
    if best is None:
        return BackendChoice(_REFERENCE, "no other runs here"), make(_REFERENCE)
    shown = ", ".join(f"{name} {rate:,.0f}" for name, rate in rates.items())
    return BackendChoice(best[1], f"fastest here, texts/s: {shown}"), best[2]


def _seconds(read: Read, runner: Runner) -> float:
    started = time.perf_counter()
    read(runner)
    return time.perf_counter() - started


def processor_key() -> str:
    """What a remembered choice holds for: this processor and these libraries."""
    return " ".join(
        [platform.machine(), _processor(), str(os.cpu_count())]
        + [f"{name} {_version(name)}" for name in ("torch", "openvino")]
    )


def _processor() -> str:
    """Model and bfloat16 abilities, as the kernel tells them; empty where it does not."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    stripped = {name.strip(): value.strip() for name, value in facts.items()}
    flags = sorted(
        set(stripped.get("flags", "").split()) & {"avx2", "avx512f", "avx512_bf16", "amx_bf16"}
    )
    return " ".join([stripped.get("model name", ""), *flags])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def recall(cache_dir: Path | None, revision: str, known: Sequence[str]) -> BackendChoice | None:
    """The choice made before for this processor and model, or None."""
    if cache_dir is None:
        return None
    try:
        data: Mapping[str, str] = json.loads((cache_dir / "engine.json").read_text("utf-8"))
        same = data["processor"] == processor_key() and data["revision"] == revision
        if same and data["backend"] in known:
            return BackendChoice(data["backend"], str(data["why"]))  # type: ignore[arg-type]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # timed again
    return None


def remember(cache_dir: Path | None, revision: str, choice: BackendChoice) -> None:
    """Keep a choice for the next process; a folder that cannot be written is no obstacle."""
    if cache_dir is None:
        return
    data = {
        "processor": processor_key(),
        "revision": revision,
        "backend": choice.backend,
        "why": choice.why,
    }
    partial = cache_dir / f"engine.json.{os.getpid()}"
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(data), encoding="utf-8")
        partial.replace(cache_dir / "engine.json")
    except OSError as error:
        log.warning("the choice of backend cannot be kept in %s: %s", cache_dir, error)
