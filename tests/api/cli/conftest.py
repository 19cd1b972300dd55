"""Commands as a person types them: the installed program, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

LISTENING = Path(sys.executable).parent / "listening"
ROOT = Path(__file__).resolve().parents[3]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def listening(tmp_path: Path) -> Run:
    """Run `listening ...` on a store of its own; `check=False` where it must fail."""

    def run(
        *words: str, check: bool = True, stdin: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [LISTENING, *words],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=os.environ
            | {"LISTENING_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "140"}
            | environment,
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    return run
