"""Where series begin: a point of value 0 before the first one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import Counter, MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    InMemoryMetricReader,
    Metric,
    NumberDataPoint,
    Sum,
)
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from obskit.export import beginning
from obskit.export.beginning import Beginnings

SECOND = 1_000_000_000
SCOPE = InstrumentationScope("t")


class Collections:
    """A provider of the SDK, and what is told of each of its collections."""

    def __init__(self, **options: Any) -> None:
        self._reader = InMemoryMetricReader(**options)
        # Before the provider, as the real readers.
        self.beginnings = Beginnings(self._reader)
        view = View(instrument_name="sizes", aggregation=ExponentialBucketHistogramAggregation())
        self.provider = MeterProvider([self._reader], views=[view], shutdown_on_exit=False)
        self.meter = self.provider.get_meter("t")

    def next(self) -> dict[str, list[Any]]:
        """Metric → points."""
        data: Any = self._reader.get_metrics_data()
        told = [
            self.beginnings.told(scope.scope, metric)
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]
        self.beginnings.end_collection()
        return {metric.name: list(metric.data.data_points) for metric in told}


@pytest.fixture
def collections() -> Iterator[Collections]:
    """Of cumulative metrics."""
    made = Collections()
    yield made
    made.provider.shutdown()


def test_a_counter_that_was_incremented_once_goes_from_0_to_1(collections: Collections) -> None:
    collections.meter.create_counter("orders").add(1, {"plan": "free"})
    zero, one = collections.next()["orders"]
    assert (zero.value, one.value) == (0, 1)
    assert zero.attributes == one.attributes == {"plan": "free"}
    assert zero.start_time_unix_nano == zero.time_unix_nano < one.time_unix_nano


def test_a_series_begins_once(collections: Collections) -> None:
    counter = collections.meter.create_counter("orders")
    counter.add(1)
    collections.next()
    counter.add(1)
    assert [point.value for point in collections.next()["orders"]] == [2]


def test_a_later_series_begins_at_the_collection_before_it(collections: Collections) -> None:
    """Then it was not there, so that 0 is true for that time."""
    counter = collections.meter.create_counter("orders")
    counter.add(1, {"plan": "free"})
    before = collections.next()["orders"][1].time_unix_nano
    counter.add(7, {"plan": "paid"})
    found = collections.next()["orders"]
    assert [(point.attributes["plan"], point.value) for point in found] == [
        ("free", 1),
        ("paid", 0),
        ("paid", 7),
    ]
    assert found[1].time_unix_nano in {before, found[2].time_unix_nano - 1_000_000}


def test_a_histogram_begins_with_empty_buckets(collections: Collections) -> None:
    collections.meter.create_histogram(
        "seconds", explicit_bucket_boundaries_advisory=[1.0, 2.0]
    ).record(1.5)
    zero, one = collections.next()["seconds"]
    assert (zero.count, zero.sum, zero.bucket_counts) == (0, 0.0, (0, 0, 0))
    assert (zero.min, zero.max, zero.explicit_bounds) == (None, None, (1.0, 2.0))
    assert (one.count, one.bucket_counts) == (1, (0, 1, 0))


def test_an_exponential_histogram_begins_with_no_bucket(collections: Collections) -> None:
    collections.meter.create_histogram("sizes").record(1.5)
    zero, one = collections.next()["sizes"]
    assert (zero.count, zero.sum, zero.zero_count, zero.scale) == (0, 0.0, 0, one.scale)
    assert [*zero.positive.bucket_counts, *zero.negative.bucket_counts] == []
    assert one.count == 1


def test_what_may_fall_has_no_beginning(collections: Collections) -> None:
    collections.meter.create_up_down_counter("queue").add(1)
    collections.meter.create_gauge("load").set(1)
    found = collections.next()
    assert [point.value for points in found.values() for point in points] == [1, 1]


def test_what_counts_anew_each_time_has_no_beginning() -> None:
    made = Collections(preferred_temporality={Counter: AggregationTemporality.DELTA})
    made.meter.create_counter("orders").add(1)
    assert [point.value for point in made.next()["orders"]] == [1]
    made.provider.shutdown()


def test_what_is_counted_elsewhere_has_no_beginning_here(collections: Collections) -> None:
    """A database has counted since it was made: from 0 would be a leap at each start of a service."""

    def rows(_options: object) -> Iterable[Observation]:
        return [Observation(10_000_000)]

    collections.meter.create_observable_counter("db.rows", [rows])
    assert [point.value for point in collections.next()["db.rows"]] == [10_000_000]


def test_what_obskit_counts_by_itself_begins_with_the_process(collections: Collections) -> None:
    meter = collections.provider.get_meter("obskit")
    meter.create_observable_counter("dropped", [lambda _: [Observation(512)]])
    assert [point.value for point in collections.next()["dropped"]] == [0, 512]
    assert [point.value for point in collections.next()["dropped"]] == [512]


def test_in_a_forked_child_series_begin_again(collections: Collections) -> None:
    counter = collections.meter.create_counter("orders")
    counter.add(1)
    collections.next()
    collections.beginnings.anew()
    forked = collections.beginnings._before
    for storage in collections.provider._measurement_consumer._reader_storages.values():
        for (match,) in storage._instrument_view_instrument_matches.values():
            match._attributes_aggregation.clear()
    counter.add(5)
    zero, five = collections.next()["orders"]
    assert (zero.value, five.value) == (0, 5)
    assert zero.time_unix_nano in {forked, five.time_unix_nano - 1_000_000}


class Told:
    """What is told of series whose times a test makes up, seconds after the first moment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(beginning, "time_ns", lambda: 1_000 * SECOND)
        self._beginnings = Beginnings(InMemoryMetricReader())
        self._series: dict[str, dict[str, Any]] = {}

    def at(self, time: float, **started: float) -> list[tuple[str, float, float]]:
        """Series, time and value of each point of a collection."""
        points: list[Any] = [
            NumberDataPoint(
                self._series.setdefault(name, {"name": name}),
                1_000 * SECOND + int(start * SECOND),
                1_000 * SECOND + int(time * SECOND),
                1,
            )
            for name, start in started.items()
        ]
        data = Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True)
        found: Any = self._beginnings.told(SCOPE, Metric("m", None, None, data)).data
        self._beginnings.end_collection()
        return [
            (point.attributes["name"], point.time_unix_nano / SECOND - 1_000, point.value)
            for point in found.data_points
        ]


