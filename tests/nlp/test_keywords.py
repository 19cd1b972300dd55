"""Words that set classes apart, and praise and complaint; by hand."""

from __future__ import annotations

import pytest

from nlp.keywords import Words, contrast


def test_a_keyword_says_what_it_stands_on() -> None:
    words = Words(2)
    for text in ("bread oven", "bread crumb", "bread", "crumb"):
        words.add(0, text)
    for text in ("bike lane", "bike bread", "lane", "lane", "bike", "ride"):
        words.add(1, text)
    crumb, bread = words.keywords()[0]
    assert (bread.word, bread.documents, bread.of, bread.everywhere, bread.among) == (
        "bread", 3, 4, 4, 10,
    )  # fmt: skip
    # The share in all is 0.4: (3 + 10 * 0.4) / (4 + 10) / 0.4.
    assert bread.times == 1.25
    assert (crumb.word, crumb.documents, crumb.everywhere) == ("crumb", 2, 2)


def test_counting_forgets_what_is_too_rare_to_matter() -> None:
    words = Words(1, limit=50)
    for number in range(400):
        words.add(0, f"bread once{number}")
    (found,) = words.keywords()
    assert [(k.word, k.documents) for k in found] == [("bread", 400)]
    assert len(words._counts[0]) <= 52


def test_the_same_words_whatever_the_limit_that_is_not_reached() -> None:
    texts = [f"bread oven word{n % 7} word{n % 3}" for n in range(60)]
    large, small = Words(1), Words(1, limit=2000)
    for text in texts:
        large.add(0, text)
        small.add(0, text)
    assert large.keywords() == small.keywords()


def test_praise_and_complaint_are_told_apart_with_their_places() -> None:
    praise = [(n, "the crew was lovely") for n in range(12)]
    complaint = [(n, "lost my bag again, awful") for n in range(20, 32)]
    liked, disliked = contrast(praise, complaint)
    assert {word.word for word in liked} == {"crew", "lovely"} or liked[0].word == "crew lovely"
    assert all((word.praise, word.complaint) == (12, 0) for word in liked)
    assert all((word.praise, word.complaint) == (0, 12) for word in disliked)
    assert liked[0].places == (0, 1, 2)
    assert not any("awful" in word.word for word in disliked)


def test_what_both_sides_say_tells_nothing() -> None:
    both = [(n, "flight") for n in range(10)]
    assert contrast(both, both) == ([], [])


def test_two_authors_are_too_few_however_often_they_say_it() -> None:
    praise = [(n % 2, "crew crew") for n in range(40)]
    complaint = [(n, "bag") for n in range(40)]
    liked, disliked = contrast(praise, complaint)
    assert liked == []
    assert [(word.word, word.complaint) for word in disliked] == [("bag", 40)]


def test_the_z_score_by_hand() -> None:
    praise = [(n, "crew") for n in range(40)] + [(n, "seat") for n in range(60)]
    complaint = [(n, "seat") for n in range(100)]
    (liked,), (disliked,) = contrast(praise, complaint)
    # Prior of "crew": 100 * 40 / 200 = 20; ln(60 / 140) - ln(20 / 180), over sqrt(1/60 + 1/20).
    assert (liked.word, liked.praise, liked.complaint) == ("crew", 40, 0)
    assert liked.z == pytest.approx(5.2282, abs=1e-4)
    assert (disliked.word, disliked.praise, disliked.complaint) == ("seat", 60, 100)


def test_nothing_said_is_no_word() -> None:
    assert contrast([], []) == ([], [])
    assert contrast([(1, "crew")], []) == ([], [])
