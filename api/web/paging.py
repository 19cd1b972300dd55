"""Long lists in pages, of fifty rows unless a page holds more than the list (pure)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from listening.errors import NotFoundError

PAGE_SIZE = 50

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        number: from 1.
        total: rows of the whole list.
        size: rows of a page that is not the last.
    """

    rows: Sequence[T]
    number: int
    total: int
    size: int = PAGE_SIZE

    @property
    def last(self) -> int:
        """The number of the last page; an empty list has one page."""
        return max(1, -(-self.total // self.size))

    @property
    def first_row(self) -> int:
        """The place of the first row in the whole list, from 1."""
        return (self.number - 1) * self.size + 1

    @property
    def last_row(self) -> int:
        """The place of the last row in the whole list."""
        return self.first_row + len(self.rows) - 1

    @property
    def links(self) -> list[int | None]:
        """Page numbers to link to; None stands for those left out."""
        near = {1, self.last, *range(self.number - 1, self.number + 2)}
        shown = sorted(n for n in near if 1 <= n <= self.last)
        links: list[int | None] = []
        for n in shown:
            if links and n - (links[-1] or 0) > 1:
                links.append(n - 1 if n - (links[-1] or 0) == 2 else None)
            links.append(n)
        return links


def page_of(
    total: int, number: int, read: Callable[[int, int], Sequence[T]], size: int = PAGE_SIZE
) -> Page[T]:
    """The page of this number, read with (limit, offset).

    Raises:
        NotFoundError: beyond the last page.
    """
    last = max(1, -(-total // size))
    if number > last:
        raise NotFoundError(f"There is no page {number:,}; the last one is page {last:,}.")
    return Page(read(size, (number - 1) * size), number, total, size)
