"""The ledger as metrics."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler

from obskit.ledger import Ledger
from obskit.telemetry import account
from obskit.telemetry.sampling import Counted


def told(ledger: Ledger) -> dict[str, dict[str, float]]:
    """Metric → error type or signal → value."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    account.register(provider.get_meter("t"), ledger)
    data: Any = reader.get_metrics_data()
    found = {
        metric.name: {
            str(next(iter((point.attributes or {}).values()), "")): point.value
            for point in metric.data.data_points
        }
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }
    provider.shutdown()
    return found


def test_everything_that_was_accepted_is_told_of_once() -> None:
    ledger = Ledger()
    ledger.accept("traces", 100)
    ledger.export("traces", 50)
    ledger.spool("traces", 20)
    ledger.sample_out("traces", 7)
    ledger.drop("traces", "http_400", 5)
    ledger.drop("traces", "queue_full", 3)
    ledger.refuse("logs", "shut_down", 2)
    ledger.measure("logs", lambda: 0)
    assert told(ledger) == {
        "otel.sdk.processor.span.processed": {"": 75, "queue_full": 3},
        "otel.sdk.processor.log.processed": {"": 0, "shut_down": 2},
        "otel.sdk.exporter.span.exported": {"": 50, "http_400": 5},
        "otel.sdk.exporter.log.exported": {"": 0},
        "otel.sdk.exporter.metric_data_point.exported": {"": 0},
        "otel.sdk.processor.span.queue.size": {"": 22},
        "otel.sdk.processor.log.queue.size": {"": 0},
        "obskit.export.spooled": {"traces": 20},
    }


@pytest.mark.parametrize(("sampler", "count"), [(ALWAYS_OFF, 3), (ALWAYS_ON, 0)])
def test_what_a_sampler_does_not_keep_is_told_of(sampler: Sampler, count: int) -> None:
    ledger = Ledger()
    counted = Counted(sampler, lambda: ledger.sample_out("traces"))
    provider = TracerProvider(sampler=counted, shutdown_on_exit=False)
    for _ in range(3):
        provider.get_tracer("t").start_span("work").end()
    assert ledger.snapshot()["traces"]["sampled_out"] == count
    assert counted.get_description() == sampler.get_description()
