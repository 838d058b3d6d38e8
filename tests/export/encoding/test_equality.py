"""What obskit sends is what the stock exporters send, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry._logs import SeverityNumber
from opentelemetry.metrics import Observation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import AlwaysOnExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import (
    ExponentialHistogram,
    Gauge,
    Histogram,
    InMemoryMetricReader,
    Sum,
)
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode
from tests.export.encoding import records

from obskit.export.encoding import Encoder
from obskit.export.encoding import spans as module

# One for all examples: what it remembers of one must not leak into the next.
ENCODER = Encoder(records.unchanged)


@settings(max_examples=40)
@given(st.lists(records.SPANS, max_size=3))
def test_spans_are_what_stock_makes_of_them(spans: list[Any]) -> None:
    assert records.of_spans(spans, ENCODER) == records.stock_spans(spans)
    assert records.of_spans(spans, ENCODER) == records.stock_spans(spans)


@settings(max_examples=40)
@given(st.lists(records.LOG_RECORDS, max_size=3))
def test_log_records_are_what_stock_makes_of_them(given: list[Any]) -> None:
    assert records.of_log_records(given, ENCODER) == records.stock_log_records(given)
    assert records.of_log_records(given, ENCODER) == records.stock_log_records(given)


@settings(max_examples=40)
@given(st.lists(records.METRICS, min_size=1, max_size=2), records.RESOURCES, records.SCOPES)
def test_metrics_are_what_stock_makes_of_them(given: list[Any], resource: Any, scope: Any) -> None:
    data = records.metrics_data(given, resource, scope)
    assert records.of_metrics(data, ENCODER) == records.stock_metrics(data)


@settings(max_examples=40)
@given(st.lists(records.METRICS, min_size=1, max_size=2))
def test_a_metric_tells_how_many_points_it_has(given: list[Any]) -> None:
    expected = [len(metric.data.data_points) for metric in given]
    assert [ENCODER.metric(metric)[1] for metric in given] == expected


def test_spans_of_a_provider_are_what_stock_makes_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_repaired", None)  # real spans need no repair
    kept = InMemorySpanExporter()
    limits = SpanLimits(max_events=1, max_links=1, max_attributes=5, max_event_attributes=1)
    resource = Resource({"service.name": "shop", "host": ["a", "b"]}, "u://r")
    provider = TracerProvider(resource=resource, span_limits=limits, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    links = [Link(SpanContext(7, number, is_remote=True), {"n": number}) for number in (8, 9)]
    for tracer in (provider.get_tracer("a", "1", "u://s", {"x": 1}), provider.get_tracer("b")):
        with tracer.start_as_current_span("GET /", kind=SpanKind.SERVER, links=links) as span:
            span.set_attributes({f"n{number}": number for number in range(7)})
            span.add_event("tried", {"first": 1.5, "second": True})
            with pytest.raises(ZeroDivisionError), tracer.start_as_current_span("inner"):
                1 / 0
        with tracer.start_as_current_span("fine") as span:
            span.set_status(StatusCode.OK)
    spans = list(kept.get_finished_spans())
    assert len(spans) == 6
    assert records.of_spans(spans, Encoder(records.unchanged)) == records.stock_spans(spans)


def test_log_records_of_a_provider_are_what_stock_makes_of_them() -> None:
    kept = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(kept))
    logger = provider.get_logger("shop", "1")
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("t")
    with tracer.start_as_current_span("s"):
        logger.emit(
            timestamp=5, body="paid", severity_number=SeverityNumber.INFO, severity_text="INFO"
        )
    logger.emit(body={"a": [1, None]}, attributes={"b": {"c": b"\xff"}}, event_name="e")
    given: list[Any] = list(kept.get_finished_logs())
    assert len(given) == 2
    assert records.of_log_records(given, ENCODER) == records.stock_log_records(given)


def test_metrics_of_a_provider_are_what_stock_makes_of_them() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider(
        metric_readers=[reader],
        exemplar_filter=AlwaysOnExemplarFilter(),
        views=[View(instrument_name="e", aggregation=ExponentialBucketHistogramAggregation())],
        shutdown_on_exit=False,
    )
    meter = provider.get_meter("shop", "1", "u://s", {"x": "y"})
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("t")
    meter.create_observable_gauge("g", [lambda _: [Observation(0.5, {"cpu": 0})]])
    counter = meter.create_counter("c", "1", "how many")
    both = [meter.create_histogram("h", "s"), meter.create_histogram("e", "s")]
    with tracer.start_as_current_span("s"):
        for value in (0, 3.5, 700):
            counter.add(value, {"route": "/", "status": 200})
            for histogram in both:
                histogram.record(value, {"route": "/"})
    data: Any = reader.get_metrics_data()
    kinds = {type(each.data) for each in data.resource_metrics[0].scope_metrics[0].metrics}
    assert kinds == {Gauge, Sum, Histogram, ExponentialHistogram}
    assert records.of_metrics(data, ENCODER) == records.stock_metrics(data)
    provider.shutdown()
