"""The meter provider, and instruments made from `names`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from tests.telemetry.collected import Collected

from obskit import names
from obskit.config import load
from obskit.names import METRICS, Metric
from obskit.telemetry.instruments import instrument, observe
from obskit.telemetry.metrics import build

COUNTERS = [metric for metric in METRICS if metric.kind != "histogram"]


def test_a_histogram_is_made_as_it_is_named() -> None:
    collected = Collected()
    instrument(collected.meter, names.HTTP_SERVER_REQUEST_DURATION).record(0.3)
    metric = collected.read()["http.server.request.duration"]
    assert (metric.unit, metric.description) == ("s", "Duration of HTTP server requests.")
    (point,) = metric.data.data_points
    assert point.explicit_bounds == (
        *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10),
    )
    assert point.bucket_counts[7] == 1


def test_a_histogram_without_boundaries_has_the_sdks() -> None:
    collected = Collected()
    instrument(collected.meter, Metric("x", "histogram", "By", "X.")).record(3)
    (point,) = collected.read()["x"].data.data_points
    assert point.explicit_bounds[:3] == (0.0, 5.0, 10.0)


def bounds_of_queries(**given: Any) -> tuple[float, ...] | None:
    """Of the histogram that a client instrumentation makes, which names no boundaries."""
    reader = InMemoryMetricReader()
    config = load({"service": "shop", **given}, environ={})
    provider = build(config, Resource({}), [reader])
    provider.get_meter("contrib").create_histogram("db.client.operation.duration", "s").record(0.03)
    data = reader.get_metrics_data()
    assert data is not None
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    (point,) = metric.data.data_points
    return getattr(point, "explicit_bounds", None)


def test_the_queries_of_a_client_instrumentation_have_the_conventions_boundaries() -> None:
    expected = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)
    assert bounds_of_queries() == expected
    # What the reader prefers is not for the provider to overrule.
    exponential = "base2_exponential_bucket_histogram"
    assert bounds_of_queries(metric_histogram=exponential) != expected


@pytest.mark.parametrize(
    ("kind", "method", "shown"),
    [("counter", "add", 5), ("up_down_counter", "add", 5), ("gauge", "set", 3)],
)
def test_other_instruments_are_made_as_they_are_named(kind: Any, method: str, shown: int) -> None:
    collected = Collected()
    made = instrument(collected.meter, Metric("x", kind, "{thing}", "Things."))
    for amount in (2, 3):
        getattr(made, method)(amount)
    assert collected.values("x") == {(): shown}
    metric = collected.read()["x"]
    assert (metric.unit, metric.description) == ("{thing}", "Things.")


@pytest.mark.parametrize("metric", COUNTERS, ids=lambda metric: metric.name)
def test_every_named_metric_can_be_observed(metric: Metric) -> None:
    collected = Collected()
    observe(collected.meter, metric, lambda: [Observation(1.5, {"a": "b"})])
    assert collected.values(metric.name) == {(("a", "b"),): 1.5}
    made = collected.read()[metric.name]
    assert (made.unit, made.description) == (metric.unit, metric.description)


def raising() -> Iterator[Observation]:
    yield Observation(1)
    raise OSError("gone")


def test_a_callback_that_raises_gives_nothing_and_costs_no_other_its_series() -> None:
    collected = Collected()
    observe(collected.meter, names.CHECK_VALUE, raising)
    observe(collected.meter, names.PROCESS_UPTIME, lambda: [Observation(2)])
    assert collected.values("obskit.check.value") == {}
    assert collected.values("process.uptime") == {(): 2}


@pytest.mark.parametrize(
    ("choice", "sampled", "exemplars"),
    [
        ("trace_based", True, 1),
        ("trace_based", False, 0),
        ("always_on", False, 1),
        ("always_off", True, 0),
    ],
)
def test_exemplars_link_measurements_to_traces(choice: str, sampled: bool, exemplars: int) -> None:
    reader = InMemoryMetricReader()
    config = load(environ={"OTEL_METRICS_EXEMPLAR_FILTER": choice})
    provider = build(config, Resource({"service.name": "shop"}), [reader])
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    span = NonRecordingSpan(SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=flags))
    token = otel_context.attach(trace.set_span_in_context(span))
    instrument(provider.get_meter("t"), names.HTTP_SERVER_REQUEST_DURATION).record(0.3)
    otel_context.detach(token)
    data: Any = reader.get_metrics_data()
    (resource,) = data.resource_metrics
    assert resource.resource.attributes["service.name"] == "shop"
    (point,) = resource.scope_metrics[0].metrics[0].data.data_points
    found = point.exemplars or ()
    assert len(found) == exemplars
    assert all(one.trace_id == 0xABC for one in found)
