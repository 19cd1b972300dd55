"""`/metrics` in Prometheus' text format: the state of the store, and its counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.responses import Response

from api.routes.readings import Reading, Readings
from api.web.acting import open_to_all, unauthorised
from api.web.security import is_loopback
from api.web.site import site_of
from listening import metrics
from listening.access import Role
from listening.health import OVERDUE, Health, WatchState, problems
from listening.store.access.signins import key_actor
from listening.store.running.counters import Counted

router = APIRouter(include_in_schema=False)


@router.api_route("/metrics", methods=["GET", "HEAD"], dependencies=[open_to_all()])
def show(request: Request) -> Response:
    """Everything that is measured. Answers where the store does not: `listening_store_up` is 0.

    This machine alone is answered, unless LISTENING_METRICS_OPEN or by an admin's API key.
    """
    _admit(request)
    registry: CollectorRegistry = request.app.state.metrics
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), headers={"content-type": content_type})


def _admit(request: Request) -> None:
    """Let this machine, everybody where the settings say so, and admins' keys read.

    A proxy on this machine passes others on: what it says of them counts, as everywhere.

    Raises:
        Problem: somebody else asks.
    """
    site = site_of(request)
    asked = request.client.host if request.client is not None else ""
    passed_on = any(h in request.headers for h in ("x-forwarded-for", "forwarded"))
    if site.settings.metrics_open or (is_loopback(asked) and not passed_on):
        return
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        with site.reading() as session:
            actor = key_actor(session, key.strip())
        # One that only reads is enough: nothing is changed here.
        if actor is not None and actor.role_for(None) is Role.ADMIN:
            return
    raise unauthorised()


def registry_over(readings: Readings) -> CollectorRegistry:
    """What one application shows: the store's state, and this process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(FromStore(readings))
    return registry


class FromStore(Collector):
    """Asks for a reading when it is asked itself."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings

    def describe(self) -> list[Metric]:
        """Nothing beforehand: registering reads no store."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The families of one reading."""
        yield from families(self._readings.take())


def families(reading: Reading) -> Iterator[Metric]:
    """A reading as Prometheus' families."""
    found = reading.health
    yield _gauge(metrics.STORE_UP, float(found is not None))
    yield _gauge(metrics.READ_SECONDS, reading.seconds)
    yield _gauge(metrics.READ_AT, reading.at)
    build = (version("listening"), found.schema if found else "")
    yield _labelled(metrics.BUILD, {build: 1.0})
    if found is not None:
        yield from _amounts(found)
        yield from _watches(found)
        yield from _processes(found)
        yield from _room(found)
    yield from _counters(reading.counters)


def _amounts(found: Health) -> Iterator[Metric]:
    amounts = found.amounts
    yield _gauge(metrics.POSTS, amounts.posts)
    yield _gauge(metrics.MENTIONS, amounts.mentions)
    yield _gauge(metrics.AUTHORS, amounts.authors)
    yield _gauge(metrics.PENDING, amounts.pending)
    yield _gauge(metrics.POISONED_NOW, amounts.poisoned)
    yield _gauge(metrics.LAG, found.lag.total_seconds())
    if amounts.newest_analysed_at is not None:
        yield _gauge(metrics.LAST_ANALYSED, amounts.newest_analysed_at.timestamp())
    yield _gauge(metrics.QUARANTINE, found.quarantined)


def _watches(found: Health) -> Iterator[Metric]:
    listened = [watch for watch in found.watches if watch.paused_at is None]
    late = [watch.overdue(found.at) for watch in listened]
    yield _gauge(metrics.WATCHES, len(found.watches))
    yield _gauge(metrics.WATCHES_DUE, sum(_due(watch, found.at) for watch in listened))
    yield _gauge(metrics.WATCHES_OVERDUE, sum(own > OVERDUE for own in late))
    yield _gauge(metrics.WATCHES_FAILING, sum(watch.failures > 0 for watch in listened))
    yield _gauge(metrics.WATCHES_PAUSED, len(found.watches) - len(listened))
    yield _gauge(metrics.WATCHES_WARNED, sum(watch.warning is not None for watch in listened))
    yield _gauge(metrics.OVERDUE, max((own.total_seconds() for own in late), default=0.0))
    behind = {(w.source, str(w.id)): w.lag(found.at) for w in listened}
    lags = {labels: lag.total_seconds() for labels, lag in behind.items() if lag is not None}
    yield _labelled(metrics.SOURCE_LAG, lags)
    running = Counter((watch.source,) for watch in found.watches if watch.running)
    yield _labelled(metrics.SWEEPS_RUNNING, running)
    good: dict[tuple[str, ...], float] = {}
    for watch in found.watches:
        last = watch.last
        if last is not None and last.status == "done" and last.finished_at is not None:
            ended = last.finished_at.timestamp()
            good[watch.source,] = max(ended, good.get((watch.source,), ended))
    yield _labelled(metrics.LAST_SWEEP, good)


