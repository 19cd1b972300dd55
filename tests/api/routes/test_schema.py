"""The whole schema against the API: whatever fits it, or does not, is never a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from pydantic import SecretStr
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
)

from api.routes.v1 import openapi
from api.routes.v1.limits import RequestLimits
from api.web.app import create_app
from listening.config import Settings
from listening.store.session import Store
from tests.signed import key_for

EXAMPLES = 12
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
# A stream that ends when its reader goes, which this reader never does; tested on its own.
ENDLESS = ("/events",)


def _application(store_url: str | None, folder: Path) -> FastAPI:
    address = SecretStr(store_url) if store_url else None
    return create_app(Settings(database_url=address, data_dir=folder, _env_file=None))  # type: ignore[call-arg]


OPERATIONS = [
    (path, method)
    for path, methods in openapi(_application(None, Path("unused")))["paths"].items()
    for method in methods
    if not path.endswith(ENDLESS)
]


@pytest.fixture
def application(people: Store, tmp_path: Path) -> Iterator[FastAPI]:
    app = _application(people.url, tmp_path)
    app.state.limits = RequestLimits(1_000_000)
    yield app
    app.state.site.close()


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_whatever_is_sent_is_answered(
    people: Store, application: FastAPI, path: str, method: str
) -> None:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", application)
    headers = {"Authorization": f"Bearer {key_for(people)}"}

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(schema[path][method].as_strategy())
    def ask(case: Case) -> None:
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS)

    ask()
