"""Labels to a correction, on and off again, whatever is killed in between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from sqlalchemy import update
from sqlmodel import col, select

from listening.config import Settings
from listening.errors import ListeningError, NotFoundError
from listening.store.brands.brands import get_brand
from listening.store.mentions.corrections import (
    add_correction,
    corrections_of,
    override_rows,
    unlabelled,
)
from listening.store.session import Store
from listening.store.tables import (
    Correction,
    Mention,
    MentionSentiment,
    SentimentLabel,
    StanceKind,
)
from nlp.correction import Params
from tests.factories import Opinion, analyse, brand, load, mentions, post
from tests.workers.test_flagging import stances
from workers.jobs import correcting
from workers.jobs.correcting import (
    Labelled,
    corrected,
    correction_rows,
    revert,
    settle,
    settle_all,
    tune,
    tune_overrides,
)
from workers.jobs.labelling import without_names
from workers.models import model_revision
from workers.progress import Silent

SETTINGS = Settings()
MODEL = model_revision(SETTINGS)
# Praise in slang, which the model takes for complaints, and texts that it reads well.
SLANG, PLAIN = (1.0, 0.0), (0.0, 1.0)
BAD, SO_SO, GOOD = (0.75, 0.125, 0.125), (0.125, 0.75, 0.125), (0.125, 0.125, 0.75)
# Odds of bad and good changed by 6 = 0.75 / 0.125: bad becomes good.
TURNED = Params("bias", 1.0, np.array([-np.log(6.0), 0.0, np.log(6.0)]))


@pytest.fixture
def spoken(store: Store) -> Store:
    """Forty mentions in slang, all misread, and 120 others, all read well."""
    brand(store, "Sick")
    said = {f"s{n}": Opinion(sentiment=BAD, towards=BAD, vector=SLANG) for n in range(40)}
    threes = (BAD, SO_SO, GOOD)
    said |= {f"p{n}": Opinion(sentiment=threes[n % 3], vector=PLAIN) for n in range(120)}
    load(
        store,
        *(post(f"Sick {id} is one of a kind", id=id, author=f"a{id[0]}{int(id[1:]) % 4}")
          for id in said),
    )  # fmt: skip
    analyse(store, said, model=MODEL)
    return store


def override(store: Store, native_ids: Sequence[str], label: SentimentLabel) -> None:
    found = mentions(store)
    ids = [found[native].mention.id for native in native_ids]
    with store.work() as session:
        session.execute(
            update(Mention)
            .where(col(Mention.id).in_(ids))
            .values(override=label, override_by="ann", override_at=None)
        )


def teach(store: Store) -> None:
    """Thirty-six mistakes are put right, and three texts of others confirmed."""
    override(store, [f"s{n}" for n in range(36)], SentimentLabel.POSITIVE)
    override(store, ["p0", "p3", "p6"], SentimentLabel.NEGATIVE)


def add(store: Store, params: Params = TURNED, *, model: str = MODEL) -> int:
    with store.work() as session:
        added = add_correction(
            session, 1, model=model, labels=40, params=params.to_json(), scores={}
        )
        return int(added.id or 0)


def counted(store: Store, native_id: str) -> tuple[float, float, float]:
    found = mentions(store)[native_id].towards
    assert found is not None
    return found.negative, found.neutral, found.positive


def carried(store: Store) -> set[int | None]:
    with store.session() as session:
        return set(session.exec(select(MentionSentiment.correction_id)))


# Learning


def test_what_people_corrected_is_learned_and_what_was_right_stays(spoken: Store) -> None:
    teach(spoken)
    tuned = tune_overrides(spoken, SETTINGS, "sick")
    assert tuned.fitted.accepted, tuned.fitted.reason
    # To 36 mistakes belong 108 texts that the model gets right: 3 labels and 105 others.
    assert (tuned.fitted.labels, tuned.fitted.anchors, tuned.version) == (39, 105, 1)
    assert tuned.mentions == 160
    after = mentions(spoken)
    assert after["s38"].sentiment is SentimentLabel.POSITIVE  # nobody labelled it
    assert [after[f"p{n}"].sentiment for n in range(3)] == list(SentimentLabel)
    found = stances(spoken)
    assert found["as1"].kind is StanceKind.ADVOCATE


def test_a_dry_run_changes_nothing(spoken: Store) -> None:
    teach(spoken)
    tuned = tune_overrides(spoken, SETTINGS, "Sick", dry_run=True)
    assert (tuned.fitted.accepted, tuned.version, tuned.mentions) == (True, None, 0)
    assert carried(spoken) == {None}
    with spoken.session() as session:
        assert corrections_of(session) == []


def test_too_few_labels_are_refused(spoken: Store) -> None:
    override(spoken, ["s1"], SentimentLabel.POSITIVE)
    tuned = tune_overrides(spoken, SETTINGS, "Sick")
    assert not tuned.fitted.accepted
    assert "at least 24" in tuned.fitted.reason
    with pytest.raises(NotFoundError):
        tune_overrides(spoken, SETTINGS, "Nobody")


def test_labels_of_mistakes_alone_are_refused_where_nothing_tells_what_is_right(
    store: Store,
) -> None:
    brand(store, "Sick")
    labelled = [
        Labelled(f"text {n}", 2 - n % 2, BAD, np.array([1.0, 0.0], np.float32)) for n in range(40)
    ]
    with store.session() as session:
        row = get_brand(session, "Sick")
    tuned = tune(store, SETTINGS, row, labelled, model=MODEL)
    assert not tuned.fitted.accepted
    assert "agrees with only 0 of 40 labels" in tuned.fitted.reason
    assert "--sample" in tuned.fitted.reason


def test_texts_that_nobody_labelled_are_taken_once_and_always_the_same(spoken: Store) -> None:
    override(spoken, ["s0", "s1"], SentimentLabel.POSITIVE)
    load(
        spoken, post("Sick s1 is one of a kind", id="c1"), post("Sick s2 is one of a kind", id="c2")
    )
    analyse(spoken, {"c1": Opinion(vector=SLANG), "c2": Opinion(vector=SLANG)}, model=MODEL)
    with spoken.session() as session:
        every = unlabelled(session, 1, MODEL, 1000)
        some = unlabelled(session, 1, MODEL, 10)
        assert unlabelled(session, 1, "older", 10) == []
    # 160 posts but for two that are labelled; c1 and c2 are copies.
    assert len(every) == len({one.text for one in every}) == 158
    assert some == every[:10]
    assert {one.override for one in every} == {None}


def test_what_another_model_read_teaches_nothing(spoken: Store) -> None:
    teach(spoken)
    with spoken.work() as session:
        session.execute(update(MentionSentiment).values(model="older"))
    tuned = tune_overrides(spoken, SETTINGS, "Sick")
    assert (tuned.fitted.labels, tuned.fitted.accepted) == (0, False)


# Putting on and taking back


def test_a_correction_is_put_on_once_and_taken_back_to_the_last_digit(spoken: Store) -> None:
    number = add(spoken)
    assert settle(spoken, 1) == 160
    assert counted(spoken, "s1") == pytest.approx((0.125, 0.125, 0.75), abs=1e-6)
    assert carried(spoken) == {number}
    assert settle(spoken, 1) == 0
    assert revert(spoken, SETTINGS, "Sick", None) == 160
    assert counted(spoken, "s1") == BAD
    assert carried(spoken) == {None}


def test_versions_are_counted_and_one_is_active(spoken: Store) -> None:
    first = add(spoken)
    settle(spoken, 1)
    second = add(spoken, Params("bias", 1.0, np.zeros(3)))
    assert settle(spoken, 1) == 160
    assert counted(spoken, "s1") == pytest.approx(BAD, abs=1e-6)
    assert carried(spoken) == {second}
    rows = correction_rows(spoken, SETTINGS, "Sick")
    assert [(r["version"], r["active"], r["stale"]) for r in rows] == [
        (1, False, False),
        (2, True, False),
    ]
    assert revert(spoken, SETTINGS, "Sick", 1) == 160
    assert carried(spoken) == {first}
    with pytest.raises(NotFoundError, match=r"no correction 7 \(versions: 1, 2\)"):
        revert(spoken, SETTINGS, "Sick", 7)
    assert carried(spoken) == {first}


class Stopped(Exception):  # noqa: N818
    """The process is killed."""


class Killed(Silent):
    """Kills the job after its first batch."""

    def advance(self, by: int = 1) -> None:
        raise Stopped


def test_killed_in_the_middle_it_goes_on(spoken: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correcting, "BATCH", 50)
    number = add(spoken)
    with pytest.raises(Stopped):
        settle(spoken, 1, progress=Killed())
    assert carried(spoken) == {None, number}
    assert settle_all(spoken) == 110
    assert carried(spoken) == {number}
    assert settle_all(spoken) == 0
    with pytest.raises(Stopped):
        revert(spoken, SETTINGS, "Sick", None, progress=Killed())
    assert settle_all(spoken) == 110
    assert carried(spoken) == {None}


def test_a_correction_of_another_model_is_not_put_on(spoken: Store) -> None:
    add(spoken, model="older")
    assert settle(spoken, 1) == 0
    (told,) = correction_rows(spoken, SETTINGS)
    assert (told["active"], told["stale"]) == (True, True)
    p, v = np.array([BAD], np.float32), np.array([SLANG], np.float32)
    with spoken.session() as session:
        after, carries = corrected(session, [1], p, v, model=MODEL)
    assert (after.tolist(), carries) == (p.tolist(), [None])


def test_each_brand_has_its_own(spoken: Store) -> None:
    brand(spoken, "Delta")
    number = add(spoken)
    p, v = np.array([BAD] * 3, np.float32), np.array([SLANG] * 3, np.float32)
    with spoken.session() as session:
        after, carries = corrected(session, [2, 1, 2], p, v, model=MODEL)
    assert carries == [None, number, None]
    assert after[[0, 2]].tolist() == p[[0, 2]].tolist()
    assert after[1] == pytest.approx([0.125, 0.125, 0.75], abs=1e-6)


def test_a_stored_correction_that_cannot_be_read_is_named(spoken: Store) -> None:
    number = add(spoken)
    with spoken.work() as session:
        session.execute(
            update(Correction).where(col(Correction.id) == number).values(params={"kind": "x"})
        )
    with pytest.raises(ListeningError, match=r"Correction 1 of brand 1.*--to none"):
        settle(spoken, 1)
    assert revert(spoken, SETTINGS, "Sick", None) == 0


# Labels out


def test_overrides_are_exported_with_what_the_model_said(spoken: Store) -> None:
    add(spoken)
    settle(spoken, 1)
    override(spoken, ["s1"], SentimentLabel.POSITIVE)
    with spoken.session() as session:
        (row,) = without_names(override_rows(session), None)
    assert row == {
        "brand": "Sick",
        "text": "Sick s1 is one of a kind",
        "label": "positive",
        "model_label": "negative",  # the model's own word, not the correction's
        "model_negative": 0.75,
        "model_neutral": 0.125,
        "model_positive": 0.125,
        "source": "file",
        "native_id": "s1",
        "url": None,
        "by": "ann",
        "at": None,
    }


def test_a_pseudonymised_label_names_nobody_but_the_brand(store: Store) -> None:
    brand(store, "JetBlue")
    load(
        store, post("@jetblue @ann_b lost my bag", title="Hm", id="p1", url="https://x.example/ann")
    )
    override(store, ["p1"], SentimentLabel.NEGATIVE)
    with store.session() as session:
        (row,) = without_names(override_rows(session), "salt")
    assert row["text"] == "Hm. @jetblue @someone lost my bag"
    assert row["model_label"] is None
    assert "ann" not in str(row)
    assert len(row["native_id"]) == len(row["by"]) == 20
