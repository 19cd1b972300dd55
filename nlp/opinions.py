"""Everything that is said of a post, from one pass of the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nlp import phrases, text
from nlp.engine import Engine
from nlp.types import Floats, Opinion

SCORED_LANGUAGES = frozenset({"en"})


def analyse(
    engine: Engine,
    texts: Sequence[str],
    *,
    languages: Sequence[str | None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Opinion]:
    """Vector, sentiment, language and marks of n texts, in their order.

    A text in a language the heads do not know keeps its vector and is marked
    "language"; it is never scored by the wrong model.

    Args:
        engine: loaded.
        texts: as they were written.
        languages: what the source declares, per text; None: found in the text.
        progress: called with the number of texts just finished.
    """
    prepared = [text.for_model(t) for t in texts]
    declared = languages or [None] * len(texts)
    encoded = engine.encode(prepared, progress=progress)
    return [
        _opinion(original, own, said, encoded.vectors[i], encoded.sentiment[i])
        for i, (original, own, said) in enumerate(zip(texts, prepared, declared, strict=True))
    ]


def _opinion(
    original: str, prepared: str, declared: str | None, vector: Floats, sentiment: Floats
) -> Opinion:
    language = text.detect_language(original, declared)
    if not text.has_words(original):
        not_scored = "no words"
    elif language is not None and language not in SCORED_LANGUAGES:
        not_scored = "language"
    else:
        not_scored = None
    negative, neutral, positive = (float(p) for p in sentiment)
    return Opinion(
        vector=vector,
        language=language,
        not_scored=not_scored,
        sentiment=None if not_scored else (negative, neutral, positive),
        recommends=phrases.recommends(prepared),
        warns=phrases.warns(prepared),
        spam=phrases.looks_like_spam(prepared),
        copy_key=text.copy_key(original),
    )
