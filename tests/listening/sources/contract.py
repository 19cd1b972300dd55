"""What every connector has to show: one description each, and the tests that all pass.

A `Case` plays the platform by its documented shapes: strictly, refusing what the documentation
does not know. `tests/listening/sources/test_contract.py` runs every case of `CASES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from listening.fetching.http import Client
from listening.sources.base import RawPost, Source, Wanted
from tests.listening.sources.platform import Asked, Reply

JETBLUE = Wanted(brand="JetBlue", terms=("JetBlue",))


class Case:
    """A connector and its platform.

    Attributes:
        name: in the registry.
        params: of the watch, as `--set` gives them.
        wanted: what the watch listens for.
        environment: credentials.
        posts: what the platform has, as the connector must read it: at least three, more than a
            page of the platform holds as this case plays it, one with text beyond ASCII, at
            least one with every optional fact missing. Made anew with each case, so that what
            is recent stays so.
        later: one more post, made after the others.
        bad_field: the field that `break_one` takes away, as the bad row names it.
        backfills, edits, deletes: whether the source can, and tells of them.
        sends_changed: bodies of another format, each of which must be told as such.
    """

    name: ClassVar[str]
    params: ClassVar[Mapping[str, Any]] = {}
    wanted: ClassVar[Wanted] = JETBLUE
    environment: ClassVar[Mapping[str, str]] = {}
    posts: list[RawPost]
    later: RawPost
    bad_field: ClassVar[str]
    backfills: ClassVar[bool] = True
    edits: ClassVar[bool] = False
    deletes: ClassVar[bool] = False
    sends_changed: ClassVar[tuple[Any, ...]] = ({"unexpected": True}, "<html>Moved</html>", "[1,")

    def source(self, client: Client) -> Source:
        """The connector, with a client that reaches the platform of this case."""
        raise NotImplementedError

    def answer(self, asked: Asked) -> Reply:
        """The platform."""
        raise NotImplementedError

    def post_later(self) -> None:
        """`later` is posted."""
        raise NotImplementedError

    def empty(self) -> None:
        """The platform has nothing."""
        raise NotImplementedError

    def break_one(self) -> str:
        """One more post comes that lacks `bad_field`; its native id or a telling text."""
        raise NotImplementedError

    def edit(self) -> RawPost:
        """The first post is edited; as it must then be read."""
        raise NotImplementedError

    def delete(self) -> str:
        """The last post is deleted; its native id."""
        raise NotImplementedError
