"""What arrived at the sink, decoded and counted: spans, points, lines, by each peer's protocol.

Runs in the sink's own environment.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

import brotli  # type: ignore[import-untyped]
import msgpack  # type: ignore[import-untyped,import-not-found,unused-ignore]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SERVER = 2  # the kind of a span that serves
DATABASE = ("db.system", "db.system.name")
#: The place of the type in a span of ddtrace's v0.5.
TYPE = 11


@dataclass(frozen=True)
class Delivery:
    """One request, as it came."""

    path: str
    encoding: str
    body: bytes


def count(delivery: Delivery) -> Counter[str]:
    """How many of what one request brought. What nobody knows is counted by its path."""
    body = _plain(delivery.body, delivery.encoding)
    path = delivery.path.split("?")[0].rstrip("/")
    if path.endswith("/v1/traces"):
        return _otlp_traces(body)
    if path.endswith("/v1/metrics"):
        return _otlp_metrics(body)
    if path.endswith("/v1/logs"):
        return _otlp_logs(body)
    if path.endswith("/envelope"):
        return _sentry(body)
    if path == "/intake/v2/events":
        return _elastic(body)
    if path in ("/v0.4/traces", "/v0.5/traces"):
        return _datadog(body, old=path == "/v0.4/traces")
    return Counter({f"other {path}": 1})


def _plain(body: bytes, encoding: str) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "br":
        return bytes(brotli.decompress(body))
    return zlib.decompress(body) if encoding == "deflate" else body


def _otlp_traces(body: bytes) -> Counter[str]:
    counts: Counter[str] = Counter()
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                keys = {pair.key: pair.value.string_value for pair in span.attributes}
                if keys.get("logfire.span_type") == "pending_span":
                    counts["pending"] += 1
                elif keys.get("logfire.span_type") == "log":
                    counts["lines"] += 1
                elif span.kind == SERVER:
                    counts["server"] += 1
                elif any(key in keys for key in DATABASE):
                    counts["database"] += 1
                else:
                    counts["other spans"] += 1
    return counts


def _otlp_metrics(body: bytes) -> Counter[str]:
    counts: Counter[str] = Counter()
    for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                kind = metric.WhichOneof("data")
                counts["points"] += len(getattr(metric, kind).data_points) if kind else 0
    return counts


def _otlp_logs(body: bytes) -> Counter[str]:
    resources = ExportLogsServiceRequest.FromString(body).resource_logs
    scopes = [scope for resource in resources for scope in resource.scope_logs]
    return Counter({"lines": sum(len(scope.log_records) for scope in scopes)})


def _sentry(body: bytes) -> Counter[str]:
    counts: Counter[str] = Counter()
    _, _, rest = body.partition(b"\n")
    while rest.strip():
        header, _, rest = rest.partition(b"\n")
        fields = json.loads(header)
        length = fields.get("length", rest.find(b"\n"))
        payload, rest = rest[:length], rest[length:].lstrip(b"\n")
        item = json.loads(payload)
        if fields["type"] == "transaction":
            counts["server"] += item["contexts"]["trace"]["op"] == "http.server"
            counts["database"] += sum(span.get("op") == "db" for span in item["spans"])
        elif fields["type"] == "log":
            counts["lines"] += len(item["items"])
        elif fields["type"] == "trace_metric":
            counts["points"] += len(item["items"])
        else:
            counts[f"other {fields['type']}"] += 1
    return counts


def _elastic(body: bytes) -> Counter[str]:
    counts: Counter[str] = Counter()
    for line in body.splitlines():
        for kind, fields in json.loads(line).items() if line.strip() else ():
            if kind == "transaction":
                counts["server"] += fields["type"] == "request"
            elif kind == "span":
                counts["database"] += fields["type"].startswith("db")
            elif kind == "metricset":
                counts["points"] += len(fields["samples"])
            elif kind == "log":
                counts["lines"] += 1
            elif kind != "metadata":
                counts[f"other {kind}"] += 1
    return counts


def _datadog(body: bytes, *, old: bool) -> Counter[str]:
    content: Any = msgpack.unpackb(body, strict_map_key=False)
    if old:
        kinds = [span.get("type") for trace in content for span in trace]
    else:
        strings, traces = content
        kinds = [strings[span[TYPE]] for trace in traces for span in trace]
    counts = Counter(kinds)
    known = {"web": "server", "sql": "database"}
    return Counter({known.get(str(kind), "other spans"): number for kind, number in counts.items()})
