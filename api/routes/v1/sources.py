"""Sources and their credentials, and authors to erase."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import Path, Request

from api.routes.v1.route import api_router
from api.schemas.base import Page
from api.schemas.watches import (
    CredentialSent,
    CredentialShown,
    ErasureSent,
    ErasureShown,
    SettingShown,
    SourceShown,
)
from api.web.acting import actor_of, need
from api.web.site import site_of
from listening.access import Permission
from listening.keyring import Keyring
from listening.sources.base import SourceSpec
from listening.sources.registry import REGISTRY, settings_of
from listening.store.keeping.wishes import ask_erasure, latest_erasures
from listening.store.watches.credentials import (
    Standing,
    delete_credential,
    set_credential,
    standing_credentials,
)

router = api_router("sources")
ADMIN = [need(Permission.ADMINISTER, "everywhere")]
Name = Annotated[str, Path(max_length=100, examples=["LISTENING_YOUTUBE_KEY"])]


@router.get("/sources", dependencies=[need(Permission.READ, "somewhere")])
def sources(request: Request) -> Page[SourceShown]:
    """Every source: what it takes, gives, lacks, and whether its credentials are set."""
    with site_of(request).reading() as session:
        standing = standing_credentials(session)
    return Page(items=[_source(source.spec, standing) for source in REGISTRY.values()])


@router.get("/credentials", dependencies=ADMIN)
def credentials(request: Request) -> Page[CredentialShown]:
    """Which credentials are set, by whom and when; never what they are."""
    with site_of(request).reading() as session:
        return Page(items=[_credential(one) for one in standing_credentials(session)])


@router.put("/credentials/{name}", status_code=204, dependencies=ADMIN)
def put_credential(request: Request, name: Name, sent: CredentialSent) -> None:
    """Keep a value, encrypted; the environment and .env come first where they have one."""
    site = site_of(request)
    with site.store.work() as session:
        set_credential(session, actor_of(request), Keyring.of(site.settings), name, sent.value)


@router.delete("/credentials/{name}", status_code=204, dependencies=ADMIN)
def remove_credential(request: Request, name: Name) -> None:
    """Forget the value that is kept."""
    with site_of(request).store.work() as session:
        delete_credential(session, actor_of(request), name)


@router.get("/erasures", dependencies=ADMIN)
def erasures(request: Request) -> Page[ErasureShown]:
    """Authors whom somebody asked to have erased, the latest first; not whom."""
    with site_of(request).reading() as session:
        return Page(items=[ErasureShown.model_validate(e) for e in latest_erasures(session, 200)])


@router.post("/erasures", status_code=202, dependencies=ADMIN)
def erase(request: Request, sent: ErasureSent) -> ErasureShown:
    """Have an author erased for good, with everything derived; done within seconds by a worker."""
    with site_of(request).store.work() as session:
        actor = actor_of(request)
        asked, _ = ask_erasure(session, actor, sent.source, sent.who, typed=sent.typed)
        return ErasureShown.model_validate(asked)


def _source(spec: SourceSpec, standing: list[Standing]) -> SourceShown:
    own = [one for one in standing if one.source == spec.name]
    unset = [one for one in own if not one.from_environment and one.set_by is None]
    return SourceShown(
        name=spec.name,
        help=spec.help,
        settings=[SettingShown(**asdict(one)) for one in settings_of(spec)],
        credentials=[one.wanted.name for one in own],
        missing=[one.wanted.name for one in unset if not one.wanted.optional],
        rate_limit=spec.rate_limit,
        terms=spec.terms,
        gives=spec.gives,
        lacks=spec.lacks,
        backfill=spec.backfill,
        pushed=spec.pushed,
    )


def _credential(one: Standing) -> CredentialShown:
    return CredentialShown(
        **asdict(one.wanted),
        source=one.source,
        from_environment=one.from_environment,
        set_by=one.set_by,
        set_at=one.set_at,
    )
