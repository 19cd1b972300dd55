"""`python -m tests.benchmarks --data FOLDER [PART ...]`: machine, versions, then each part.

`python -m tests.benchmarks desk --folder FOLDER` by itself: the desk at its size.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

PARTS = (
    "matching",
    "importing",
    "whole",
    "engine",
    "opinions",
    "airline",
    "newsgroups",
    "vectors",
    "segments",
    "scale",
    "placing",
    "profiles",
    "jetstream",
    "kills",
)
_LIBRARIES = (
    "torch",
    "openvino",
    "transformers",
    "umap-learn",
    "hdbscan",
    "sqlalchemy",
    "ahocorasick-rs",
)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, help="folder of the public data sets")
    options.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    options.add_argument("--folder", type=Path, help="of `desk`: where its store is, or is made")
    options.add_argument("--mentions", type=int, default=1_000_000, help="of `desk`")
    options.add_argument("--postgresql", action="store_true", help="of `desk`: no SQLite file")
    chosen = options.parse_args()
    if chosen.parts == ["desk"]:
        return _desk(chosen, options)
    if chosen.data is None or not chosen.data.is_dir():
        print("Skipped: --data names no folder with the public data sets.")
        return 0
    if unknown := set(chosen.parts) - set(PARTS):
        options.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}, desk")
    _tell(_LIBRARIES)
    for part in chosen.parts or PARTS:
        print(f"\n== {part}", flush=True)
        __import__(f"tests.benchmarks.{part}", fromlist=["run"]).run(chosen.data)
    return 0


def _desk(chosen: argparse.Namespace, options: argparse.ArgumentParser) -> int:
    """Needs no data of others, and a folder to keep its store in."""
    if chosen.folder is None:
        options.error("desk: name the --folder of its store")
    from tests.benchmarks import desk

    _tell(("fastapi", "jinja2", "sqlalchemy", "uvicorn"))
    desk.run(chosen.folder, chosen.mentions, postgresql=chosen.postgresql)
    return 0


def _tell(libraries: tuple[str, ...]) -> None:
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(", ".join(f"{name} {version(name)}" for name in libraries))


if __name__ == "__main__":
    sys.exit(main())
