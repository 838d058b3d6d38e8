"""Instruments, made from `names`. It stands apart from the provider: without one they need no SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from obskit.names import Metric

Callback = Callable[[], Iterable[Observation]]


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
