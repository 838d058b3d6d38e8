"""Every signal in memory, for tests: fixed ids, a clock that the test moves, nothing sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import SpanKind, format_trace_id

from obskit import default_runtime, names
from obskit import metrics as host_metrics
from obskit.config import load
from obskit.context import Scope
from obskit.operations import surroundings
from obskit.runtime import Runtime
from obskit.telemetry import cardinality, console, failure
from obskit.telemetry.errors import Errors
from obskit.telemetry.pipeline import Record

_BEGINNING = datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp()
_LINE_LIMIT = 1_048_576
# What one test keeps is nothing to another, nor to the user who runs them.
_DEFAULTS = {"service": "test", "state_url": "memory:"}


class StillClock:
    """A clock that stands still until it is moved.

    >>> clock = StillClock()
    >>> before = clock.now()
    >>> clock.advance(2.5)
    >>> clock.now() - before
    2.5
    """

    def __init__(self) -> None:
        self._passed = 0.0

    def now(self) -> float:
        """Seconds since the Unix epoch; 2026-01-01T00:00:00Z at first."""
        return _BEGINNING + self._passed

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return self._passed

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._passed += seconds


class CountingIds(IdGenerator):
    """Trace ids and span ids that count up from 1."""

    def __init__(self) -> None:
        self._traces, self._spans = count(1), count(1)

    def generate_trace_id(self) -> int:
        """The next trace id."""
        return next(self._traces)

    def generate_span_id(self) -> int:
        """The next span id."""
        return next(self._spans)


class Capture:
    """What obskit would have sent.

    Attributes:
        spans: Finished spans, in the order in which they ended.
        lines: Log lines, as the JSON console would write them.
        errors: Error events: those of Sentry where sentry-sdk is installed.
        clock: The time; `clock.advance(seconds)` moves it.
    """

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.lines: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = []
        self.clock = StillClock()
        self._reader = InMemoryMetricReader()
        self._overflows: Callable[[], list[cardinality.Overflow]] = list

    def metrics(self) -> dict[str, list[dict[str, Any]]]:
        """The metrics as they stand: name → points, each with `attributes` and what was measured.

        A sum or gauge has `value`, a histogram `count` and `sum`.
        """
        data = self._reader.get_metrics_data()
        found: dict[str, list[dict[str, Any]]] = {}
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    found.setdefault(metric.name, []).extend(map(_point, metric.data.data_points))
        return found

    def metrics_without_bounds(self) -> list[str]:
        """What was said of metrics with too many series, and of attributes that were left out."""
        return [*map(str, self._overflows()), *host_metrics.refused.values()]

    def assert_one_story(self, request_id: str) -> None:
        """Fail unless a request is told whole, and under one id.

        That is: one server span, an access line, every line and error of the request with the
        span's trace id, and an error event for an exception that nobody handled.

        Args:
            request_id: What the response's `X-Request-ID` said.

        Raises:
            AssertionError: Something is missing, double, or under another id.
        """
        servers = [
            span
            for span in self.spans
            if span.kind is SpanKind.SERVER
            and (span.attributes or {}).get(names.REQUEST_ID) == request_id
        ]
        assert len(servers) == 1, f"{len(servers)} server spans with request id {request_id}"
        server = servers[0]
        assert server.context is not None
        trace_id = format_trace_id(server.context.trace_id)
        lines = [line for line in self.lines if line.get("request_id") == request_id]
        access = [line for line in lines if line["logger"] == "obskit.access"]
        assert len(access) == 1, f"{len(access)} access lines with request id {request_id}"
        strangers = [line["event"] for line in lines if line.get("trace_id") != trace_id]
        assert not strangers, (
            f"lines of {request_id} under another trace than {trace_id}: {strangers}"
        )
        errors = [event for event in self.errors if event["tags"].get("request_id") == request_id]
        for event in errors:
            found = event["contexts"]["trace"]["trace_id"]
            assert found == trace_id, f"an error of {request_id} under the trace {found}"
        unhandled = any(event.name == names.EVENT_EXCEPTION for event in server.events)
        assert not unhandled or errors, f"the exception of {request_id} left no error event"

    def write(self, record: Record) -> None:
        """Take a log record, as every sink does."""
        self.lines.append(orjson.loads(console.to_json(record, {}, _LINE_LIMIT)))


class _Spans(SpanProcessor):
    def __init__(self, capture: Capture) -> None:
        self._capture = capture

    def on_end(self, span: ReadableSpan) -> None:
        self._capture.spans.append(span)


class _PlainReporter:
    """Holds errors where there is no sentry-sdk."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture

    def sees_itself(self, *, handled: bool) -> bool:
        return False

    def event(
        self, error: BaseException, scope: Scope | None, *, handled: bool, logger: str
    ) -> dict[str, Any]:
        told = failure.of(error)
        mechanism = {"type": "obskit", "handled": handled}
        values = [{"type": told.type, "value": told.message, "mechanism": mechanism}]
        trace_id = format_trace_id(scope.span.get_span_context().trace_id) if scope else None
        return {
            "exception": {"values": values},
            "logger": logger,
            "tags": {"request_id": scope.request_id if scope else None},
            "contexts": {"trace": {"trace_id": trace_id}},
        }

    def mark_unhandled(self, event: dict[str, Any]) -> None:
        event["exception"]["values"][0]["mechanism"]["handled"] = False

    def send(self, event: dict[str, Any], _scope: Scope | None) -> bool:
        self._capture.errors.append(event)
        return True

    def start_transaction(self, *_: object) -> None:
        return None

    def flush(self, timeout: float) -> None:
        """Nothing waits."""

    def close(self, timeout: float) -> None:
        """Nothing is open."""


