"""How many messages wait in the queues, asked of the broker without Celery.

The web process asks too: it knows neither the workers nor their tasks.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from listening.config import Settings
from listening.health import Queues
from listening.logs import masked

QUEUES = ("nlp", "sweep")
PATIENCE = 0.5  # seconds

# How the Redis transport of Kombu names the lists of a queue's lesser priorities.
_PRIORITIES = ("", "\x06\x163", "\x06\x166", "\x06\x169")


def read_queues(settings: Settings, names: Iterable[str] = ()) -> Queues:
    """Messages that wait in each queue; unknown, with the reason, where the broker is silent.

    Args:
        settings: name the broker.
        names: queues beside the two that are always there.
    """
    wanted = sorted({*QUEUES, *names})
    try:
        if settings.broker_url is None:
            return Queues(_in_files(settings.data_dir / "queue" / "messages", wanted))
        return _in_redis(settings.broker_url.get_secret_value(), wanted)
    except Exception as error:  # every transport fails in its own ways, and none may end a reading
        return Queues(dict.fromkeys(wanted), masked(str(error)) or type(error).__name__)


def _in_files(folder: Path, names: list[str]) -> dict[str, int | None]:
    """Kombu names a message's file TIME_ID.QUEUE.msg."""
    depth: Counter[str] = Counter()
    try:
        with os.scandir(folder) as found:
            for entry in found:
                queue = entry.name.partition(".")[2].removesuffix(".msg")
                if entry.name.endswith(".msg"):
                    depth[queue] += 1
    except FileNotFoundError:  # nothing was ever sent
        pass
    return {name: depth[name] for name in names}


def _in_redis(url: str, names: list[str]) -> Queues:
    unknown = dict.fromkeys(names)
    if urlsplit(url).scheme not in {"redis", "rediss"}:
        return Queues(unknown, None)  # some other broker: no failure, only not known
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    client = redis.Redis.from_url(
        _for_redis(url),
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        with client.pipeline(transaction=False) as pipe:
            for name in names:
                for priority in _PRIORITIES:
                    pipe.llen(f"{name}{priority}")
            lengths = pipe.execute()
    finally:
        client.close()
    step = len(_PRIORITIES)
    return Queues({n: sum(lengths[i * step : (i + 1) * step]) for i, n in enumerate(names)})


def _for_redis(url: str) -> str:
    """Celery writes ssl_cert_reqs=CERT_REQUIRED where the client itself reads `required`."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if "ssl_cert_reqs" in query:
        asked = query["ssl_cert_reqs"].removeprefix("CERT_").lower()
        query["ssl_cert_reqs"] = asked
        if asked == "none":  # a certificate that nobody checks names no host either
            query.setdefault("ssl_check_hostname", "False")
    return urlunsplit(parts._replace(query=urlencode(query)))
