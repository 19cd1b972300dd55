"""What a search filters and counts mentions by, as columns and conditions of one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, exists, false, func, not_, or_
from sqlmodel import col

from listening.matching import handle_of
from listening.query import Document, fields
from listening.query.nodes import And, Field, Node, Not, Or, Range, Term
from listening.searching import NONE, REACHES
from listening.store.mentions.mentions import EMOTIONS
from listening.store.mentions.sentiments import mention_label
from listening.store.tables import (
    Analysis,
    Author,
    Case,
    Membership,
    Mention,
    MentionSentiment,
    MentionTag,
    Post,
)

# Of the facets that are a value of one column each; `tag` has several values a mention.
Columns = Mapping[str, Any]


def facet_columns() -> Columns:
    """The value of each facet of a mention; NULL: there is none, or it is not known."""
    return {
        "sentiment": mention_label(),
        "overridden": case((col(Mention.override).is_(None), "false"), else_="true"),
        "emotion": _emotion(),
        "pageType": col(Post.source),
        "engagementType": col(Post.kind),
        "language": language(),
        "country": col(Post.country),
        "segment": case(
            (col(Membership.noise).is_(False), cast(col(Membership.segment_id), String)),
            else_=None,
        ),
        "reach": _reach(),
        "status": col(Case.status),
    }


def language() -> Any:
    """As the source declares it, else as it was found in the text."""
    return func.coalesce(col(Post.language), col(Analysis.language))


def _emotion() -> Any:
    """The likeliest of four; of equal ones the first, as `MentionView.emotion` has it."""
    columns = {name: col(getattr(Analysis, name)) for name in EMOTIONS}
    return case(
        (columns[EMOTIONS[0]].is_(None), None),
        *(
            (and_(*(columns[name] >= other for other in columns.values())), name)
            for name in EMOTIONS[:-1]
        ),
        else_=EMOTIONS[-1],
    )


def _reach() -> Any:
    followers = col(Author.followers)
    steps = [(followers >= least, name) for name, least in reversed(REACHES[1:])]
    return case((followers.is_(None), None), *steps, else_=REACHES[0][0])


def joined(statement: Any, run_id: int | None) -> Any:
    """A statement about mentions with all that facets and queries may ask of them.

    From the outside throughout: mentions lead, in whatever order the database reads.
    """
    return (
        statement.select_from(Mention)
        .outerjoin(Post, col(Post.id) == col(Mention.post_id))
        .outerjoin(Author, col(Author.id) == col(Mention.author_id))
        .outerjoin(Analysis, col(Analysis.post_id) == col(Mention.post_id))
        .outerjoin(MentionSentiment, col(MentionSentiment.mention_id) == col(Mention.id))
        .outerjoin(Case, col(Case.mention_id) == col(Mention.id))
        .outerjoin(
            Membership,
            and_(
                col(Membership.segmentation_id) == (run_id or 0),
                col(Membership.author_id) == col(Mention.author_id),
            ),
        )
    )


def chosen(
    only: Mapping[str, tuple[str, ...]], without: Mapping[str, tuple[str, ...]]
) -> list[ColumnElement[bool]]:
    """The conditions of filters."""
    columns = facet_columns()
    found = [_has(columns, name, values) for name, values in only.items()]
    return found + [
        not_(func.coalesce(_has(columns, name, values), false()))
        for name, values in without.items()
    ]


def _has(columns: Columns, name: str, values: Iterable[str]) -> ColumnElement[bool]:
    named = [value for value in values if value != NONE]
    if name == "author":
        return or_(*map(author_is, values))
    if name == "tag":
        own = exists().where(col(MentionTag.mention_id) == col(Mention.id)).correlate(Mention)
        conditions = [own.where(col(MentionTag.tag).in_(named))] if named else []
        return or_(*conditions, *([~own] if NONE in values else []))
    column = columns[name]
    conditions = [column.in_(named)] if named else []
    return or_(*conditions, *([column.is_(None)] if NONE in values else []))


def author_is(value: str) -> ColumnElement[bool]:
    """An author by the number that pages have for them, or by handle or native id."""
    handle = handle_of(value)
    return or_(
        col(Author.id) == (int(value) if value.isascii() and value.isdigit() else 0),
        col(Author.native_id).in_([value, value.removeprefix("@")]),
        func.lower(col(Author.handle)).in_([handle, f"@{handle}"]),
    )


def of_columns(node: Node) -> list[ColumnElement[bool]]:
    """Conditions that hold wherever a query does, from the parts that are columns."""
    parts = node.children if isinstance(node, And) else (node,)
    return [found for part in parts if (found := _exactly(part)) is not None]


def _exactly(node: Node) -> ColumnElement[bool] | None:
    """A node in SQL; None where SQL does not say just the same."""
    if isinstance(node, Range):
        return _range(node)
    if isinstance(node, Field):
        return _choice(node)
    if isinstance(node, Not):
        found = _exactly(node.child)
        return None if found is None else not_(func.coalesce(found, false()))
    if isinstance(node, And | Or):
        parts = [_exactly(child) for child in node.children]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        return and_(*known) if isinstance(node, And) else or_(*known)
    return None


def _range(node: Range) -> ColumnElement[bool] | None:
    columns: dict[str, Any] = {
        "authorFollowers": col(Author.followers),
        "reach": col(Author.followers),
        "rating": col(Post.rating),
    }
    if node.name not in columns:
        return None
    column = columns[node.name]
    ends = [column.is_not(None)]
    ends += [column >= node.low] if node.low is not None else []
    ends += [column <= node.high] if node.high is not None else []
    return and_(*ends)


def _choice(node: Field) -> ColumnElement[bool] | None:
    """A field of few choices that names one or more of them."""
    terms = node.child.children if isinstance(node.child, Or) else (node.child,)
    words = [term.text for term in terms if isinstance(term, Term)]
    if len(words) < len(terms):
        return None
    if node.name == "engagementType":
        return col(Post.kind).in_([fields.ENGAGEMENT_TYPES[word] for word in words])
    if node.name == "authorVerified":
        return col(Author.verified).in_([word == "true" for word in words])
    return None


# What `document` reads beside title and text, in its order.
DOCUMENT: tuple[Any, ...] = (
    col(Post.url),
    col(Post.links),
    col(Author.handle),
    col(Author.name),
    col(Author.native_id),
    language(),
    col(Post.country),
    col(Post.region),
    col(Post.city),
    col(Post.tags),
    col(Post.kind),
    col(Post.source),
    col(Author.followers),
    col(Author.verified),
    col(Post.rating),
    col(Post.likes),
    col(Post.reposts),
    col(Post.replies),
    col(Post.quotes),
    col(Post.native_id),
    col(Post.reply_to),
    col(Post.thread),
)


def document(title: str | None, text: str, facts: Sequence[Any], tags: Iterable[str]) -> Document:
    """A mention's post as queries see it: as brands do, and with what was learned since.

    Beside what the source says, its language is the one found in the text where none is
    declared, and its tags are also those that people gave.
    """
    (
        url, links, handle, name, author, language, country, region, city, own, kind, source,
        followers, verified, rating, likes, reposts, replies, quotes, native, parent, root,
    ) = facts  # fmt: skip
    counts = [n for n in (likes, reposts, replies, quotes) if n is not None]
    return Document(
        text=text,
        title=title,
        url=url,
        links=tuple(links),
        author=handle or name or author,
        language=language,
        country=country,
        region=region,
        city=city,
        tags=(*own, *tags),
        kind=str(kind),
        source=source,
        followers=followers,
        verified=verified,
        rating=rating,
        reach=followers,
        engagement=sum(counts) if counts else None,
        native_id=native,
        parent_id=parent,
        root_id=root,
    )
