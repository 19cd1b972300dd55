"""What a source is told, into a form and out of it."""

from __future__ import annotations

import pytest
from starlette.datastructures import FormData

from api.web.settings.parameters import fields_of, params_of
from listening.errors import InvalidError
from listening.sources.base import SourceSetting

SETTINGS = (
    SourceSetting(name="path", help="the folder", required=True),
    SourceSetting(name="map", help="columns", kind="table"),
    SourceSetting(name="day_first", help="of dates", kind="flag"),
)


def test_a_form_is_filled_in_with_what_is_told_and_tells_it_again() -> None:
    params = {"path": "/in", "map": {"text": "body", "author": "=anonymous"}, "day_first": False}
    fields = {
        "set-path": "/in", "set-map": "text=body\nauthor==anonymous", "set-day_first": "no",
    }  # fmt: skip
    assert fields_of(params) == fields
    assert params_of(FormData(fields), SETTINGS) == params | {"day_first": "no"}


def test_what_is_blank_is_not_told() -> None:
    fields = {"set-path": " ", "set-map": " \n", "set-day_first": "", "set-other": "1"}
    assert params_of(FormData(fields), SETTINGS) == {}


def test_a_line_of_a_table_that_is_none_is_told() -> None:
    with pytest.raises(InvalidError, match="NAME=VALUE, one a line") as told:
        params_of(FormData({"set-map": "text=body\nauthor"}), SETTINGS)
    assert told.value.field == "map"
