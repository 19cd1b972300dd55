"""The state as tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from api.cli.show import cell, plain
from listening.health import Health, JobState, WatchState, WorkerState, problems


def board(health: Health, store: str, rate: float | None) -> Group:
    """Everything that `listening status` shows.

    Args:
        health: the reading.
        store: its address, without the password.
        rate: posts analysed a second; None: not known.
    """
    parts: list[RenderableType] = [_head(health, store), _work(health, rate), _judged(health)]
    at = health.at
    parts += _section(
        "Watches",
        ("id", "brand", "source", "due", "last sweep", "lag", "new", "failed", "error"),
        [_watch(watch, at) for watch in health.watches],
        "No watch.",
    )
    parts += _section(
        "Processes",
        ("kind", "host", "pid", "queues", "doing", "memory", "up", "seen"),
        [_worker(worker, at) for worker in health.workers],
        "None: `listening up` starts web, worker and beat.",
    )
    parts += _section(
        "Running jobs",
        ("id", "what", "stage", "done", "a second", "left", "heard of"),
        [_job(job, at) for job in health.jobs],
        "None.",
    )
    parts += _section(
        "Last errors",
        ("when", "what", "error"),
        [(_ago(t.at, at) if t.at else "", t.what, t.text) for t in health.troubles],
        "None within a week.",
    )
    return Group(*parts)


def _head(health: Health, store: str) -> Text:
    amounts, about = health.amounts, "about " if health.amounts.estimated else ""
    room = [f"store {size(health.store_bytes)}", f"{size(health.disk_free)} free"]
    figures = (
        f"{amounts.posts:,} posts",
        f"{about}{amounts.mentions:,} mentions",
        f"{about}{amounts.authors:,} authors",
        *room,
    )
    head = Text(f"{health.at:%Y-%m-%d %H:%M:%S} UTC  {plain(store)}\n", "bold")
    return head + Text(" · ".join(figures), "not bold")


def _work(health: Health, rate: float | None) -> Text:
    amounts = health.amounts
    about = "about " if amounts.estimated and amounts.pending else ""
    told = [f"{about}{amounts.pending:,} posts pending"]
    if amounts.oldest_pending_at is not None:
        told.append(f"longest for {span(health.lag)}")
    if rate is not None:
        told.append(f"{rate:,.1f} analysed a second")
    if amounts.newest_analysed_at is not None:
        told.append(f"last analysed {_ago(amounts.newest_analysed_at, health.at)}")
    if amounts.poisoned:
        told.append(f"{amounts.poisoned:,} given up")
    if health.quarantined:
        told.append(f"{health.quarantined:,} rows in quarantine")
    waiting = ", ".join(f"{name} {cell(n)}" for name, n in sorted(health.queues.depth.items()))
    return Text(" · ".join(told) + f"\nQueues: {waiting}")


def _judged(health: Health) -> Text:
    found = problems(health)
    if not found:
        return Text("All is well.", "green")
    return Text("\n").join(Text(f"! {plain(sentence)}", "bold red") for sentence in found)


def _watch(watch: WatchState, at: datetime) -> Sequence[str]:
    last, lag = watch.last, watch.lag(at)
    return (
        str(watch.id),
        watch.brand,
        watch.source,
        _due(watch, at),
        "never" if last is None else f"{last.status} {_ago(last.started_at, at)}",
        "" if lag is None else span(lag),
        "" if last is None else f"{last.posts_new:,} / {last.mentions_new:,}",
        str(watch.failures or ""),
        watch.error or "",
    )


def _due(watch: WatchState, at: datetime) -> str:
    if watch.paused_at is not None:
        return "paused"
    if watch.running:
        return "running"
    if watch.pushed:
        return "when pushed"
    if watch.due_at is None:
        return "?"
    late = watch.overdue(at)
    return f"late {span(late)}" if late else f"in {span(watch.due_at - at)}"


def _worker(worker: WorkerState, at: datetime) -> Sequence[str]:
    return (
        worker.kind,
        worker.host,
        str(worker.pid),
        ", ".join(worker.queues),
        worker.doing or "",
        size(worker.memory),
        span(at - worker.started_at),
        ("" if worker.alive(at) else "gone? ") + _ago(worker.seen_at, at),
    )


def _job(job: JobState, at: datetime) -> Sequence[str]:
    done = f"{job.done:,}" if job.total is None else f"{job.done:,} of {job.total:,}"
    share = f" ({100 * job.done / job.total:.0f} %)" if job.total else ""
    return (
        str(job.id),
        f"{job.kind} {job.label}",
        job.stage or "",
        done + share,
        "?" if job.rate is None else f"{job.rate:,.1f}",
        "?" if job.left is None else span(timedelta(seconds=job.left)),
        _ago(job.heartbeat_at, at),
    )


def _section(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], empty: str
) -> list[RenderableType]:
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        shown.add_column(name, overflow="fold", no_wrap=name not in {"error", "what", "stage"})
    for row in rows:
        shown.add_row(*(Text(cell(value)) for value in row))
    body: RenderableType = shown if shown.row_count else Text(f"  {empty}")
    return [Text(f"\n{title}", "bold"), body]


def size(amount: int | None) -> str:
    """Bytes for a person."""
    if amount is None:
        return "?"
    if amount < 1 << 30:
        return f"{amount / (1 << 20):,.0f} MiB"
    return f"{amount / (1 << 30):,.1f} GiB"


def span(time: timedelta) -> str:
    """A time that passed, in the two largest units."""
    seconds = max(int(time.total_seconds()), 0)
    for name, length, below, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60)):
        if seconds >= length:
            rest = seconds % length // part
            return f"{seconds // length} {name}" + (f" {rest} {below}" if rest else "")
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"


def _ago(moment: datetime, at: datetime) -> str:
    return f"{span(at - moment)} ago"
