"""Which outputs of a classifier somebody else trained mean negative, neutral and positive.

Models name their outputs as they like: "NEG", "Very Positive", "4 stars". What is not
plainly one of the three is not guessed: the settings say what it means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nlp.errors import ModelError
from nlp.types import SENTIMENTS

# Per sentiment, in the order of `SENTIMENTS`, the outputs whose probabilities are added up.
Columns = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]

_MEANS = {
    "neg": "negative",
    "negative": "negative",
    "very negative": "negative",
    "neu": "neutral",
    "neutral": "neutral",
    "pos": "positive",
    "positive": "positive",
    "very positive": "positive",
}
_OF_STARS = ("negative", "negative", "neutral", "positive", "positive")
_STARS = re.compile(r"([1-5]) ?stars?")


def meaning(label: str) -> str | None:
    """The sentiment a label names, in any case ("NEG", "very_positive", "2 stars"), or None."""
    plain = re.sub(r"[\s_-]+", " ", label).strip().casefold()
    stars = _STARS.fullmatch(plain)
    return _OF_STARS[int(stars[1]) - 1] if stars else _MEANS.get(plain)


def sentiment_columns(
    labels: Sequence[str], given: Mapping[str, str] | None = None, *, model: str = "the model"
) -> Columns:
    """Sort a classifier's outputs into sentiments.

    Args:
        labels: (c,) names of the outputs, in their order.
        given: label to sentiment, for the labels that say nothing themselves; it wins over
            what a label says.
        model: how the model is called in errors.

    Returns:
        Positions per sentiment; only neutral may have none (a model of two classes).

    Raises:
        ModelError: a label that means nothing known, a mapping that does not fit the labels,
            or nothing that means negative or positive.
    """
    given = dict(given or {})
    named = ", ".join(labels)
    foreign = sorted(set(given) - set(labels))
    if foreign:
        raise ModelError(f"{model} has no label {foreign[0]}; its labels: {named}.")
    wrong = sorted(value for value in given.values() if value not in SENTIMENTS)
    if wrong:
        raise ModelError(
            f"Labels of {model}: {wrong[0]} is no sentiment; known: {', '.join(SENTIMENTS)}."
        )
    found = [given.get(label) or meaning(label) for label in labels]
    unknown = [label for label, sentiment in zip(labels, found, strict=True) if not sentiment]
    if unknown:
        raise ModelError(
            f"What the labels of {model} mean cannot be told ({', '.join(unknown)}): set "
            f'LISTENING_SENTIMENT_LABELS, as {{"{model}": {{"{unknown[0]}": "negative", ...}}}}.'
        )
    columns = tuple(tuple(i for i, own in enumerate(found) if own == s) for s in SENTIMENTS)
    if not columns[0] or not columns[2]:
        raise ModelError(
            f"{model} is not a sentiment model: its labels ({named}) must hold negative and "
            "positive."
        )
    return columns[0], columns[1], columns[2]
