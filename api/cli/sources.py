"""`listening source list | test`: what can be watched, and what a watch would find."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from api.cli.context import known_credentials, opened
from api.cli.show import CsvOption, JsonOption, cell, plain, put

if TYPE_CHECKING:
    from sqlmodel import Session

    from listening.matching import BrandMatcher, BrandRule
    from listening.sources.base import Batch, RawPost, Source, SourceSpec, Wanted
    from listening.sources.errors import SourceError

app = typer.Typer(help="Sources that can be watched.", no_args_is_help=True)

_EMPTY = 3  # batches without a post, after which there is none
_SHOWN = 5  # posts, and rows that could not be read
_START = 80  # characters of a text
# What a post may tell beside its text, by what it is called here.
_FACTS = {
    "handle": "author_handle",
    "name": "author_name",
    "followers": "author_followers",
    "location": "author_location",
    "verified": "author_verified",
    "title": "title",
    "url": "url",
    "language": "language",
    "likes": "likes",
    "reposts": "reposts",
    "replies": "replies",
    "quotes": "quotes",
    "views": "views",
    "rating": "rating",
    "reply to": "reply_to",
    "thread": "thread",
    "repost of": "repost_of",
    "country": "country",
    "media": "media",
    "links": "links",
    "tags": "tags",
}


@app.command("list")
def list_(as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """Show every source; `source show NAME` says what one takes, gives and cannot."""
    from listening.sources.registry import REGISTRY

    known_credentials()
    rows = [_row(source.spec) for source in REGISTRY.values()]
    if as_json or as_csv:
        put(rows, (), as_json=as_json, as_csv=as_csv)
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        needed = ", ".join(row["required"] + row["missing"])
        print(f"{row['name']:<{width}}  {row['help']}" + (f" Needs {needed}." if needed else ""))
    print("\n`listening source show NAME` says what it takes, gives and lacks.")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="See `listening source list`.")],
    as_json: JsonOption = False,
) -> None:
    """Show one source: its settings, what it needs, gives and lacks."""
    from listening.sources.registry import get_source

    known_credentials()
    row = _row(get_source(name).spec)
    if as_json:
        put([row], (), as_json=True)
        return
    print(plain(f"{row['name']}: {row['help']}"))
    for setting, text in row["settings"].items():
        must = " (required)" * (setting in row["required"])
        print(plain(f"  --set {setting}=...  {text}{must}"))
    for one in row["credentials"]:
        state = "missing" if one["name"] in row["missing"] else "set, or not needed"
        at = f", from {one['where']}" if one["where"] else ""
        print(plain(f"  needs {one['name']} ({one['help']}{at}): {state}"))
    print(plain(f"  gives: {row['gives']}"))
    print(plain(f"  lacks: {row['lacks'] or 'nothing'}"))
    print(plain(f"  rate limit: {row['rate_limit']}"))
    print(f"  back-fill: {_yes(row['backfill'])}; authors looked up: {_yes(row['recent'])}")
    if row["terms"]:
        print(f"  terms: {row['terms']}")


def _row(spec: SourceSpec) -> dict[str, Any]:
    from listening.sources.credentials import missing
    from listening.sources.registry import settings_of

    return {
        "name": spec.name,
        "help": spec.help,
        "settings": {
            one.name + ".NAME" * (one.kind == "table"): one.help for one in settings_of(spec)
        },
        "required": [one.name for one in spec.settings if one.required],
        "credentials": [asdict(one) for one in spec.credentials],
        "missing": missing(spec),
        "rate_limit": spec.rate_limit,
        "terms": spec.terms,
        "gives": spec.gives,
        "lacks": spec.lacks,
        "backfill": spec.backfill,
        "recent": spec.recent,
    }


def _yes(value: bool) -> str:
    return "yes" if value else "no"


@app.command()
def test(
    name: Annotated[str, typer.Argument(help="See `listening source list`.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the source, name=value.")
    ] = None,
    brand: Annotated[
        str | None,
        typer.Option("--brand", help="Listen for it, tracked or not; none: the only one tracked."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a source once, politely, and show what would be stored; nothing is."""
    from listening.errors import SettingsError
    from listening.sources.errors import SourceError
    from listening.sources.registry import get_source, read_settings, settle

    known_credentials()
    source = get_source(name)
    params = settle(source, read_settings(set_ or []))
    with opened() as (_, store):
        with store.session() as session:
            tried = _tried(session, brand)
        try:
            batch = _first(source, params, tried.wanted)
        except SourceError as error:
            _fail(source.spec, error, as_json)
        except SettingsError as error:
            if tried.own or not source.spec.only_mentions or params:
                raise
            raise SettingsError(f"{error} Or name a brand: --brand NAME.") from None
        with store.session() as session:
            found = _found(session, source.spec, params, batch, tried)
    if as_json:
        put([found], (), as_json=True)
        return
    _show(source.spec, found, tried.wanted)


