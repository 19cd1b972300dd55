"""Who works: a process and thread by name, and whether one of this machine still lives.

What a dead worker held is taken up at once on its own machine, and by its deadline elsewhere.
"""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

_PROC = Path("/proc")


def this_holder() -> str:
    """This thread of this process, as it stands in leases, claims and jobs."""
    pid = os.getpid()
    thread = threading.get_native_id()
    return f"{socket.gethostname()}/{_space()}/{pid}/{_started(pid) or 0}/{thread}"


def is_dead(holder: str) -> bool:
    """Whether a holder was a process of this machine that is no more.

    False where that cannot be told: another machine or container, another kind of name.
    """
    parts = holder.rsplit("/", 4)
    if len(parts) != 5 or not parts[1] or parts[1] != _space():
        return False
    return parts[2].isdecimal() and _started(int(parts[2])) != parts[3]


def _space() -> str:
    """Where numbers of processes mean something: this boot of this machine, this container.

    Empty: not Linux.
    """
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text()[:8]
        return f"{boot}-{(_PROC / 'self/ns/pid').readlink().name.strip('pid:[]')}"
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """When a process started, in ticks since the machine did: its number may be another's by now.

    None: there is no such process, or it is dead and only waits to be buried.
    """
    try:
        # The name stands in brackets and may hold anything.
        facts = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if facts[0] in {"Z", "X"} else facts[19]
