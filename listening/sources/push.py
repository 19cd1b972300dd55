"""Pushes: whoever has posts sends them to this server, signed; nothing is asked for.

What comes is taken by `listening.pushing`, at the moment it comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from listening.sources.base import (
    ANYTHING,
    Batch,
    SourceSetting,
    SourceSpec,
    Wanted,
    Window,
)
from listening.sources.reading import READING, check_reading

NAME = "push"
PUSHES_A_MINUTE = 60

_SPEC = SourceSpec(
    name=NAME,
    help="Takes what is sent to an address of this server, signed (`listening watch secret`).",
    settings=(
        SourceSetting(name="label", help="which sender it is; tells watches of a brand apart"),
        *READING,
    ),
    rate_limit=f"{PUSHES_A_MINUTE} pushes a minute",
    gives="whatever is sent",
    lacks="the past: it has to be sent",
    only_mentions=False,
    pushed=True,
)


class PushSource:
    """Posts that come by themselves: a sweep finds nothing."""

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return _SPEC

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters as they are.

        Raises:
            SettingsError: there is no such preset, field, encoding or delimiter.
        """
        check_reading(NAME, params)
        return dict(params)

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        """Nothing, at once."""
        yield from ()