@dataclass(frozen=True, slots=True)
class _Tried:
    """The brands of the store, and the one that is listened for; None: none is."""

    rules: list[BrandRule]
    own: BrandRule | None
    wanted: Wanted
    matcher: BrandMatcher


def _tried(session: Session, brand: str | None) -> _Tried:
    """What is listened for: a brand that is not tracked is tried by its name."""
    from listening.matching import BrandMatcher, BrandRule
    from listening.store.brands import brand_rules, query_for, slug_of
    from workers.jobs.pulling import wanted_of

    rules = brand_rules(session)
    own = rules[0] if len(rules) == 1 and brand is None else None
    if brand is not None:
        own = next((rule for rule in rules if slug_of(rule.name) == slug_of(brand)), None)
        if own is None:
            own = BrandRule(0, brand.strip(), query_for(brand), frozenset())
            rules.append(own)
    matcher = BrandMatcher(rules)
    return _Tried(rules, own, wanted_of(rules, own.id if own else -1, matcher), matcher)


def _first(source: Source, params: dict[str, Any], wanted: Wanted) -> Batch | None:
    """The first batch of a first pull that has something, which ends with it; None: none.

    What a source notes without a post in it, such as a feed that failed, is told by what follows.
    """
    batches: Any = source.pull(params, None, None, wanted)
    found = None
    with closing(batches):
        for found in islice(batches, _EMPTY):
            if found.posts or found.bad_rows:
                break
    return found


def _found(
    session: Session,
    spec: SourceSpec,
    params: dict[str, Any],
    batch: Batch | None,
    tried: _Tried,
) -> dict[str, Any]:
    """What of a batch would be stored."""
    from listening.ingest import found_in
    from listening.sources.base import KEEP_ALL
    from listening.store.tombstones import admitted

    read: Sequence[RawPost] = batch.posts if batch else ()
    posts = admitted(session, read)
    names = {rule.id: rule.name for rule in tried.rules}
    all_about = tried.own.id if tried.own and params.get("all_mentions") is True else None
    about = {
        id(post): sorted(
            names[one.matched.brand_id]
            for one in found_in(post, 0, 0, tried.matcher, all_about=all_about)
        )
        for post in posts
    }
    choosy = spec.only_mentions and params.get(KEEP_ALL.name) is not True
    kept = [post for post in posts if about[id(post)] or not choosy]
    return {
        "source": spec.name,
        "read": len(read),
        "stored": len(kept),
        "passed": len(posts) - len(kept),
        "refused": len(read) - len(posts),
        "deleted": len(batch.deleted) + len(batch.deleted_authors) if batch else 0,
        "mentions": {
            name: sum(name in about[id(post)] for post in kept) for name in sorted(names.values())
        },
        "facts": {
            fact: sum(getattr(post, own) not in (None, ()) for post in posts)
            for fact, own in _FACTS.items()
        },
        "posts": [
            {
                "published_at": post.published_at.isoformat(),
                "author": post.author_handle or post.author_name or post.author_native_id,
                "mentions": about[id(post)],
                "text": " ".join(post.text.split()),
                "url": post.url,
            }
            for post in kept
        ],
        "bad_rows": [
            {"where": origin, "line": row.line, "field": row.field, "reason": row.reason}
            | {"raw": row.raw}
            for origin, row in (batch.bad_rows if batch else ())
        ],
    }


