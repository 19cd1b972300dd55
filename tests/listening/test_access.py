"""Who may do what."""

from __future__ import annotations

import pytest

from listening.access import COMMAND_LINE, Actor, Permission, Role, grants, highest, lowest
from listening.errors import ForbiddenError, NotFoundError

READ, ANSWER, REVIEW, CONFIGURE, ADMINISTER = Permission


@pytest.mark.parametrize(
    ("role", "permissions"),
    [
        (None, set()),
        (Role.VIEWER, {READ}),
        (Role.SUPPORT, {READ, ANSWER}),
        (Role.BRAND, {READ, ANSWER, REVIEW, CONFIGURE}),
        (Role.ADMIN, {READ, ANSWER, REVIEW, CONFIGURE, ADMINISTER}),
    ],
)
def test_a_role_has_what_those_below_it_have(role: Role | None, permissions: set[Permission]):
    assert {p for p in Permission if grants(role, p)} == permissions


def test_the_most_and_the_least_of_roles() -> None:
    assert highest(Role.SUPPORT, None, Role.BRAND, Role.VIEWER) is Role.BRAND
    assert highest(None, None) is None
    assert lowest(Role.ADMIN, Role.VIEWER) is Role.VIEWER
    assert lowest(Role.ADMIN, None) is None


def test_the_role_for_a_brand_is_the_more_of_both() -> None:
    actor = Actor(name="a", everywhere=Role.VIEWER, brands={1: Role.BRAND})
    assert actor.role_for(1) is Role.BRAND
    assert actor.role_for(2) is Role.VIEWER
    assert actor.role_for(None) is Role.VIEWER
    assert actor.visible() is None


def test_somebody_of_one_brand_sees_no_other() -> None:
    actor = Actor(name="a", brands={1: Role.SUPPORT})
    assert actor.visible() == {1}
    assert actor.may(ANSWER, 1) and not actor.may(REVIEW, 1)
    assert not actor.may(READ, 2) and not actor.may(READ, None)
    assert actor.may_somewhere(ANSWER) and not actor.may_somewhere(REVIEW)
    with pytest.raises(NotFoundError, match="no such brand, or it is not yours"):
        actor.require(READ, 2)
    with pytest.raises(ForbiddenError, match="takes the role brand: ask"):
        actor.require(REVIEW, 1)


def test_a_key_for_one_brand_is_nobody_elsewhere() -> None:
    key = Actor(name="k", everywhere=Role.ADMIN, only=1)
    assert key.may(ADMINISTER, 1)
    assert not key.may(READ, 2) and not key.may(READ, None)
    assert key.visible() == {1}


def test_a_key_that_reads_changes_nothing() -> None:
    key = Actor(name="k", everywhere=Role.ADMIN, writes=False)
    assert key.may(READ, 1) and not key.may(ANSWER, 1) and not key.may_somewhere(ADMINISTER)
    with pytest.raises(ForbiddenError, match="an API key that may write"):
        key.require(ANSWER, 1)


def test_the_command_line_may_everything() -> None:
    assert all(COMMAND_LINE.may(p, brand) for p in Permission for brand in (None, 1))
