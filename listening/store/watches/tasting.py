"""A source tried for a brand before a watch is made: nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from threading import BoundedSemaphore
from typing import Any

from listening.access import Actor, Permission
from listening.errors import ConflictError, InvalidError, NotFoundError, SettingsError
from listening.logs import masked
from listening.matching import BrandMatcher
from listening.sampling import Listened, failure_of, first_batch, sample_of, wanted_of
from listening.sources.errors import SourceError
from listening.store.brands.brands import brand_rules
from listening.store.session import Store
from listening.store.watches.edits import settled_for

# Of this process: each may wait a minute for a platform.
_AT_ONCE = BoundedSemaphore(2)


def try_source(
    store: Store, actor: Actor, brand: int, *, source: str, params: Mapping[str, Any]
) -> dict[str, Any]:
    """Ask a source once what a watch of a brand would find.

    Args:
        store: migrated.
        actor: who tries; sets up the brand, and is told of the brands that they see.
        brand: its number.
        source: a name in the registry.
        params: what it is told, as a person writes it.

    Returns:
        as `listening.sampling.sample_of`; or `error`, `told` and `fix` where it does not deliver.

    Raises:
        InvalidError: a parameter makes no sense, or the source finds that it does not.
        ConflictError: others are trying just now.
    """
    actor.require(Permission.CONFIGURE, brand)
    connector, settled = settled_for(actor, source, params)
    if connector.spec.pushed:
        raise InvalidError("Nothing is asked for: what it takes is sent to it.", field="source")
    visible = actor.visible()
    with store.session() as session:
        rules = [r for r in brand_rules(session) if visible is None or r.id in visible]
    own = next((rule for rule in rules if rule.id == brand), None)
    if own is None:
        raise NotFoundError(f"There is no brand {brand}.")
    matcher = BrandMatcher(rules)
    listened = Listened(rules, own, wanted_of(rules, own.id, matcher), matcher)
    if not _AT_ONCE.acquire(blocking=False):
        raise ConflictError("Two sources are being tried just now: try again in a moment.")
    try:
        batch = first_batch(connector, settled, listened.wanted)
    except SourceError as error:
        kind, words, fix = failure_of(connector.spec, error)
        told = f"{connector.spec.name} {words}: {masked(str(error))}"
        return {"source": connector.spec.name, "error": kind, "told": told, "fix": fix}
    except SettingsError as error:
        raise InvalidError(masked(str(error)), field="source") from None
    finally:
        _AT_ONCE.release()
    with store.session() as session:
        return sample_of(session, connector.spec, settled, batch, listened)
