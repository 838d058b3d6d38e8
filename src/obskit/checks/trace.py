"""The trace of a check's run, so that its lines and spans stand under one id."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Tracer, format_trace_id

from obskit import context, names
from obskit.checks.runner import OpenTrace
from obskit.context import Scope
from obskit.declaration import Check
from obskit.telemetry import traces


class SpanTrace:
    """A run that is told of by a span."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        found = span.get_span_context()
        self.trace_id = format_trace_id(found.trace_id) if found.is_valid else None

    def failed(self, error: BaseException) -> None:
        """The subject raised."""
        traces.fail(self._span, error)


def opener(tracer: Tracer) -> OpenTrace:
    """What opens the trace of each run: a root span and a scope of its own.

    Args:
        tracer: Makes the spans.
    """

    @contextmanager
    def opened(check: Check) -> Iterator[SpanTrace]:
        base = Context()
        span = tracer.start_span(
            f"check {check.name}", base, attributes={names.CHECK_NAME: check.name}
        )
        token = otel_context.attach(trace.set_span_in_context(span, base))
        try:
            with context.entered(Scope(span=span)):
                yield SpanTrace(span)
        finally:
            otel_context.detach(token)
            span.end()

    return opened
