"""What `listening doctor` looks at: each check tells what it found and, where bad, the fix."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

from listening.config import Settings, get_settings
from listening.errors import ListeningError
from listening.logs import masked
from listening.store.schema import current_version, newest_version
from listening.store.session import Store

_SHOWN = (
    "torch",
    "transformers",
    "sentence-transformers",
    "umap-learn",
    "hdbscan",
    "celery",
    "redis",
    "sqlmodel",
    "sqlalchemy",
)
_LOW_DISK = 2 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: state is "ok", "warning" or "failed"."""

    what: str
    state: str
    text: str

    def as_row(self) -> dict[str, str]:
        """As a flat row."""
        return asdict(self)


def check_all(settings: Settings | None = None) -> list[Finding]:
    """Every check; one that breaks is itself a finding."""
    settings = settings or get_settings()
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _store,
        _broker,
        _models,
        _engine,
        sentiment,
        vectors,
        _disk,
        _versions,
    )
    findings = []
    for check in checks:
        try:
            findings += list(check(settings))
        except Exception as error:  # a check must not hide the ones after it
            text = str(error) if isinstance(error, ListeningError) else repr(error)
            findings.append(Finding(check.__name__.strip("_"), "failed", masked(text)))
    return findings


def _store(settings: Settings) -> Iterator[Finding]:
    store = Store.from_settings(settings)
    try:
        found, wanted = current_version(store), newest_version()
        if found == wanted:
            yield Finding("store", "ok", f"{store.shown_url}, schema {found}")
        else:
            text = f"{store.shown_url} at schema {found or 'none'}, needs {wanted}"
            yield Finding("store", "warning", f"{text}: run `listening migrate`")
    finally:
        store.close()


def _broker(settings: Settings) -> Iterator[Finding]:
    from workers.health import check_broker

    shown = check_broker(settings)
    yield Finding("broker", "ok", f"{'files in ' if settings.embedded_queue else ''}{shown}")


def _models(settings: Settings) -> Iterator[Finding]:
    from nlp.artifacts import file_sha256, find_base_encoder, opinion_file, read_manifest

    manifest = read_manifest(settings.models_dir)
    path = find_base_encoder(manifest, settings.base_encoder_dir) / manifest.base.file
    yield Finding("model", "ok", f"{manifest.base_repo} {path} sha256 {file_sha256(path)}")
    path = opinion_file(manifest)
    yield Finding("model", "ok", f"opinions {path} sha256 {file_sha256(path)}")


def _engine(_settings: Settings) -> Iterator[Finding]:
    from workers.models import engine

    choice = engine().choice
    yield Finding("engine", "ok", f"{choice.backend}: {choice.why}")


def sentiment(settings: Settings) -> Iterator[Finding]:
    """Which model scores which language; each named one is loaded and asked once."""
    from nlp.artifacts import read_manifest, revision_of

    named = settings.sentiment_models
    own = "en, and texts too short to tell"
    if "en" not in named:
        revision = revision_of(read_manifest(settings.models_dir))
        yield Finding("sentiment", "ok", f"{own}: our own model, revision {revision}")
    for language, name in sorted(named.items()):
        shown = {"en": own, "*": "every other language"}.get(language, language)
        try:
            state, text = _asked(settings, language)
        except ListeningError as error:
            state, text = "failed", str(error)
        yield Finding("sentiment", state, f"{shown}: {name}, {text}")
    if "*" not in named:
        yield Finding("sentiment", "ok", 'every other language: marked "not scored: language"')


def _asked(settings: Settings, language: str) -> tuple[str, str]:
    """State and description of the classifier of a language, once it has read a text."""
    from nlp.text import LANGUAGES
    from nlp.types import SENTIMENTS
    from workers.models import classifiers, told

    model = classifiers(settings, only=language)[language]
    with told("LISTENING_SENTIMENT_MODELS"):
        model.probabilities(["12:30"])
    labels = "; ".join(
        f"{sentiment} = {' + '.join(model.found.labels[i] for i in own) or 'nothing'}"
        for sentiment, own in zip(SENTIMENTS, model.found.columns, strict=True)
    )
    text = f"revision {model.revision}, {labels} ({model.found.folder})"
    warnings = [model.found.warning] if model.found.warning else []
    if language not in {*LANGUAGES, "*"}:
        warnings.append("this language is not told from a text, only where a source declares it")
    return ("warning", f"{text}: {'; '.join(warnings)}") if warnings else ("ok", text)


def vectors(settings: Settings) -> Iterator[Finding]:
    """Which encoder gives the vectors."""
    from workers.models import encoder, engine, told

    named = encoder(settings)
    if named is None:
        yield Finding("vectors", "ok", f"the base encoder's, {engine().dimensions} dimensions")
        return
    with told("LISTENING_ENCODER_MODEL"):
        size = named.dimensions
    text = f"{named.name}, revision {named.revision}, {size} dimensions, a second pass a text"
    yield Finding("vectors", "ok", text)


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.folder(".")
    free = shutil.disk_usage(folder).free
    text = f"{free / (1 << 30):.1f} GiB free at {folder.resolve()}"
    low = free < _LOW_DISK
    yield Finding("disk", "warning" if low else "ok", text + (": make room" if low else ""))


def _versions(_settings: Settings) -> Iterator[Finding]:
    found = [f"python {platform.python_version()}", f"{os.cpu_count()} cores"]
    for name in _SHOWN:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            yield Finding("versions", "failed", f"{name} is not installed: run `make install`")
    yield Finding("versions", "ok", ", ".join(found))
