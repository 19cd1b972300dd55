"""The bad ones among many, found by halving."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from workers.isolating import isolated


class Run:
    """Doubles numbers, and raises where one is bad."""

    def __init__(self, *bad: int) -> None:
        self.bad = set(bad)
        self.calls: list[list[int]] = []

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.calls.append(list(numbers))
        if self.bad & set(numbers):
            raise ValueError(f"{min(self.bad & set(numbers))} is bad")
        return [2 * number for number in numbers]


def outcome(run: Run, count: int, **more: Callable[..., object]) -> tuple[list[int], list[str]]:
    done, bad = isolated(range(count), run, **more)  # type: ignore[arg-type]
    assert [result for _, result in done] == [2 * number for number, _ in done]
    return [number for number, _ in done], [f"{number}: {error}" for number, error in bad]


def test_where_none_is_bad_there_is_one_call() -> None:
    run = Run()
    assert outcome(run, 4) == ([0, 1, 2, 3], [])
    assert run.calls == [[0, 1, 2, 3]]
    assert outcome(run, 0) == ([], [])


def test_a_bad_one_is_tried_alone_and_the_others_come_through() -> None:
    run = Run(2)
    assert outcome(run, 5) == ([0, 1, 3, 4], ["2: 2 is bad"])
    assert run.calls == [[0, 1, 2, 3, 4], [0, 1], [2, 3, 4], [2], [2], [2], [3, 4]]


def test_several_bad_ones() -> None:
    run = Run(0, 5, 6)
    assert outcome(run, 8) == ([1, 2, 3, 4, 7], ["0: 0 is bad", "5: 5 is bad", "6: 6 is bad"])


def test_one_that_fails_once_comes_through() -> None:
    run = Run(0)

    def sometimes(numbers: Sequence[int]) -> list[int]:
        if len(run.calls) == 2:
            run.bad.clear()
        return run(numbers)

    done, bad = isolated([0], sometimes)
    assert (done, bad, len(run.calls)) == ([(0, 0)], [], 3)


def test_what_is_not_about_the_things_is_raised_at_once() -> None:
    run = Run(2)
    with pytest.raises(ValueError, match="2 is bad"):
        outcome(run, 5, stops=lambda error: isinstance(error, ValueError))
    assert run.calls == [[0, 1, 2, 3, 4]]


def test_where_everything_fails_nothing_is_given_up() -> None:
    run = Run(*range(8))

    def sound(_: int) -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        outcome(run, 8, sound=sound)
    assert run.calls == [[0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3], [0, 1], [0], [0], [0]]
