"""Text as the models want it, languages, copies."""

from __future__ import annotations

import pytest

from nlp.text import (
    bare,
    copy_key,
    detect_language,
    for_model,
    has_words,
    marked,
    near_duplicates,
)


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("@JetBlue  thanks!\nhttps://t.co/x1 😊", "@user thanks! http 😊"),
        ("mail me@home.example, not @me", "mail me@home.example, not @user"),
        ("AT&amp;T #fail", "AT&T #fail"),
        ("cafe\u0301", "caf\u00e9"),
        ("", ""),
    ],
)
def test_text_for_the_model(text: str, prepared: str) -> None:
    assert for_model(text) == prepared


def test_bare_text_has_neither_handles_nor_links_nor_repost_marks() -> None:
    assert bare("RT @someone: great crema @brew https://x.example/a") == "great crema"


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [
        ("The crew was lovely and we landed early", None, "en"),
        ("Die Maschine ist schon wieder kaputt, danke für nichts", None, "de"),
        ("Die Maschine ist schon wieder kaputt, danke für nichts", "en", "de"),
        ("La máquina gotea otra vez y nadie contesta", None, "es"),
        ("このマシンは本当に静かで気に入っています", None, "ja"),
        ("القهوة ممتازة جدا اليوم", None, "ar"),
        ("lol ok", None, None),
        ("lol ok", "en-GB", "en"),
        ("@a @b https://x.example", None, None),
        ("😀😀", "pt", "pt"),
    ],
)
def test_language(text: str, declared: str | None, language: str | None) -> None:
    assert detect_language(text, declared) == language


@pytest.mark.parametrize(
    ("text", "words"),
    [("@brand http://x.example", False), ("...", False), ("😡", True), ("no", True), ("", False)],
)
def test_whether_there_is_anything_to_have_an_opinion_with(text: str, words: bool) -> None:
    assert has_words(text) is words


def test_copies_share_a_key_whatever_their_links_handles_and_case() -> None:
    first = copy_key("Never buying from @mokkaro again, not even a spoon! https://a.example")
    again = copy_key("RT @who: never buying from again -- NOT even a spoon")
    assert first is not None
    assert first == again
    assert copy_key("thank you so much") is None


def test_near_copies_lead_back_to_the_first() -> None:
    text = (
        "switched to the little lever machine last week and the mornings are quiet again, finally"
    )
    groups = near_duplicates(
        [text, "a quite different remark about bread and how long it proves", text + " !!", "short"]
    )
    assert groups == [0, 1, 0, 3]


def test_no_texts_have_no_groups() -> None:
    assert near_duplicates([]) == []


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("I love  United &amp; Delta", (8, 14), ["United"]),
        ("I love United &amp; Delta", (20, 25), ["Delta"]),
        ("thanks @UnitedAir!", (8, 14), ["@user"]),
        ("@a_b: @UnitedAir", (7, 10), ["@user"]),
        ("see https://united.example/x", (12, 18), []),
        ("cafe\u0301 United", (6, 12), ["United"]),
        ("#UnitedFail again", (1, 7), ["United"]),
        ("short", (3, 99), []),
        ("short", (4, 4), []),
    ],
)
def test_a_target_is_found_again_in_the_prepared_text(
    text: str, place: tuple[int, int], said: list[str]
) -> None:
    prepared, (places,) = marked(text, [[place]])
    assert prepared == for_model(text)
    assert [prepared[start:end] for start, end in places] == said


def test_targets_of_one_text_do_not_disturb_each_other() -> None:
    prepared, targets = marked("delta or united, united", [[(0, 5)], [(9, 15), (17, 23)]])
    assert prepared == "delta or united, united"
    assert targets == [[(0, 5)], [(9, 15), (17, 23)]]


def test_overlapping_places_count_once() -> None:
    assert marked("united airlines", [[(0, 15), (0, 6)]])[1] in ([[(0, 6)]], [[(0, 15)]])


def test_signs_that_a_text_brings_itself_are_no_targets() -> None:
    prepared, targets = marked("a \ue000brand\ue001 b", [[(3, 8)]])
    assert prepared == "a brand b"
    assert [prepared[s:e] for s, e in targets[0]] == ["brand"]
