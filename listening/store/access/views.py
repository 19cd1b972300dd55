"""Saved views: the filters of a list under a name, one's own or shared with a brand's people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, select

from listening.access import Actor, Permission
from listening.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from listening.store.access.audit import changed, record
from listening.store.tables import Account, SavedView

PAGES = ("advocates", "detractors", "mentions", "triage")
MOST_VIEWS = 200  # of one account for one brand
_LONGEST_NAME, _MOST_PARAMS, _LONGEST_PARAM = 80, 60, 8_000
# Between the values of a filter that is given several times; no address can hold it.
BETWEEN_VALUES = "\x1f"


@dataclass(frozen=True, slots=True)
class NamedView:
    """A saved view as lists show it.

    Attributes:
        owner: the name of the account it belongs to.
        own: whether it is the asking one's.
    """

    view: SavedView
    owner: str
    own: bool

    @property
    def filters(self) -> list[tuple[str, str]]:
        """The filters as an address has them."""
        return unpacked(self.view.params)


def packed(filters: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Filters of an address, where one may stand several times, as a view keeps them."""
    found: dict[str, list[str]] = {}
    for name, value in filters:
        if value:
            found.setdefault(name, []).append(value.replace(BETWEEN_VALUES, " "))
    return {name: BETWEEN_VALUES.join(values) for name, values in found.items()}


def unpacked(params: Mapping[str, str]) -> list[tuple[str, str]]:
    """The filters of a view, as an address has them."""
    return [(name, value) for name, own in params.items() for value in own.split(BETWEEN_VALUES)]


def list_views(
    session: Session, actor: Actor, brand_id: int, page: str | None = None
) -> list[NamedView]:
    """One's own views of a brand's list (of all its lists), then those that others share.

    Raises:
        NotFoundError: the brand is not the actor's to see.
    """
    actor.require(Permission.READ, brand_id)
    statement = (
        select(SavedView, Account.name)
        .join(Account, col(Account.id) == col(SavedView.account_id))
        .where(
            SavedView.brand_id == brand_id,
            or_(col(SavedView.shared), col(SavedView.account_id) == (actor.account_id or 0)),
        )
        .order_by(col(SavedView.name), col(SavedView.id))
    )
    if page is not None:
        statement = statement.where(SavedView.page == page)
    found = [_named(view, owner, actor) for view, owner in session.exec(statement)]
    return sorted(found, key=lambda one: not one.own)


def find_view(session: Session, actor: Actor, view_id: int) -> NamedView:
    """A view that the actor owns or that is shared.

    Raises:
        NotFoundError: there is none that the actor may see.
    """
    statement = (
        select(SavedView, Account.name)
        .join(Account, col(Account.id) == col(SavedView.account_id))
        .where(SavedView.id == view_id)
    )
    found = session.exec(statement).first()
    if found is not None and actor.may(Permission.READ, found[0].brand_id):
        named = _named(*found, actor)
        if named.own or named.view.shared:
            return named
    raise NotFoundError("There is no such view, or it is not yours to see.")


def save_view(
    session: Session,
    actor: Actor,
    brand_id: int,
    *,
    page: str,
    name: str,
    params: Mapping[str, str],
    shared: bool = False,
) -> SavedView:
    """Keep filters under a name.

    Args:
        session: inside a unit of work.
        actor: whose the view becomes.
        brand_id: of the list.
        page: one of `PAGES`.
        name: unique among the actor's views of this list.
        params: see `packed`.
        shared: with everybody who may see the brand; takes the role support.

    Raises:
        ConflictError: the actor has one of this name.
        ForbiddenError: the actor is no account, or may not share.
        InvalidError: a value does not fit.
    """
    actor.require(Permission.READ, brand_id)
    if page not in PAGES:
        raise InvalidError(f"page is one of {', '.join(PAGES)}.", field="page")
    if shared:
        actor.require(Permission.ANSWER, brand_id)
    owner = _account(actor)
    view = SavedView(
        account_id=owner,
        brand_id=brand_id,
        page=page,
        name=_checked_name(name),
        params=_checked(params),
        shared=shared,
    )
    _refuse_double(session, view, view.name)
    statement = select(SavedView.id).where(
        SavedView.account_id == owner, SavedView.brand_id == brand_id
    )
    if len(session.exec(statement.limit(MOST_VIEWS)).all()) == MOST_VIEWS:
        raise InvalidError(f"You have {MOST_VIEWS} views of this brand: delete some first.")
    session.add(view)
    session.flush()
    _note(session, actor, view, "view.save", before=None)
    return view


