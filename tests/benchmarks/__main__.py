"""`python -m tests.benchmarks --data FOLDER [PART ...]`: machine, versions, then each part."""

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
    chosen = options.parse_args()
    if chosen.data is None or not chosen.data.is_dir():
        print("Skipped: --data names no folder with the public data sets.")
        return 0
    if unknown := set(chosen.parts) - set(PARTS):
        options.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(", ".join(f"{name} {version(name)}" for name in _LIBRARIES))
    for part in chosen.parts or PARTS:
        print(f"\n== {part}", flush=True)
        __import__(f"tests.benchmarks.{part}", fromlist=["run"]).run(chosen.data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
