"""A store with two brands, six people and one of everything that pages show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlmodel import Session
from starlette.testclient import TestClient

from api.web.app import create_app
from listening.advocacy import Evidence, Verdict
from listening.config import Settings
from listening.errors import StoreError
from listening.store.brands.brands import get_brand
from listening.store.cases.cases import FoundCase, store_cases
from listening.store.flags.flags import refresh_flags
from listening.store.flags.stances import store_stances
from listening.store.mentions.mentions import views
from listening.store.posts.profiles import FoundProfile, store_profiles
from listening.store.segments.segments import FoundMembership
from listening.store.session import Store
from listening.store.tables import Review, ReviewVerdict, Segmentation
from listening.store.tables.types import now
from listening.triage import Urgency
from tests.conftest import NewStore
from tests.factories import MODEL, analyse, at, author_id, brand, load, opinion, post
from tests.segmented import Cluster, store_run
from tests.signed import sign_in

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)> "JetBlue" {{ 7*7 }}'
ADVOCATE, DETRACTOR, PASSIVE, STRANGER = "a-fan", "a-foe", "a-mid", "a-new"

Client = Callable[..., TestClient]


@pytest.fixture
def client(new_store: NewStore, tmp_path: Path) -> Iterator[Client]:
    """Answers of the application over a store, to an admin where it can be read.

    Asks for `new_store` to be closed before it.
    """
    clients: dict[str, TestClient] = {}

    def over(store: Store, *, signed: bool = True) -> TestClient:
        if store.url not in clients:
            settings = Settings(
                database_url=SecretStr(store.url),
                data_dir=tmp_path,
                _env_file=None,  # type: ignore[call-arg]
            )
            clients[store.url] = TestClient(
                create_app(settings),
                base_url="http://localhost",
                raise_server_exceptions=False,
                client=("127.0.0.1", 50_000),
            )
            if signed:
                with suppress(StoreError):  # a store without tables is tested too
                    sign_in(clients[store.url])
        return clients[store.url]

    yield over
    for one in clients.values():
        one.app.state.site.close()  # type: ignore[attr-defined]


@pytest.fixture
def people(store: Store) -> Store:
    """JetBlue and Virgin / America, and what was said of them."""
    blue = brand(store, "JetBlue", "jetblue")
    brand(store, "Virgin / America?", '"virgin america"')
    load(
        store,
        post("I love JetBlue, fly with them!", id="f1", author=ADVOCATE, author_name="Fay Fan",
             author_handle="fay", author_followers=1200, author_verified=True,
             url="https://posts.example/f1", at="2026-09-01T08:00Z"),
        post("JetBlue crew was kind again", id="f2", author=ADVOCATE, at="2026-09-02T08:00Z"),
        post("JetBlue is better than Virgin America", id="f3", author=ADVOCATE,
             at="2026-09-04T08:00Z"),
        post(HOSTILE, id="n1", author=DETRACTOR, url="javascript:alert(1)",
             at="2026-09-01T09:00Z"),
        post("JetBlue lost my bag, never again", id="n2", author=DETRACTOR,
             title="Lost & found", at="2026-09-02T09:00Z"),
        post("JetBlue lost my bag, never again", id="n3", author=DETRACTOR,
             at="2026-09-02T10:00Z"),
        post("طيران JetBlue اليوم", id="m1", author=PASSIVE, author_name="سارة",
             at="2026-09-03T09:00Z"),
        post("word " * 300 + "JetBlue", id="s1", author=STRANGER, at="2026-09-03T10:00Z"),
        post("nothing about a brand", id="x1", author="a-else"),
    )  # fmt: skip
    analyse(
        store,
        {
            "f1": opinion(0.9, recommends=True),
            "f2": opinion(0.8),
            "f3": opinion(0.5),
            "n1": opinion(-0.9),
            "n2": opinion(-0.8, warns=True),
            "n3": opinion(-0.8, copy_key="same"),
            "m1": opinion(None, not_scored="language", language="ar"),
        },
    )
    with store.work() as session:
        _flag(session, store, blue)
        _segment(session, store)
        session.add(
            Review(
                brand_id=blue,
                author_id=author_id(store, ADVOCATE),
                verdict=ReviewVerdict.CONFIRMED,
                reason="met her",
                by="Rita",
            )
        )
        refresh_flags(session, blue)
    return store


def _flag(session: Session, store: Store, blue: int) -> None:
    found = {v.post.native_id: int(v.mention.id or 0) for v in views(session, brand_id=blue)}

    def verdict(kind: str, score: float, reason: str, *evidence: Evidence) -> Verdict:
        counted = [e for e in evidence if e.not_counted is None]
        return Verdict(
            kind, score, score - 0.2, score + 0.2, len(evidence), len(counted), 0, 0, reason,
            evidence,
        )  # fmt: skip

    store_stances(
        session,
        blue,
        {
            author_id(store, ADVOCATE): verdict(
                "advocate", 0.62, "3 of 3 mentions lean positive; recommends it",
                Evidence(found["f1"], 1.0, 0.95, None), Evidence(found["f2"], 1.0, 0.8, None),
                Evidence(found["f3"], 0.6, 0.5, None),
            ),
            author_id(store, DETRACTOR): verdict(
                "detractor", -0.57, "2 of 2 mentions lean negative; 1 not counted (copy)",
                Evidence(found["n1"], 1.0, -0.9, None), Evidence(found["n2"], 0.9, -0.9, None),
                Evidence(found["n3"], 0.0, -0.8, "copy"),
            ),
            author_id(store, PASSIVE): verdict(
                "passive", -0.05, "no scored mention",
                Evidence(found["m1"], 0.0, None, "not scored"),
            ),
        },
    )  # fmt: skip
    store_stances(
        session,
        int(get_brand(session, "Virgin / America?").id or 0),
        {author_id(store, ADVOCATE): verdict("passive", 0.1, "one independent mention")},
    )
    opened = now() - timedelta(hours=5)
    terms = {"negativity": 0.9, "risk": 0.0, "repeat": 0.0, "freshness": 0.25}
    known = {"negativity": 0.8, "risk": 1.0, "repeat": 0.5, "freshness": 0.3, "reach": 0.2}
    store_cases(
        session,
        blue,
        [
            FoundCase(found["n1"], Urgency(0.31, terms, (), "low"), "g1"),
            FoundCase(found["n2"], Urgency(0.66, known, ("damage",), "high"), "g2"),
            FoundCase(found["n3"], Urgency(0.52, known, (), "medium"), "g2"),
        ],
        opened_at=opened,
    )


def _segment(session: Session, store: Store) -> None:
    ids = [author_id(store, name) for name in (ADVOCATE, DETRACTOR, PASSIVE)]
    store_profiles(
        session,
        [
            FoundProfile(
                author_id=i, posts=3, interests=b"", opinions=[], as_of=at("2026-09-04T08:00Z")
            )
            for i in ids
        ],
        model=MODEL,
        params="",
    )
    exemplar, *_ = [v.post.id for v in views(session, author_id=ids[1])]
    store_run(
        session,
        Segmentation(
            fingerprint="one", model=MODEL, params={"min_posts": 1}, authors=3, noise=1
        ),
        [
            Cluster(name="crew · seat", keywords=["crew", "seat"],
                    exemplars=[int(exemplar or 0), 999_999]),
        ],
        [
            FoundMembership(author_id=ids[0], label=0, noise=False, strength=0.93),
            FoundMembership(author_id=ids[1], label=0, noise=False, strength=0.41),
            FoundMembership(author_id=ids[2], label=0, noise=True, strength=0.12),
        ],
    )  # fmt: skip
