"""Metrics of the SDK that a test can look at."""

from __future__ import annotations

from typing import Any

from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader


class Collected:
    """A meter provider with a reader in memory."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider([self._reader], shutdown_on_exit=False)
        self.meter = self.provider.get_meter("test")

    def read(self) -> dict[str, Any]:
        """Name → metric; what could not be encoded for OTLP raises."""
        data = self._reader.get_metrics_data()
        if data is None:
            return {}
        assert encode_metrics(data).SerializeToString()
        return {
            metric.name: metric
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def values(self, name: str) -> dict[tuple[Any, ...], Any]:
        """Attributes as pairs → value, or sum of a histogram."""
        metric = self.read().get(name)
        return {
            tuple(sorted(point.attributes.items())): getattr(point, "value", None)
            if hasattr(point, "value")
            else point.sum
            for point in (metric.data.data_points if metric else ())
        }
