"""OTLP/HTTP by hand, for tests of the way from the collector on: an answer of 200 is its promise."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence

from .reading import fetch

Json = dict[str, object]


def attributes(values: Mapping[str, str]) -> list[Json]:
    """Attributes as OTLP writes them in JSON."""
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]


def trace_id() -> str:
    """A new trace id."""
    return secrets.token_hex(16)


def span(trace: str, name: str, values: Mapping[str, str] | None = None) -> Json:
    """A span of a millisecond that ends now."""
    now = time.time_ns()
    return {
        "traceId": trace,
        "spanId": secrets.token_hex(8),
        "name": name,
        "kind": 2,
        "startTimeUnixNano": str(now - 1_000_000),
        "endTimeUnixNano": str(now),
        "attributes": attributes(values or {}),
    }


def log_record(trace: str, body: str, values: Mapping[str, str] | None = None) -> Json:
    """A log record of now."""
    return {
        "timeUnixNano": str(time.time_ns()),
        "severityNumber": 9,
        "severityText": "INFO",
        "body": {"stringValue": body},
        "attributes": attributes(values or {}),
        "traceId": trace,
        "spanId": secrets.token_hex(8),
    }


def number(value: float, values: Mapping[str, str] | None = None) -> Json:
    """A data point of now."""
    now = str(time.time_ns())
    return {
        "startTimeUnixNano": now,
        "timeUnixNano": now,
        "asDouble": value,
        "attributes": attributes(values or {}),
    }


def gauge(name: str, unit: str, points: Sequence[Json]) -> Json:
    """A gauge."""
    return {"name": name, "unit": unit, "gauge": {"dataPoints": points}}


def cumulative_sum(name: str, unit: str, points: Sequence[Json], *, monotonic: bool) -> Json:
    """A counter, or an up-down counter where it is not monotonic."""
    data: Json = {"aggregationTemporality": 2, "isMonotonic": monotonic, "dataPoints": points}
    return {"name": name, "unit": unit, "sum": data}


def send_spans(base: str, resource: Mapping[str, str], spans: Sequence[Json]) -> None:
    """Send spans of one resource; the collector must accept them."""
    inner: Json = {"scopeSpans": _scope("spans", spans)}
    _send(f"{base}/v1/traces", "resourceSpans", inner, resource)


def send_logs(base: str, resource: Mapping[str, str], records: Sequence[Json]) -> None:
    """Send log records of one resource; the collector must accept them."""
    inner: Json = {"scopeLogs": _scope("logRecords", records)}
    _send(f"{base}/v1/logs", "resourceLogs", inner, resource)


def send_metrics(base: str, resource: Mapping[str, str], metrics: Sequence[Json]) -> None:
    """Send metrics of one resource; the collector must accept them."""
    inner: Json = {"scopeMetrics": _scope("metrics", metrics)}
    _send(f"{base}/v1/metrics", "resourceMetrics", inner, resource)


def _send(url: str, outer: str, inner: Json, resource: Mapping[str, str]) -> None:
    body = {outer: [{"resource": {"attributes": attributes(resource)}, **inner}]}
    answer = fetch(url, json_body=body)
    assert answer.status == 200, answer


def _scope(name: str, items: object) -> list[Json]:
    return [{"scope": {"name": "tests", "version": "1"}, name: items}]
