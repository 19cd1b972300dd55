"""Texts in windows, targets as tokens, with the base encoder's own tokenizer."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp.artifacts import find_base_encoder, read_manifest
from nlp.errors import ModelError
from nlp.tokens import WordPieces

FIRST, LAST = 101, 102


@pytest.fixture(scope="module")
def pieces() -> WordPieces:
    return WordPieces(find_base_encoder(read_manifest()))


def test_a_short_text_is_one_window(pieces: WordPieces) -> None:
    (window,) = pieces.windows(["good coffee"], most=8)
    assert window.ids == [FIRST, 2204, 4157, LAST]
    assert window.owner == 0


def test_an_empty_text_still_has_its_ends(pieces: WordPieces) -> None:
    (window,) = pieces.windows([""], most=8)
    assert window.ids == [FIRST, LAST]


def test_a_long_text_is_cut_by_tokens_and_loses_none(pieces: WordPieces) -> None:
    windows = pieces.windows(["good coffee " * 10], most=8, length=8)
    assert [len(w.ids) for w in windows] == [8, 8, 8, 4]
    assert [i for w in windows for i in w.ids[1:-1]] == [2204, 4157] * 10
    assert all(w.ids[0] == FIRST and w.ids[-1] == LAST for w in windows)


def test_no_more_windows_than_asked_for(pieces: WordPieces) -> None:
    assert len(pieces.windows(["good " * 100], most=3, length=8)) == 3


def test_a_target_is_the_tokens_of_all_its_places(pieces: WordPieces) -> None:
    text = "good coffee, bad coffee"
    coffee, bad = [(5, 11), (17, 23)], [(13, 16)]
    (window,) = pieces.windows([text], [[coffee, bad]], most=8)
    assert window.targets == ((2, 5), (4,))


def test_a_target_within_a_word_is_the_tokens_it_touches(pieces: WordPieces) -> None:
    (window,) = pieces.windows(["unbelievablebrand"], [[[(12, 17)]]], most=8)
    said = [window.ids[place] for place in window.targets[0]]
    assert said
    assert FIRST not in said
    assert LAST not in said


def test_a_target_is_in_the_window_where_it_stands(pieces: WordPieces) -> None:
    text = "good " * 7 + "coffee"
    windows = pieces.windows([text], [[[(35, 41)]]], most=8, length=8)
    assert [w.targets for w in windows] == [((),), ((2,),)]
    assert windows[1].ids[2] == 4157


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read as a base encoder"):
        WordPieces(tmp_path)
