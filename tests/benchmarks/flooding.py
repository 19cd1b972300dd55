"""Files of any number of posts, made of the public ones: every row has its own id.

Texts are real; half of them carry a number of their own, so that as many are distinct. A row
has an author among a quarter as many, a place, counts and a time over two years, with a fixed
seed.
"""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.benchmarks.matching import SEED, texts_of

COLUMNS = ("id", "author_id", "author_handle", "followers", "created_at", "text", "likes", "city")
QUERIES = {
    "Virgin America": 'virginamerica OR "virgin america"',
    "United": '(united OR "united airlines") NOT "united nations"',
    "Southwest": "southwest OR southwestair OR swa",
    "JetBlue": 'jetblue OR "jet blue"',
    "American": 'americanair OR "american airlines" OR (american NEAR/3 (flight OR airline))',
    "US Airways": "usairways OR (us NEAR/0f airways)",
}
_CITIES = ("Boston", "New York", "Chicago", "Denver", "Austin", "")


def public_texts(data: Path) -> list[str]:
    """Mentions of the public data: about airlines, and of other brands' support."""
    names = ("airline.csv.gz", "customer_support.csv.gz")
    return texts_of([data / "mentions" / name for name in names], "text")


def write(path: Path, data: Path, rows: int) -> None:
    """Write a CSV file of so many posts."""
    texts = public_texts(data)
    dice = random.Random(SEED)
    began = datetime(2024, 9, 1, tzinfo=UTC)
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(COLUMNS)
        for n in range(rows):
            text = texts[n % len(texts)]
            if n % 2:
                text = f"{text} {n}"
            author = dice.randrange(max(rows // 4, 1))
            at = began + timedelta(seconds=dice.randrange(2 * 365 * 86400))
            out.writerow(
                (
                    f"n{n}",
                    f"a{author}",
                    f"author_{author}",
                    author * 7 % 5000,
                    at.isoformat(),
                    text,
                    dice.randrange(50),
                    dice.choice(_CITIES),
                )
            )
