"""Rows of cells -> posts. This is the inner loop of an import."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from operator import itemgetter
from typing import Any

from listening.importing.dates import EARLIEST
from listening.importing.fields import FIELDS
from listening.importing.mapping import sources_of
from listening.importing.rows import Found
from listening.sources.base import PostKind, RawPost

Cells = Sequence[str]
Get = Callable[[Cells], str]

_OWN = frozenset(("text", "author", "date", "time", "id", "source", "kind"))


class RowError(Exception):
    """A row that is no post: the field it is about, and why with the fix."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def derived_id(author: str, published_at: datetime, text: str) -> str:
    """Make the native id of a post that has none: the same post has the same id next time.

    An edited text has another id, and so is another post.
    """
    key = f"{author}\0{published_at.isoformat()}\0{text}"
    return "derived-" + blake2b(key.encode(), digest_size=12).hexdigest()


def post_reader(
    mapping: Mapping[str, Found],
    positions: Mapping[str, int],
    *,
    read_date: Callable[[str], datetime],
    source: str,
    unreadable: dict[str, int],
    now: datetime | None = None,
) -> Callable[[Cells], RawPost]:
    """Give the function that makes a post of one row, or raises RowError.

    `positions` says where in a row each column is; `source` stands where the row names none.
    Counts and other extras that cannot be read are unknown, and counted in `unreadable`.
    """
    get = {field: _getter(found, positions) for field, found in mapping.items()}
    get_text, get_author, get_date = get["text"], get["author"], get["date"]
    get_time, get_id, get_source = get.get("time"), get.get("id"), get.get("source")
    get_kind = get.get("kind")
    read_text, read_author, read_id = (FIELDS[field].read for field in ("text", "author", "id"))
    read_source, read_kind = FIELDS["source"].read, FIELDS["kind"].read
    extras = [
        (field, str(FIELDS[field].attribute), get[field], FIELDS[field].read)
        for field in mapping
        if field not in _OWN
    ]
    otherwise = PostKind.REVIEW if "rating" in mapping else PostKind.POST
    latest = (now or datetime.now(UTC)) + timedelta(days=1)
    column = {field: " or ".join(sources_of(found)) for field, found in mapping.items()}

    def read(row: Cells) -> RawPost:
        text = read_text(get_text(row))
        if not text:
            raise RowError("text", f"no text: {column['text']} is empty")
        author = read_author(get_author(row))
        if author is None:
            raise RowError(
                "author",
                f"no author: {column['author']} is empty (--map author='COLUMN|=anonymous' "
                "gives such rows one)",
            )
        written = get_date(row)
        if get_time is not None and (clock := get_time(row)):
            written = f"{written} {clock}"
        if not written or written.isspace():
            raise RowError(
                "date",
                f"no date: {column['date']} is empty (--map date='COLUMN|=2024-09-01' gives such "
                "rows one)",
            )
        try:
            published_at = read_date(written)
        except ValueError as error:
            raise RowError("date", f"{error} (in {column['date']})") from None
        if not EARLIEST <= published_at <= latest:
            when = "in the future" if published_at > latest else "before 1990"
            raise RowError(
                "date", f"{written.strip()!r} is {published_at:%Y-%m-%d}, {when}: mend it"
            )
        more: dict[str, Any] = {}
        for field, attribute, get_extra, read_extra in extras:
            cell = get_extra(row)
            if cell:
                try:
                    value = read_extra(cell)
                except ValueError:
                    unreadable[field] = unreadable.get(field, 0) + 1
                else:
                    if value is not None:
                        more[attribute] = value
        native_id = read_id(get_id(row)) if get_id is not None else None
        if native_id is not None and "+" in native_id and _is_rounded(native_id):
            unreadable["id"] = unreadable.get("id", 0) + 1
            native_id = None
        kind = read_kind(get_kind(row)) if get_kind is not None else None
        if kind is None:
            kind = (
                PostKind.REPOST
                if "repost_of" in more
                else PostKind.REPLY
                if "reply_to" in more
                else otherwise
            )
        return RawPost(
            source=(read_source(get_source(row)) or source) if get_source is not None else source,
            native_id=native_id or derived_id(author, published_at, text),
            author_native_id=author,
            text=text,
            published_at=published_at,
            kind=kind,
            **more,
        )

    return read


def _getter(found: Found, positions: Mapping[str, int]) -> Get:
    """Give the function that takes a field's cell out of a row."""
    sources = sources_of(found)
    if len(sources) == 1 and not sources[0].startswith("="):
        return itemgetter(positions[sources[0]])
    last = next((source[1:] for source in sources if source.startswith("=")), "")
    # What stands after a constant is never reached.
    reached = [source for source in sources if not source.startswith("=")]
    if sources[0].startswith("="):
        reached = []
    indices = [positions[source] for source in reached]

    def get(row: Cells) -> str:
        for index in indices:
            cell = row[index]
            if cell and not cell.isspace():
                return cell
        return last

    return get


def _is_rounded(native_id: str) -> bool:
    """Whether a spreadsheet has rounded an id to 5.70306E+17: many posts then share it."""
    digits, _, power = native_id.upper().partition("E+")
    return power.isdecimal() and digits.replace(".", "", 1).isdecimal()
