"""From posts to mentions: which brands a post is about, and how central each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from listening.errors import QueryError
from listening.query import Document, Match, Matcher, parse
from listening.salience import Span, salience
from listening.sources.base import RawPost


@dataclass(frozen=True, slots=True)
class BrandRule:
    """What matching needs of a brand."""

    id: int
    name: str
    query: str
    own_accounts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Matched:
    """A brand found in a post."""

    brand_id: int
    salience: float
    spans: tuple[Span, ...]


class BrandMatcher:
    """Every brand's query, compiled once.

    Args:
        rules: the brands.

    Raises:
        QueryError: a stored query cannot be read; names the brand.
    """

    def __init__(self, rules: Sequence[BrandRule]) -> None:
        queries = {}
        for rule in rules:
            try:
                queries[rule.id] = parse(rule.query)
            except QueryError as error:
                raise QueryError(
                    f"The query of {rule.name!r} cannot be read: {error}", column=error.column
                ) from error
        self._matcher = Matcher(queries)
        self._own = {rule.id: rule.own_accounts for rule in rules if rule.own_accounts}

    def match(self, post: RawPost) -> list[Matched]:
        """The brands a post mentions; a brand's own accounts never mention it."""
        found = self._matcher.match(document_of(post))
        if not found:
            return []
        if self._own:
            found = {b: m for b, m in found.items() if not self.is_own(b, post)}
        return [self._matched(post.text, brand, own, found) for brand, own in found.items()]

    def is_own(self, brand_id: int, post: RawPost) -> bool:
        """Whether one of the brand's own accounts wrote the post."""
        own = self._own.get(brand_id, frozenset())
        accounts = (post.author_handle, post.author_native_id)
        return any(handle_of(account) in own for account in accounts if account)

    @staticmethod
    def _matched(text: str, brand: int, own: Match, found: dict[int, Match]) -> Matched:
        others = [span for b, match in found.items() if b != brand for span in match.spans]
        value = salience(text, own.spans, others, in_title=bool(own.title_spans))
        return Matched(brand, value, tuple(own.spans))


def handle_of(account: str) -> str:
    """A handle or native id folded, without its @."""
    return account.strip().removeprefix("@").casefold()


def document_of(post: RawPost) -> Document:
    """A post as queries see it."""
    counts = [n for n in (post.likes, post.reposts, post.replies, post.quotes) if n is not None]
    return Document(
        text=post.text,
        title=post.title,
        url=post.url,
        links=post.links,
        author=post.author_handle or post.author_name or post.author_native_id,
        language=post.language,
        country=post.country,
        region=post.region,
        city=post.city,
        tags=post.tags,
        kind=str(post.kind),
        source=post.source,
        followers=post.author_followers,
        verified=post.author_verified,
        rating=post.rating,
        reach=post.author_followers,
        engagement=sum(counts) if counts else None,
        native_id=post.native_id,
        parent_id=post.reply_to,
        root_id=post.thread,
    )
