"""`docs/sources.md`, written from the specs of all sources (`make docs`)."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from listening.sources.base import SourceSpec
from listening.sources.registry import REGISTRY, settings_of

_HEAD = """# Sources

Written from the sources themselves by `make docs`. How watches of them are made and run:
[watches.md](watches.md). More of each: [feeds, news, reviews](sources-feeds.md),
[communities](sources-communities.md), [Bluesky](sources-bluesky.md),
[platforms with keys](sources-keys.md), [pushes](sources-push.md),
[recent posts of authors](sources-interests.md).

    listening source test NAME --set name=value    # one polite request; nothing is stored
"""


def page(specs: Iterable[SourceSpec]) -> str:
    """The page in Markdown."""
    found = list(specs)
    rows = [
        f"| [{one.name}](#{one.name}) | {one.help} | {_needs(one)} | {_yes(one.backfill)} | "
        f"{_yes(one.recent)} |"
        for one in found
    ]
    table = "\n".join(
        ["| source | | needs | back-fill | authors looked up |", "|---|---|---|---|---|", *rows]
    )
    return "\n\n".join([_HEAD.strip(), table, *map(_one, found)]) + "\n"


def _one(spec: SourceSpec) -> str:
    lines = [f"## {spec.name}", "", spec.help, "", f"- Gives {spec.gives}."]
    lines += [f"- Lacks {spec.lacks}."] if spec.lacks else []
    lines += [f"- Rate limit: {spec.rate_limit}." + (f" [Terms]({spec.terms})." * bool(spec.terms))]
    lines += [
        f"- `{one.name}`{' (optional)' * one.optional}: {one.help}"
        + (f"; from <{one.where}>." if one.where else ".")
        for one in spec.credentials
    ]
    lines += ["", "| `--set` | |", "|---|---|"]
    lines += [
        f"| `{one.name}{'.NAME' * (one.kind == 'table')}`{' (required)' * one.required} "
        f"| {one.help.replace('|', chr(92) + '|')} |"
        for one in settings_of(spec)
    ]
    return "\n".join(lines)


def _needs(spec: SourceSpec) -> str:
    needed = [f"`{one.name}`" for one in spec.settings if one.required]
    needed += ["a key" for one in spec.credentials[:1] if not _all_optional(spec)]
    return ", ".join(needed) or "nothing"


def _all_optional(spec: SourceSpec) -> bool:
    """Whether it can be listened to without any credential."""
    return all(one.optional for one in spec.credentials)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


if __name__ == "__main__":
    sys.stdout.write(page(source.spec for source in REGISTRY.values()))
