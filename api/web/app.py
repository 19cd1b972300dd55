"""The web application: `uvicorn --factory api.web.app:create_app`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from api.routes import health, metrics, push, v1
from api.routes.readings import Readings
from api.routes.v1.limits import RequestLimits
from api.web import (
    account,
    accounts,
    audience,
    auditlog,
    brands,
    customers,
    entry,
    errors,
    flagged,
    keys,
    mentions,
    oidc,
    overview,
    people,
    reports,
    savedviews,
    segmentacts,
    segments,
    settingsframe,
    triage,
    triageacts,
)
from api.web import settings as settings_pages
from api.web.live import Live
from api.web.security import BodyLimit, KnownHosts, SecurityHeaders
from api.web.site import Site
from listening import tracing
from listening.config import Settings, get_settings
from listening.logs import configure
from listening.store.watches.credentials import serve_credentials

# In the order in which addresses are tried; the overview of a brand is last.
PAGES = (
    entry,
    oidc,
    account,
    settingsframe,
    accounts,
    keys,
    auditlog,
    savedviews,
    mentions,
    *settings_pages.PARTS,
    customers,
    flagged,
    triage,
    triageacts,
    people,
    segments,
    segmentacts,
    audience,
    brands,
    reports,
    overview,
)
STATIC = Path(__file__).parent / "static"


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; the store is opened by the first request that reads it.

    Args:
        settings: None: those of this process.

    Raises:
        SettingsError: a setting does not fit.
    """
    site = Site(settings or get_settings())
    tracing.require(site.settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        configure()  # here and not before: uvicorn has set up its own logs by now
        tracing.start(site.settings, "web")
        serve_credentials(site.settings)
        yield
        tracing.stop()
        app.state.live.end()
        app.state.pushes.close()
        site.close()

    # The generated API pages load their scripts from elsewhere: not offered. The schema is at
    # /api/v1/openapi.json.
    app = FastAPI(
        title="Listening", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.site = site
    app.state.readings = Readings(site)
    app.state.pushes = push.Pushes()
    app.state.limits = RequestLimits(site.settings.api_requests_a_minute)
    app.state.live = Live(site)
    app.state.metrics = metrics.registry_over(app.state.readings)
    errors.install(app)
    # Added last is outermost: a refusal carries the headers too.
    app.add_middleware(BodyLimit)
    app.add_middleware(KnownHosts)
    app.add_middleware(SecurityHeaders)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for part in (health, metrics, push, v1, *PAGES):
        app.include_router(part.router)
    return app
