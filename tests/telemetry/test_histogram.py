"""Measurements by key are the SDK's measurements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.metrics import NoOpMeter
from opentelemetry.sdk.metrics import AlwaysOnExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import View
from opentelemetry.trace import SpanContext, TraceFlags

from obskit.telemetry.cardinality import limit_series
from obskit.telemetry.histogram import KeyedHistogram
from obskit.telemetry.metrics import forget_parent

BUCKETS = [1.0, 5.0]


class Measured:
    """A provider, its reader, and a histogram that is recorded into by keys."""

    def __init__(self, **options: Any) -> None:
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider(
            metric_readers=[self.reader], shutdown_on_exit=False, **options
        )
        self.instrument = self.provider.get_meter("shop").create_histogram(
            "wait", explicit_bucket_boundaries_advisory=BUCKETS
        )
        self.histogram = KeyedHistogram(self.instrument)
        self.asked = 0

    def record(self, amount: float, route: str, context: Context | None = None) -> None:
        def attributes() -> dict[str, Any]:
            self.asked += 1
            return {"route": route, "code": 200}

        self.histogram.record(amount, (route, 200), attributes, context or Context())

    def points(self, reader: InMemoryMetricReader | None = None) -> dict[str, Any]:
        data = (reader or self.reader).get_metrics_data()
        assert data is not None
        (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
        return {str(dict(point.attributes or {})): point for point in metric.data.data_points}


@pytest.fixture
def measured() -> Iterator[Measured]:
    one = Measured()
    yield one
    one.provider.shutdown()


A = "{'route': '/a', 'code': 200}"
B = "{'route': '/b', 'code': 200}"


def test_each_measurement_counts_in_the_series_of_its_attributes(measured: Measured) -> None:
    for amount in (0.5, 2.0, 9.0):
        measured.record(amount, "/a")
    measured.record(2.0, "/b")
    points = measured.points()
    assert points.keys() == {A, B}
    assert (points[A].count, points[A].sum, points[A].min, points[A].max) == (3, 11.5, 0.5, 9.0)
    assert points[A].bucket_counts == (1, 1, 1)
    assert points[B].bucket_counts == (0, 1, 0)


def test_attributes_are_asked_for_once_a_key(measured: Measured) -> None:
    for _ in range(5):
        measured.record(1.0, "/a")
    assert measured.asked == 1


def test_it_goes_on_in_a_series_that_was_recorded_into_as_usual(measured: Measured) -> None:
    measured.instrument.record(1.0, {"code": 200, "route": "/a"})
    measured.record(1.0, "/a")
    measured.record(1.0, "/a")
    (point,) = measured.points().values()
    assert point.count == 3


def test_a_forked_child_begins_without_the_series_of_its_parent(measured: Measured) -> None:
    for _ in range(3):
        measured.record(1.0, "/a")
    forget_parent(measured.provider)
    measured.record(2.0, "/a")
    measured.record(2.0, "/a")
    assert [point.sum for point in measured.points().values()] == [4.0]


def test_a_reader_that_is_added_later_gets_what_comes_then(measured: Measured) -> None:
    measured.record(1.0, "/a")
    measured.record(1.0, "/a")
    later = InMemoryMetricReader()
    measured.provider.add_metric_reader(later)
    measured.record(1.0, "/a")
    measured.record(1.0, "/a")
    assert [point.count for point in measured.points().values()] == [4]
    assert [point.count for point in measured.points(later).values()] == [2]


def test_a_view_that_leaves_attributes_out_counts_them_together() -> None:
    measured = Measured(views=[View(instrument_name="wait", attribute_keys={"code"})])
    for route in ("/a", "/b", "/a", "/b"):
        measured.record(1.0, route)
    points = measured.points()
    assert [(key, point.count) for key, point in points.items()] == [("{'code': 200}", 4)]
    measured.provider.shutdown()


def test_the_limit_of_series_holds(measured: Measured) -> None:
    limit_series(measured.provider, 3)
    for _ in range(2):
        for route in ("/a", "/b", "/c", "/d"):
            measured.record(1.0, route)
    counts = {key: point.count for key, point in measured.points().items()}
    assert counts == {A: 2, B: 2, "{'otel.metric.overflow': True}": 4}


def test_an_exemplar_is_of_the_trace_at_hand() -> None:
    measured = Measured(exemplar_filter=AlwaysOnExemplarFilter())
    span = trace.NonRecordingSpan(SpanContext(7, 8, False, TraceFlags(TraceFlags.SAMPLED)))
    measured.record(0.5, "/a")
    measured.record(2.0, "/a", trace.set_span_in_context(span, Context()))
    (point,) = measured.points().values()
    found = [(one.value, one.trace_id, one.span_id) for one in point.exemplars]
    assert found == [(0.5, None, None), (2.0, 7, 8)]
    measured.provider.shutdown()


def test_without_room_for_keys_it_still_counts(
    measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("obskit.telemetry.histogram._MOST_KEYS", 1)
    for _ in range(3):
        measured.record(1.0, "/a")
        measured.record(1.0, "/b")
    assert [point.count for point in measured.points().values()] == [3, 3]
    assert len(measured.histogram._known) == 1


def test_a_histogram_that_is_nobodys_takes_measurements_too() -> None:
    histogram = KeyedHistogram(NoOpMeter("shop").create_histogram("wait"))
    for _ in range(2):
        histogram.record(1.0, "key", dict, Context())
    assert histogram._known == {}
