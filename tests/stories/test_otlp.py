"""OTLP requests become signals, in either encoding."""

from __future__ import annotations

import json
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from obskit.stories.otlp import Encoding, PayloadError, decode, error_response, response
from obskit.stories.signals import Line, Point, Span, SpanEvent

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"


def attribute(key: str, **value: Any) -> dict[str, Any]:
    return {"key": key, "value": value}


def resource(*attributes: dict[str, Any]) -> dict[str, Any]:
    return {"attributes": [attribute("service.name", stringValue="shop"), *attributes]}


def traces(*spans: dict[str, Any]) -> bytes:
    scopes = [{"spans": list(spans)}]
    return json.dumps({"resourceSpans": [{"resource": resource(), "scopeSpans": scopes}]}).encode()


def logs(*records: dict[str, Any]) -> bytes:
    scopes = [{"logRecords": list(records)}]
    return json.dumps({"resourceLogs": [{"resource": resource(), "scopeLogs": scopes}]}).encode()


def metrics(*metrics: dict[str, Any]) -> bytes:
    about = resource(attribute("service.instance.id", stringValue="i-1"))
    scopes = [{"metrics": list(metrics)}]
    return json.dumps({"resourceMetrics": [{"resource": about, "scopeMetrics": scopes}]}).encode()


SPAN = {
    "traceId": TRACE_ID.upper(),
    "spanId": SPAN_ID,
    "parentSpanId": "b7ad6b7169203331",
    "name": "GET /",
    "kind": 2,
    "startTimeUnixNano": "1700000000000000000",
    "endTimeUnixNano": "1700000000250000000",
    "status": {"code": 2, "message": "no stock"},
    "attributes": [
        attribute("text", stringValue="a"),
        attribute("flag", boolValue=True),
        attribute("number", intValue="7"),
        attribute("ratio", doubleValue=0.5),
        attribute("list", arrayValue={"values": [{"intValue": 1}, {"stringValue": "b"}]}),
        attribute("tree", kvlistValue={"values": [attribute("leaf", stringValue="c")]}),
        attribute("raw", bytesValue="AQI="),
        attribute("nothing"),
    ],
    "events": [{"timeUnixNano": "1700000000100000000", "name": "exception", "attributes": []}],
}
READ_SPAN = Span(
    trace_id=TRACE_ID,
    span_id=SPAN_ID,
    parent_id="b7ad6b7169203331",
    name="GET /",
    kind="server",
    start=1_700_000_000.0,
    end=1_700_000_000.25,
    service="shop",
    failed=True,
    status_message="no stock",
    attributes={
        "text": "a",
        "flag": True,
        "number": 7,
        "ratio": 0.5,
        "list": [1, "b"],
        "tree": {"leaf": "c"},
        "raw": b"\x01\x02",
        "nothing": None,
    },
    events=(SpanEvent(1_700_000_000.1, "exception", {}),),
)


def test_a_span_in_json_is_read() -> None:
    assert decode("/v1/traces", traces(SPAN), "json").signals == [READ_SPAN]


def test_a_span_in_protobuf_is_read() -> None:
    span = ProtoSpan(
        trace_id=bytes.fromhex(TRACE_ID),
        span_id=bytes.fromhex(SPAN_ID),
        name="work",
        kind=ProtoSpan.SPAN_KIND_CLIENT,
    )
    request = ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=[span])])]
    )
    (read,) = decode("/v1/traces", request.SerializeToString(), "protobuf").signals
    assert read == Span(TRACE_ID, SPAN_ID, "", "work", "client", 0.0, 0.0)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (0, "internal"),
        (1, "internal"),
        (2, "server"),
        (4, "producer"),
        (5, "consumer"),
        (99, "internal"),
    ],
)
def test_the_kind_of_a_span_is_named(kind: int, expected: str) -> None:
    (span,) = decode("/v1/traces", traces({**SPAN, "kind": kind}), "json").signals
    assert isinstance(span, Span)
    assert span.kind == expected


@pytest.mark.parametrize("wrong", [{"traceId": ""}, {"spanId": "abcd"}, {"traceId": "ab" * 17}])
def test_a_span_without_a_usable_id_is_rejected_and_the_rest_taken(wrong: dict[str, str]) -> None:
    decoded = decode("/v1/traces", traces({**SPAN, **wrong}, SPAN), "json")
    assert decoded.signals == [READ_SPAN]
    assert decoded.rejected == 1


RECORD = {
    "timeUnixNano": "1700000000020000000",
    "severityNumber": 13,
    "body": {"stringValue": "stock is low"},
    "eventName": "stock.low",
    "traceId": TRACE_ID,
    "spanId": SPAN_ID,
    "attributes": [attribute("left", intValue=2)],
}


def test_a_log_record_is_read() -> None:
    assert decode("/v1/logs", logs(RECORD), "json").signals == [
        Line(
            time=1_700_000_000.02,
            level="warning",
            body="stock is low",
            event_name="stock.low",
            trace_id=TRACE_ID,
            span_id=SPAN_ID,
            service="shop",
            attributes={"left": 2},
        )
    ]


def test_a_log_record_needs_no_more_than_a_body() -> None:
    record = {
        "observedTimeUnixNano": "1500000000",
        "severityText": "NOTICE",
        "body": {"kvlistValue": {"values": [attribute("a", intValue=1)]}},
    }
    expected = Line(time=1.5, level="notice", body="{'a': 1}", service="shop")
    assert decode("/v1/logs", logs(record, {}), "json").signals == [
        expected,
        Line(time=0.0, level="", body="", service="shop"),
    ]


