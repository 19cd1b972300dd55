"""Finding mentions: candidates in the order of time, each asked whether the query holds.

Candidates come from the brand's own index by time, or, where few posts have the words that a
query wants (or few mentions a tag, an author, an override), from those alone. A request looks
at a bounded number of them; where that is reached, the answer says how far it came and a
cursor goes on from there. So a page takes as long whatever is asked, and what is found over
all pages is exactly what the query says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column, or_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from listening.errors import InvalidError
from listening.query import Document, Match, Matcher
from listening.query.indexing import wanted
from listening.query.nodes import Field, Node, Range, children
from listening.searching import NONE, Search, Sort
from listening.store.bulk import within
from listening.store.mentions.searchrows import (
    DOCUMENT,
    author_is,
    chosen,
    document,
    joined,
    of_columns,
)
from listening.store.mentions.tagging import tags_of
from listening.store.posts.fulltext import few_posts, posts_with
from listening.store.segments.segments import current_segmentation
from listening.store.tables import Author, Mention, MentionTag, Post

# Candidates that are rather sorted than looked for along time; PostgreSQL takes longer to.
FEW, FEW_OF_A_SERVER = 20_000, 5_000
MOST_LOOKED = 16_000  # candidates of one request
PEEKED = 300  # candidates after which it is looked for a shorter way
# What a candidate costs whose text is read, and all of whose fields are, beside one of which
# columns are enough.
_TEXT_COST, _FIELDS_COST = 4, 7
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_MATCH = Match(())


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a mention stands in the order of time."""

    at: datetime
    id: int

    def __str__(self) -> str:
        micros = (self.at - _EPOCH) // timedelta(microseconds=1)
        return f"{micros}-{self.id}"

    @classmethod
    def read(cls, text: str) -> Place:
        """A place as it was written.

        Raises:
            InvalidError: it is none.
        """
        micros, parted, number = text.rpartition("-")
        digits = micros.removeprefix("-")
        if not (parted and digits.isdecimal() and number.isdecimal() and len(text) < 40):
            raise InvalidError("This cursor is none of a list of mentions.", field="cursor")
        try:
            return cls(_EPOCH + timedelta(microseconds=int(micros)), int(number))
        except OverflowError:
            raise InvalidError("This cursor is of no time.", field="cursor") from None


@dataclass(frozen=True, slots=True)
class Hit:
    """A mention that was found.

    Attributes:
        match: where the query's terms are in the text and the title.
        values: of the columns that were asked for.
    """

    place: Place
    match: Match = NO_MATCH
    values: tuple[Any, ...] = ()

    @property
    def id(self) -> int:
        """The mention's."""
        return self.place.id