def _reporter(capture: Capture) -> Any:
    try:
        import sentry_sdk
        from sentry_sdk.transport import Transport

        from obskit.telemetry.sentry import Sentry
    except ModuleNotFoundError:
        return _PlainReporter(capture)

    class Memory(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            event = envelope.get_event()
            if event is not None:
                capture.errors.append(event)

    client = sentry_sdk.Client(
        "http://key@localhost/1",
        transport=Memory,
        default_integrations=False,
        auto_enabling_integrations=False,
    )
    return Sentry(client, hosts_own=False, traces_sample_rate=0.0)


@contextmanager
def capturing() -> Iterator[Capture]:
    """Hold every signal of the default runtime in memory while the block lasts.

    Where `obskit.init` was not called a runtime of defaults stands in. Calls of `init` meanwhile do
    nothing.

    >>> import obskit
    >>> with capturing() as capture:
    ...     obskit.get_logger("shop").info("order.placed", order_id=7)
    >>> capture.lines[0]["event"], capture.lines[0]["timestamp"]
    ('order.placed', '2026-01-01T00:00:00.000000Z')
    """
    running = default_runtime.current()
    runtime = running or Runtime(load(_DEFAULTS, environ={}, folder=Path("/nowhere")))
    if running is None:
        runtime.start()
        default_runtime.replace(runtime)
    capture = Capture()
    try:
        with default_runtime.inert(), _attached(capture, runtime):
            yield capture
    finally:
        if running is None:
            runtime.forget()
            default_runtime.replace(None)


@contextmanager
def _attached(capture: Capture, runtime: Runtime) -> Iterator[None]:
    tracer, meter = runtime.providers.tracer, runtime.providers.meter
    tracers: Sequence[Any] = [tracer, *tracer._tracers.values()]
    ids = CountingIds()
    server: Any = runtime.server
    pipeline = runtime.pipeline
    errors = Errors(_reporter(capture), runtime.ledger)
    changes: list[tuple[Any, str, Any]] = [
        (tracer._active_span_processor, "_span_processors", (_Spans(capture),)),
        *((each, "id_generator", ids) for each in tracers),
        (pipeline, "_sinks", (*pipeline._sinks, capture)),
        (pipeline, "_on_exception", runtime.logged_exception),
        (pipeline, "_clock", capture.clock),
        (server, "clock", capture.clock),
        (surroundings.active(), "clock", capture.clock),
        (server, "errors", errors),
        (runtime, "errors", errors),
        (runtime.watches, "_sharing", lambda **_: None),  # each check is this process's own
        (server.event_loop, "watch", lambda _loop: None),  # the machine may be loaded
        (host_metrics, "refused", {}),
        (capture, "_overflows", partial(cardinality.overflows, meter, capture._reader)),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in changes]
    meter.add_metric_reader(capture._reader)
    for owner, name, value in changes:
        setattr(owner, name, value)
    try:
        # The SDK asks the system for the time of a span.
        with patch("opentelemetry.sdk.trace.time_ns", lambda: int(capture.clock.now() * 1e9)):
            yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)
        meter.remove_metric_reader(capture._reader)


def _point(point: Any) -> dict[str, Any]:
    attributes = dict(point.attributes or {})
    if hasattr(point, "value"):
        return {"attributes": attributes, "value": point.value}
    return {"attributes": attributes, "count": point.count, "sum": point.sum}
