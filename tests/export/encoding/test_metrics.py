"""Encoding a metric lets other threads go on."""

from __future__ import annotations

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Metric,
    NumberDataPoint,
    Sum,
)
from tests.export.encoding.records import unchanged

from obskit.export.encoding import Encoder


def test_a_metric_of_many_points_pauses_after_every_16() -> None:
    points = [NumberDataPoint({"number": number}, 1, 2, 3) for number in range(100)]
    data = Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True)
    pauses: list[None] = []
    _, count = Encoder(unchanged).metric(
        Metric("m", None, None, data), pause=lambda: pauses.append(None)
    )
    assert (count, len(pauses)) == (100, 7)
