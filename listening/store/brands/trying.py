"""A query tried on the posts that came last, before it is anybody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from listening.access import Actor
from listening.matching import document_of, handle_of
from listening.query import parse_small
from listening.query.clauses import Clause, try_query
from listening.salience import Span
from listening.store.posts.posts import raw_post
from listening.store.tables import Author, Mention, Post

POSTS = 1000


@dataclass(frozen=True, slots=True)
class Hit:
    """A post that a query matches, and where; `own`: the brand itself wrote it."""

    post: Post
    author: Author
    spans: tuple[Span, ...]
    title_spans: tuple[Span, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class QueryTest:
    """What a query does to the posts that came last.

    Attributes:
        normal: the query as it was understood.
        posts: how many were looked at.
        matched: how many it matches.
        own: of these, by the brand's own accounts, which are no mentions.
        clauses: each, with in how many posts it holds.
        left_out: clauses that were not counted one by one.
        hits: the latest matches.
    """

    normal: str
    posts: int
    matched: int
    own: int
    clauses: Sequence[Clause]
    left_out: int
    hits: Sequence[Hit]


def run_query_test(
    session: Session,
    actor: Actor,
    query: str,
    *,
    own_accounts: frozenset[str] = frozenset(),
    shown: int = 20,
) -> QueryTest:
    """Try a query on the last posts that somebody may see.

    Args:
        session: to read with.
        actor: who tries; sees the posts that mention their brands.
        query: as it is written.
        own_accounts: folded handles of the brand itself.
        shown: matches given back.

    Raises:
        QueryError: it cannot be read, or is too large to be tried; with the column.
    """
    parsed = parse_small(query)
    rows = _last_posts(session, actor)
    raws = [raw_post(post, author) for post, author in rows]
    tried = try_query(parsed, (document_of(raw) for raw in raws))
    hits: list[Hit] = []
    own = 0
    for place, match in tried.matches:
        post, author = rows[place]
        names = {handle_of(one) for one in (author.handle, author.native_id) if one}
        by_brand = bool(names & own_accounts)
        own += by_brand
        if len(hits) < shown:
            hits.append(Hit(post, author, match.spans, match.title_spans, by_brand))
    return QueryTest(
        str(parsed), tried.documents, len(tried.matches), own, tried.clauses, tried.left_out, hits
    )


def _last_posts(session: Session, actor: Actor) -> list[tuple[Post, Author]]:
    """The last posts that came in, the latest first."""
    statement = select(Post, Author).join(Author, col(Author.id) == col(Post.author_id))
    visible = actor.visible()
    if visible is not None:
        last = select(Mention.post_id).where(col(Mention.brand_id).in_(visible))
        last = last.order_by(col(Mention.id).desc()).limit(POSTS)
        statement = statement.where(col(Post.id).in_(last))
    found = session.exec(statement.order_by(col(Post.id).desc()).limit(POSTS))
    return [(post, author) for post, author in found]
