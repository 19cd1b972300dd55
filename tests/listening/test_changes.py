"""Sentences from figures, read word by word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from listening.changes import Facts, what_changed
from listening.incidents import Incident, IncidentKind
from listening.series import Counts
from listening.voice import step_of, voice
from listening.windows import Window

WEEK = Window(date(2015, 2, 18), date(2015, 2, 24), "7")
DAYS = {"startDate": "2015-02-18", "endDate": "2015-02-24"}


def counts(mentions: int, negative: int, positive: int) -> Counts:
    return Counts(
        mentions=mentions, negative=negative, positive=positive,
        neutral=mentions - negative - positive,
    )  # fmt: skip


def facts(now: Counts, before: Counts | None = None, **more: Any) -> Facts:
    return Facts(window=WEEK, counts=now, before=before, sources={}, **more)


def texts(of: Facts) -> dict[str, str]:
    return {one.kind: one.text for one in what_changed(of)}


def test_more_than_chance() -> None:
    (volume, *_) = what_changed(facts(counts(312, 0, 0), counts(251, 0, 0)))
    assert volume.text == "312 mentions, 24% more than in the 7 days before (251)."
    figures = {"mentions": 312, "before": 251, "days": 7, "days_missing": 0}
    assert (volume.figures, volume.filters) == (figures, DAYS)


def test_silence_before_anything_was_stored_is_no_growth() -> None:
    of = facts(counts(1071, 0, 0), counts(103, 0, 0), begins=date(2015, 2, 16))
    assert texts(of)["volume"] == (
        "1,071 mentions; 103 in the last 2 days of the 7 before, the others lie before anything "
        "stored."
    )
    assert texts(replace(of, begins=date(2015, 2, 11)))["volume"].startswith("1,071 mentions, 10.4")
    assert texts(replace(of, before=counts(0, 0, 0), begins=date(2015, 2, 18)))["volume"] == (
        "1,071 mentions; the 7 days before lie before anything stored."
    )


def test_other_volumes() -> None:
    def told(now: int, before: int | None) -> str:
        old = None if before is None else counts(before, 0, 0)
        return texts(facts(counts(now, 0, 0), old))["volume"]

    # 1.96 * sqrt(260 + 251) = 44.3
    assert told(260, 251) == "260 mentions, about as many as in the 7 days before (251)."
    # 1.96 * sqrt(31 + 24) = 14.5
    assert told(31, 24) == "31 mentions, more, which may be chance, than in the 7 days before (24)."
    assert told(24, 31) == (
        "24 mentions, fewer, which may be chance, than in the 7 days before (31)."
    )
    assert told(3, 0) == "3 mentions, more, which may be chance, than in the 7 days before (0)."
    assert told(100, 251) == "100 mentions, 60% fewer than in the 7 days before (251)."
    assert told(502, 200) == "502 mentions, 2.5 times those of the 7 days before (200)."
    assert told(50, 0) == "50 mentions, and none in the 7 days before (0)."
    assert told(1, None) == "1 mention."


def test_nobody_spoke() -> None:
    (only,) = what_changed(facts(Counts(), counts(9, 0, 0)))
    assert only.text == "0 mentions, 100% fewer than in the 7 days before (9)."
    assert only.filters is None


def test_sentiment_that_fell_beyond_chance() -> None:
    found = facts(counts(200, 120, 20), counts(200, 60, 60))
    (one,) = [s for s in what_changed(found) if s.kind == "sentiment"]
    assert one.text == (
        "Net sentiment fell from 0.00 to −0.50: (20 − 120) / 200 scored; 60% are negative, before "
        "it was 30%."
    )
    assert one.filters == DAYS | {"sentiment": "negative"}
    rose = texts(facts(counts(200, 60, 100), counts(200, 60, 20)))["sentiment"]
    assert rose.endswith("50% are positive, before it was 10%.")


def test_sentiment_within_chance() -> None:
    found = texts(facts(counts(40, 12, 10), counts(40, 10, 12)))["sentiment"]
    assert found == "Net sentiment is −0.05, about as before (+0.05): (10 − 12) / 40 scored."
    # 0.31 apart, 1.96 * sqrt(0.86 / 35 + 0.94 / 35) = 0.45
    found = texts(facts(counts(35, 13, 18), counts(35, 20, 14)))["sentiment"]
    assert found == (
        "Net sentiment is +0.14, before −0.17: (18 − 13) / 35 scored, 35 before; of so few that "
        "may be chance."
    )
    alone = texts(facts(counts(40, 12, 10)))["sentiment"]
    assert alone == "Net sentiment is −0.05: (10 − 12) / 40 scored."


def incident(**changed: Any) -> Incident:
    at = datetime(2015, 2, 23, 6, tzinfo=UTC)
    return replace(
        Incident(
            kind=IncidentKind.VOLUME, began=at, ended=at, at=at, value=220, usual=133.8,
            spread=21.0, k=3.0, mentions=220, scored=200, negative=120,
        ),
        **changed,
    )  # fmt: skip


def test_the_incident_that_was_the_furthest_beyond() -> None:
    worse = incident(kind=IncidentKind.NEGATIVE, value=0.6, usual=0.4, spread=0.1, k=1.5)
    found = facts(counts(500, 0, 0), incidents=[worse, incident()])
    (one,) = [s for s in what_changed(found) if s.kind == "incident"]
    assert one.text == (
        "In the 24 hours until 23 Feb 2015, 06:00 UTC, 220 mentions came where 134 a day were "
        "usual (beyond mean + 3 SD); 60% of the scored ones are negative; 2 incidents in all."
    )
    assert one.filters == {"startDate": "2015-02-22T06:00", "endDate": "2015-02-23T06:00"}
    (one,) = [s for s in what_changed(replace(found, incidents=[worse])) if s.kind == "incident"]
    assert one.text == (
        "In the 24 hours until 23 Feb 2015, 06:00 UTC, 120 of 200 scored mentions were negative "
        "(60%) where 40% were usual (beyond 1.5 SE)."
    )
    assert one.filters == incident().filters | {"sentiment": "negative"}


def test_themes_and_the_one_that_is_bad() -> None:
    rising = [
        {"word": "delayed flight", "now": 45, "before": 12, "negative": 39, "z": 4.0},
        {"word": 'o"hare', "now": 9, "before": 0, "negative": 1, "z": 2.0},
    ]
    themes = {"rising": rising, "authors": 900, "authors_before": 800}
    found = {s.kind: s for s in what_changed(facts(counts(1000, 0, 0), themes=themes))}
    assert found["themes"].text == (
        'More is said of “delayed flight” (45, before 12) and “o"hare” (9, before 0); authors, of '
        "900 that were read and 800 before."
    )
    assert found["themes"].filters == DAYS | {"q": '"delayed" NEAR/3 "flight"'}
    bad = found["negative_theme"]
    assert bad.text == "The talk of “delayed flight” is mostly negative: 39 of 45 authors."
    assert (bad.filters or {})["sentiment"] == "negative"


def test_where_they_came_from() -> None:
    found = texts(
        replace(
            facts(counts(200, 0, 0), counts(200, 0, 0)),
            sources={"bluesky": counts(80, 0, 0), "twitter": counts(120, 0, 0)},
            before_sources={"bluesky": counts(40, 0, 0), "twitter": counts(160, 0, 0)},
        )
    )
    assert found["source"] == "60% of the mentions came from twitter, before it was 80%."


def test_share_of_voice_and_emotion() -> None:
    now = replace(counts(200, 0, 0), anger=30, joy=10)
    found = facts(now, counts(100, 0, 0), others=800, others_before=500, brands=5)
    assert texts(found)["voice"] == (
        "Share of voice among 5 brands is 25%: 200 / 800; before it was 20%."
    )
    assert texts(found)["emotion"] == (
        "The most frequent emotion is anger: 75% of the 40 mentions whose emotion is known."
    )
    assert "voice" not in texts(replace(found, brands=1))


def test_shares_of_voice_by_days() -> None:
    volumes = {
        "JetBlue": {date(2015, 2, 18): 3, date(2015, 2, 20): 1, date(2015, 2, 25): 9},
        "Delta": {date(2015, 2, 18): 1},
    }
    found = voice(volumes, WEEK)
    assert (found.names, found.step, len(found.buckets)) == (("JetBlue", "Delta"), 1, 7)
    assert (found.whole.mentions, found.whole.shares) == ((4, 1), (0.8, 0.2))
    assert found.buckets[0].shares == (0.75, 0.25)
    assert found.buckets[1].shares == (None, None)
    three = voice(volumes, WEEK, step=3)
    assert [(b.first.day, b.last.day, b.total) for b in three.buckets] == [
        (18, 20, 5), (21, 23, 0), (24, 24, 0),
    ]  # fmt: skip
    steps = [step_of(days) for days in (28, 31, 32, 190, 191, 400, 401)]
    assert steps == [1, 1, 7, 7, 14, 14, 30]
    month = voice(volumes, Window(date(2015, 2, 1), date(2015, 2, 28)))
    assert (month.step, len(month.buckets)) == (2, 14)