@dataclass(slots=True)
class Scan:
    """How far a search came.

    Attributes:
        looked: candidates that were looked at.
        last: the last of them; None: none was.
        whole: whether there are no others.
    """

    looked: int = 0
    last: Place | None = None
    whole: bool = False
    most: int | None = MOST_LOOKED
    cost: int = 1
    tags: dict[int, list[str]] = field(default_factory=dict)

    @property
    def left(self) -> int | None:
        """How many more may be looked at; None: any number."""
        return None if self.most is None else max(0, max(1, self.most // self.cost) - self.looked)


def scan(
    session: Session,
    brand_id: int,
    search: Search,
    *,
    after: Place | None = None,
    values: Sequence[Any] = (),
    most: int | None = MOST_LOOKED,
    first: int = 64,
    state: Scan | None = None,
) -> Iterator[Hit]:
    """The mentions that a search finds, in the order of time, as far as it may look.

    Args:
        session: to read with.
        brand_id: whose mentions.
        search: what is looked for; any order but the oldest first is taken for the newest.
        after: the last place of the part before.
        values: columns of `joined` to bring along.
        most: candidates at most; None: all there are.
        first: candidates to begin with.
        state: filled as it goes on.
    """
    state = state if state is not None else Scan()
    matcher = Matcher({0: search.query}) if search.query else None
    state.most, state.cost = most, _cost(search)
    reads = _Reader(session, brand_id, search, tuple(values))
    candidates = _Candidates(session, brand_id, search)
    size, found = first, 0
    while True:
        left = state.left
        if left == 0:
            return
        # Where a page is soon full it is not asked how many there are: that may take longer.
        if state.looked >= PEEKED and found * 10 <= state.looked:
            candidates.narrow()
        if candidates.few:
            size = FEW
        places = candidates.after(after, size if left is None else min(size, left))
        for place, document_, own in reads(places.found):
            state.looked += 1
            state.last = place
            match = NO_MATCH
            if document_ is None:
                continue
            if matcher is not None:
                held = matcher.match(document_).get(0)
                if held is None:
                    continue
                match = held
            found += 1
            yield Hit(place, match, own)
        if places.end:
            state.whole = True
            return
        after = places.found[-1]
        size = min(size * 4, 2_000)


@dataclass(frozen=True, slots=True)
class _Places:
    found: list[Place]
    end: bool


class _Candidates:
    """The mentions that come into question, in the order of time."""

    def __init__(self, session: Session, brand_id: int, search: Search) -> None:
        self._session, self._search, self._brand = session, search, brand_id
        self._oldest = search.sort is Sort.OLDEST
        self._driver: ColumnElement[bool] | None = None
        self._narrowed = False

    def narrow(self) -> None:
        """From here on only what few mentions have, where anything is; asked once."""
        if not self._narrowed:
            self._narrowed = True
            found = min(
                _drivers(self._session, self._brand, self._search),
                key=lambda one: one[0],
                default=None,
            )
            self._driver = None if found is None else found[1]

    @property
    def few(self) -> bool:
        """Whether they are sorted at every call, which so had better be one."""
        return self._driver is not None

    def after(self, place: Place | None, limit: int) -> _Places:
        """The next of them."""
        at, number, brand = col(Mention.published_at), col(Mention.id), col(Mention.brand_id)
        # What is few is looked up and sorted: the index by time would be walked in vain.
        of_brand: Any = brand if self._driver is None else literal_column("+mention.brand_id")
        conditions: list[Any] = [of_brand == self._brand]
        conditions += [] if self._driver is None else [self._driver]
        if self._search.since is not None:
            conditions.append(at >= self._search.since)
        if self._search.until is not None:
            conditions.append(at < self._search.until)
        if place is not None and self._oldest:
            later = or_(at > place.at, number > place.id)
            conditions.append(and_(at >= place.at, later))
        elif place is not None:
            earlier = or_(at < place.at, number < place.id)
            conditions.append(and_(at <= place.at, earlier))
        order = (at.asc(), number.asc()) if self._oldest else (at.desc(), number.desc())
        statement = (
            select_columns(at, number)
            .select_from(Mention)
            .where(*conditions)
            .order_by(*order)
            .limit(limit + 1)
        )
        found = [Place(*row) for row in self._session.execute(statement)]
        return _Places(found[:limit], end=len(found) <= limit)


def _drivers(
    session: Session, brand_id: int, search: Search
) -> Iterator[tuple[int, ColumnElement[bool]]]:
    """What few mentions have that are looked for, and how many have it."""
    server = session.get_bind().dialect.name != "sqlite"
    few = min(FEW, FEW_OF_A_SERVER) if server else FEW
    asked = wanted(search.query.tree) if search.query else None
    if asked is not None and (count := few_posts(session, asked, few)) is not None:
        yield count, col(Mention.post_id).in_(posts_with(session, asked))
    ids: list[Any] = []
    tags = search.only.get("tag", ())
    if tags and NONE not in tags:
        ids.append(
            select_columns(col(MentionTag.mention_id)).where(
                col(MentionTag.brand_id) == brand_id, col(MentionTag.tag).in_(tags)
            )
        )
    if search.only.get("overridden") == ("true",):
        ids.append(
            select_columns(col(Mention.id)).where(
                col(Mention.brand_id) == brand_id, col(Mention.override).is_not(None)
            )
        )
    if authors := search.only.get("author"):
        numbers = list(session.exec(select(Author.id).where(or_(*map(author_is, authors)))))
        ids.append(
            select_columns(col(Mention.id)).where(
                col(Mention.author_id).in_(numbers), col(Mention.brand_id) == brand_id
            )
        )
    for statement in ids:
        limited = statement.limit(few + 1).subquery()
        count = session.execute(select_columns(func.count()).select_from(limited)).scalar_one()
        if count <= few:
            yield int(count), col(Mention.id).in_(statement)


class _Reader:
    """Reads what is asked of candidates: whether filters hold, and the text where one is."""

    def __init__(
        self, session: Session, brand_id: int, search: Search, values: tuple[Any, ...]
    ) -> None:
        self._session, self._values = session, values
        run = current_segmentation(session)
        tree = search.query.tree if search.query else None
        self._whole = tree is not None and _asks_fields(tree)
        self._text = tree is not None
        columns: tuple[Any, ...] = (col(Mention.id),)
        columns += (col(Post.title), col(Post.text)) if self._text else ()
        columns += DOCUMENT if self._whole else ()
        conditions = chosen(search.only, search.without)
        conditions += of_columns(tree) if tree is not None else []
        self._needless = not (self._text or values or conditions)
        self._statement = joined(
            select_columns(*columns, *values), int(run.id or 0) if run else None
        ).where(*conditions)
        self._facts = len(columns) - len(DOCUMENT) if self._whole else len(columns)

    def __call__(
        self, places: Sequence[Place]
    ) -> Iterator[tuple[Place, Document | None, tuple[Any, ...]]]:
        """Each place with its document; None where a filter does not hold."""
        for chunk in _growing(places):
            if self._needless:
                yield from ((place, _NOTHING, ()) for place in chunk)
                continue
            ids = [place.id for place in chunk]
            statement = self._statement.where(within(self._session, Mention.id, ids))
            rows = {row[0]: row for row in self._session.execute(statement)}
            tags = tags_of(self._session, list(rows)) if self._whole and rows else {}
            for place in chunk:
                row = rows.get(place.id)
                if row is None:
                    yield place, None, ()
                    continue
                own = tuple(row[len(row) - len(self._values) :]) if self._values else ()
                yield place, self._document(row, tags.get(place.id, ())), own

    def _document(self, row: Any, tags: Sequence[str]) -> Document:
        if not self._text:
            return _NOTHING
        if not self._whole:
            return Document(text=row[2], title=row[1])
        facts = row[self._facts : self._facts + len(DOCUMENT)]
        return document(row[1], row[2], facts, tags)


_NOTHING = Document(text="")


def _growing(places: Sequence[Place]) -> Iterator[Sequence[Place]]:
    """Few at first, since a page may be full with them."""
    start, size = 0, 100
    while start < len(places):
        yield places[start : start + size]
        start, size = start + size, min(size * 2, 800)


def _cost(search: Search) -> int:
    if search.query is None:
        return 2 if search.filters else 1
    return _FIELDS_COST if _asks_fields(search.query.tree) else _TEXT_COST


def _asks_fields(node: Node) -> bool:
    """Whether a query asks for more than text and title."""
    stack = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, Range):
            return True
        if isinstance(node, Field) and node.name not in ("title", "content"):
            return True
        stack += children(node)
    return False