def _due(watch: WatchState, at: datetime) -> bool:
    return watch.due_at is not None and watch.due_at <= at and not watch.running


def _processes(found: Health) -> Iterator[Metric]:
    known = [depth is not None for depth in found.queues.depth.values()]
    if found.queues.error is not None or any(known):
        yield _gauge(metrics.BROKER_UP, float(found.queues.error is None))
    depths = {(name,): depth for name, depth in found.queues.depth.items() if depth is not None}
    yield _labelled(metrics.QUEUE_DEPTH, depths)
    alive = found.alive()
    consumed: Counter[tuple[str, ...]] = Counter({(name,): 0 for name in found.queues.depth})
    consumed.update((queue,) for worker in alive for queue in worker.queues)
    yield _labelled(metrics.CONSUMERS, consumed)
    kinds: Counter[tuple[str, ...]] = Counter({(kind,): 0 for kind in ("beat", "web", "worker")})
    kinds.update((worker.kind,) for worker in alive)
    yield _labelled(metrics.WORKERS, kinds)
    memory = {(w.kind, w.host, str(w.pid)): w.memory for w in alive if w.memory is not None}
    yield _labelled(metrics.WORKER_MEMORY, memory)
    seen: dict[tuple[str, ...], float] = {}
    for worker in found.workers:
        moment = worker.seen_at.timestamp()
        seen[worker.kind,] = max(moment, seen.get((worker.kind,), moment))
    yield _labelled(metrics.LAST_SEEN, seen)
    statuses = {(status,): count for status, count in found.jobs_by_status.items()}
    yield _labelled(metrics.JOBS, statuses)


def _room(found: Health) -> Iterator[Metric]:
    for name, value in (
        (metrics.STORE_SIZE, found.store_bytes),
        (metrics.DISK_FREE, found.disk_free),
        (metrics.DISK_SIZE, found.disk_total),
    ):
        if value is not None:
            yield _gauge(name, value)
    yield _gauge(metrics.PROBLEMS, len(problems(found)))


def _counters(counted: Sequence[Counted]) -> Iterator[Metric]:
    by_name: dict[str, list[Counted]] = {}
    for one in counted:
        by_name.setdefault(one.name, []).append(one)
    own = {metrics.STAGE_SECONDS_SUM, metrics.STAGE_SECONDS_COUNT}
    for known in metrics.counters():
        if known.name in own:
            continue
        # Prometheus' client adds the _total itself.
        name = known.name.removesuffix("_total")
        family = CounterMetricFamily(name, known.help, labels=known.labels)
        for one in by_name.get(known.name, ()):
            family.add_metric([one.labels.get(label, "") for label in known.labels], one.value)
        if not known.labels and not family.samples:
            family.add_metric([], 0.0)
        yield family
    yield _stages(by_name)


def _stages(by_name: Mapping[str, Sequence[Counted]]) -> Metric:
    known = metrics.counter(metrics.STAGE_SECONDS_SUM)
    family = SummaryMetricFamily(metrics.STAGE_SECONDS, known.help, labels=known.labels)
    sums = {one.labels["stage"]: one.value for one in by_name.get(metrics.STAGE_SECONDS_SUM, ())}
    for one in by_name.get(metrics.STAGE_SECONDS_COUNT, ()):
        stage = one.labels["stage"]
        family.add_metric([stage], count_value=int(one.value), sum_value=sums.get(stage, 0.0))
    return family


def _gauge(name: str, value: float) -> Metric:
    return GaugeMetricFamily(name, metrics.metric(name).help, value=value)


def _labelled(name: str, values: Mapping[Any, float]) -> Metric:
    """A family of several samples; `values` are by the tuple of their labels."""
    known = metrics.metric(name)
    family = GaugeMetricFamily(name, known.help, labels=known.labels)
    for labels in sorted(values):
        family.add_metric(list(labels), values[labels])
    return family
