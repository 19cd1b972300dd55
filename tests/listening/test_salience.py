"""How central a brand is, on literal texts."""

from __future__ import annotations

import pytest

from listening.salience import salience


def of(text: str, *, title: bool = False) -> float:
    """Salience of "acme" beside "rival"."""
    return salience(text, spans(text, "acme"), spans(text, "rival"), in_title=title)


def spans(text: str, word: str) -> list[tuple[int, int]]:
    starts = [i for i in range(len(text)) if text.startswith(word, i)]
    return [(start, start + len(word)) for start in starts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acme is fine", 1.0),
        ("is acme fine", 1.0),
        ("acme or rival", 0.5),
        ("acme and acme and acme or rival", 0.75),
        # The 12th word is early, the 13th (of 16: 1 - 0.4 * 12 / 16) is not.
        ("a b c d e f g h i j k acme m n o p", 1.0),
        ("a b c d e f g h i j k l acme n o p", 0.7),
        ("a b c d e f g h i j k l m n o p q r s acme", 0.62),  # 1 - 0.4 * 19 / 20
        # The first hit places it; share and place multiply.
        ("a b c d e f g h i j k l acme acme o rival", 0.4667),  # 2 / 3 * 0.7
    ],
)
def test_share_times_place(text: str, expected: float) -> None:
    assert of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("what a day #acme #sun #fun", 0.4),
        ("what a day @x, @y, @acme", 0.4),
        ("what a day #sun #acme", 1.0),  # two tags are no run
        ("acme was late again #acme #fail #late", 1.0),  # also named in the text
        ("@acme @x @y where is my bag", 1.0),  # spoken to
        ("@x @y @z what a day #acme #sun #fun", 0.4),  # spoken to others, acme appended
    ],
)
def test_appended_tags_count_less_than_words(text: str, expected: float) -> None:
    assert of(text) == expected


def test_a_title_is_the_foremost_place() -> None:
    text = "a b c d e f g h i j k l acme n o p"
    assert (of(text), of(text, title=True)) == (0.7, 1.0)
    assert of("rival and acme", title=True) == 0.5


def test_matched_without_a_word_in_the_text() -> None:
    assert salience("lovely", []) == 0.6
    assert salience("lovely", [], in_title=True) == 1.0


def test_another_brands_hit_on_the_same_word_is_no_other_brand() -> None:
    # "acme" within another brand's "acme air".
    assert salience("acme air", [(0, 4)], [(0, 8)]) == 1.0
