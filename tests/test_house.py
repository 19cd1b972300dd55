"""Rules of the house, as checks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("listening", "nlp", "workers", "api")
MOST_LINES = 400


def python_files(*folders: str) -> list[Path]:
    return sorted(p for folder in folders for p in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", python_files(*PACKAGES, "tests"), ids=str)
def test_no_file_is_overlong(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{lines} lines: a file beyond {MOST_LINES} is two files"


def test_only_the_session_module_commits() -> None:
    allowed = {ROOT / "listening/store/session.py", ROOT / "listening/store/migrations/env.py"}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files(*PACKAGES)
        if path not in allowed
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"commit", "begin_nested"}
    ]
    assert found == []


def test_every_dependency_has_its_line() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[\[<>=;! ]", line)[0] for line in asked}
    told = set(
        re.findall(r"^\| `([^`]+)`", (ROOT / "docs/dependencies.md").read_text("utf-8"), re.M)
    )
    assert names == told


def test_every_decision_is_numbered_once() -> None:
    numbers = [p.name[:4] for p in sorted((ROOT / "docs/decisions").glob("*.md"))]
    assert numbers == [f"{n:04d}" for n in range(1, len(numbers) + 1)]


def test_the_readme_names_every_top_level_folder() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    folders = {line.split("/")[0] for line in shown.splitlines() if "/" in line}
    missing = [f for f in sorted(folders) if not f.startswith(".") and f"`{f}/`" not in readme]
    assert missing == []


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that a fresh process has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


HEAVY = {"torch", "transformers", "sentence_transformers", "umap", "hdbscan", "numba", "sklearn"}


def test_the_web_process_loads_no_model_library() -> None:
    loaded = loaded_by("from api.web.app import create_app; create_app()")
    assert loaded & (HEAVY | {"nlp", "workers"}) == set()


def test_a_worker_loads_the_model_only_after_the_fork() -> None:
    assert loaded_by("import workers.app, workers.tasks") & HEAVY == set()


def test_help_imports_nothing_it_does_not_show() -> None:
    """`listening --help` answers at once because it loads neither store nor models."""
    loaded = loaded_by("import api.cli.main")
    assert loaded & (HEAVY | {"sqlalchemy", "sqlmodel", "celery", "pydantic", "fastapi"}) == set()