@pytest.mark.parametrize(
    ("number", "level"),
    [
        (1, "trace"),
        (4, "trace"),
        (5, "debug"),
        (9, "info"),
        (17, "error"),
        (24, "critical"),
        (25, ""),
    ],
)
def test_severity_numbers_become_levels(number: int, level: str) -> None:
    (line,) = decode("/v1/logs", logs({"severityNumber": number}), "json").signals
    assert isinstance(line, Line)
    assert line.level == level


POINT = {"attributes": [attribute("b", stringValue="2"), attribute("a", intValue=1)]}
ORIGIN = "'shop' 'i-1'"
PAIRS = (("a", "1"), ("b", "2"))


@pytest.mark.parametrize(
    ("data", "value", "delta"),
    [
        ({"gauge": {"dataPoints": [{**POINT, "asDouble": 1.5}]}}, 1.5, False),
        ({"gauge": {"dataPoints": [POINT]}}, 0.0, False),
        (
            {"sum": {"dataPoints": [{**POINT, "asInt": "3"}], "aggregationTemporality": 1}},
            3.0,
            True,
        ),
        (
            {"sum": {"dataPoints": [{**POINT, "asInt": "3"}], "aggregationTemporality": 2}},
            3.0,
            False,
        ),
        ({"histogram": {"dataPoints": [{**POINT, "count": "4", "sum": 9.0}]}}, 4.0, False),
        ({"exponentialHistogram": {"dataPoints": [{**POINT, "count": "5"}]}}, 5.0, False),
        ({"summary": {"dataPoints": [{**POINT, "count": "6"}]}}, 6.0, False),
    ],
)
def test_every_kind_of_point_is_read(data: dict[str, Any], value: float, delta: bool) -> None:
    decoded = decode("/v1/metrics", metrics({"name": "stock", **data}), "json")
    assert decoded.signals == [Point("stock", ORIGIN, PAIRS, value, delta)]


def test_points_without_a_value_are_left_out() -> None:
    stale = {"gauge": {"dataPoints": [{**POINT, "flags": 1}]}}
    body = metrics({"name": "stock", **stale}, {"name": "empty"})
    assert decode("/v1/metrics", body, "json").signals == []


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"\xff\xff", "protobuf"),
        (b"{", "json"),
        (b"[]", "json"),
        (b'"text"', "json"),
        (b"\xff", "json"),
        (b'{"resourceSpans": 7}', "json"),
        (b'{"resourceLogs": []}', "json"),
        (b'{"spans": []}', "json"),
        (b'{"resourceSpans": [7]}', "json"),
        (b"[" * 100_000, "json"),
        (traces({**SPAN, "traceId": "not hex"}), "json"),
        (traces({**SPAN, "traceId": 7}), "json"),
        (traces({**SPAN, "name": "\ud800"}), "json"),
        (traces({**SPAN, "startTimeUnixNano": 1e400}), "json"),
        (traces({**SPAN, "startTimeUnixNano": -1}), "json"),
    ],
)
def test_a_body_that_is_no_request_is_refused(body: bytes, encoding: Encoding) -> None:
    with pytest.raises(PayloadError, match=r"not an OTLP request|an id is not hexadecimal"):
        decode("/v1/traces", body, encoding)


def test_a_body_of_something_else_is_refused_by_what_it_lacks() -> None:
    with pytest.raises(PayloadError, match="not an OTLP request: it has no 'resourceLogs'"):
        decode("/v1/logs", traces(SPAN), "json")


@pytest.mark.parametrize("body", [b"{}", b'{"resource_spans": []}', b'{"resourceSpans": []}'])
def test_a_body_without_spans_holds_nothing(body: bytes) -> None:
    assert decode("/v1/traces", body, "json").signals == []


def test_fields_of_later_versions_are_passed_over() -> None:
    assert decode("/v1/traces", traces({**SPAN, "mood": "fine"}), "json").signals == [READ_SPAN]


def test_the_answer_is_written_as_the_request_was() -> None:
    assert response("/v1/traces", "json") == b"{}"
    assert response("/v1/logs", "protobuf") == b""


def test_the_answer_tells_of_rejected_spans() -> None:
    reason = "spans without a valid trace id and span id"
    assert json.loads(response("/v1/traces", "json", 2)) == {
        "partialSuccess": {"rejectedSpans": "2", "errorMessage": reason}
    }
    answer = ExportTraceServiceResponse.FromString(response("/v1/traces", "protobuf", 2))
    assert answer.partial_success.rejected_spans == 2


def test_a_refusal_is_a_status_that_protobuf_reads() -> None:
    status_pb2 = pytest.importorskip("google.rpc.status_pb2")
    status = status_pb2.Status.FromString(error_response("ünfit " + "x" * 200, "protobuf"))
    assert (status.code, status.message) == (3, "?nfit " + "x" * 121)


@pytest.mark.parametrize(
    ("path", "request_type"),
    [("/v1/logs", ExportLogsServiceRequest), ("/v1/metrics", ExportMetricsServiceRequest)],
)
def test_an_empty_request_holds_nothing(path: str, request_type: Any) -> None:
    assert decode(path, request_type().SerializeToString(), "protobuf").signals == []
