"""A person's word on sentiment: what it changes, who may, and how it is taken back."""

from __future__ import annotations

import pytest
from sqlmodel import select

from listening.access import COMMAND_LINE, Actor, Role
from listening.config import Settings
from listening.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from listening.store.mentions.overriding import override, undo_override
from listening.store.mentions.touching import MOST
from listening.store.session import Store
from listening.store.tables import AuditEntry, Change, SentimentLabel, Stance
from tests.factories import analyse, author_id, brand, load, mentions, opinion, post
from workers.jobs.flagging import flag

NEGATIVE, POSITIVE = SentimentLabel.NEGATIVE, SentimentLabel.POSITIVE
SUPPORT = Actor(name="sam", everywhere=Role.SUPPORT)


@pytest.fixture
def said(store: Store) -> dict[str, int]:
    """Four mentions of JetBlue by two authors, analysed; their ids by those of the posts."""
    brand(store, "JetBlue", "jetblue")
    load(
        store,
        post("jetblue, thanks a lot for the wait", id="a", author="ann"),
        post("jetblue was great", id="b", author="ann", at="2026-09-01T13:00Z"),
        post("jetblue was great again", id="c", author="ann", at="2026-09-01T14:00Z"),
        post("jetblue lost my bag", id="d", author="bob", at="2026-09-01T15:00Z"),
    )
    analyse(store, {"a": opinion(0.9), "b": opinion(0.8), "c": opinion(0.9), "d": opinion(-0.9)})
    return {native: int(view.mention.id or 0) for native, view in mentions(store).items()}


def test_set_and_taken_back(store: Store, said: dict[str, int]) -> None:
    with store.work() as session:
        done = override(session, SUPPORT, [said["a"]], NEGATIVE)
        assert done.mention_ids == (said["a"],)
        assert len(done.entries) == 1
    view = mentions(store)["a"]
    assert (view.sentiment, view.polarity) == (NEGATIVE, -1.0)
    assert view.mention.override_by == "sam"
    assert view.mention.override_at is not None
    with store.work() as session:
        assert override(session, SUPPORT, [said["a"]], NEGATIVE).mention_ids == ()
        assert override(session, SUPPORT, [said["a"]], None).mention_ids == (said["a"],)
    view = mentions(store)["a"]
    assert (view.sentiment, view.mention.override) == (POSITIVE, None)
    assert (view.mention.override_by, view.mention.override_at) == (None, None)
    with store.session() as session:
        own = select(AuditEntry).where(AuditEntry.action == "mention.override")
        first, second = session.exec(own.order_by(AuditEntry.id))  # type: ignore[arg-type]
        number = str(said["a"])
        assert (first.action, first.noun, first.noun_id) == ("mention.override", "mention", number)
        assert (first.before, first.after) == (
            {"override": {number: None}},
            {"override": {number: "negative"}},
        )
        assert second.after == {"override": {number: None}}
        assert [
            c.noun_id for c in session.exec(select(Change).where(Change.noun == "mention"))
        ] == [said["a"]] * 2


def test_the_stance_follows_at_once(store: Store, said: dict[str, int]) -> None:
    flag(store, Settings(_env_file=None))  # type: ignore[call-arg]

    def stance(who: str) -> Stance:
        with store.session() as session:
            return session.exec(
                select(Stance).where(Stance.author_id == author_id(store, who))
            ).one()

    before, other = stance("ann"), stance("bob")
    assert before.reason == "3 of 3 mentions lean positive"
    with store.work() as session:
        assert override(session, SUPPORT, [said["a"], said["b"]], NEGATIVE).stances == 1
    after = stance("ann")
    assert after.id == before.id
    assert after.score < 0 < before.score
    assert (after.mentions, after.opinions) == (3, 3)
    assert after.reason == "2 of 3 mentions lean negative"
    assert after.basis == before.basis
    pulls = {e["mention_id"]: e["pull"] for e in after.evidence}
    assert pulls == {said["a"]: -1.0, said["b"]: -1.0, said["c"]: 0.9}
    assert stance("bob") == other
    with store.work() as session:
        override(session, SUPPORT, [said["a"], said["b"]], None)
    assert stance("ann").score == pytest.approx(before.score)


def test_a_copy_stays_uncounted(store: Store) -> None:
    brand(store, "JetBlue", "jetblue")
    texts = {"a": "jetblue is the best airline there is", "b": "jetblue lost my only bag today"}
    load(store, *(post(text, id=id, author="ann") for id, text in texts.items()),
         post(texts["a"], id="c", author="ann", at="2026-09-02T12:00Z"))  # fmt: skip
    analyse(store, dict.fromkeys("abc", opinion(0.9)))
    flag(store, Settings(_env_file=None))  # type: ignore[call-arg]
    with store.work() as session:
        override(session, SUPPORT, [int(mentions(store)["b"].mention.id or 0)], NEGATIVE)
    with store.session() as session:
        found = session.exec(select(Stance)).one()
        assert (
            found.reason == "1 of 2 mentions leans positive, 1 leans negative; 1 not counted (copy)"
        )


def test_undone_by_whoever_did_it(store: Store, said: dict[str, int]) -> None:
    both = [said["a"], said["d"]]
    with store.work() as session:
        override(session, SUPPORT, [said["a"]], POSITIVE)
        entry = override(session, SUPPORT, both, NEGATIVE).entries[0]
    with store.work() as session, pytest.raises(ForbiddenError, match="sam did this"):
        undo_override(session, COMMAND_LINE, entry)
    with store.work() as session:
        override(session, COMMAND_LINE, [said["d"]], SentimentLabel.NEUTRAL)
    with store.work() as session:
        assert undo_override(session, SUPPORT, entry).mention_ids == (said["a"],)
    found = mentions(store)
    assert found["a"].mention.override is POSITIVE
    assert found["d"].mention.override is SentimentLabel.NEUTRAL  # somebody's later word
    with store.work() as session, pytest.raises(ConflictError, match="changed since"):
        undo_override(session, SUPPORT, entry)
    with store.work() as session, pytest.raises(NotFoundError):
        undo_override(session, SUPPORT, entry + 100)


def test_who_may_not(store: Store, said: dict[str, int]) -> None:
    other = brand(store, "Delta")
    for actor, error in (
        (Actor(name="vera", everywhere=Role.VIEWER), ForbiddenError),
        (Actor(name="dora", brands={other: Role.ADMIN}), NotFoundError),
        (Actor(name="key", everywhere=Role.ADMIN, writes=False), ForbiddenError),
    ):
        with store.work() as session, pytest.raises(error):
            override(session, actor, [said["a"]], NEGATIVE)
    assert mentions(store)["a"].mention.override is None


def test_what_cannot_be_overridden(store: Store, said: dict[str, int]) -> None:
    with store.work() as session, pytest.raises(NotFoundError, match="1 of the mentions is no"):
        override(session, SUPPORT, [said["a"], 10_000], NEGATIVE)
    with store.work() as session, pytest.raises(InvalidError, match="At most 1,000") as refused:
        override(session, SUPPORT, range(1, MOST + 2), NEGATIVE)
    assert refused.value.field == "mention_ids"
    with store.work() as session:
        assert override(session, SUPPORT, [], NEGATIVE).mention_ids == ()