def test_a_series_that_begins_while_a_collection_runs_begins_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is later than the collection that tells of it first."""
    told = Told(monkeypatch)
    assert told.at(10, a=5) == [("a", 0, 0), ("a", 10, 1)]
    assert told.at(20, a=5, b=21) == [("a", 20, 1), ("b", 10, 0), ("b", 20, 1)]
    assert told.at(30, a=5, b=21) == [("a", 30, 1), ("b", 30, 1)]
    assert told.at(40, a=5, b=21) == [("a", 40, 1), ("b", 40, 1)]


def test_a_beginning_is_no_older_than_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backends refuse a request for one point that is too old."""
    assert Told(monkeypatch).at(7_200, a=5) == [("a", 7_140, 0), ("a", 7_200, 1)]


def test_a_beginning_is_a_millisecond_older_than_the_first_value_at_least(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two collections may be closer than backends can tell."""
    told = Told(monkeypatch)
    told.at(10, a=5)
    (_, zero, _), (_, one, _) = told.at(10.0001, b=10.00005)
    assert (round(zero, 6), round(one, 6)) == (9.9991, 10.0001)


def test_a_clock_that_is_set_back_begins_no_series_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch)
    told.at(100, a=95)
    assert told.at(50, a=95) == [("a", 50, 1)]
    assert told.at(60, a=95) == [("a", 60, 1)]
    assert told.at(200, a=95) == [("a", 200, 1)]
