"""What leaves of metrics, and how their series end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from opentelemetry.metrics import Observation
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from tests.config.receiver import Receiver

from obskit.config import Config, Otlp
from obskit.export import otlp
from obskit.ledger import Ledger
from obskit.telemetry.metrics import forget_parent


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where everything is sent."""
    with Receiver() as receiver:
        yield receiver


def provider(receiver: Receiver, temporality: str, ledger: Ledger | None = None) -> MeterProvider:
    config = Config(
        metrics=Otlp(endpoint=f"{receiver.url}/v1/metrics"),
        metric_temporality=temporality,
        metric_export_interval_ms=3_600_000,
    )
    reader = otlp.build(config, ledger or Ledger()).metrics
    assert reader is not None
    return MeterProvider([reader], shutdown_on_exit=False)


class Point(NamedTuple):
    """A point as it came: its metric, its times, its flags, and its value or count."""

    name: str
    start: int
    time: int
    flags: int
    value: int


def points(receiver: Receiver) -> list[Point]:
    """Every point, in the order in which they came."""
    return [
        Point(
            metric.name,
            point.start_time_unix_nano,
            point.time_unix_nano,
            point.flags,
            point.count if hasattr(point, "count") else point.as_int,
        )
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
    values = {point.name: point.time for point in found if not point.flags}
    ends = {point.name: point.time for point in found if point.flags}
    assert sorted(values) == ["orders", "queue"]
    assert sorted(ends) == ended
    assert all(ends[name] - values[name] == 1_000_000 for name in ended)


def test_a_series_that_is_observed_no_more_ends_at_once_and_begins_again_when_it_is(
    receiver: Receiver,
) -> None:
    """As those of a check that another process runs from now on."""
    made, held = provider(receiver, "cumulative"), ["rows", "disk"]
    seen = [lambda _: [Observation(7, {"check": name}) for name in held]]
    made.get_meter("t").create_observable_gauge("value", seen)
    told = []
    for _ in range(4):
        sent = len(points(receiver))
        assert made.force_flush()
        told.append([(point.flags, point.time) for point in points(receiver)[sent:]])
        held[:] = ["rows"] if len(told) < 3 else ["rows", "disk"]
    made.shutdown()
    assert [[flags for flags, _ in each] for each in told] == [[0, 0], [0, 1], [0], [0, 0]]
    assert told[1][1][1] - told[0][1][1] == 1_000_000


def test_a_series_that_has_ended_ends_no_second_time_with_its_process(receiver: Receiver) -> None:
    made, held = provider(receiver, "cumulative"), [7]
    seen = [lambda _: [Observation(value) for value in held]]
    made.get_meter("t").create_observable_up_down_counter("value", seen)
    assert made.force_flush()
    held.clear()
    made.shutdown()
    assert [point.flags for point in points(receiver)] == [0, 1]


def test_a_flush_collects_and_ends_nothing(receiver: Receiver) -> None:
    made = provider(receiver, "cumulative")
    made.get_meter("t").create_counter("orders").add(3)
    assert made.force_flush()
    begun, counted = points(receiver)
    assert (begun.name, begun.flags, counted.name, counted.flags) == ("orders", 0, "orders", 0)
    made.shutdown()


def test_the_account_holds_where_series_begin(receiver: Receiver) -> None:
    """A point of value 0 and the value; then the value, and that the series ends."""
    ledger = Ledger()
    made = provider(receiver, "cumulative", ledger)
    made.get_meter("t").create_counter("orders").add(3)
    assert made.force_flush()
    made.shutdown()
    assert [(point.value, point.flags) for point in points(receiver)] == [
        (0, 0),
        (3, 0),
        (3, 0),
        (0, 1),
    ]
    account = ledger.snapshot()["metrics"]
    assert (account["accepted"], account["exported"], account["queued"]) == (4, 4, 0)


def test_a_metric_of_many_series_leaves_in_parts(receiver: Receiver) -> None:
    made = provider(receiver, "delta")
    counter = made.get_meter("t").create_counter("orders")
    for number in range(2_500):
        counter.add(number + 1, {"number": number})
    assert made.force_flush()
    parts = [
        len(metric.sum.data_points)
        for request in receiver.requests
        for of_resource in ExportMetricsServiceRequest.FromString(request.body).resource_metrics
        for of_scope in of_resource.scope_metrics
        for metric in of_scope.metrics
    ]
    assert parts == [1_024, 1_024, 452]
    assert sorted(point.value for point in points(receiver)) == list(range(1, 2_501))
    made.shutdown()


def test_a_forked_child_ends_no_series_of_its_parent(receiver: Receiver) -> None:
    made = provider(receiver, "cumulative")
    made.get_meter("t").create_counter("orders").add(3)
    assert made.force_flush()
    forget_parent(made)
    sent = len(points(receiver))
    made.shutdown()
    assert points(receiver)[sent:] == []
