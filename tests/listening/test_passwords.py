"""Which passwords are refused, and how long failed sign-ins wait."""

from __future__ import annotations

from datetime import timedelta

import pytest

from listening.errors import InvalidError
from listening.passwords import check_password, hash_password, parts, require_strong
from listening.throttle import ADDRESS, LOGIN, Allowance
from tests.factories import at

NAMES = ["JetBlue", "ada@example.com", "Virgin / America?"]


@pytest.mark.parametrize(
    ("password", "made_of"),
    [
        ("aaaaaaaaaaaa", 1),
        ("abcabcabcabc", 1),
        ("password1234", 2),
        ("P@ssw0rd1234", 2),
        ("qwertyuiop1998", 2),
        ("JetBlueJetBlue", 1),
        ("virginamerica2026", 2),
        ("Listening2026!", 3),
        ("ada@example.com1", 2),
        ("zyxwvutsrqpo", 1),
        ("summer-summer-9", 3),
        ("violet tractor", 14),
        ("tr0ub4dor&3xk", 13),
    ],
)
def test_of_how_few_parts_a_password_is_made(password: str, made_of: int) -> None:
    assert parts(password, NAMES) == made_of


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short words", "at least 12 characters"),
        ("Summer2026!!", "easy to guess"),
        ("JETBLUE-jetblue", "easy to guess"),
        ("x" * 1001, "at most 1000"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(password: str, why: str) -> None:
    with pytest.raises(InvalidError, match=why) as refused:
        require_strong(password, NAMES)
    assert refused.value.field == "password"
    assert password not in str(refused.value)


@pytest.mark.parametrize(
    "password", ["violet tractor under", "k8#Vq!z2Lw0p", "夏の終わりに海へ行きました"]
)
def test_no_kind_of_character_is_asked_for(password: str) -> None:
    require_strong(password, NAMES)


def test_what_is_kept_is_argon2id_and_salted() -> None:
    one, other = hash_password("violet tractor"), hash_password("violet tractor")
    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert one != other
    assert check_password("violet tractor", one) == (True, None)
    assert check_password("violet Tractor", one) == (False, None)


def test_nothing_kept_fits_nothing() -> None:
    assert check_password("violet tractor", None) == (False, None)
    assert check_password("violet tractor", "not a hash") == (False, None)


def test_what_was_kept_with_less_work_is_kept_anew() -> None:
    from pwdlib.hashers.argon2 import Argon2Hasher

    weak = Argon2Hasher(time_cost=1, memory_cost=8192, parallelism=1).hash("violet tractor")
    fits, better = check_password("violet tractor", weak)
    assert fits and better is not None and "m=65536" in better


@pytest.mark.parametrize(
    ("failures", "wait"),
    [(0, 0), (4, 0), (5, 2), (6, 4), (9, 32), (13, 512), (14, 900), (500, 900)],
)
def test_each_failure_waits_longer_and_none_for_good(failures: int, wait: float) -> None:
    moment = at("2026-09-01T12:00Z")
    assert LOGIN.wait(failures, moment, moment) == wait
    assert LOGIN.wait(failures, moment, moment + timedelta(seconds=900)) == 0


def test_the_wait_runs_from_the_last_failure() -> None:
    moment = at("2026-09-01T12:00Z")
    allowed = Allowance(1, timedelta(hours=1), first=10)
    assert allowed.wait(2, moment - timedelta(seconds=15), moment) == 5
    assert allowed.wait(2, None, moment) == 0
    assert ADDRESS.wait(29, moment, moment) == 0
    assert ADDRESS.wait(30, moment, moment) == 2
