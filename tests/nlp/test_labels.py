"""What the labels of other people's classifiers mean."""

from __future__ import annotations

import pytest

from nlp.errors import ModelError
from nlp.labels import meaning, sentiment_columns


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("negative", "negative"),
        ("NEGATIVE", "negative"),
        ("Neg", "negative"),
        ("Very Negative", "negative"),
        ("very_positive", "positive"),
        ("NEU", "neutral"),
        (" neutral ", "neutral"),
        ("POS", "positive"),
        ("1 star", "negative"),
        ("2 stars", "negative"),
        ("3 stars", "neutral"),
        ("4 stars", "positive"),
        ("5 Stars", "positive"),
        ("6 stars", None),
        ("LABEL_0", None),
        ("1", None),
        ("joy", None),
        ("not negative", None),
    ],
)
def test_a_label_names_a_sentiment_or_nothing(label: str, expected: str | None) -> None:
    assert meaning(label) == expected


@pytest.mark.parametrize(
    ("labels", "columns"),
    [
        (["negative", "neutral", "positive"], ((0,), (1,), (2,))),
        (["POS", "NEG", "NEU"], ((1,), (2,), (0,))),
        ([f"{n} star{'s' * (n > 1)}" for n in range(1, 6)], ((0, 1), (2,), (3, 4))),
        (["NEGATIVE", "POSITIVE"], ((0,), (), (1,))),
    ],
)
def test_outputs_are_sorted_into_sentiments(
    labels: list[str], columns: tuple[tuple[int, ...], ...]
) -> None:
    assert sentiment_columns(labels) == columns


def test_the_settings_say_what_labels_do_not() -> None:
    given = {"LABEL_0": "positive", "LABEL_1": "neutral", "LABEL_2": "negative"}
    assert sentiment_columns(["LABEL_0", "LABEL_1", "LABEL_2"], given) == ((2,), (1,), (0,))


def test_the_settings_win_and_may_name_only_what_is_unclear() -> None:
    labels = ["negative", "mixed", "neutral", "positive"]
    assert sentiment_columns(labels, {"mixed": "neutral"}) == ((0,), (1, 2), (3,))
    assert sentiment_columns(["pos", "neg"], {"pos": "negative", "neg": "positive"}) == (
        (0,),
        (),
        (1,),
    )


@pytest.mark.parametrize(
    ("labels", "given", "told"),
    [
        (
            ["LABEL_0", "LABEL_1"],
            {},
            r'\(LABEL_0, LABEL_1\): set LISTENING_SENTIMENT_LABELS, as {"m": {"LABEL_0": ',
        ),
        (["LABEL_0", "LABEL_1"], {"LABEL_0": "negative"}, r"cannot be told \(LABEL_1\)"),
        (["neg", "pos"], {"LABEL_0": "negative"}, "m has no label LABEL_0; its labels: neg, pos"),
        (["neg", "pos"], {"neg": "bad"}, "bad is no sentiment; known: negative, neutral, positive"),
        (["neutral", "positive"], {}, "m is not a sentiment model"),
        (["3 stars"], {}, "m is not a sentiment model"),
        ([], {}, "m is not a sentiment model"),
    ],
)
def test_what_is_not_understood_is_not_guessed(
    labels: list[str], given: dict[str, str], told: str
) -> None:
    with pytest.raises(ModelError, match=told):
        sentiment_columns(labels, given, model="m")
