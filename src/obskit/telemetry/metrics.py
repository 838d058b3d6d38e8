"""Metrics: the provider."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock, RLock
from typing import Any

from opentelemetry.sdk.metrics import (
    AlwaysOffExemplarFilter,
    AlwaysOnExemplarFilter,
    ExemplarFilter,
    MeterProvider,
    TraceBasedExemplarFilter,
)
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

from obskit import names
from obskit.config import Config
from obskit.export.counted import Periodic
from obskit.export.reader import Reader
from obskit.telemetry.cardinality import limit_series

_EXPLICIT = "explicit_bucket_histogram"

_EXEMPLAR_FILTERS: dict[str, Callable[[], ExemplarFilter]] = {
    "always_on": AlwaysOnExemplarFilter,
    "always_off": AlwaysOffExemplarFilter,
    "trace_based": TraceBasedExemplarFilter,
}


class LimitedProvider(MeterProvider):
    """A meter provider whose instruments have no more series than they may, at every reader.

    Args:
        limit: How many series an instrument may have.
        **options: Of the SDK's provider.
    """

    def __init__(self, limit: int, **options: Any) -> None:
        super().__init__(**options)
        self._limit = limit
        limit_series(self, limit)

    def add_metric_reader(self, metric_reader: MetricReader) -> None:
        """Take another reader."""
        super().add_metric_reader(metric_reader)
        limit_series(self, self._limit)


def build(config: Config, resource: Resource, readers: Sequence[MetricReader]) -> MeterProvider:
    """The meter provider of a configuration.

    Args:
        config: The configuration.
        resource: What the metrics are of.
        readers: What collects them.
    """
    return LimitedProvider(
        config.metric_cardinality_limit,
        metric_readers=readers,
        resource=resource,
        exemplar_filter=_EXEMPLAR_FILTERS[config.exemplar_filter](),
        shutdown_on_exit=False,
        views=_views(config),
    )


def _views(config: Config) -> list[View]:
    # The contrib packages say no boundaries: the SDK's begin at five seconds, long for a query.
    if config.metric_histogram != _EXPLICIT:
        return []
    metric = names.DB_CLIENT_OPERATION_DURATION
    buckets = ExplicitBucketHistogramAggregation(metric.buckets)
    return [View(instrument_name=metric.name, aggregation=buckets)]


def forget_parent(provider: Any) -> None:
    """In a forked child: series begin at nothing, and no lock is held by a thread of the parent.

    The SDK's own fork hooks do neither: what the parent had counted would be told by each child.

    Args:
        provider: A meter provider of the SDK.
    """
    consumer = getattr(provider, "_measurement_consumer", None)
    if consumer is None:
        return
    consumer._lock = Lock()
    for reader, storage in consumer._reader_storages.items():
        if isinstance(reader, (Reader, Periodic)):
            reader.after_fork()
        storage._lock = RLock()
        for matches in storage._instrument_view_instrument_matches.values():
            for match in matches:
                match._lock = Lock()
                match._attributes_aggregation.clear()
