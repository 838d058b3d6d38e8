"""Variables of metrics: temporality, histograms, exemplars."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from .child import serve
from .receiver import Receiver, points
from .variables import shows

_CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
_DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
_INSTRUMENTS = """
from opentelemetry import metrics
meter = metrics.get_meter("t")
observe = lambda options: [metrics.Observation(3)]
meter.create_observable_counter("observed", [observe])
meter.create_up_down_counter("level").add(2)
with obskit.span("work"):
    meter.create_counter("inside").add(1)
    meter.create_histogram("took", "s", explicit_bucket_boundaries_advisory=[1, 2]).record(1.5)
meter.create_counter("outside").add(1)
"""


@shows("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE")
@pytest.mark.parametrize(
    ("preference", "synchronous", "observed"),
    [
        ("", _CUMULATIVE, _CUMULATIVE),
        ("DELTA", _DELTA, _DELTA),
        ("lowmemory", _DELTA, _CUMULATIVE),
    ],
)
def test_what_sums_and_histograms_count_from(
    preference: str, synchronous: int, observed: int, receiver: Receiver, tmp_path: Path
) -> None:
    """The table of the specification; what goes up and down is always cumulative."""
    environ = {
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": receiver.url,
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": preference,
    }
    serve(_INSTRUMENTS, environ, tmp_path)
    metrics = receiver.metrics()
    assert metrics["inside"].sum.aggregation_temporality == synchronous
    assert metrics["took"].histogram.aggregation_temporality == synchronous
    assert metrics["observed"].sum.aggregation_temporality == observed
    assert metrics["level"].sum.aggregation_temporality == _CUMULATIVE
    assert list(metrics["took"].histogram.data_points[0].explicit_bounds) == [1, 2]


@shows("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION")
def test_histograms_may_be_exponential(receiver: Receiver, tmp_path: Path) -> None:
    """The advice of an instrument about its buckets does not count then."""
    environ = {
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": receiver.url,
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": (
            "base2_exponential_bucket_histogram"
        ),
    }
    serve(_INSTRUMENTS, environ, tmp_path)
    (point,) = receiver.metrics()["took"].exponential_histogram.data_points
    assert (point.count, point.sum) == (1, 1.5)


@shows("OTEL_METRICS_EXEMPLAR_FILTER")
@pytest.mark.parametrize(
    ("chosen", "exemplified"),
    [
        ("", {"inside", "took"}),
        ("always_on", {"inside", "level", "outside", "took"}),
        ("always_off", set()),
    ],
)
def test_which_measurements_may_be_exemplars(
    chosen: str, exemplified: set[str], receiver: Receiver, tmp_path: Path
) -> None:
    """By default those within a sampled trace, whose id they carry."""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_METRICS_EXEMPLAR_FILTER": chosen,
    }
    serve(_INSTRUMENTS, environ, tmp_path)
    metrics = receiver.metrics()
    found = {
        name: point.exemplars[0].trace_id
        for name in ("inside", "level", "outside", "took")
        for point in points(metrics[name])
        if point.exemplars
    }
    assert set(found) == exemplified
    if "inside" in found:
        assert found["inside"] == receiver.spans()["work"].trace_id


@shows("OBSKIT_METRIC_CARDINALITY_LIMIT")
@pytest.mark.parametrize(("limit", "found"), [("", 6), ("4", 4)])
def test_how_many_series_an_instrument_may_have(
    limit: str, found: int, receiver: Receiver, tmp_path: Path
) -> None:
    """One of them is for all others."""
    environ = {
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": receiver.url,
        "OBSKIT_METRIC_CARDINALITY_LIMIT": limit,
    }
    script = """
for number in range(6):
    obskit.metrics.count("orders", number=number)
"""
    serve(script, environ, tmp_path)
    orders = list(points(receiver.metrics()["orders"]))
    assert len(orders) == found
    others = [
        point.as_int
        for point in orders
        if [each.key for each in point.attributes] == ["otel.metric.overflow"]
    ]
    assert others == ([3] if limit else [])
