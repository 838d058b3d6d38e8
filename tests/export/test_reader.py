"""What leaves of metrics, and how their series end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.metrics import Observation
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from tests.config.receiver import Receiver

from obskit.config import Config, Otlp
from obskit.export import otlp
from obskit.ledger import Ledger


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where everything is sent."""
    with Receiver() as receiver:
        yield receiver


def provider(receiver: Receiver, temporality: str) -> MeterProvider:
    config = Config(
        metrics=Otlp(endpoint=f"{receiver.url}/v1/metrics"),
        metric_temporality=temporality,
        metric_export_interval_ms=3_600_000,
    )
    reader = otlp.build(config, Ledger()).metrics
    assert reader is not None
    return MeterProvider([reader], shutdown_on_exit=False)


def points(receiver: Receiver) -> list[tuple[str, int, int]]:
    """Metric, time and flags of every point, in the order in which they came."""
    return [
        (metric.name, point.time_unix_nano, point.flags)
        for request in receiver.requests
        for of_resource in ExportMetricsServiceRequest.FromString(request.body).resource_metrics
        for of_scope in of_resource.scope_metrics
        for metric in of_scope.metrics
        for point in getattr(metric, str(metric.WhichOneof("data"))).data_points
    ]


@pytest.mark.parametrize(
    ("temporality", "ended"), [("cumulative", ["orders", "queue"]), ("delta", ["queue"])]
)
def test_series_that_go_on_from_value_to_value_end_with_their_process(
    temporality: str, ended: list[str], receiver: Receiver
) -> None:
    """One millisecond after their last value. What counts anew each time just ends."""
    made = provider(receiver, temporality)
    meter = made.get_meter("t")
    meter.create_counter("orders").add(3)
    meter.create_observable_gauge("queue", [lambda _: [Observation(7)]])
    made.shutdown()
    found = points(receiver)
    values = {name: time for name, time, flags in found if not flags}
    ends = {name: time for name, time, flags in found if flags}
    assert sorted(values) == ["orders", "queue"]
    assert sorted(ends) == ended
    assert all(ends[name] - values[name] == 1_000_000 for name in ended)


def test_a_flush_collects_and_ends_nothing(receiver: Receiver) -> None:
    made = provider(receiver, "cumulative")
    made.get_meter("t").create_counter("orders").add(3)
    assert made.force_flush()
    assert [(name, flags) for name, _, flags in points(receiver)] == [("orders", 0)]
    made.shutdown()