def _show(spec: SourceSpec, found: dict[str, Any], wanted: Wanted) -> None:
    """What would be stored, for a person."""
    if wanted.brand:
        print(plain(f"Listening for {wanted.brand} at {spec.name}; nothing is stored."))
    counts = [f"{found['read']:,} posts read", f"{found['stored']:,} would be stored"]
    told = {
        "passed": "passed over (no brand in it)",
        "refused": "left out (its author was erased)",
        "deleted": "told as deleted",
    }
    counts += [f"{found[name]:,} {words}" for name, words in told.items() if found[name]]
    if found["bad_rows"]:
        counts.append(f"{len(found['bad_rows']):,} could not be read")
    print(", ".join(counts) + ".")
    for name, count in found["mentions"].items():
        print(plain(f"  {name}: {count:,} mention{'s' * (count != 1)}"))
    if found["posts"]:
        shown = [
            {**post, "text": _start(post["text"]), "mentions": ", ".join(post["mentions"])}
            for post in found["posts"][:_SHOWN]
        ]
        _table("First posts", shown, ("published_at", "author", "mentions", "text", "url"))
    if found["bad_rows"]:
        rows = [row | {"raw": _start(row["raw"])} for row in found["bad_rows"][:_SHOWN]]
        _table("Could not be read", rows, ("where", "line", "field", "reason", "raw"))
    if of := found["read"] - found["refused"]:
        there = [f"{n} {100 * c / of:.0f} %" for n, c in found["facts"].items() if c]
        absent = [name for name, count in found["facts"].items() if not count]
        print(f"\nThere: {', '.join(there) or 'nothing but text and author'}.")
        print(f"Not there: {', '.join(absent) or 'nothing'}.")
    print(plain(f"It gives {spec.gives}; lacks {spec.lacks or 'nothing'}."))


def _table(title: str, rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    """A table in which nothing is cut: addresses are there to be copied."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    found = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        found.add_column(name.replace("_", " "), overflow="fold", no_wrap=name == "published_at")
    for row in rows:
        found.add_row(*(Text(cell(row[name])) for name in columns))
    print(f"\n{title}")
    Console(width=None if sys.stdout.isatty() else 140).print(found, highlight=False)


def _start(text: str) -> str:
    return text if len(text) <= _START else text[: _START - 3] + "..."


def _fail(spec: SourceSpec, error: SourceError, as_json: bool) -> NoReturn:
    """Say which kind of failure it is, what was said, and what to do about it."""
    from listening.errors import ListeningError
    from listening.logs import masked
    from listening.sources.errors import FormatChangedError

    kind, words, fix = _failure(spec, error)
    told = f"{spec.name} {words}: {masked(str(error))}"
    raw = masked(error.raw) if isinstance(error, FormatChangedError) else ""
    if as_json:
        row = {"source": spec.name, "error": kind, "told": told, "fix": fix, "answer": raw or None}
        put([row], (), as_json=True)
        raise typer.Exit(1) from None
    if raw:
        print(f"It answered: {cell(raw)}")
    raise ListeningError(f"{told} {fix}") from None


def _failure(spec: SourceSpec, error: SourceError) -> tuple[str, str, str]:
    """The kind of a failure, in words, and the fix."""
    from listening.sources.errors import (
        AuthenticationError,
        FormatChangedError,
        RateLimitError,
    )

    if isinstance(error, AuthenticationError):
        needs = [f"{o.name} ({o.help}{f', {o.where}' * bool(o.where)})" for o in spec.credentials]
        fix = f"Check {', '.join(needs)}." if needs else "It needs no credential: it blocks us."
        return "authentication", "does not let us in", fix
    if isinstance(error, RateLimitError):
        fix = f"Try again in {error.retry_after:,.0f} s; a watch does so by itself."
        return "rate limit", "asks for a pause", fix
    if isinstance(error, FormatChangedError):
        fix = "Check the settings; where they are right, listening has to learn the new format."
        return "format", "answers in a way that is not understood", fix
    fix = "Check settings and network, or try again later; a watch does so by itself."
    return "unavailable", "does not deliver", fix
