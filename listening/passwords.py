"""Passwords: which are too easy to guess, and how they are kept (argon2id).

No list of passwords is carried along. What people choose is made of few parts: words that
everybody uses, the name of the service, of a brand or their own, years, rows of keys,
repetitions. A password is as hard to guess as it has parts, so it must have some.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from threading import Semaphore

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from listening.errors import InvalidError

LEAST, MOST = 12, 1000  # characters
LEAST_PARTS = 6

# RFC 9106, the second recommended option: 64 MiB and three passes.
_HASH = PasswordHash([Argon2Hasher(time_cost=3, memory_cost=65_536, parallelism=4)])
# Each takes 64 MiB and a core: a flood of sign-ins waits instead of taking the machine.
_AT_ONCE = Semaphore(2)

_ROWS = (
    "abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm",
    "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "!@#$%^&*()", "!\"§$%&/()=",
)  # fmt: skip
_WALKS = tuple(walk for row in _ROWS for walk in (row, row[::-1]))
_WORDS = frozenset(
    """
    password passwort passw pass word kennwort secret geheim login logon signin welcome willkommen
    hello hallo admin administrator root user guest test demo sample default change changeme letme
    letmein open sesame master super access listening listen social brand brands mention mentions
    love iloveyou loveyou sunshine princess dragon monkey football baseball soccer hockey shadow
    superman batman flower summer winter spring autumn fall sommer herbst january february march
    april june july august september october november december monday tuesday wednesday thursday
    friday saturday sunday company team office support service server computer internet please
    secure security trust trustno freedom whatever nothing michael jordan charlie ginger pepper
    cookie chocolate cheese banana orange purple yellow silver golden money lucky happy angel
    baby honey tiger lion eagle star wars starwars pokemon matrix london paris berlin correct horse
    battery staple
    """.split()
)
_LEET = str.maketrans("013457@$!8", "oieastasib")


def hash_password(password: str) -> str:
    """What is kept of a password."""
    with _AT_ONCE:
        return _HASH.hash(password)


def check_password(password: str, kept: str | None) -> tuple[bool, str | None]:
    """Whether it is the password, and what to keep from now on where that is not what is kept.

    Takes as long where nothing is kept: how long an answer takes tells nothing of who exists.
    """
    with _AT_ONCE:
        try:
            fits, better = _HASH.verify_and_update(password[:MOST], kept or _nobodys())
        except UnknownHashError:
            return False, None
    return (fits, better) if kept is not None else (False, None)


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _HASH.hash(secrets.token_urlsafe(32))


def require_strong(password: str, names: Iterable[str] = (), *, field: str = "password") -> None:
    """Refuse a password that is short or easy to guess.

    Args:
        password: as it was entered.
        names: what somebody who guesses would try: login, name, brands.
        field: that the error names.

    Raises:
        InvalidError: says why, and what does better.
    """
    if len(password) < LEAST:
        raise InvalidError(
            f"A password has at least {LEAST} characters: several words that do not belong "
            "together are easy to keep in mind.",
            field=field,
        )
    if len(password) > MOST:
        raise InvalidError(f"A password has at most {MOST} characters.", field=field)
    if parts(password, names) < LEAST_PARTS:
        raise InvalidError(
            "This password is easy to guess: it is made of common words, names, years, rows of "
            "keys or repetitions. Add words that do not belong together.",
            field=field,
        )


def parts(password: str, names: Iterable[str] = ()) -> int:
    """Of how few parts somebody who guesses could make it (pure).

    A part is a known word or name, a year, a row of keys, the same again, or one character.
    """
    text = unicodedata.normalize("NFKC", password).casefold()[:200]
    plain = text.translate(_LEET)
    known = _WORDS | _pieces(names)
    longest = max(map(len, known))
    best = [0] * (len(text) + 1)
    for end in range(1, len(text) + 1):
        best[end] = best[end - 1] + 1
        for start in range(max(0, end - longest), end - 2):
            if best[start] + 1 < best[end] and (
                plain[start:end] in known or text[start:end] in known or _is_row(text[start:end])
            ):
                best[end] = best[start] + 1
        for size in range(1, end // 2 + 1):  # what stands before, once more
            if text[end - size : end] == text[end - 2 * size : end - size]:
                best[end] = min(best[end], best[end - size])
    return best[-1]


def _pieces(names: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for name in names:
        folded = unicodedata.normalize("NFKC", name).casefold()[:100]
        words = "".join(c if c.isalnum() else " " for c in folded).split()
        found |= {w for w in [folded, "".join(words), *words] if len(w) > 2}
    return frozenset(found | {w.translate(_LEET) for w in found})


def _is_row(text: str) -> bool:
    if len(text) == 4 and text.isdecimal() and text[:2] in {"19", "20"}:
        return True
    return any(text in walk for walk in _WALKS)
