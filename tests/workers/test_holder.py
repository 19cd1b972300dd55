"""Who works, and whether one that is named still lives."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from workers.holder import is_dead, this_holder

TELL = "from workers.holder import this_holder; print(this_holder())"


def test_a_thread_of_a_process_is_a_holder_of_its_own() -> None:
    others: list[str] = []
    thread = threading.Thread(target=lambda: others.append(this_holder()))
    thread.start()
    thread.join()
    assert this_holder() == this_holder()
    assert others[0] != this_holder()
    assert others[0].split("/")[:4] == this_holder().split("/")[:4]


def test_the_living_and_the_dead() -> None:
    own = this_holder()
    assert not is_dead(own)
    done = subprocess.run([sys.executable, "-c", TELL], capture_output=True, text=True, check=True)
    assert is_dead(done.stdout.strip())


def test_a_number_that_another_process_has_by_now_is_dead() -> None:
    host, space, pid, started, thread = this_holder().split("/")
    assert pid == str(os.getpid())
    assert is_dead(f"{host}/{space}/{pid}/{int(started) - 1}/{thread}")


def test_of_another_machine_nothing_is_known() -> None:
    host, space, pid, started, thread = this_holder().split("/")
    assert not is_dead(f"{host}/{space}-other/999999/{started}/{thread}")
    for name in ("", "elsewhere", "a/b/c/d/e", f"{host}//{pid}/1/1"):
        assert not is_dead(name)
