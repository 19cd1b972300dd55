"""`python -m tests.benchmarks.growth`: what a row of each table costs in the store of the settings.

Run it on a store that was filled, analysed, segmented and flagged, after `listening vacuum`.
"""

from __future__ import annotations

import sys

from listening.config import get_settings
from listening.store.keeping.upkeep import row_counts, store_bytes, table_bytes
from listening.store.session import Store


def main() -> int:
    store = Store.from_settings(get_settings())
    with store.session() as session:
        counts, sizes = row_counts(session), table_bytes(session)
    print(f"{store.dialect}, {store_bytes(store) / 1e6:,.1f} MB")
    print(f"{'table':<20}{'rows':>10}{'MB':>9}{'bytes a row':>13}")
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        if count := counts[name]:
            print(f"{name:<20}{count:>10,}{size / 1e6:>9.2f}{size / count:>13,.0f}")
    store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