def change_view(
    session: Session,
    actor: Actor,
    view_id: int,
    *,
    name: str | None = None,
    params: Mapping[str, str] | None = None,
    shared: bool | None = None,
) -> SavedView:
    """Rename one's view, give it other filters, share it or no longer; None leaves as it is.

    Raises:
        ConflictError: the actor has another one of this name.
        ForbiddenError: it is somebody else's, or the actor may not share.
        InvalidError: a value does not fit.
        NotFoundError: there is none that the actor may see.
    """
    view = _own(session, actor, view_id)
    before = _settings(view)
    if name is not None:
        found = _checked_name(name)
        _refuse_double(session, view, found)
        view.name = found
    if params is not None:
        view.params = _checked(params)
    if shared is not None and shared is not view.shared:
        if shared:
            actor.require(Permission.ANSWER, view.brand_id)
        view.shared = shared
    if _settings(view) != before:
        session.add(view)
        session.flush()
        _note(session, actor, view, "view.change", before=before)
    return view


def delete_view(session: Session, actor: Actor, view_id: int) -> None:
    """Delete one's view; whoever administers the brand also deletes what others share.

    Raises:
        ForbiddenError: it is somebody else's.
        NotFoundError: there is none that the actor may see.
    """
    found = find_view(session, actor, view_id)
    if not found.own and not actor.may(Permission.ADMINISTER, found.view.brand_id):
        raise ForbiddenError(f"This view is of {found.owner}, who alone may change it.")
    _account_that_writes(actor)
    session.delete(found.view)
    _note(session, actor, found.view, "view.delete", before=_settings(found.view), gone=True)


def _own(session: Session, actor: Actor, view_id: int) -> SavedView:
    found = find_view(session, actor, view_id)
    if not found.own:
        raise ForbiddenError(f"This view is of {found.owner}, who alone may change it.")
    _account_that_writes(actor)
    return found.view


def _named(view: SavedView, owner: str, actor: Actor) -> NamedView:
    return NamedView(view, owner, own=view.account_id == actor.account_id)


def _account(actor: Actor) -> int:
    _account_that_writes(actor)
    if actor.account_id is None:
        raise ForbiddenError("A view belongs to an account: sign in to save one.")
    return actor.account_id


def _account_that_writes(actor: Actor) -> None:
    if not actor.writes:
        raise ForbiddenError("This takes an API key that may write: ask whoever runs this service.")


def _checked_name(name: str) -> str:
    found = " ".join(name.split())
    if not found or len(found) > _LONGEST_NAME or not found.isprintable():
        raise InvalidError(
            f"A view's name has 1 to {_LONGEST_NAME} characters, none a control one.", field="name"
        )
    return found


def _checked(params: Mapping[str, str]) -> dict[str, str]:
    if len(params) > _MOST_PARAMS:
        raise InvalidError(f"A view has at most {_MOST_PARAMS} filters.", field="params")
    for name, value in params.items():
        if not name or len(name) > _LONGEST_NAME or len(value) > _LONGEST_PARAM or "\0" in value:
            raise InvalidError(
                f"The filter {name[:_LONGEST_NAME]!r} is too long to be kept: at most "
                f"{_LONGEST_PARAM:,} characters.",
                field="params",
            )
    return dict(params)


def _refuse_double(session: Session, view: SavedView, name: str) -> None:
    statement = select(SavedView.id).where(
        SavedView.account_id == view.account_id,
        SavedView.brand_id == view.brand_id,
        SavedView.page == view.page,
        SavedView.name == name,
    )
    if any(number != view.id for number in session.exec(statement)):
        raise ConflictError(
            f"You have a view {name!r} already: take another name, or change that one."
        )


def _settings(view: SavedView) -> dict[str, Any]:
    return {
        "page": view.page,
        "name": view.name,
        "params": dict(view.params),
        "shared": view.shared,
    }


def _told(settings: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the audit log keeps: no filters, which may name an author or quote one."""
    if settings is None:
        return None
    return {name: value for name, value in settings.items() if name != "params"}


def _note(
    session: Session,
    actor: Actor,
    view: SavedView,
    action: str,
    *,
    before: dict[str, Any] | None,
    gone: bool = False,
) -> None:
    number = int(view.id or 0)
    record(
        session,
        actor,
        action,
        noun="view",
        noun_id=number,
        brand_id=view.brand_id,
        before=_told(before),
        after=None if gone else _told(_settings(view)),
    )
    changed(session, "view", number, brand_id=view.brand_id, by=actor.name)
