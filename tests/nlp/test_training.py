"""Training from a tiny base: it learns, and a run that was killed ends as one that was not."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from nlp.evaluate import macro_recall
from nlp.network import OpinionNetwork, load_base
from nlp.tokens import WordPieces
from nlp.training import data as sets
from nlp.training.data import Labelled
from nlp.training.finish import calibrate, temperature
from nlp.training.opinions import train
from nlp.training.tasks import Task, class_weights
from nlp.training.trainer import Recipe, Trainer
from nlp.types import Floats
from tests.nlp import tiny

RECIPE = Recipe(
    hidden=16, runs=2, epochs=25, batch=8, rate=3e-3, head_rate=1e-2, average=0.9, every=40
)
FORMS = ["die maschine ist {}", "{}", "der kaffee war {}", "ich finde {} den service"]


def recall(labels: Sequence[int], p: Floats) -> float:
    return macro_recall(labels, p.argmax(1))


def tasks() -> list[Task]:
    words = [(0, w) for w in tiny.BAD] + [(1, w) for w in tiny.PLAIN[4:8]]
    words += [(2, w) for w in tiny.GOOD]
    texts = [form.format(word) for form in FORMS for _, word in words]
    labels = [label for _ in FORMS for label, _ in words]
    post = Labelled(texts, labels)
    two = [
        (f"die maschine {a} der kaffee {b}", [(4, 12)], label)
        for (label, a) in words
        for (_, b) in words[::3]
    ]
    towards = Labelled([t for t, _, _ in two], [y for _, _, y in two], [s for _, s, _ in two])
    return [
        Task("sentiment", 3, post, post, 1.0, 1.0, recall),
        Task("towards", 3, towards, towards, 0.5, 0.5, recall),
        Task("aside", 3, post, None, 0.5, 0.0),
    ]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.bert(tmp_path_factory.mktemp("base"))


def run(base: Path, work: Path) -> tuple[OpinionNetwork, dict[str, Floats]]:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    work.mkdir(exist_ok=True)
    outputs = {"sentiment": 3, "towards": 3, "aside": 3}
    network = load_base(base, hidden=RECIPE.hidden, outputs=outputs)
    return network, train(RECIPE, network, tasks(), WordPieces(base), work)


def test_it_learns_and_goes_on_where_it_was_killed(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, found = run(base, tmp_path / "whole")
    labels = {task.name: task.train.labels for task in tasks()}
    assert recall(labels["sentiment"], found["sentiment"]) > 0.9
    assert recall(labels["towards"], found["towards"]) > 0.6
    assert found["towards"].shape == (len(labels["towards"]), 3)

    steps = 0
    own = Trainer.step

    def killed(self: Trainer, rows: list[tuple[int, int]]) -> float:
        nonlocal steps
        steps += 1
        if steps == 90:
            raise KeyboardInterrupt
        return own(self, rows)

    monkeypatch.setattr(Trainer, "step", killed)
    with pytest.raises(KeyboardInterrupt):
        run(base, tmp_path / "killed")
    monkeypatch.setattr(Trainer, "step", own)
    resumed, again = run(base, tmp_path / "killed")
    assert np.array_equal(again["sentiment"], found["sentiment"])
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_temperature_cools_what_is_too_sure() -> None:
    # Sure to 0.8 and right in 6 of 10: the likeliest temperature makes it 0.6.
    p = np.array([[0.8, 0.2]] * 10, np.float32)
    labels = [0] * 6 + [1] * 4
    found = temperature(labels, p)
    assert found == pytest.approx(3.42, abs=0.02)  # log 4 / log 1.5


def test_calibrating_changes_the_head_as_it_says(base: Path) -> None:
    network = load_base(base, hidden=8, outputs={"sentiment": 3, "towards": 3})
    before = network.heads["sentiment"].out.weight.detach().clone()
    p = np.array([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1]], np.float32)
    found = calibrate(network, "sentiment", [0, 0, 1], p)
    assert found[0, 0] > 0.95  # right every time: surer
    ratio = network.heads["sentiment"].out.weight / before
    assert torch.allclose(ratio, torch.full_like(ratio, 1 / 0.4), rtol=1e-4)


def test_class_weights_even_out_what_is_rare() -> None:
    weights = class_weights([0, 0, 0, 1], 2, 1.0)
    assert weights[1] == pytest.approx(3 * weights[0])
    assert 3 * weights[0] + weights[1] == pytest.approx(4)
    assert class_weights([0, 0, 0, 1], 2, 0.0).tolist() == [1.0, 1.0]


def test_a_held_out_tweet_is_found_in_either_release() -> None:
    held = ["Good chat this morning with @user about @user terrific run in the FA Youth Cup. "]
    released = "Good chat this morning with @john about @CIFC’s terrific run in the FA Youth Cup."
    linked = "Good chat this morning with @john about @CIFC terrific run in the FA Youth Cup. http://t.co/x"
    other = "Nothing to do with football at all, only rain and wind on a Monday morning in March."
    assert sets.unseen([released, linked, other], held) == [2]


def test_pairs_keep_the_place_of_the_one_asked_about() -> None:
    data = Labelled(
        ["a good tea", "the bad bun", "rain"], [2, 0, 1], [[(7, 10)], [(8, 11)], [(0, 4)]]
    )
    pairs = sets.two_in_one(data, [0, 1, 2])
    assert pairs.texts == ["a good tea the bad bun", "rain the bad bun"]
    assert pairs.labels == [2, 0]
    said = [[t[s:e] for s, e in own] for t, own in zip(pairs.texts, pairs.targets, strict=True)]
    assert said == [["tea"], ["bun"]]


def test_texts_that_agree_make_no_pair() -> None:
    data = Labelled(["a good tea", "a fine bun"], [2, 2], [[(7, 10)], [(7, 10)]])
    assert sets.two_in_one(data, [0, 1]).texts == []


def test_a_target_turned_into_a_handle_is_still_the_target() -> None:
    data = Labelled(["tea, oh tea!", "a good bun"], [2, 2], [[(0, 3), (8, 11)], [(7, 10)]])
    turned = sets.by_handle(data, [0])
    assert turned.texts == ["@user, oh @user!", "a good bun"]
    assert turned.targets == [[(0, 5), (10, 15)], [(7, 10)]]
    assert data.texts[0] == "tea, oh tea!"


def test_a_post_is_addressed_to_somebody() -> None:
    said = sets.addressed(Labelled(["well done", "rain again"], [2, 0]), [1])
    assert (said.texts, said.labels, said.targets) == (["@user rain again"], [0], [[(0, 5)]])


def test_reviews_are_read_by_their_stars(tmp_path: Path) -> None:
    (tmp_path / "mentions").mkdir()
    with gzip.open(tmp_path / "mentions" / "netflix_reviews.csv.gz", "wt") as file:
        file.write("text,stars\nkeeps on crashing daily,1\ngreat,5\nit is quite okay,3\n")
        file.write("would watch all day,4\n")
    found = sets.starred_reviews(tmp_path)
    assert found.texts == ["keeps on crashing daily", "it is quite okay", "would watch all day"]
    assert found.labels == [0, 1, 2]


def test_comments_with_one_emotion_are_kept(tmp_path: Path) -> None:
    (tmp_path / "emotion").mkdir()
    with gzip.open(tmp_path / "emotion" / "goemotions.csv.gz", "wt") as file:
        file.write("text,labels27\n[NAME] rules,joy\nugh,anger\nhm,anger|joy\n")
    found = sets.goemotions(tmp_path)
    assert (found.texts, found.labels) == (["@user rules", "ugh"], [1, 0])


def test_a_topic_is_found_whatever_its_case_and_spaces() -> None:
    text = "#MorningCoffee is not morning  coffee"
    assert [text[s:e] for s, e in sets.places_of("Morning coffee", text)] == [
        "MorningCoffee",
        "morning  coffee",
    ]
    assert sets.places_of("", text) == []
