"""Words that name no segment: everybody here says them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from listening.query import parse
from listening.store.tables import Brand


def brand_words(brands: Sequence[Brand]) -> list[str]:
    """Names and query terms of the brands: everybody says them, so they name no segment."""
    names = [brand.name for brand in brands]
    terms = [term for brand in brands for term in parse(brand.query).terms()]
    return sorted({word for name in [*names, *terms] for word in re.findall(r"\w+", name)})
