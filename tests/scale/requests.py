"""OTLP requests as a web service sends them, each new: encoded, and with how much is in them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

#: Spans, records or points of a request.
ITEMS = 500
_SPANS, _LABELS = 5, 25
_RESOURCE = {
    "service.name": "shop",
    "service.version": "1.4.3",
    "service.instance.id": "shop-1",
    "deployment.environment.name": "production",
    "host.name": "web-1",
    "telemetry.sdk.language": "python",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.version": "1.45.1",
}


class Signal(NamedTuple):
    """A signal, and how a collector counts it.

    Attributes:
        path: Where OTLP takes it.
        topic: Where agents write it.
        items: What a collector calls what it is made of.
        exporter: What a gateway hands it on with.
        make: Makes a request.
    """

    path: str
    topic: str
    items: str
    exporter: str
    make: Callable[[], bytes]


def traces() -> bytes:
    """Whole traces of requests that a service has answered."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add()
    spans.resource.attributes.extend(_attributes(_RESOURCE))
    scope = spans.scope_spans.add()
    for number in range(ITEMS // _SPANS):
        trace, parent = secrets.token_bytes(16), b""
        for _ in range(_SPANS):
            span = scope.spans.add(
                trace_id=trace,
                span_id=secrets.token_bytes(8),
                parent_span_id=parent,
                name="GET /orders/{id}",
                kind=2,
                start_time_unix_nano=time.time_ns() - 1_000_000,
                end_time_unix_nano=time.time_ns(),
            )
            span.attributes.extend(
                _attributes(
                    {
                        "http.request.method": "GET",
                        "http.route": "/orders/{id}",
                        "url.path": f"/orders/{number}",
                        "http.response.status_code": "200",
                        "server.address": "shop.example",
                        "client.address": "192.0.2.7",
                        "network.protocol.version": "1.1",
                        "obskit.request_id": secrets.token_hex(16),
                    }
                )
            )
            parent = span.span_id
    return bytes(request.SerializeToString())


def logs() -> bytes:
    """Lines, each of a request."""
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add()
    records.resource.attributes.extend(_attributes(_RESOURCE))
    scope = records.scope_logs.add()
    for number in range(ITEMS):
        record = scope.log_records.add(
            time_unix_nano=time.time_ns(),
            severity_number=9,
            severity_text="INFO",
            trace_id=secrets.token_bytes(16),
            span_id=secrets.token_bytes(8),
        )
        record.body.string_value = f"the order {number} of the customer was paid and is packed now"
        told = {"order.id": f"{number}", "payment.way": "card", "duration": "0.173"}
        record.attributes.extend(_attributes({"obskit.request_id": secrets.token_hex(16), **told}))
    return bytes(request.SerializeToString())


def metrics() -> bytes:
    """The counters of a service, as each export sends all of them."""
    request = ExportMetricsServiceRequest()
    given = request.resource_metrics.add()
    given.resource.attributes.extend(_attributes(_RESOURCE))
    scope = given.scope_metrics.add()
    now = time.time_ns()
    for number in range(ITEMS // _LABELS):
        metric = scope.metrics.add(name=f"shop.orders.{number}", unit="1")
        metric.sum.aggregation_temporality, metric.sum.is_monotonic = 2, True
        for label in range(_LABELS):
            point = metric.sum.data_points.add(
                start_time_unix_nano=now // 10**15 * 10**15, time_unix_nano=now
            )
            point.as_int = now // 10**6 + secrets.randbelow(100_000)
            route = {"http.route": f"/orders/{label}", "http.request.method": "GET"}
            point.attributes.extend(_attributes({**route, "http.response.status_code": "200"}))
    return bytes(request.SerializeToString())


#: What is measured.
SIGNALS = {
    "traces": Signal("/v1/traces", "otlp_spans", "spans", "otlp_http/jaeger", traces),
    "logs": Signal("/v1/logs", "otlp_logs", "log_records", "otlp_http/loki", logs),
    "metrics": Signal(
        "/v1/metrics", "otlp_metrics", "metric_points", "prometheus_remote_write", metrics
    ),
}


def _attributes(given: Mapping[str, str]) -> list[KeyValue]:
    return [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in given.items()]
