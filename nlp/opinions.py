"""Everything that is said of a post, from one pass of the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlp import phrases, text
from nlp.named import OWN, OWN_LANGUAGES, route
from nlp.types import Opinion, Reading, Target, Three

if TYPE_CHECKING:
    from nlp.engine import Engine
    from nlp.named import NamedClassifier, NamedEncoder


def analyse(
    engine: Engine,
    texts: Sequence[str],
    *,
    languages: Sequence[str | None] | None = None,
    targets: Sequence[Sequence[Target]] | None = None,
    others: Mapping[str, NamedClassifier] | None = None,
    encoder: NamedEncoder | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Opinion]:
    """Vector, opinions, language and marks of n texts, in their order.

    A text in a language that no model here knows keeps its vector and is marked "language";
    it is never scored by the wrong model.

    Args:
        engine: loaded.
        texts: as they were written.
        languages: what the source declares, per text; None: found in the text.
        targets: per text, whom it may be about: each target by its (start, end) places in
            the text as given.
        others: classifiers by language, "*" for every language that has none.
        encoder: gives the vectors instead of the engine.
        progress: called with the number of texts just finished.
    """
    asked = targets or [()] * len(texts)
    prepared = [text.marked(t, own) for t, own in zip(texts, asked, strict=True)]
    ready = [own for own, _ in prepared]
    said = languages or [None] * len(texts)
    with ThreadPoolExecutor(1) as beside:
        # The model leaves this process idle enough to look at the words meanwhile.
        marks = beside.submit(_marks, texts, said, ready)
        reading = engine.read(ready, [own for _, own in prepared], progress=progress)
        vectors = encoder.encode(ready) if encoder else reading.vectors
    marked = marks.result()
    routes = [route(own.language, others) if own.words else None for own in marked]
    elsewhere = _elsewhere(routes, ready, others or {})
    return [
        Opinion(
            vector=vectors[n],
            language=own.language,
            not_scored=_not_scored(texts[n], routes[n]),
            recommends=own.recommends,
            warns=own.warns,
            spam=own.spam,
            copy_key=own.copy_key,
            **_scores(reading, n, own.language, routes[n], elsewhere.get(n)),
        )
        for n, own in enumerate(marked)
    ]


@dataclass(frozen=True, slots=True)
class _Marks:
    """What is told from a text's words alone."""

    language: str | None
    words: bool
    recommends: bool
    warns: bool
    spam: bool
    copy_key: str | None


def _marks(
    texts: Sequence[str], languages: Sequence[str | None], prepared: Sequence[str]
) -> list[_Marks]:
    return [
        _Marks(
            language=text.detect_language(own, said),
            words=text.has_words(own),
            recommends=phrases.recommends(ready),
            warns=phrases.warns(ready),
            spam=phrases.looks_like_spam(ready),
            copy_key=text.copy_key(own),
        )
        for own, said, ready in zip(texts, languages, prepared, strict=True)
    ]


def _scores(
    reading: Reading, n: int, language: str | None, key: str | None, other: Three | None
) -> dict[str, Any]:
    """The probabilities of one text: our own for the languages our model knows.

    A named model for English takes the place of our sentiment, towards a target too; the
    other opinions stay ours.
    """
    ours = key is not None and (language is None or language in OWN_LANGUAGES)
    heads = {name: tuple(map(float, p[n])) for name, p in reading.heads.items()}
    towards = reading.towards[n]
    return {
        "sentiment": other or (heads["sentiment"] if ours else None),
        "emotion": heads["emotion"] if ours else None,
        "ironic": heads["irony"][1] if ours else None,
        "offensive": heads["offensive"][1] if ours else None,
        "towards": tuple(towards) if key == OWN else (None,) * len(towards),
    }


def _elsewhere(
    routes: Sequence[str | None], texts: Sequence[str], others: Mapping[str, NamedClassifier]
) -> dict[int, Three]:
    """Sentiment of the texts that a named model scores, by their place."""
    found: dict[int, Three] = {}
    for key, model in others.items():
        rows = [n for n, own in enumerate(routes) if own == key]
        for n, p in zip(rows, model.probabilities([texts[n] for n in rows]), strict=True):
            found[n] = (float(p[0]), float(p[1]), float(p[2]))
    return found


def _not_scored(written: str, key: str | None) -> str | None:
    if key is not None:
        return None
    return "language" if text.has_words(written) else "no words"
