"""Metrics: the provider, and instruments made from `names`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.sdk.metrics import (
    AlwaysOffExemplarFilter,
    AlwaysOnExemplarFilter,
    ExemplarFilter,
    MeterProvider,
    TraceBasedExemplarFilter,
)
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource

from obskit.config import Config
from obskit.names import Metric

Callback = Callable[[], Iterable[Observation]]

_EXEMPLAR_FILTERS: dict[str, Callable[[], ExemplarFilter]] = {
    "always_on": AlwaysOnExemplarFilter,
    "always_off": AlwaysOffExemplarFilter,
    "trace_based": TraceBasedExemplarFilter,
}


def build(config: Config, resource: Resource, readers: Sequence[MetricReader]) -> MeterProvider:
    """The meter provider of a configuration.

    Args:
        config: The configuration.
        resource: What the metrics are of.
        readers: What collects them.
    """
    return MeterProvider(
        metric_readers=readers,
        resource=resource,
        exemplar_filter=_EXEMPLAR_FILTERS[config.exemplar_filter](),
        shutdown_on_exit=False,
    )


def instrument(meter: Meter, metric: Metric) -> Any:
    """A synchronous instrument as `names` describes it.

    Args:
        meter: What makes it.
        metric: A metric of `obskit.names`.
    """
    if metric.kind == "histogram":
        return meter.create_histogram(
            metric.name,
            metric.unit,
            metric.description,
            explicit_bucket_boundaries_advisory=metric.buckets or None,
        )
    return getattr(meter, f"create_{metric.kind}")(metric.name, metric.unit, metric.description)


def observe(meter: Meter, metric: Metric, callback: Callback) -> None:
    """An instrument that asks at each collection. A callback that raises gives nothing.

    Args:
        meter: What makes it.
        metric: A metric of `obskit.names`, no histogram.
        callback: Gives the observations.
    """

    def guarded(_options: CallbackOptions) -> Iterable[Observation]:
        try:
            return list(callback())
        except Exception:
            return []  # what cannot be read is not told; the series ends, which can be alerted on

    create = getattr(meter, f"create_observable_{metric.kind}")
    create(metric.name, [guarded], metric.unit, metric.description)
