"""Credentials: found, missed by name, never shown; and what searching sources share."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from listening import logs
from listening.errors import SettingsError
from listening.logs import keep_secret, masked
from listening.sources.base import Credential, SourceSpec, Wanted
from listening.sources.credentials import credentials, missing
from listening.sources.searching import bad_row, terms_of

KEY, CONTACT = "LISTENING_TESTED_KEY", "LISTENING_TESTED_CONTACT"
SPEC = SourceSpec(
    name="tested",
    help="A source.",
    credentials=(
        Credential(name=KEY, help="an API key", where="https://example.com/keys"),
        Credential(name=CONTACT, help="a mail address", optional=True),
    ),
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to be in, nothing set, nothing kept secret."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logs, "_KEPT", ())
    for name in (KEY, CONTACT):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path


def test_one_that_is_missing_is_named_with_where_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = (
        "tested needs LISTENING_TESTED_KEY (an API key; get it at https://example.com/keys); "
        "set it in the environment, in .env, or in the settings."
    )
    for value in (None, "", " \t"):
        if value is not None:
            monkeypatch.setenv(KEY, value)
        with pytest.raises(SettingsError) as refused:
            credentials(SPEC)
        assert str(refused.value) == told
        assert missing(SPEC) == [KEY]


def test_what_is_set_is_found_and_masked_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, " hunter2-hunter2\n")
    assert masked("hunter2-hunter2") == "hunter2-hunter2"
    assert credentials(SPEC) == {KEY: "hunter2-hunter2"}
    assert missing(SPEC) == []
    assert masked("key hunter2-hunter2 is refused") == "key *** is refused"


def test_the_file_is_read_and_read_again_when_it_changes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / ".env"
    file.write_text(f"{KEY}='from-file'\n{CONTACT}=\nOTHER\n", encoding="utf-8-sig")
    assert credentials(SPEC) == {KEY: "from-file"}
    file.write_text(f"export {KEY}=changed-since # so\n{CONTACT}=me@example.com\n")
    assert credentials(SPEC) == {KEY: "changed-since", CONTACT: "me@example.com"}
    monkeypatch.setenv(KEY, "from-environment")
    assert credentials(SPEC)[KEY] == "from-environment"
    file.unlink()
    assert credentials(SPEC) == {KEY: "from-environment"}


def test_a_file_that_is_none_is_told_without_what_it_holds(folder: Path) -> None:
    (folder / ".env").write_bytes(f"{KEY}=hunter2\xff".encode("latin-1"))
    with pytest.raises(SettingsError, match="not UTF-8") as refused:
        credentials(SPEC)
    assert "hunter2" not in str(refused.value)
    (folder / ".env").unlink()
    (folder / ".env").mkdir()
    with pytest.raises(SettingsError, match=KEY):
        credentials(SPEC)


@pytest.mark.parametrize("value", ["hunter2\nX-Evil: 1", "hunter2\r", "hunter2\x7f", "\x1bhunter2"])
def test_a_credential_that_would_break_a_header_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(KEY, f"{value}x")
    with pytest.raises(SettingsError, match=KEY) as refused:
        credentials(SPEC)
    assert "hunter2" not in str(refused.value)


# Secrets in texts.


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("hunter2", "a hunter2 b hunter2", "a *** b ***"),
        ("hunt", "hunt", "hunt"),  # too short: words would go
        ("a/b+c d=", "x?k=a/b%2Bc%20d%3D", "x?k=***"),
        ("a/b+c d=", "x?k=a%2Fb%2Bc%20d%3D", "x?k=***"),
        ("a/b+c d=", "x?k=a%2Fb%2Bc+d%3D", "x?k=***"),
        ('qu"ote\\d', json.dumps({"k": 'qu"ote\\d'}), '{"k": "***"}'),
        ("pässwörd", json.dumps("pässwörd") + " pässwörd", '"***" ***'),
        ("\ud800hunter2", "\ud800hunter2", "***"),
    ],
)
def test_a_secret_is_masked_however_it_is_written(secret: str, text: str, shown: str) -> None:
    keep_secret(secret)
    keep_secret(secret)
    assert masked(text) == shown


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    for secret in ("hunter2", "hunter2-and-more", "more-hunter2"):
        keep_secret(secret)
    assert masked("hunter2-and-more more-hunter2 hunter2") == "*** *** ***"


def test_secrets_may_be_kept_while_others_are_masked() -> None:
    failed: list[BaseException] = []

    def mask() -> None:
        try:
            for _ in range(300):
                masked("some text")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=mask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(300):
        keep_secret(f"secret-{number}")
    for thread in threads:
        thread.join()
    assert failed == []
    assert masked("secret-0 secret-299") == "*** ***"


def test_a_password_is_masked_at_any_length_that_one_has() -> None:
    assert masked(f"redis://:{'x' * 500}@host") == "redis://:***@host"
    assert masked("a://b:c/d@e f://g:h@i") == "a://b:***@e f://g:***@i"


# What searching sources share.


@pytest.mark.parametrize(
    ("params", "terms", "found"),
    [
        ({}, ("JetBlue", "jet blue"), ("JetBlue", "jet blue")),
        ({"query": " mine "}, ("JetBlue",), ("mine",)),
        ({"query": "mine"}, (), ("mine",)),
        ({"query": " "}, ("JetBlue",), ("JetBlue",)),
        ({"query": None}, ("JetBlue",), ("JetBlue",)),
        ({}, tuple(map(str, range(20))), tuple(map(str, range(20)))),
        ({}, (), None),
        ({}, tuple(map(str, range(21))), None),
    ],
)
def test_what_a_platform_is_searched_for(
    params: dict[str, Any], terms: tuple[str, ...], found: tuple[str, ...] | None
) -> None:
    wanted = Wanted(brand="JetBlue", terms=terms)
    if found is None:
        with pytest.raises(SettingsError, match=r"tested: .*JetBlue.*--set query="):
            terms_of(SPEC, params, wanted)
    else:
        assert terms_of(SPEC, params, wanted) == found


def deep() -> list[Any]:
    found: list[Any] = []
    for _ in range(100_000):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({"a": "é"}, '{"a": "é"}'),
        (None, "null"),
        ({"a": "\ud800\x00"}, '{"a": "?\\u0000"}'),
        ({"a": {1, 2}.__class__}, '{"a": "<class \'set\'>"}'),
        ({(1, 2): 3}, "a dict"),
        (float("nan"), "NaN"),
        ("x" * 200_000, '"' + "x" * 99_999),
        (deep(), "a list"),
    ],
    ids=["text", "null", "unstorable", "class", "key", "nan", "long", "deep"],
)
def test_what_cannot_be_read_is_kept_aside_whatever_it_is(raw: Any, told: str) -> None:
    origin, row = bad_row("https://me:hunter2@example.com/a?key=hunter2", raw, "id")
    assert "hunter2" not in origin and origin.endswith("example.com/a")
    assert (row.line, row.field, row.reason) == (1, "id", "id is missing or makes no sense")
    assert row.raw == told
    row.raw.encode()


def test_a_reason_may_be_given() -> None:
    assert bad_row("https://a.b", 1, "id", "too old")[1].reason == "too old"
