"""compose.yaml, the image and the units of docs/deploying.md: what they name is there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from api.cli.main import app
from listening.config import Settings
from workers.app import make_app
from workers.supervise import commands

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
DEPLOYING = (ROOT / "docs/deploying.md").read_text(encoding="utf-8")
OURS = ("migrate", "web", "worker-sweep", "worker-nlp", "beat")
SECRETS = {"LISTENING_DATABASE_PASSWORD": "d" * 48, "LISTENING_BROKER_PASSWORD": "b" * 48}
# Typer brings a Click of its own, whose errors it names only by their children.
USAGE: Any = typer.BadParameter.__base__
_VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(:[-?])?([^}]*)\}")


def understood(words: list[str]) -> bool:
    """Whether `listening WORDS` is a command with such options."""
    group = typer.main.get_command(app)
    name, *rest = words
    command = group.commands.get(name)  # type: ignore[attr-defined]
    try:
        return command is not None and bool(command.make_context(name, rest))
    except USAGE:
        return False


def filled(text: str) -> str:
    """A text with its variables as compose fills them in where only the secrets are set."""

    def value(found: re.Match[str]) -> str:
        name, sign, more = found.groups()
        return SECRETS[name] if sign == ":?" else more

    return _VARIABLE.sub(value, text)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for own in value.values():
            yield from strings(own)
    elif isinstance(value, list):
        for own in value:
            yield from strings(own)
    elif isinstance(value, str):
        yield value


def test_every_part_is_there() -> None:
    assert set(COMPOSE["services"]) == {*OURS, "postgres", "redis"}
    assert [name for name in OURS if name not in COMPOSE["services"]] == []
    assert [n for n, s in COMPOSE["services"].items() if "healthcheck" not in s] == ["migrate"]


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_a_command_that_exists(name: str) -> None:
    assert understood([filled(word) for word in COMPOSE["services"][name]["command"]])


def test_a_command_that_does_not_exist_is_told_apart() -> None:
    assert not understood(["work", "--queues", "nlp"])
    assert not understood(["worker", "--queue-names", "nlp"])


@pytest.mark.parametrize("name", OURS)
def test_its_settings_exist_and_fit(name: str, tmp_path: Path) -> None:
    found = {
        key.removeprefix("LISTENING_").lower(): filled(value)
        for key, value in COMPOSE["services"][name]["environment"].items()
    }
    assert set(found) <= set(Settings.model_fields)
    settings = Settings(**found)  # type: ignore[arg-type]
    assert settings.store_url == f"postgresql://listening:{'d' * 48}@postgres:5432/listening"
    assert make_app(settings).conf.broker_url == f"redis://:{'b' * 48}@redis:6379/0"


def test_no_secret_has_a_default() -> None:
    used = {
        (name, sign)
        for text in strings(COMPOSE)
        for name, sign, _ in _VARIABLE.findall(text)
        if "PASSWORD" in name
    }
    assert used == {(name, ":?") for name in SECRETS}
    literal = [t for t in strings(COMPOSE) if re.search(r"://[^:/@]*:[^$@][^@]*@", t)]
    assert literal == []
    assert all(name in DEPLOYING for name in SECRETS)


def test_every_volume_is_declared() -> None:
    named = {
        volume.partition(":")[0]
        for service in COMPOSE["services"].values()
        for volume in service.get("volumes", [])
    }
    assert named == set(COMPOSE["volumes"])


def test_nothing_is_open_to_other_machines() -> None:
    ports = [p for service in COMPOSE["services"].values() for p in service.get("ports", [])]
    assert ports == ["127.0.0.1:8765:8765"]


def test_everything_waits_for_the_migration() -> None:
    for name in OURS[1:]:
        needs = COMPOSE["services"][name]["depends_on"]
        assert needs["migrate"] == {"condition": "service_completed_successfully"}
        assert needs["redis"] == {"condition": "service_healthy"}


@pytest.mark.parametrize("name", ["worker-sweep", "worker-nlp", "beat"])
def test_a_probe_of_a_process_that_is_not_there_fails(name: str, tmp_path: Path) -> None:
    python, *words = COMPOSE["services"][name]["healthcheck"]["test"][1:]
    assert python == "python"
    environment = {"LISTENING_DATA_DIR": str(tmp_path), "PATH": ""}
    ran = subprocess.run(
        [sys.executable, *words], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1].endswith("(no such table: presence)")


def test_the_image_copies_what_there_is() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = [w for line in re.findall(r"^COPY (.+)$", text, re.M) for w in line.split()[:-1]]
    assert copied == ["pyproject.toml", "constraints.txt", "."]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert 'ENTRYPOINT ["listening"]' in text
    (pinned,) = re.findall(r"torch==\S+", text)
    assert pinned in (ROOT / "constraints.txt").read_text(encoding="utf-8").split()


def test_units_run_commands_that_exist() -> None:
    started = re.findall(r"^ExecStart=(\S+)/listening (.+)$", DEPLOYING, re.M)
    assert [words for _, words in started] == [
        "worker --queues nlp",
        "worker --queues sweep",
        "beat",
        "web --host 127.0.0.1 --port 8765",
    ]
    assert all(understood(shlex.split(words)) for _, words in started)


def test_documented_addresses_are_understood(tmp_path: Path) -> None:
    block = re.search(r"```sh\n(.+?)```", DEPLOYING, re.S)
    assert block is not None
    pairs = dict(line.split("=", 1) for line in block[1].splitlines())
    found = {name.removeprefix("LISTENING_").lower(): value for name, value in pairs.items()}
    settings = Settings(**found)  # type: ignore[arg-type]
    assert make_app(settings).conf.broker_use_ssl["ssl_cert_reqs"].name == "CERT_REQUIRED"


def test_up_runs_the_same_commands() -> None:
    found = commands("127.0.0.1", 8765)
    assert list(found) == ["web", "worker (sweep)", "worker (nlp)", "beat"]
    for words in found.values():
        assert words[:3] == [sys.executable, "-m", "api.cli"]
        assert understood(words[3:])
