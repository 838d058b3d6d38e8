"""What collects metrics when the worker says so, and encodes them in slices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import monotonic, perf_counter, sleep
from typing import Any

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Metric,
    MetricReader,
    MetricsData,
)

from obskit.export.beginning import Beginnings
from obskit.export.encoding import Encoder
from obskit.export.sender import Sender

# Another thread waits no longer than this for the interpreter, seconds.
_SLICE = 0.001
# Points that leave as one: some hundred kilobytes of a request that may have megabytes.
_MOST_POINTS = 1_024


class Reader(MetricReader):
    """Collects before each round of its sender.

    Args:
        encoder: Makes bytes of metrics.
        budget: Seconds that the end may take.
        **options: Of the SDK's reader: temporalities and aggregations.
    """

    sender: Sender

    def __init__(self, encoder: Encoder, budget: float, **options: Any) -> None:
        super().__init__(**options)
        self._encoder = encoder
        self._budget = budget
        self._beginnings = Beginnings(self)
        self.after_fork()

    def after_fork(self) -> None:
        """In a forked child: what was collected is the parent's, and series begin now."""
        self._last: MetricsData | None = None
        self._beginnings.anew()

    def collect_now(self) -> None:
        """Collect, and let what was collected wait in the sender's queue."""
        if self._collect is not None:
            self.collect()

    def _receive_metrics(
        self,
        metrics_data: MetricsData,
        timeout_millis: float = 10_000,  # noqa: ARG002 - the SDK's
        **_options: Any,
    ) -> None:
        before, self._last = self._last, metrics_data
        self._encode(metrics_data, ended=False)
        if before is not None:
            self._encode(_gone(before, metrics_data), ended=True)
        self._beginnings.end_collection()

    def _encode(self, metrics_data: MetricsData, *, ended: bool) -> None:
        pause = _pauses()
        for of_resource in metrics_data.resource_metrics:
            for of_scope in of_resource.scope_metrics:
                scope = self._encoder.scope(of_resource.resource, of_scope.scope)
                for metric in of_scope.metrics:
                    if ended and _is_delta(metric.data):
                        continue
                    whole = metric if ended else self._beginnings.told(of_scope.scope, metric)
                    for part in _parts(whole):
                        data, points = self._encoder.metric(part, ended=ended, pause=pause)
                        self.sender.queue.put(scope, data, points)

    def end_series(self) -> None:
        """Say that no series goes on, so that none is taken for alive until it is stale.

        OpenTelemetry metrics data model, "No Recorded Value".
        """
        if self._last is not None:
            self._encode(self._last, ended=True)

    def shutdown(self, timeout_millis: float = 30_000, **_options: Any) -> None:  # noqa: ARG002
        """Send the last values, end the series, and take no more."""
        self.sender.finish(monotonic() + self._budget)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Collect and send."""
        return self.sender.flush(monotonic() + timeout_millis / 1_000)


def _is_delta(data: Any) -> bool:
    return getattr(data, "aggregation_temporality", None) is AggregationTemporality.DELTA


def _gone(before: MetricsData, now: MetricsData) -> MetricsData:
    """The series of a collection that the next one has not: they are observed no more."""
    # A series keeps its attributes, which are one object as long as it lives.
    here = {
        (metric.name, id(point.attributes))
        for of_resource in now.resource_metrics
        for of_scope in of_resource.scope_metrics
        for metric in of_scope.metrics
        for point in metric.data.data_points
    }

    def lacking(metric: Metric) -> Iterator[Metric]:
        points: Any = [
            point
            for point in metric.data.data_points
            if (metric.name, id(point.attributes)) not in here
        ]
        if points:
            yield replace(metric, data=replace(metric.data, data_points=points))

    resources = [
        replace(
            of_resource,
            scope_metrics=[
                replace(
                    of_scope, metrics=[one for each in of_scope.metrics for one in lacking(each)]
                )
                for of_scope in of_resource.scope_metrics
            ],
        )
        for of_resource in before.resource_metrics
    ]
    return replace(before, resource_metrics=resources)


def _parts(metric: Metric) -> Iterator[Metric]:
    """The metric, as several ones where it has many points."""
    points = metric.data.data_points
    if len(points) <= _MOST_POINTS:
        yield metric
        return
    for first in range(0, len(points), _MOST_POINTS):
        some: Any = points[first : first + _MOST_POINTS]
        yield replace(metric, data=replace(metric.data, data_points=some))


def _pauses() -> Callable[[], None]:
    """What lets other threads go on when a slice of time is over; called often, it costs little."""
    begun = perf_counter()

    def pause() -> None:
        nonlocal begun
        if perf_counter() - begun > _SLICE:
            sleep(0)
            begun = perf_counter()

    return pause
