"""Whom posts address: the accounts that a file of mentions is about (pure)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_HANDLE = re.compile(r"(?<![\w@/])@(\w{2,40})(?![\w@])")
MOST = 6
# Of the posts that an account must be addressed in to be taken for a brand.
LEAST_SHARE = 0.03


def addressed(texts: Iterable[str], *, most: int = MOST) -> list[str]:
    """The accounts that most posts address, handles without @, the most addressed first.

    Args:
        texts: of posts.
        most: accounts at the most; each is in at least `LEAST_SHARE` of the posts.
    """
    counts: Counter[str] = Counter()
    total = 0
    for text in texts:
        total += 1
        counts.update({handle.casefold() for handle in _HANDLE.findall(text)})
    found = [(n, handle) for handle, n in counts.items() if n >= LEAST_SHARE * total and n > 1]
    return [handle for _, handle in sorted(found, key=lambda pair: (-pair[0], pair[1]))[:most]]
