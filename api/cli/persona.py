"""`listening segments persona` and `listening author`: what a segment or an author is like."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.context import AnyBrandOption, opened
from api.cli.show import JsonOption, Row, cell, plain, table

if TYPE_CHECKING:
    from listening.persona import Persona

_BRANDS = (
    "brand",
    "net_sentiment",
    "everyone",
    "mentions",
    "scored",
    "authors",
    "advocates",
    "detractors",
    "weighed",
)
_SHARES = ("name", "share", "count", "of", "everyone")
_FORMATS = (*_SHARES, "median_reactions", "reactions_known")
_TIMES = ("name", "times", "count", "of", "everyone_count", "everyone_of")


def register(app: typer.Typer) -> None:
    """Add the command about one author."""
    app.command()(author)


def persona(
    segment: Annotated[str, typer.Argument(help="The segment's number, or its name.")],
    brand: AnyBrandOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a segment is: likes, topics, mood, habits, each beside everyone's."""
    from listening.factsheet import factsheet
    from listening.store.brands.brands import brand_id, get_brand
    from listening.store.segments.edits import find_segment
    from listening.store.segments.personas import segment_persona
    from listening.store.segments.segments import merged_segments
    from listening.store.segments.views import get_segment

    with opened() as (_, store), store.session() as session:
        chosen = get_brand(session, brand) if brand else None
        number = int(find_segment(session, segment).id or 0)
        number = merged_segments(session).get(number, number)
        view = get_segment(session, number)
        about = brand_id(chosen) if chosen else None
        found = segment_persona(session, number, brand_id=about)
        row = {
            "segment_id": number,
            "name": view.segment.name,
            "brand": chosen.name if chosen else None,
            "keywords": view.state.keywords,
            "stability": view.state.stability,
            "tentative": view.state.tentative,
            "exemplars": view.state.exemplars,
            **factsheet(found),
        }
    if as_json:
        print(json.dumps(row, ensure_ascii=False, indent=1))
        return
    among = f", of those who mention {row['brand']}" if chosen else ""
    tentative = ", tentative: resampling did not find it again" if row["tentative"] else ""
    _head(f"Segment {number}: {row['name']}", found, among)
    print(plain(f"Keywords: {', '.join(row['keywords'])}"))
    print(f"Stability {cell(row['stability'])}{tentative}.")
    _facts(row)


def author(
    who: Annotated[str, typer.Argument(help="The author's number, native id, or handle.")],
    as_json: JsonOption = False,
) -> None:
    """Show what an author is like: segments, likes, affinities, habits, latest mentions."""
    from listening.factsheet import factsheet
    from listening.store.posts.authors import author_row, find_author, said_rows
    from listening.store.segments.personas import author_persona

    with opened() as (_, store), store.session() as session:
        one = find_author(session, who)
        found = author_persona(session, int(one.id or 0))
        row = {
            **author_row(session, one),
            **factsheet(found),
            "latest_mentions": said_rows(session, int(one.id or 0)),
        }
    if as_json:
        print(json.dumps(row, ensure_ascii=False, indent=1))
        return
    _head(f"Author {row['author_id']}: {row['author']} at {row['source']}", found, "")
    _segments(row)
    _facts(row, one=True)
    table(
        row["latest_mentions"],
        ("published_at", "brand", "sentiment", "polarity", "text"),
        title="Latest mentions",
        empty="None.",
    )


def _head(title: str, found: Persona, among: str) -> None:
    c = found.coverage
    read = "all" if c.read == c.members else f"{c.read:,} of"
    whom = "" if c.members == 1 else f"{read} {c.members:,} members{among}; "
    left_out = f", {c.left_out:,} left out as spam or copies" if c.left_out else ""
    print(plain(f"\n{title}"))
    print(
        f"Read: {whom}{c.posts:,} posts, {c.scored:,} scored{left_out}. "
        f"Everyone: {c.everyone:,} of {c.all_authors:,} authors."
    )


def _segments(row: Row) -> None:
    own = row["segment"]
    if own is None:
        print("In no segment: too few posts, or nobody was segmented yet.")
        return
    nearest = "unsegmented, nearest: " if row["segment_is_nearest"] else ""
    others = ", ".join(f"{o['segment']} {o['strength']:.2f}" for o in row["others"])
    print(plain(f"Segment: {nearest}{own}, strength {row['strength']:.2f}"))
    if others:
        print(plain(f"Next best: {others}"))
    for change in row["history"]:
        came = f" from {change['was']}" if change["was"] else ""
        print(plain(f"  {change['changed_at'][:10]} into {change['segment']}{came}"))


def _facts(row: Row, *, one: bool = False) -> None:
    table(row["brands"], _BRANDS, title="Towards brands", empty="Mentions none.")
    for brand in row["brands"]:
        for key, said in (("praised_for", "praised for"), ("complained_of", "complained of")):
            if brand[key]:
                words = ", ".join(f"{w['word']} ({w['praise']} to {w['complaint']})"
                                  for w in brand[key])  # fmt: skip
                print(plain(f"{brand['brand']} {said}: {words}"))
    if not one:
        table(row["topics"], _TIMES, title="Topics, times likelier", empty="None were counted.")
    unit = "posts" if one else "members"
    title = f"Hashtags and sites, times likelier, {unit}"
    table(row["affinities"], _TIMES, title=title, empty="None beyond everyone's.")
    table(row["formats"], _FORMATS, title="What it engages with: shares of posts")
    for key, title in (
        ("kinds", "Kind of post"),
        ("sources", "Where"),
        ("sentiment", "Sentiment of posts"),
        ("emotion", "Emotion of posts"),
        ("weekdays_utc", "When: weekday, UTC"),
    ):
        shown: list[dict[str, Any]] = row[key]
        table(shown, _SHARES, title=title, empty="Unknown.")
    busiest = row["busiest_hours_utc"]
    if busiest:
        print(
            f"Busiest from {busiest['from']:02}:00 to {busiest['until']:02}:00 UTC: "
            f"{busiest['share']:.1%} of posts."
        )
