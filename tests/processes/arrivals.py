"""What arrived at a receiver, told apart by the processes that sent it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.config.receiver import Receiver, attributes, points

_NO_RECORDED_VALUE = 1


class Point(NamedTuple):
    """A point of a metric, and whose it is.

    Attributes:
        process: Its `process.pid`.
        instance: Its `service.instance.id`.
        metric: Its metric.
        series: Its attributes.
        begun: When its series began.
        value: Of a sum or a gauge; how many measurements a histogram has.
        ends: Whether it says that the series ends.
    """

    process: int
    instance: str
    metric: str
    series: frozenset[tuple[str, Any]]
    begun: int
    value: float
    ends: bool


def spans(receiver: Receiver) -> Counter[str]:
    """How many spans of each name arrived."""
    return Counter(span.name for batch in receiver.span_batches() for span in batch)


def lines(receiver: Receiver, text: str) -> int:
    """How many log records of a text arrived."""
    batches = receiver.record_batches()
    return sum(record.body.string_value == text for batch in batches for record in batch)


def traces(receiver: Receiver) -> set[bytes]:
    """The ids of the traces that arrived."""
    return {span.trace_id for batch in receiver.span_batches() for span in batch}


def all_points(receiver: Receiver) -> Iterator[Point]:
    """Every point of every metric, as it came."""
    for request in receiver.of("/v1/metrics"):
        for part in ExportMetricsServiceRequest.FromString(request.body).resource_metrics:
            own = attributes(part.resource.attributes)
            process, instance = own["process.pid"], own["service.instance.id"]
            for scope in part.scope_metrics:
                for metric in scope.metrics:
                    for point in points(metric):
                        yield Point(
                            process,
                            instance,
                            metric.name,
                            frozenset(attributes(point.attributes).items()),
                            point.start_time_unix_nano,
                            _value(point),
                            bool(point.flags & _NO_RECORDED_VALUE),
                        )


def total(receiver: Receiver, metric: str) -> float:
    """What the series of a cumulative metric add up to: a series that begins again counts again."""
    last: dict[Any, float] = {}
    for point in all_points(receiver):
        if point.metric == metric and not point.ends:
            last[point.instance, point.series, point.begun] = point.value
    return sum(last.values())


def increase(receiver: Receiver, metric: str) -> float:
    """What a backend counts that knows values only: a value below the one before is a new beginning."""
    counted, before = 0.0, dict[Any, float]()
    for point in all_points(receiver):
        if point.metric == metric and not point.ends:
            key = point.instance, point.series
            last = before.get(key, 0.0)
            counted += point.value - (last if point.value >= last else 0.0)
            before[key] = point.value
    return counted


def instances(receiver: Receiver) -> dict[str, set[int]]:
    """`service.instance.id` → the processes that sent anything under it."""
    found: dict[str, set[int]] = {}
    for resource in _resources(receiver):
        own = attributes(resource.attributes)
        found.setdefault(own["service.instance.id"], set()).add(own["process.pid"])
    return found


def unended(receiver: Receiver) -> set[tuple[int, str]]:
    """The metrics of processes whose last points say not that their series ended."""
    last = {(p.process, p.metric, p.series): p.ends for p in all_points(receiver)}
    return {(process, metric) for (process, metric, _), ends in last.items() if not ends}


def _value(point: Any) -> float:
    if hasattr(point, "count"):
        return float(point.count)
    return float(point.as_int if point.WhichOneof("value") == "as_int" else point.as_double)


def _resources(receiver: Receiver) -> Iterator[Any]:
    kinds: dict[str, Any] = {
        "/v1/traces": (ExportTraceServiceRequest, "resource_spans"),
        "/v1/metrics": (ExportMetricsServiceRequest, "resource_metrics"),
        "/v1/logs": (ExportLogsServiceRequest, "resource_logs"),
    }
    for request in list(receiver.requests):
        if request.path in kinds:
            kind, parts = kinds[request.path]
            for part in getattr(kind.FromString(request.body), parts):
                yield part.resource
