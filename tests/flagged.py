"""A brand with advocates and detractors who were weighed, for tests of lists and reviews."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import select

from listening.access import Actor, Role
from listening.config import Settings
from listening.store.session import Store
from listening.store.tables import Flag
from tests.factories import analyse, author_id, brand, load, opinion, post
from workers.jobs.flagging import flag

SETTINGS = Settings(_env_file=None)  # type: ignore[call-arg]
ANN = Actor(name="ann", everywhere=Role.BRAND)
BOB = Actor(name="bob", everywhere=Role.BRAND)

# Author to polarities, each on a day of its own.
SPOKEN: Mapping[str, list[float]] = {
    "fan1": [0.9, 0.9, 0.9],
    "fan2": [0.9, 0.9],
    "foe1": [-0.9, -0.9, -0.9, -0.9],
    "foe2": [-0.9, -0.9],
    "mild": [0.0, 0.1],
}


def say(store: Store, author: str, *polarities: float, first: int = 0, **more: object) -> None:
    """Store and analyse mentions by an author; the days go on from `first`."""
    spoken = {
        f"{author}-{first + n}": (
            post(
                f"JetBlue {author} says word{first + n} of {polarity}",
                id=f"{author}-{first + n}",
                author=author,
                at=f"2026-09-{1 + first + n:02d}T12:00Z",
                **more,
            ),
            polarity,
        )
        for n, polarity in enumerate(polarities)
    }
    load(store, *(one for one, _ in spoken.values()))
    analyse(store, {native: opinion(polarity) for native, (_, polarity) in spoken.items()})


def flagged_brand(store: Store) -> int:
    """JetBlue with two advocates, two detractors and somebody in between; returns its id."""
    number = brand(store, "JetBlue", "jetblue")
    for place, (author, polarities) in enumerate(SPOKEN.items()):
        known = {"author_followers": 100 * place} if place else {}
        say(store, author, *polarities, author_handle=author, **known)
    flag(store, SETTINGS)
    return number


def flag_row(store: Store, native_id: str) -> Flag | None:
    """An author's flag."""
    number = author_id(store, native_id)
    with store.session() as session:
        return session.exec(select(Flag).where(Flag.author_id == number)).first()
