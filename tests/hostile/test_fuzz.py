"""What `obskit dev` makes of telemetry that is well formed and says nothing sensible."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from rich.console import Console
from tests.dev.test_receiver_fuzz import exchange, post

from obskit.dev.printer import Printer
from obskit.dev.receiver import Receiver
from obskit.dev.stories import Stories

_LARGEST = 100_000
REQUESTS: dict[str, Any] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
}
_TEXTS = st.text(max_size=40) | st.sampled_from(["0" * 32, "ab" * 16, "cd" * 8, "\x1b[31m", "[/x]"])
_NUMBERS = st.integers(-(2**64), 2**64) | st.floats() | st.sampled_from([0, -1, 2**63])
_LEAVES = st.none() | st.booleans() | _NUMBERS | _TEXTS
_NAMES = st.sampled_from(
    [
        *("resourceSpans", "scopeSpans", "spans", "resourceLogs", "scopeLogs", "logRecords"),
        *("resourceMetrics", "scopeMetrics", "metrics", "resource", "scope", "attributes"),
        *("traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano", "status"),
        *("endTimeUnixNano", "timeUnixNano", "severityNumber", "severityText", "body", "events"),
        *("key", "value", "stringValue", "intValue", "doubleValue", "arrayValue", "kvlistValue"),
        *("sum", "gauge", "histogram", "dataPoints", "asInt", "asDouble", "count", "values"),
        *("exception", "type", "message", "stacktrace", "frames", "vars", "tags", "timestamp"),
        *("contexts", "trace", "trace_id", "event_id", "logentry", "formatted", "length"),
    ]
)
_JSON: st.SearchStrategy[Any] = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=5),
    max_leaves=40,
)


@pytest.fixture(scope="module")
def dev() -> Iterator[tuple[Receiver, Stories]]:
    stories = Stories()
    with Receiver(stories.receive, limit=_LARGEST) as receiver:
        yield receiver, stories


def show(stories: Stories) -> None:
    """What is said of it fits, and can be written."""
    told = io.StringIO()
    Printer(Console(file=told, width=80, highlight=False, markup=False, emoji=False)).show(
        stories.rest()
    )
    assert "\x1b" not in told.getvalue()
    told.getvalue().encode()


def spans_of(fields: dict[str, Any]) -> Any:
    return {"resourceSpans": [{"scopeSpans": [{"spans": [fields]}]}]}


@settings(max_examples=200)
@given(st.sampled_from([*REQUESTS]), _JSON)
@example("/v1/traces", spans_of({"traceId": "ab" * 16, "spanId": "cd" * 8, "kind": 2**31}))
@example("/v1/traces", spans_of({"traceId": 1, "spanId": [], "name": {}}))
@example("/v1/traces", spans_of({"startTimeUnixNano": "9" * 5_000}))
def test_json_of_any_shape_is_answered(dev: Any, path: str, body: Any) -> None:
    receiver, stories = dev
    said = post(receiver, path, "application/json", "", json.dumps(body).encode())
    assert said in {200, 400, 413}
    show(stories)


@st.composite
def _messages(draw: st.DrawFn) -> tuple[str, bytes]:
    """Fields of any number, nested as the messages are: much of it is read as something."""
    fields = st.tuples(st.integers(1, 16), st.sampled_from([0, 1, 2, 5]), st.binary(max_size=24))

    def encode(parts: list[tuple[int, int, bytes]]) -> bytes:
        out = b""
        for number, kind, data in parts:
            padded = data.ljust(8, b"\0")
            bodies = {0: b"\x7f", 1: padded[:8], 2: bytes([len(data)]) + data, 5: padded[:4]}
            out += bytes([*_varint(number << 3 | kind)]) + bodies[kind]
        return out

    inner = encode(draw(st.lists(fields, max_size=4)))
    for _ in range(draw(st.integers(0, 4))):
        inner = bytes([draw(st.integers(1, 12)) << 3 | 2, *_varint(len(inner))]) + inner
    return draw(st.sampled_from([*REQUESTS])), inner


def _varint(number: int) -> Iterator[int]:
    while number > 127:
        yield number & 127 | 128
        number >>= 7
    yield number


@settings(max_examples=200)
@given(_messages(), st.sampled_from(["", "gzip", "deflate"]))
def test_protobuf_of_any_fields_is_answered(
    dev: Any, message: tuple[str, bytes], encoding: str
) -> None:
    receiver, stories = dev
    path, body = message
    packed = {"": body, "gzip": gzip.compress(body), "deflate": zlib.compress(body)}[encoding]
    assert post(receiver, path, "application/x-protobuf", encoding, packed) in {200, 400}
    show(stories)


@settings(max_examples=200)
@given(st.lists(_JSON, max_size=4), st.integers(-1, 200) | st.none())
@example([{"exception": {"values": [{"stacktrace": {"frames": [{"vars": {"a": [[]] * 9}}]}}]}}], 0)
@example([{"timestamp": 1e400, "tags": [[[], {}]]}], None)
def test_envelopes_of_any_shape_are_answered(
    dev: Any, events: list[Any], length: int | None
) -> None:
    receiver, stories = dev
    head = json.dumps({"type": "event", **({} if length is None else {"length": length})})
    items = "".join(f"{head}\n{json.dumps(event)}\n" for event in events)
    said = post(receiver, "/api/1/envelope/", "", "", f"{{}}\n{items}".encode())
    assert said in {200, 400}
    show(stories)


@pytest.mark.parametrize("kind", ["int", "length"])
def test_numbers_without_end_are_answered(dev: Any, kind: str) -> None:
    """Python reads no more than 4,300 digits of a number."""
    receiver, stories = dev
    digits = b"9" * 5_000
    if kind == "length":
        head = b"POST /v1/traces HTTP/1.1\r\nContent-Type: application/json\r\n"
        said = exchange(receiver, head + b"Content-Length: " + digits + b"\r\n\r\n{}")
        assert int(said.split()[1]) == 413
    else:
        for path in (*REQUESTS, "/api/1/store/"):
            body = b'{"timestamp": ' + digits + b"}"
            assert post(receiver, path, "application/json", "", body) in {200, 400}
    show(stories)
