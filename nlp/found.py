"""Where a model that the settings name is, and whether its files may be loaded.

Nothing is fetched and nothing of a model is run here: a revision is told from the files
alone, without torch. Weights are read from safetensors only, since a pickle can run code.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nlp.errors import ModelError
from nlp.labels import Columns, sentiment_columns

_WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_PICKLES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5"})
# What a result depends on besides the weights: configuration and vocabulary.
_SMALL = frozenset({".json", ".txt", ".model", ".codes"})
_HUB_NAME = re.compile(r"([\w-][\w.-]*(?:/[\w-][\w.-]*)?)(?:@(\S+))?")


@dataclass(frozen=True, slots=True)
class FoundModel:
    """An encoder on this machine.

    Attributes:
        name: as the settings name it.
        folder: where its files are.
        revision: digest of weights, configuration and vocabulary.
    """

    name: str
    folder: Path
    revision: str


@dataclass(frozen=True, slots=True)
class FoundClassifier(FoundModel):
    """A classifier on this machine.

    Attributes:
        labels: (c,) names of its outputs.
        columns: which of them are summed up as which sentiment.
        warning: what its reader should know, else None.
    """

    labels: tuple[str, ...]
    columns: Columns
    warning: str | None


def find_classifier(name: str, labels: Mapping[str, str] | None = None) -> FoundClassifier:
    """A transformers sequence classifier.

    Args:
        name: a folder, or a hub name in the Hugging Face cache, with @REVISION where another
            than the newest one fetched is meant.
        labels: what its labels mean, where they do not say so.

    Raises:
        ModelError: not on this machine, not a classifier of sentiment, weights that are
            missing, damaged or pickled.
    """
    folder = find_folder(name)
    config = _json(folder / "config.json", name)
    if not isinstance(config, dict):
        raise ModelError(f"{name} is not a text classifier: its config.json holds no settings.")
    classes = [str(kind) for kind in config.get("architectures") or []]
    if not classes or not classes[0].endswith("ForSequenceClassification"):
        told = ", ".join(classes) or "no architecture"
        raise ModelError(f"{name} is not a text classifier: its config.json says {told}.")
    if config.get("problem_type") == "multi_label_classification":
        raise ModelError(
            f"{name} gives every label a probability of its own (multi-label): only models that "
            "choose one label can tell sentiment."
        )
    outputs = _labels(config, name)
    columns = sentiment_columns(outputs, labels, model=name)
    digest = _digest([folder], _weights(folder, name))
    mapping = hashlib.sha256(json.dumps(columns).encode()).hexdigest()
    return FoundClassifier(
        name,
        folder,
        f"{digest}-{mapping[:4]}",
        outputs,
        columns,
        None if columns[1] else "knows no neutral: every text is negative or positive",
    )


def find_encoder(name: str) -> FoundModel:
    """A sentence-transformers encoder; arguments and errors as for `find_classifier`."""
    folder = find_folder(name)
    modules = _json(folder / "modules.json", name, kind="a sentence-transformers encoder")
    try:
        own = [(str(module["type"]), str(module["path"])) for module in modules]
    except (KeyError, TypeError) as error:
        raise ModelError(f"{folder / 'modules.json'} of {name} lists no modules.") from error
    for kind, _ in own:
        if not kind.startswith("sentence_transformers."):
            raise ModelError(f"{name} needs code of its own ({kind}), which is never run.")
    folders = [folder, *sorted({folder / path for _, path in own if path not in {"", "."}})]
    folders = [path for path in folders if path.is_dir()]
    weights = [file for path in folders for file in _weights(path, name, needed=False)]
    if not weights:
        raise ModelError(_no_weights(name, folder))
    return FoundModel(name, folder, _digest(folders, weights))


def find_folder(name: str) -> Path:
    """The folder of a model, from its path or its hub name; the network is not asked.

    Raises:
        ModelError: not on this machine.
    """
    path = Path(name).expanduser()
    if name and path.is_dir():
        return path
    hub = _HUB_NAME.fullmatch(name)
    if hub is None:
        raise ModelError(f"There is no folder {name} with a model in it.")
    folder = _cached(hub[1], hub[2])
    if folder is None:
        revision = f" --revision {hub[2]}" if hub[2] else ""
        raise ModelError(
            f"The model {name} is neither a folder nor in the Hugging Face cache: fetch it once "
            f"with `hf download {hub[1]}{revision}`, or name the folder it is in."
        )
    return folder


def _cached(repo: str, revision: str | None) -> Path | None:
    """The folder of a repository in the cache, whichever of its files were fetched."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    for file in ("config.json", "modules.json"):
        try:
            found = try_to_load_from_cache(repo, file, revision=revision)
        except HFValidationError:
            return None
        if isinstance(found, str):
            return Path(found).parent
    return None


def _json(path: Path, name: str, *, kind: str = "a transformers model") -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        told = f"{name} is not {kind}: there is no {path.name} in {path.parent}."
        raise ModelError(told) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} of {name} cannot be read: {error}") from error


def _labels(config: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The names of the outputs; a config without names has two, as in transformers."""
    names = config.get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}
    try:
        ordered = sorted((int(place), str(label)) for place, label in names.items())
    except (AttributeError, ValueError) as error:
        raise ModelError(f"config.json of {name}: id2label is not by number.") from error
    if [place for place, _ in ordered] != list(range(len(ordered))):
        raise ModelError(f"config.json of {name}: id2label must number its labels from 0.")
    return tuple(label for _, label in ordered)


def _weights(folder: Path, name: str, *, needed: bool = True) -> list[Path]:
    """The safetensors of one folder, their headers read."""
    files = [folder / _WEIGHTS]
    if not files[0].is_file():
        files = _shards(folder, name)
    if not files and any(p.suffix in _PICKLES for p in folder.iterdir()):
        raise ModelError(
            f"The weights of {name} in {folder} are pickled, and a pickle can run code when it is "
            f"read: convert them to {_WEIGHTS} as docs/models.md says, or choose another model."
        )
    if not files and needed:
        raise ModelError(_no_weights(name, folder))
    for file in files:
        _check_header(file, name)
    return files


def _no_weights(name: str, folder: Path) -> str:
    return f"The model {name} has no weights: there is no {_WEIGHTS} in {folder}."


def _shards(folder: Path, name: str) -> list[Path]:
    if not (folder / _INDEX).is_file():
        return []
    try:
        files = set(_json(folder / _INDEX, name)["weight_map"].values())
        return [folder / file for file in sorted(files)]
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{folder / _INDEX} of {name} lists no weights.") from error


def _check_header(file: Path, name: str) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), framework="numpy") as opened:
            opened.keys()
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{file} of {name} is damaged or no safetensors file ({error}): fetch it again."
        ) from error


def _digest(folders: Sequence[Path], weights: Sequence[Path]) -> str:
    small = {p for f in folders for p in f.iterdir() if p.suffix in _SMALL and p.is_file()}
    facts = []
    for path in sorted(small | set(weights)):
        stat = path.stat()
        shown = os.path.relpath(path, folders[0])
        facts.append((shown, path, stat.st_size, stat.st_mtime_ns))
    return _hashed(tuple(facts))


@lru_cache(maxsize=64)
def _hashed(facts: tuple[tuple[str, Path, int, int], ...]) -> str:
    """Digest of files; hashed again only when the size or time of one changed."""
    whole = hashlib.sha256()
    for shown, path, _size, _changed_ns in facts:
        with path.open("rb") as file:
            whole.update(shown.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()[:12]
