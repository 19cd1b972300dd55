"""What every schema of the API shares."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

T = TypeVar("T")


class Sent(BaseModel):
    """What a program sends; a field that is not known is refused, so that typing errors show."""

    model_config = ConfigDict(extra="forbid", str_max_length=1_000_000)

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        if _unstorable(value):
            raise ValueError("holds a NUL character or half of a character, which no text may")
        return value


class Shown(BaseModel):
    """What the API shows."""

    model_config = ConfigDict(from_attributes=True)


class Page(Shown, Generic[T]):
    """A part of a list, and where it goes on."""

    items: list[T]
    next_cursor: str | None = Field(
        None, description="Send it as `cursor` for what comes next; null: that was all."
    )


class ProblemBody(Shown):
    """Why something was refused (RFC 9457)."""

    type: str = Field(examples=["urn:listening:problem:not-found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no such brand, or it is not yours to see."])


def _unstorable(value: Any, depth: int = 0) -> bool:
    if isinstance(value, str):
        return "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value)
    if depth > 20:
        return True
    if isinstance(value, dict):
        return any(_unstorable(k, depth) or _unstorable(v, depth + 1) for k, v in value.items())
    if isinstance(value, list):
        return any(_unstorable(v, depth + 1) for v in value)
    return False
