"""Fields of forms as values; what does not fit names the field."""

from __future__ import annotations

from starlette.datastructures import FormData

from listening.access import Role
from listening.errors import InvalidError


def text_of(form: FormData, name: str, most: int = 1000) -> str:
    """A text without outer spaces; empty where the form has none.

    Raises:
        InvalidError: it is too long, or holds what no text may.
    """
    return raw_of(form, name, most).strip()


def raw_of(form: FormData, name: str, most: int = 1000) -> str:
    """A text as it was typed, such as a password."""
    value = form.get(name)
    if value is None or not isinstance(value, str):
        return ""
    if len(value) > most or "\x00" in value:
        raise InvalidError(f"{name}: at most {most} characters, none of them NUL.", field=name)
    return value


def number_of(form: FormData, name: str) -> int | None:
    """A whole number; None where the field is empty.

    Raises:
        InvalidError: it is no number.
    """
    text = text_of(form, name, 20)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) >= 2**63:
        raise InvalidError(f"{name}: {text!r} is no whole number.", field=name)
    return int(text)


def role_in(form: FormData, name: str) -> Role | None:
    """A role; None where none is chosen.

    Raises:
        InvalidError: there is no such role.
    """
    text = text_of(form, name, 20)
    if not text:
        return None
    if text not in set(Role):
        raise InvalidError(f"{name}: the roles are {', '.join(Role)}.", field=name)
    return Role(text)
