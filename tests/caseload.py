"""Cases to test with: one a mention, opened at noon, and people who work on them."""

from __future__ import annotations

from sqlmodel import select

from listening.access import COMMAND_LINE, Actor, Role
from listening.store.access.accounts import actor_for, add_account
from listening.store.cases.actions import Action, Verb, act
from listening.store.cases.cases import FoundCase, store_cases
from listening.store.session import Store
from listening.store.tables import Case, CaseEvent
from listening.triage import Urgency
from tests.factories import NOON, at, mentions

Found = tuple[float, str, str]  # urgency, priority, group


def open_cases(store: Store, *, opened: str = NOON, brand: int = 1, **found: Found) -> None:
    """Open cases by the native ids of posts."""
    numbers = {native: view.mention.id for native, view in mentions(store, brand).items()}
    with store.work() as session:
        cases = [
            FoundCase(
                int(numbers[native] or 0), Urgency(value, {"risk": value}, (), priority), group
            )
            for native, (value, priority, group) in found.items()
        ]
        store_cases(session, brand, cases, opened_at=at(opened))


def person(store: Store, login: str, role: Role | None = Role.SUPPORT, **brands: Role) -> Actor:
    """Somebody who may sign in; roles for single brands by their ids, such as b1=..."""
    with store.work() as session:
        own = {int(name[1:]): value for name, value in brands.items()}
        account = add_account(session, COMMAND_LINE, login, role=role, brands=own)
        return actor_for(session, account)


def case_of(store: Store, native_id: str) -> Case:
    """The case of a post as it stands."""
    number = mentions(store)[native_id].mention.id
    with store.session() as session:
        return session.exec(select(Case).where(Case.mention_id == number)).one()


def number_of(store: Store, native_id: str) -> int:
    """Its number."""
    return int(case_of(store, native_id).id or 0)


def do(
    store: Store,
    actor: Actor,
    native_id: str,
    verb: Verb,
    version: int | None = None,
    **how: object,
) -> Case:
    """Do something to the case of a post, at the version it has unless another is named."""
    case = case_of(store, native_id)
    action = Action(verb=verb, **how)  # type: ignore[arg-type]
    with store.work() as session:
        return act(
            session, actor, case.brand_id, int(case.id or 0), action,
            version=case.version if version is None else version,
        )  # fmt: skip


def events(store: Store, native_id: str) -> list[CaseEvent]:
    """What was done to the case of a post."""
    from listening.store.cases.history import history

    with store.session() as session:
        return history(session, number_of(store, native_id))
