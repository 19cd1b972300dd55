"""The engine of this process, loaded when first asked for (after a fork, never before)."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from listening.config import Settings, get_settings
from listening.errors import SettingsError

if TYPE_CHECKING:
    from nlp.engine import Engine


@lru_cache(maxsize=1)
def engine() -> Engine:
    """The engine that the settings describe.

    Raises:
        SettingsError: a model file is missing or another one.
    """
    settings = get_settings()
    prepare_caches(settings)
    from nlp.artifacts import read_manifest
    from nlp.engine import Engine
    from nlp.errors import ModelError

    try:
        return Engine(
            read_manifest(settings.models_dir),
            encoder_dir=settings.base_encoder_dir,
            backend=settings.engine_backend,
            threads=settings.model_threads,
            cache_dir=settings.folder("cache"),
        )
    except ModelError as error:
        raise SettingsError(str(error)) from error


def model_revision(settings: Settings) -> str:
    """The revision that `engine()` would analyse with, without loading it."""
    from nlp.artifacts import read_manifest, revision_of

    return revision_of(read_manifest(settings.models_dir))


def prepare_caches(settings: Settings) -> None:
    """Where numba keeps what it compiled: its first call costs a minute without."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(settings.folder("cache").resolve() / "numba"))
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
