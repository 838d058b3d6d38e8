"""Where series begin: at nothing, and it is said.

A counter that is first seen with value 1 has not grown for PromQL's `increase()`, and neither has one
that a restart took from 1 to 1. So a point of value 0 goes before the first one of each new series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import time_ns
from typing import Any

from opentelemetry.metrics import Asynchronous
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Buckets,
    ExponentialHistogramDataPoint,
    Gauge,
    HistogramDataPoint,
    Metric,
    MetricReader,
    NumberDataPoint,
    Sum,
)
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

_OWN_SCOPE = "obskit"
_MILLISECOND = 1_000_000
# Prometheus refuses a whole request for one sample that is older than an hour, and its queries look
# back five minutes.
_LONGEST_BEFORE = 60 * 1_000_000_000


class Beginnings:
    """Tells which series are new at a collection, by the time of their first measurement.

    No series is remembered, but those that began while the last collection ran.

    Args:
        reader: Whose collections.
    """

    def __init__(self, reader: MetricReader) -> None:
        self._reader = reader
        self.anew()

    def anew(self) -> None:
        """Series begin after this moment: the provider's first, or a fork."""
        self._before = time_ns()
        self._now = 0
        self._sent_early: set[int] = set()
        self._early: set[int] = set()

    def end_collection(self) -> None:
        """All metrics of a collection were given to `told`."""
        if self._now:
            self._before, self._sent_early = self._now, self._early
            self._now, self._early = 0, set()

    def told(self, scope: InstrumentationScope, metric: Metric) -> Metric:
        """The metric, with a point of value 0 before the first one of each new series.

        Args:
            scope: The metric's.
            metric: A metric of the collection. Only cumulative ones that never fall have beginnings.
        """
        data: Any = metric.data
        if isinstance(data, Gauge) or not data.data_points:
            return metric
        self._now = data.data_points[0].time_unix_nano
        if data.aggregation_temporality is not AggregationTemporality.CUMULATIVE:
            return metric
        if isinstance(data, Sum) and not data.is_monotonic:
            return metric
        new = self._new(data.data_points)
        if not new or (isinstance(data, Sum) and self._is_older(scope, metric.name)):
            return metric
        points: list[Any] = []
        for point in data.data_points:
            if id(point) in new:
                points.append(_zero(point, self._time_before(point.time_unix_nano)))
            points.append(point)
        return replace(metric, data=replace(data, data_points=points))

    def _new(self, points: Sequence[Any]) -> set[int]:
        """The ids of the points whose series were not there at the last collection."""
        before = self._before
        started = [point for point in points if point.start_time_unix_nano > before]
        # A series keeps its attributes, which are one object as long as it lives.
        new = {id(point) for point in started if id(point.attributes) not in self._sent_early}
        self._early.update(
            id(point.attributes)
            for point in points
            if point.start_time_unix_nano > point.time_unix_nano
        )
        return new

    def _time_before(self, time: int) -> int:
        # At the last collection the series was not there, so that 0 is true for that time; a point
        # a moment before the value would be a leap for `irate()`. Nothing of the series is older:
        # what a process before it sent, it sent before this one began.
        return min(max(self._before, time - _LONGEST_BEFORE), time - _MILLISECOND)

    def _is_older(self, scope: InstrumentationScope, name: str) -> bool:
        """Whether what is counted may have begun before the process, as what a database counts."""
        if scope.name == _OWN_SCOPE:
            return False
        consumer = getattr(self._reader._collect, "__self__", None)
        storage = getattr(consumer, "_reader_storages", {}).get(self._reader)
        matches: dict[Any, Any] = getattr(storage, "_instrument_view_instrument_matches", {})
        return any(
            instrument.instrumentation_scope == scope
            and isinstance(instrument, Asynchronous)
            and any(stream._name == name for stream in streams)
            for instrument, streams in [*matches.items()]
        )


def _zero(point: Any, time: int) -> Any:
    """A point of the same series with nothing in it."""
    same = point.attributes, time, time
    if isinstance(point, NumberDataPoint):
        return NumberDataPoint(*same, 0.0 if isinstance(point.value, float) else 0)
    nothing: Any = None
    if isinstance(point, HistogramDataPoint):
        counts = (0,) * len(point.bucket_counts)
        return HistogramDataPoint(*same, 0, 0.0, counts, point.explicit_bounds, nothing, nothing)
    empty = Buckets(0, ())
    return ExponentialHistogramDataPoint(
        *same, 0, 0.0, point.scale, 0, empty, empty, 0, nothing, nothing
    )
