"""Metrics as Prometheus reads them, under the names and with the labels that the collector gives them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.exporter.prometheus._mapping import map_unit
from opentelemetry.sdk.metrics.export import (
    Gauge,
    Histogram,
    Metric,
    MetricReader,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.samples import Sample

from obskit import names
from obskit.redaction import leaving

# As the exporter does it: two names that become one are one metric.
_NOT_OF_A_NAME = re.compile(r"[^a-zA-Z0-9:]+")
_SERVICE_NAMESPACE = "service.namespace"
# What `job` and `instance` say is left out of target_info.
_IDENTITY = frozenset((names.SERVICE_NAME, _SERVICE_NAMESPACE, names.SERVICE_INSTANCE_ID))


class Scraped(MetricReader):
    """Gives the newest metrics when it is asked for them.

    Each process tells of itself alone, and says which one it is in the label `instance`. A server of
    several workers answers by whichever takes the request: there `increase()` is right, as each
    instance is a series of its own, but a scrape tells of one worker only. What shall be told of all of
    them at all times is sent over OTLP.
    """

    def __init__(self) -> None:
        super().__init__()
        self._newest: MetricsData | None = None

    def text(self) -> str:
        """The metrics in Prometheus' text format 0.0.4."""
        return self.file().decode()

    def file(self) -> bytes:
        """The same as it stands in a file."""
        return generate_latest(self._collected())

    def samples(self) -> Iterator[Sample]:
        """The metrics, each with its name, its labels and its value."""
        for family in self._collected().collect():
            yield from family.samples

    def _collected(self) -> CollectorRegistry:
        self.collect()  # on this thread: what another one collects meanwhile is as new
        newest, registry = self._newest, CollectorRegistry()
        if newest is not None:
            # One for each time: it would mix what two threads ask for at once.
            translator = PrometheusMetricReader(
                disable_target_info=True, scope_info_enabled=False, registry=registry
            )
            told = _as_by_the_collector(newest)
            translator._set_collect_callback(lambda *_args, **_options: told)
        return registry

    def _receive_metrics(
        self,
        metrics_data: MetricsData,
        timeout_millis: float = 10_000,  # noqa: ARG002 - the SDK's
        **_options: Any,
    ) -> None:
        self._newest = metrics_data

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002 - the SDK's
        """Nothing waits."""
        return True

    def shutdown(self, timeout_millis: float = 30_000, **_options: Any) -> None:
        """Nothing is open."""


def _as_by_the_collector(data: MetricsData) -> MetricsData:
    """The same without scopes and secrets, with what the collector puts on each point.

    Metrics of one name are one, whichever scope they are of: the exporter would give them each
    other's labels.
    """
    found: dict[tuple[Any, ...], Metric] = {}
    for of_resource in data.resource_metrics:
        resource = _masked(of_resource.resource.attributes)
        found["target_info",] = _target_info(resource)
        for of_scope in of_resource.scope_metrics:
            for metric in of_scope.metrics:
                # Text has no form for exponential histograms, which only a view of the host's makes.
                if isinstance(metric.data, (Sum, Gauge, Histogram)):
                    _add(found, metric, resource)
    scope = ScopeMetrics(InstrumentationScope(""), [*found.values()], "")
    return MetricsData(
        [ResourceMetrics(one.resource, [scope], "") for one in data.resource_metrics[:1]]
    )


def _add(found: dict[tuple[Any, ...], Metric], metric: Metric, resource: dict[str, Any]) -> None:
    name = _NOT_OF_A_NAME.sub("_", metric.name)
    if isinstance(metric.data, Gauge) and metric.unit == "1" and not name.endswith("_ratio"):
        name += "_ratio"
    if map_unit(metric.unit or "") in name.split("_"):
        metric = replace(metric, unit="")  # a word of the name is not said again at its end
    points: list[Any] = [_labelled(point, resource) for point in metric.data.data_points]
    key = (name, metric.unit, type(metric.data), getattr(metric.data, "is_monotonic", None))
    same = found.get(key)
    if same is not None:
        points = [*same.data.data_points, *points]
    data: Any = metric.data
    found[key] = replace(same or metric, name=name, data=replace(data, data_points=points))


def _labelled(point: Any, resource: dict[str, Any]) -> Any:
    changes: dict[str, Any] = {
        "attributes": {
            **_of_resource(resource, names.SERVICE_NAME, names.DEPLOYMENT_ENVIRONMENT_NAME),
            **_masked(point.attributes),
            **_identity(resource),
        }
    }
    if hasattr(point, "explicit_bounds"):  # 5, not 5.0
        bounds = point.explicit_bounds
        changes["explicit_bounds"] = [int(b) if float(b).is_integer() else b for b in bounds]
    return replace(point, **changes)


def _target_info(resource: dict[str, Any]) -> Metric:
    others = {key: value for key, value in resource.items() if key not in _IDENTITY}
    point = NumberDataPoint({**others, **_identity(resource)}, 0, 0, 1)
    return Metric("target_info", "Target metadata", "", Gauge([point]))


def _identity(resource: dict[str, Any]) -> dict[str, Any]:
    """OpenTelemetry, "Prometheus and OpenMetrics compatibility": `job` and `instance`."""
    job = _of_resource(resource, _SERVICE_NAMESPACE, names.SERVICE_NAME)
    return {
        "job": "/".join(map(str, job.values())),
        "instance": str(resource.get(names.SERVICE_INSTANCE_ID, "")),
    }


def _of_resource(resource: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: resource[key] for key in keys if resource.get(key)}


def _masked(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: leaving(key, value) for key, value in (attributes or {}).items()}
