"""The command line among pipes, signals, encodings and odd arguments."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.cli.conftest import LISTENING, Run

HEADER = "id,author,created_at,text\n"


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LISTENING_DATA_DIR": str(folder / "data"), "L": str(LISTENING)}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_a_reader_that_goes_away_is_no_failure(listening: Run, tmp_path: Path) -> None:
    rows = "".join(f"{n},ann,2024-09-01,nike\n" for n in range(4000))
    (tmp_path / "posts.csv").write_text(HEADER + rows)
    listening("brand", "add", "Nike")
    listening("import", "posts.csv")
    for command in ('"$L" export mentions | head -1; echo ${PIPESTATUS[0]}', '"$L" brand list >&-'):
        done = shell(command, tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.endswith("\n0\n") or not done.stdout


def test_a_full_disk_is_one_line(listening: Run, tmp_path: Path) -> None:
    listening("brand", "add", "Nike")
    done = shell('"$L" brand list --json > /dev/full', tmp_path)
    assert (done.returncode, done.stderr) == (1, "Error: [Errno 28] No space left on device\n")


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    rows = "".join(f"{n},ann,2024-09-01,nike\n" for n in range(200_000))
    (tmp_path / "posts.csv").write_text(HEADER + rows)
    running = subprocess.Popen(
        [LISTENING, "import", "posts.csv"],
        cwd=tmp_path,
        env=os.environ | {"LISTENING_DATA_DIR": str(tmp_path / "data")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    assert running.stderr.readline() == "Importing posts.csv ...\n"
    running.send_signal(signal.SIGINT)
    assert "run the same command to go on" in running.communicate()[1]
    assert running.returncode == 130


LOST = """
import os, signal, sys, time, weakref
import api.cli.main as cli

class Thing: ...

def interrupted(*_):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(1)  # Python raises in here, where it cannot

def command():
    thing = Thing()
    keep = weakref.ref(thing, interrupted)
    del thing
    for _ in range(100):
        time.sleep(0.1)
    print("never stopped")

cli.app = command
try:
    cli.main()
except KeyboardInterrupt:
    print("stopped")
"""


def test_ctrl_c_is_heard_where_python_cannot_raise() -> None:
    done = subprocess.run([sys.executable, "-c", LOST], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("stopped\n", "")


def test_what_is_written_is_utf8_whatever_the_locale(listening: Run) -> None:
    listening("brand", "add", "Café", PYTHONIOENCODING="ascii")
    assert "Café" in listening("brand", "list", "--csv", PYTHONIOENCODING="ascii").stdout


def test_a_terminal_does_not_obey_a_file(listening: Run, tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text(
        "id,author,created_at,text,\x1b[2J\n1,a,never\x1b[31m,hi,\n"
    )
    told = listening("import", "posts.csv").stdout + listening("quarantine", "list").stdout
    told += listening("import", "posts.csv", "--map", "text=no", check=False).stderr
    assert ("\x1b" in told, "never\N{REPLACEMENT CHARACTER}[31m" in told) == (False, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["import", "n\udcff.csv"], "is not UTF-8"),
        (["import", "posts.csv", "--map", "text=text", "--map", "text=id"], "mapped twice"),
        (["brand", "add", "", "--query", "x"], "Write a name of 1 to 120 characters"),
        (["--data-dir", "posts.csv", "brand", "add", "X"], "cannot be made"),
        (["export", "mentions", "--out", "."], "a folder or a device"),
    ],
)
def test_odd_arguments_are_told_in_one_line(
    listening: Run, tmp_path: Path, words: list[str], message: str
) -> None:
    for name in ("posts.csv", "n\udcff.csv"):
        (tmp_path / name).write_text(HEADER + "1,ann,2024-09-01,nike\n")
    listening("migrate")
    done = listening(*words, check=False)
    assert (done.returncode, done.stderr.count("Error: ")) == (1, 1)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
