"""What collects metrics when the worker says so, and encodes them in slices."""

from __future__ import annotations

from time import monotonic, perf_counter, sleep
from typing import Any

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricReader,
    MetricsData,
)

from obskit.export.encoding import Encoder
from obskit.export.sender import Sender

# Another thread waits no longer than this for the interpreter, seconds.
_SLICE = 0.001


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
        self._last: MetricsData | None = None

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
        self._last = metrics_data
        self._encode(metrics_data, ended=False)

    def _encode(self, metrics_data: MetricsData, *, ended: bool) -> None:
        begun = perf_counter()
        for of_resource in metrics_data.resource_metrics:
            for of_scope in of_resource.scope_metrics:
                scope = self._encoder.scope(of_resource.resource, of_scope.scope)
                for metric in of_scope.metrics:
                    if ended and _is_delta(metric.data):
                        continue
                    data, points = self._encoder.metric(metric, ended=ended)
                    self.sender.queue.put(scope, data, points)
                    if perf_counter() - begun > _SLICE:
                        sleep(0)
                        begun = perf_counter()

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
