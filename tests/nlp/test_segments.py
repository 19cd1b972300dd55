"""What segments are called, and texts that are alike."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.group import similar_groups
from nlp.keywords import c_tf_idf, keywords, name_of

EYE = np.eye(3, dtype=np.float32)


def test_c_tf_idf_by_hand() -> None:
    weights = c_tf_idf(np.array([[2.0, 2.0, 0.0], [0.0, 2.0, 2.0]], np.float32))
    # Four words a class; a word of one: sqrt(0.5) * log(1 + 4 / 2), of both: ... log(1 + 4 / 4).
    assert weights[0] == pytest.approx([0.7768, 0.4901, 0.0], abs=1e-4)
    assert weights[1] == pytest.approx([0.0, 0.4901, 0.7768], abs=1e-4)


def test_keywords_tell_classes_apart() -> None:
    found = keywords(
        [
            ["my sourdough starter and the brew", "sourdough crumb, brew", "crumb of rye, brew"],
            ["gravel bike and brew", "the bike lane and gravel, brew"],
        ],
        leave_out=["brew"],
    )
    assert found[0][:2] == ["crumb", "sourdough"]
    assert sorted(found[1]) == ["bike", "gravel"]


def test_a_refrain_of_one_author_is_no_keyword() -> None:
    assert keywords([["zorp zorp zorp zorp bread", "bread"], ["tea", "tea"]]) == [
        ["bread"],
        ["tea"],
    ]


def test_no_common_word_is_said() -> None:
    assert keywords([["one"], ["other"]]) == [[], []]
    assert name_of([]) == "no common words"
    assert name_of(["bike", "gravel", "lane", "tyre"]) == "bike · gravel · lane"


def test_alike_complaints_are_grouped_under_the_first() -> None:
    near = np.array([0.9, np.sqrt(1 - 0.81), 0.0], np.float32)
    assert similar_groups(np.vstack([EYE[0], EYE[1], near]), threshold=0.8) == [0, 1, 0]
    assert similar_groups(np.zeros((0, 3), np.float32)) == []
