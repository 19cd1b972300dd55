"""The models of this process, loaded when first asked for (after a fork, never before)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from listening.config import Settings, get_settings
from listening.errors import SettingsError

if TYPE_CHECKING:
    from nlp.engine import Engine
    from nlp.named import NamedClassifier, NamedEncoder
    from nlp.types import Opinion, Target


@dataclass(frozen=True, slots=True)
class Models:
    """Our own engine and what the settings name beside it.

    Attributes:
        engine: reads every text.
        others: classifier by language, "*" for every language the engine does not know.
        encoder: gives the vectors in the engine's place, where one is named.
    """

    engine: Engine
    others: Mapping[str, NamedClassifier] = field(default_factory=dict)
    encoder: NamedEncoder | None = None

    @property
    def revision(self) -> str:
        """What an analysis by these is made with: it is out of date when this changes."""
        from nlp.named import revision_with

        classifiers = {language: model.revision for language, model in self.others.items()}
        encoder = self.encoder.revision if self.encoder else None
        return revision_with(self.engine.revision, classifiers, encoder)

    @property
    def dimensions(self) -> int:
        """Length of a sentence vector."""
        return self.encoder.dimensions if self.encoder else self.engine.dimensions

    def analyse(
        self,
        texts: Sequence[str],
        *,
        languages: Sequence[str | None] | None = None,
        targets: Sequence[Sequence[Target]] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> list[Opinion]:
        """As `nlp.opinions.analyse`, each text by the model its language has.

        Raises:
            SettingsError: a named model answers with no numbers.
        """
        from nlp.opinions import analyse

        with told():
            return analyse(
                self.engine,
                texts,
                languages=languages,
                targets=targets,
                others=self.others,
                encoder=self.encoder,
                progress=progress,
            )


@lru_cache(maxsize=1)
def models() -> Models:
    """The models that the settings describe, loaded.

    Raises:
        SettingsError: a model is missing, is another one, or cannot be loaded.
    """
    settings = get_settings()
    with told():
        found = Models(engine(), classifiers(settings), encoder(settings))
        for model in {id(m): m for m in found.others.values()}.values():
            model.load()
        if found.encoder is not None:
            found.encoder.load()
    return found


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

    with told():
        return Engine(
            read_manifest(settings.models_dir),
            encoder_dir=settings.base_encoder_dir,
            backend=settings.engine_backend,
            threads=settings.model_threads,
            cache_dir=settings.folder("cache"),
        )


def classifiers(settings: Settings, *, only: str | None = None) -> dict[str, NamedClassifier]:
    """The classifiers of the settings by language, found but not loaded; one a model.

    Args:
        settings: name them.
        only: one language; None: all.

    Raises:
        SettingsError: one is not on this machine or cannot tell sentiment.
    """
    named = {k: name for k, name in settings.sentiment_models.items() if only in {None, k}}
    if not named:
        return {}
    from nlp.named import NamedClassifier

    with told("LISTENING_SENTIMENT_MODELS"):
        by_name = {
            name: NamedClassifier(
                name,
                labels=settings.sentiment_labels.get(name),
                threads=settings.model_threads,
            )
            for name in sorted(set(named.values()))
        }
    return {language: by_name[name] for language, name in named.items()}


def encoder(settings: Settings) -> NamedEncoder | None:
    """The encoder of the settings, found but not loaded; None: the engine's.

    Raises:
        SettingsError: it is not on this machine or no sentence encoder.
    """
    if settings.encoder_model is None:
        return None
    from nlp.named import NamedEncoder

    with told("LISTENING_ENCODER_MODEL"):
        return NamedEncoder(settings.encoder_model, threads=settings.model_threads)


def model_revision(settings: Settings) -> str:
    """The revision that `models()` would analyse with, told from the files alone.

    Raises:
        SettingsError: a file that it is told from is missing.
    """
    from nlp.artifacts import read_manifest, revision_of

    with told():
        own = revision_of(read_manifest(settings.models_dir))
    if not settings.sentiment_models and settings.encoder_model is None:
        return own
    from nlp.named import revision_with

    others = {language: model.revision for language, model in classifiers(settings).items()}
    named = encoder(settings)
    return revision_with(own, others, named.revision if named else None)


@contextmanager
def told(variable: str | None = None) -> Iterator[None]:
    """What is wrong with a model, as an error of the settings that name it."""
    from nlp.errors import ModelError

    try:
        yield
    except ModelError as error:
        raise SettingsError(f"{variable}: {error}" if variable else str(error)) from error


def prepare_caches(settings: Settings) -> None:
    """Where numba keeps what it compiled: its first call costs a minute without."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(settings.folder("cache").resolve() / "numba"))
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
