"""A team at its desk: twenty people click at once, and how long each page takes to begin.

The server is a process of its own. Every page is also asked for alone, for what it costs the
server's processor: that hangs on nobody else who uses this machine.
"""

from __future__ import annotations

import http.client
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from urllib.parse import quote

from pydantic import SecretStr
from sqlmodel import col, select

from api.web.acting import COOKIE
from api.web.site import Site
from listening.config import Settings
from listening.store.brands.brands import list_brands
from listening.store.session import Store
from listening.store.tables import Case, Mention
from tests.benchmarks.bigstore import SEGMENTS
from tests.signed import cookie_for

PEOPLE = 20
BASELINE = "a style sheet"
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Times:
    """Of one route: milliseconds to the first byte, bytes, answers that were none."""

    first: list[float] = field(default_factory=list)
    size: int = 0
    failed: int = 0


def addresses(store: Store, seed: int = 1) -> dict[str, list[str]]:
    """Routes by name, each with addresses that people would click."""
    draw = random.Random(seed)
    with store.session() as session:
        slugs = [quote(brand.slug) for brand in list_brands(session)]
        some = session.exec(
            select(Mention.author_id, Mention.brand_id).where(
                col(Mention.id).in_([draw.randrange(1, 10_000) for _ in range(40)])
            )
        ).all()
        cases = session.exec(
            select(Case.id, Case.brand_id).where(Case.brand_id == 1).limit(40)
        ).all()
    weighed = [slugs[0]] * 5 + slugs[1:]

    def per_brand(path: str) -> list[str]:
        return [f"/brands/{slug}{path}" for slug in weighed]

    def each(make: Callable[[int, str], str]) -> list[str]:
        return [make(draw.randrange(1, SEGMENTS + 1), draw.choice(weighed)) for _ in range(30)]

    return {
        BASELINE: ["/static/site.css"],
        "all brands": ["/"],
        "overview": per_brand(""),
        "overview, 90 days": per_brand("?window=90"),
        "advocates": per_brand("/advocates"),
        "detractors": per_brand("/detractors"),
        "detractors, a later page": per_brand("/detractors?page=7"),
        "triage": per_brand("/triage"),
        "segments with the map": per_brand("/segments"),
        "what changed": per_brand("/segments/changes"),
        "the map's dots": per_brand("/segments/map.json"),
        "a segment of a brand": each(lambda s, slug: f"/segments/{s}?brand={slug}"),
        "a segment": each(lambda s, _: f"/segments/{s}"),
        "a segment, a later page": each(lambda s, slug: f"/segments/{s}?brand={slug}&page=3"),
        "an author and a brand": [f"/brands/{slugs[b - 1]}/authors/{a}" for a, b in some],
        "an author": [f"/authors/{a}" for a, _ in some],
        "a case": [f"/brands/{slugs[b - 1]}/triage/cases/{c}" for c, b in cases],
        "mentions": per_brand("/mentions"),
        "facets of mentions": per_brand("/mentions/facets"),
        "mentions, searched": per_brand("/mentions?q=" + quote("refund OR suitcase")),
        "reports": per_brand("/reports"),
        "settings": ["/settings/people"],
        "the audit log": ["/settings/audit"],
        "API: segments": ["/api/v1/brands/1/segments"],
        "API: members": ["/api/v1/brands/1/segments/1/members"],
        "API: mentions": ["/api/v1/brands/1/mentions"],
    }


@contextmanager
def server(url: str, folder: Path, processes: int = 1) -> Iterator[tuple[int, list[int]]]:
    """A server over a store; its port and the numbers of its processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = os.environ | {
        "LISTENING_DATABASE_URL": url,
        "LISTENING_DATA_DIR": str(folder),
        "LISTENING_API_REQUESTS_A_MINUTE": "1000000",
    }
    serve = f"from api.web.serving import serve; serve('127.0.0.1', {port})"
    command = [sys.executable, "-c", serve]
    if processes > 1:
        command = [sys.executable, "-m", "uvicorn", "--factory", "api.web.app:create_app",
                   "--port", str(port), "--log-level", "warning",
                   "--workers", str(processes)]  # fmt: skip
    with subprocess.Popen(command, env=environment) as process:
        try:
            _wait(port)
            yield port, [process.pid, *_children(process.pid)]
        finally:
            process.terminate()


def signed_in(url: str, folder: Path) -> str:
    """The cookie of an admin."""
    settings = Settings(database_url=SecretStr(url), data_dir=folder, _env_file=None)  # type: ignore[call-arg]
    site = Site(settings)
    try:
        return f"{COOKIE}={cookie_for(site)}"
    finally:
        site.close()


def alone(
    port: int, pids: list[int], cookie: str, routes: dict[str, list[str]]
) -> dict[str, float]:
    """Milliseconds of the server's processor that each route takes, after it was asked once."""
    found = {}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    for name, paths in routes.items():
        chosen = [paths[n % len(paths)] for n in range(12)]
        for path in dict.fromkeys(chosen):
            _ask(connection, path, cookie)
        before, rounds = _processor(pids), 0
        while rounds < 4 * len(chosen) and (rounds < len(chosen) or _processor(pids) - before < 1):
            _ask(connection, chosen[rounds % len(chosen)], cookie)
            rounds += 1
        found[name] = (_processor(pids) - before) * 1000 / rounds
    connection.close()
    return found


def together(
    port: int,
    cookie: str,
    routes: dict[str, list[str]],
    *,
    seconds: float,
    think: tuple[float, float] | None,
) -> dict[str, Times]:
    """Twenty people at once, each on to another page when the last has come and was read."""
    found = {name: Times() for name in routes}
    lock, until = threading.Lock(), time.monotonic() + seconds

    def person(number: int) -> None:
        draw, names = random.Random(number), list(routes)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        if think is not None:
            time.sleep(draw.uniform(0, think[1]))
        while time.monotonic() < until:
            name = draw.choice(names)
            status, first, size = _ask(connection, draw.choice(routes[name]), cookie)
            with lock:
                own = found[name]
                own.first.append(first)
                own.size = max(own.size, size)
                own.failed += status != 200
            if think is not None:
                time.sleep(draw.uniform(*think))
        connection.close()

    threads = [threading.Thread(target=person, args=(n,)) for n in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def status_of(port: int, cookie: str, path: str) -> int:
    """How a page answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    status = _ask(connection, path, cookie)[0]
    connection.close()
    return status


def share(values: list[float], percent: int) -> float:
    """A percentile."""
    return values[0] if len(values) == 1 else quantiles(values, n=100)[percent - 1]


def _ask(connection: http.client.HTTPConnection, path: str, cookie: str) -> tuple[int, float, int]:
    began = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": cookie, "Host": "localhost"})
    answer = connection.getresponse()
    first = (time.perf_counter() - began) * 1000
    return answer.status, first, len(answer.read())


def _processor(pids: list[int]) -> float:
    """Seconds of processor time so far."""
    used = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used / _TICK


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()
    return [int(child) for child in found]


def _wait(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the server does not answer")


__all__ = ["BASELINE", "PEOPLE", "Times", "addresses", "alone", "server", "share", "signed_in",
           "status_of", "together"]  # fmt: skip
