"""The course of a stance: the last of it is the verdict, and each turn has its mention."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening.advocacy import Prior, Said, stance
from listening.discounting import Discount
from listening.stancechanges import MAX_POINTS, Course, course
from tests.factories import NOON, at, said

PRIOR = Prior(mean=0.0, variance=0.25, mentions=100)
AS_OF = at(NOON)


def told(*mentions: Said, half_life: float = 30.0) -> Course:
    return course(mentions, PRIOR, as_of=AS_OF, half_life_days=half_life)


def day(n: int) -> str:
    """So many days before now."""
    return (AS_OF - timedelta(days=n)).isoformat()


def turns(found: Course) -> list[tuple[str, str, int | None, int]]:
    return [(t.was, t.kind, t.mention_id, (AS_OF - t.at).days) for t in found.turns]


def test_nothing_counted_is_no_course() -> None:
    assert told(said(None)) == Course()


def test_the_second_bad_word_makes_a_detractor() -> None:
    found = told(said(-1.0, id=1, at=day(4)), said(-1.0, id=2, at=day(3)))
    assert turns(found) == [("passive", "detractor", 2, 3)]
    # One mention of weight 1 over the prior's half: -1 / 1.5.
    assert found.points[0][1] == pytest.approx(-0.6667, abs=1e-4)
    assert found.trend is None  # nothing was said a month ago


def test_from_advocate_over_passive_to_detractor() -> None:
    found = told(
        *(said(1.0, id=n, at=day(60 - n)) for n in (1, 2)),
        *(said(-1.0, id=n, at=day(10 - n)) for n in (3, 4, 5, 6)),
    )
    kinds = [(was, kind) for was, kind, *_ in turns(found)]
    assert kinds[0] == ("passive", "advocate")
    assert kinds[-1][1] == "detractor"
    assert turns(found)[-1][2] in {4, 5, 6}
    assert found.trend is not None
    assert found.trend < -1


def test_what_grows_old_turns_passive_without_a_mention_and_on_a_day() -> None:
    found = told(*(said(1.0, id=n, at=day(400)) for n in (1, 2)))
    assert [(was, kind, mention) for was, kind, mention, _ in turns(found)] == [
        ("passive", "advocate", 2),
        ("advocate", "passive", None),
    ]
    faded = found.turns[-1]
    assert (faded.at - (AS_OF - timedelta(days=400))).total_seconds() % 86_400 == 0
    on_the_day_before = course(
        [said(1.0, id=n, at=day(400)) for n in (1, 2)],
        PRIOR, as_of=faded.at - timedelta(days=1), half_life_days=30.0,
    )  # fmt: skip
    assert [t.kind for t in on_the_day_before.turns] == ["advocate"]


def test_telling_it_later_changes_no_turn_that_was() -> None:
    mentions = [said(1.0, id=n, at=day(20 - n)) for n in (1, 2, 3)]
    early = course(mentions, PRIOR, as_of=AS_OF, half_life_days=30.0)
    late = course(mentions, PRIOR, as_of=AS_OF + timedelta(days=900), half_life_days=30.0)
    assert late.turns[: len(early.turns)] == early.turns


def test_many_points_are_thinned_to_the_first_and_the_last() -> None:
    found = told(*(said(0.5, id=n, at=day(100 - n)) for n in range(80)))
    assert len(found.points) == MAX_POINTS
    assert found.points[0][0] == (AS_OF - timedelta(days=100)).timestamp()
    assert found.points[-1][0] == AS_OF.timestamp()


@given(
    st.lists(
        st.tuples(
            st.floats(-1, 1), st.integers(0, 300), st.floats(0, 1), st.booleans(), st.booleans()
        ),
        min_size=1,
        max_size=12,
    )
)
def test_the_last_point_is_the_verdicts_score(
    rows: list[tuple[float, int, float, bool, bool]],
) -> None:
    down = (Discount("reseller", 0.25, "sells"),)
    mentions = [
        said(x, id=n, at=day(age), salience=s, recommends=r, discounts=down if d else ())
        for n, (x, age, s, r, d) in enumerate(rows)
    ]
    verdict = stance(mentions, PRIOR, as_of=AS_OF, half_life_days=30.0)
    found = told(*mentions)
    assert found.points[-1][1] == pytest.approx(verdict.score, abs=1e-4)
    kind = found.turns[-1].kind if found.turns else "passive"
    assert kind == verdict.kind
