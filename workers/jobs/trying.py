"""Listening for a name at every source that needs neither a key nor to be told where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from listening.schedule import Schedule
from listening.sources.base import Source
from listening.sources.credentials import missing
from listening.sources.registry import REGISTRY, settle
from listening.store.brands.brands import add_brand, list_brands, query_for, slug_of
from listening.store.session import Store
from listening.store.watches.watches import add_watch, watch_id_of
from workers.holder import this_holder
from workers.jobs.sweeping import sweep_watch
from workers.progress import Progress, Silent


@dataclass(frozen=True, slots=True)
class Heard:
    """What one source gave."""

    source: str
    posts: int = 0
    mentions: int = 0
    error: str | None = None


def open_sources(registry: Mapping[str, Source] = REGISTRY) -> list[Source]:
    """The sources that a name is enough for."""
    return [
        source
        for source in registry.values()
        if source.spec.try_with is not None and not missing(source.spec)
    ]


def listen_for(
    store: Store, name: str, *, sources: list[Source], progress: Progress | None = None
) -> list[Heard]:
    """Add the brand and a watch at each source, and sweep each once.

    A source that fails is told and the others go on; run again, each goes on where it was.
    """
    watches = _watches(store, name, sources)
    heard = []
    for source, watch_id in watches:
        report = sweep_watch(
            store, watch_id, holder=this_holder(), recorder=progress or Silent(), asked=True
        )
        heard.append(
            Heard(
                source.spec.name,
                report.counts.posts_new,
                report.counts.mentions_new,
                report.error or report.skipped,
            )
        )
    return heard


def _watches(store: Store, name: str, sources: list[Source]) -> list[tuple[Source, int]]:
    with store.work() as session:
        known = {brand.slug: brand for brand in list_brands(session)}
        brand = known.get(slug_of(name)) or add_brand(session, name, query=query_for(name))
        found = []
        for source in sources:
            params = settle(source, source.spec.try_with or {})
            watch, _ = add_watch(session, brand, source.spec.name, params, Schedule())
            found.append((source, watch_id_of(watch)))
    return found
