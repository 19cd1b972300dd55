"""Rows of what the desk keeps of its own, for a store with a row in every table."""

from __future__ import annotations

from sqlmodel import Session

from listening.access import Role
from listening.store.tables import (
    Account,
    ApiKey,
    AuditEntry,
    BrandRole,
    Change,
    Channel,
    ChannelKind,
    Credential,
    Delivery,
    Erasure,
    FailedAttempt,
    LinkPurpose,
    OneTimeLink,
    Repeat,
    SavedView,
    SignIn,
)
from tests.factories import NOON as AT
from tests.factories import at

NOON = at(AT)


def fill_desk(session: Session, jetblue: int) -> None:
    """What people entered in the settings, and who they are."""
    session.add(Credential(name="LISTENING_REDDIT_ID", value="encrypted", set_by="ann"))
    session.add(
        Channel(
            id=1, name="Desk", kind=ChannelKind.WEBHOOK, secret="encrypted",
            shown="https://hooks.example/...", events=["watch.failing"], created_by="ann",
        )
    )  # fmt: skip
    session.flush()
    session.add(
        Delivery(
            uid="0f", dedupe="1:watch.failing:watch:1:x", channel_id=1, brand_id=jetblue,
            event="watch.failing", subject="watch:1", title="JetBlue: the watch fails", text="",
            answer="500: no user Annika.J there",
        )
    )  # fmt: skip
    session.add(Erasure(source="twitter", who="u-0815", asked_by="ann"))
    _signed_in(session, jetblue)


def _signed_in(session: Session, jetblue: int) -> None:
    """Who uses the desk, and what it keeps of that."""
    session.add(Account(id=1, login="ann", name="Ann"))
    session.flush()
    session.add(BrandRole(account_id=1, brand_id=jetblue, role=Role.BRAND))
    session.add(SignIn(token_hash="t", account_id=1, until=NOON))
    session.add(
        OneTimeLink(token_hash="l", purpose=LinkPurpose.RESET, account_id=1, made_by="ann",
                    until=NOON)
    )  # fmt: skip
    session.add(
        ApiKey(name="nightly", prefix="lk_0", key_hash="h", account_id=1, role=Role.VIEWER,
               expires_at=NOON)
    )  # fmt: skip
    session.add(FailedAttempt(under="h"))
    session.add(AuditEntry(by="ann", account_id=1, action="case.close", noun="case", noun_id="1"))
    session.add(Change(brand_id=jetblue, noun="case", noun_id=1))
    session.add(
        SavedView(account_id=1, brand_id=jetblue, page="triage", name="Mine",
                  params={"q": "late"})
    )  # fmt: skip
    session.add(Repeat(actor="ann", key="k", request_hash="h", body='{"id": 1}'))
