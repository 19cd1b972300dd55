"""Errors to Sentry and traces to OpenTelemetry, where settings ask for it, and only then.

Both learn what ran, for how long and which kind of error ended it where in the code. What an
error says is left out, as are values of variables: they may quote posts or hold secrets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from listening.config import Settings
from listening.errors import SettingsError
from listening.logs import correlation

Plain = str | int | float | bool

_FRAME = ("filename", "function", "module", "lineno", "in_app")
_TAGS = ("service", "task", "correlation")
_PACKAGES = {
    "LISTENING_SENTRY_DSN": ("sentry_sdk", "sentry"),
    "LISTENING_OTEL_ENDPOINT": ("opentelemetry.exporter.otlp.proto.http", "opentelemetry"),
}

# What this process set up; a process does so once.
_ON: dict[str, Any] = {}


def require(settings: Settings) -> None:
    """Refuse to start where something is asked for that is not installed, or makes no sense.

    Raises:
        SettingsError: names the setting and the fix.
    """
    asked = {
        "LISTENING_SENTRY_DSN": secret(settings),
        "LISTENING_OTEL_ENDPOINT": settings.otel_endpoint,
    }
    for name, value in asked.items():
        module, extra = _PACKAGES[name]
        if value and not _installed(module):
            raise SettingsError(
                f"{name} is set, but what it needs is not installed: run "
                f"`pip install 'listening[{extra}]'`, or unset it."
            )
    if (dsn := secret(settings)) is not None:
        from sentry_sdk.utils import BadDsn, Dsn

        try:
            Dsn(dsn)
        except (BadDsn, ValueError):
            raise SettingsError(
                "LISTENING_SENTRY_DSN cannot be read; expected https://KEY@HOST/PROJECT."
            ) from None
    if settings.otel_endpoint and not settings.otel_endpoint.startswith(("http://", "https://")):
        raise SettingsError("LISTENING_OTEL_ENDPOINT: expected http://HOST:4318 or https://...")


def secret(settings: Settings) -> str | None:
    """Sentry's address, which holds a key."""
    return settings.sentry_dsn.get_secret_value() or None if settings.sentry_dsn else None


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even its parent
        return False


def start(settings: Settings, service: str) -> None:
    """Begin to report, in a process that has not begun yet; nothing where nothing is asked for.

    Args:
        settings: say where to.
        service: web, worker or beat.

    Raises:
        SettingsError: as `require`.
    """
    require(settings)
    if (dsn := secret(settings)) is not None:
        _start_sentry(dsn, service)
    if settings.otel_endpoint:
        _start_traces(settings.otel_endpoint, service)


def _start_sentry(dsn: str, service: str) -> None:
    if "sentry" in _ON:
        return
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        release=f"listening@{version('listening')}",
        # What it would gather by itself quotes whatever it finds.
        default_integrations=False,
        auto_enabling_integrations=False,
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        before_send=lambda event, _hint: scrubbed(event),
    )
    sentry_sdk.set_tag("service", service)
    _ON["sentry"] = sentry_sdk


def scrubbed(event: Mapping[str, Any]) -> dict[str, Any]:
    """Of a report to Sentry, only what can quote nobody: kinds of errors and places in code."""
    known = ("event_id", "timestamp", "level", "platform", "release", "sdk")
    kept: dict[str, Any] = {name: event[name] for name in known if name in event}
    kept["tags"] = {n: v for n, v in dict(event.get("tags") or {}).items() if n in _TAGS}
    errors = (event.get("exception") or {}).get("values") or []
    kept["exception"] = {
        "values": [
            {
                "type": error.get("type"),
                "module": error.get("module"),
                "value": "",
                "stacktrace": {"frames": [_frame(f) for f in _frames(error)]},
            }
            for error in errors
        ]
    }
    return kept


def _frames(error: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list((error.get("stacktrace") or {}).get("frames") or [])


def _frame(frame: Mapping[str, Any]) -> dict[str, Any]:
    return {name: frame[name] for name in _FRAME if name in frame}


def report(error: BaseException, **tags: str) -> None:
    """Tell Sentry of an error, where it is set up."""
    sentry = _ON.get("sentry")
    if sentry is None:
        return
    with sentry.new_scope() as scope:
        for name, value in (tags | {"correlation": correlation() or ""}).items():
            scope.set_tag(name, value)
        scope.capture_exception(error)


def _start_traces(endpoint: str, service: str) -> None:
    if "traces" in _ON:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=5)
    trace_to(BatchSpanProcessor(exporter), service)


def trace_to(processor: Any, service: str) -> None:
    """Begin to hand spans to an OpenTelemetry span processor."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    about = {"service.name": f"listening-{service}", "service.version": version("listening")}
    provider = TracerProvider(resource=Resource(about))
    provider.add_span_processor(processor)
    _ON["traces"] = provider


def trace_of(id: str) -> int:
    """The trace that all with one correlation id belong to, whichever process they ran in."""
    return int.from_bytes(hashlib.blake2b(id.encode(), digest_size=16).digest(), "big")


@contextmanager
def span(name: str, **facts: Plain) -> Iterator[None]:
    """A span around a block, where traces are asked for; of an error only its kind is told.

    Args:
        name: of the task or the page's route.
        facts: numbers and fixed words, never what anybody wrote.
    """
    provider = _ON.get("traces")
    if provider is None:
        yield
        return
    from opentelemetry.trace import StatusCode

    tracer = provider.get_tracer("listening")
    id = correlation()
    told: dict[str, Plain] = facts | ({"correlation": id} if id else {})
    with tracer.start_as_current_span(
        name,
        context=_in_trace(id) if id else None,
        attributes=told,
        # Either would send the error's message.
        record_exception=False,
        set_status_on_exception=False,
    ) as own:
        try:
            yield
        except BaseException as error:
            own.set_status(StatusCode.ERROR)
            own.set_attribute("error.type", type(error).__qualname__)
            raise


def _in_trace(id: str) -> Any:
    """Within the trace of a correlation id, unless a span is open already."""
    from opentelemetry import trace

    if trace.get_current_span().get_span_context().is_valid:
        return None
    # Sampled, and with a parent that nobody sent: viewers show the trace by its id.
    parent = trace.SpanContext(
        trace_id=trace_of(id),
        span_id=trace_of(id) & (2**64 - 1) or 1,
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(parent))


def stop() -> None:
    """Send what waits, and report no more."""
    if (sentry := _ON.pop("sentry", None)) is not None:
        sentry.get_client().close(timeout=2)
    if (provider := _ON.pop("traces", None)) is not None:
        provider.shutdown()
