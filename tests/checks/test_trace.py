"""The trace of a run: a root of its own, whatever was current where it began."""

from __future__ import annotations

import pytest
from opentelemetry import trace
from opentelemetry.trace import INVALID_SPAN, NoOpTracer, StatusCode
from tests.checks.given import check

import obskit
from obskit import Registry, context, default_runtime
from obskit.capture import Capture
from obskit.checks.results import Results
from obskit.checks.runner import Runner
from obskit.checks.trace import SpanTrace, opener
from obskit.checks.watch import Watch
from obskit.clock import SYSTEM_CLOCK
from obskit.context import Scope


def watch(registry: Registry) -> Watch:
    current = default_runtime.current()
    assert current is not None
    return current.watch(registry)


def test_lines_and_spans_of_a_run_and_its_result_stand_under_one_id(
    obskit_capture: Capture,
) -> None:
    registry = Registry()

    def rows() -> bool:
        with obskit.span("query"):
            obskit.get_logger("shop").warning("slow")
        return False

    result = watch(registry).runner.run(registry.add("rows", rows, every="1m"))
    inner, outer = obskit_capture.spans
    assert (inner.name, outer.name) == ("query", "check rows")
    assert outer.parent is None
    assert outer.attributes == {"obskit.check.name": "rows"}
    assert inner.parent is not None
    assert outer.context is not None
    assert inner.parent.span_id == outer.context.span_id
    assert result.trace_id == f"{1:032x}"
    assert [(line["event"], line["trace_id"]) for line in obskit_capture.lines] == [
        ("slow", result.trace_id),
        ("rows is critical: it returned False", result.trace_id),
    ]


def test_each_run_has_an_id_of_its_own(obskit_capture: Capture) -> None:
    registry = Registry()
    runner, rows = watch(registry).runner, registry.add("rows", lambda: None, every="1m")
    assert [runner.run(rows).trace_id for _ in range(2)] == [f"{1:032x}", f"{2:032x}"]


def test_an_exception_fails_the_span(obskit_capture: Capture) -> None:
    registry = Registry()

    def broken() -> None:
        raise ValueError("no")

    watch(registry).runner.run(registry.add("rows", broken, every="1m"))
    (span,) = obskit_capture.spans
    assert span.status.status_code is StatusCode.ERROR
    assert [event.name for event in span.events] == ["exception"]


def test_a_run_belongs_to_no_request_and_leaves_nothing_behind(obskit_capture: Capture) -> None:
    current = default_runtime.current()
    assert current is not None
    open_trace = current.watches._open_trace
    tracer = current.providers.tracer.get_tracer("test")
    with tracer.start_as_current_span("request") as request, context.entered(Scope(span=request)):
        before = context.current()
        with open_trace(check()) as found:
            assert isinstance(found, SpanTrace)
            assert trace.get_current_span() is found._span
            scope = context.current()
            assert scope is not None
            assert scope.span is found._span
        assert trace.get_current_span() is request
        assert context.current() is before
        with pytest.raises(KeyError), open_trace(check()):
            raise KeyError
        assert trace.get_current_span() is request
    assert [span.parent for span in obskit_capture.spans] == [None, None, None]


def test_a_span_that_nobody_records_has_no_id() -> None:
    assert SpanTrace(INVALID_SPAN).trace_id is None
    registry = Registry()
    runner = Runner(registry, Results(SYSTEM_CLOCK), SYSTEM_CLOCK, open_trace=opener(NoOpTracer()))
    assert runner.run(registry.add("rows", lambda: None, every="1m")).trace_id is None
