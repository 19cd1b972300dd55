"""The Jinja environment of the pages."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.templating import Jinja2Templates

from api.web import excerpts, figures, flagfigures, formats, links, timecharts
from listening import advocacy, changes, triage

TEMPLATES = Path(__file__).parent / "templates"
_FILTERS = (
    formats.number,
    formats.percent,
    formats.signed,
    formats.decimal,
    formats.times,
    formats.leaning,
    formats.day,
    formats.moment,
    formats.plural,
    formats.capital,
    formats.not_counted,
    formats.not_scored,
    formats.marks,
    formats.of_post,
    formats.from_post,
    formats.unscored,
    formats.author_name,
    formats.author_account,
    formats.safe_url,
    formats.lasting,
    excerpts.marked,
    excerpts.shortened,
    excerpts.window,
    excerpts.opened,
    excerpts.unopened,
)


@lru_cache(maxsize=1)
def page_templates() -> Jinja2Templates:
    """Templates that escape everything and stop at a name that is not there."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {f.__name__: f for f in _FILTERS}
    env.filters["due"] = lambda value: formats.due(value, datetime.now(UTC))
    env.globals |= {
        "brand_url": formats.brand_url,
        "scale_of": figures.scale,
        "share_bar": figures.share_bar,
        "spark": figures.spark,
        "course_of": flagfigures.course_line,
        "clock_of": figures.clock,
        "urgency_terms": figures.urgency_terms,
        "raised": figures.raised,
        "mentions_url": links.mentions_url,
        "window_filters": links.window_filters,
        "phrase": changes.phrase,
        "counts_of": timecharts.counts_of,
        "advocacy": advocacy,
        "triage": triage,
    }
    return Jinja2Templates(env=env)
