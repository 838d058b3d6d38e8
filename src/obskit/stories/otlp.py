"""OTLP over HTTP, read: protobuf and JSON, traces, metrics and logs."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from google.protobuf import json_format  # type: ignore[import-untyped,unused-ignore]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped,unused-ignore]
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2

from obskit.names import SERVICE_INSTANCE_ID, SERVICE_NAME
from obskit.stories.signals import Kind, Line, Point, Signal, Span, SpanEvent, Value, instant

Encoding = Literal["protobuf", "json"]
CONTENT_TYPES: dict[str, Encoding] = {
    "application/x-protobuf": "protobuf",
    "application/json": "json",
}

_KINDS: tuple[Kind, ...] = ("internal", "internal", "server", "client", "producer", "consumer")
_LEVELS = ("trace", "debug", "info", "warning", "error", "critical")
_ID_FIELDS = frozenset(("traceId", "spanId", "parentSpanId"))
_TRACE_ID_BYTES = 16
_SPAN_ID_BYTES = 8
_ERROR_STATUS = 2
_INVALID_ARGUMENT = 3


class PayloadError(ValueError):
    """The body is not what its content type says."""


@dataclass(frozen=True)
class Decoded:
    """One export request, read.

    Attributes:
        signals: What it held.
        rejected: How many spans had no usable id.
    """

    signals: list[Signal]
    rejected: int = 0


def decode(path: str, body: bytes, encoding: Encoding) -> Decoded:
    """Read one export request.

    Args:
        path: `/v1/traces`, `/v1/metrics` or `/v1/logs`.
        body: The body, decompressed.
        encoding: How it is written.

    Raises:
        PayloadError: The body cannot be read.
    """
    message_type, _, read = _SIGNALS[path]
    if encoding == "json":
        return read(_from_json(message_type, body))
    try:
        return read(message_type.FromString(body))
    except DecodeError as error:
        raise PayloadError(f"not an OTLP request: {error}") from None


def response(path: str, encoding: Encoding, rejected: int = 0) -> bytes:
    """Write the answer to a request that was taken.

    Args:
        path: The path of the request.
        encoding: How the request was written.
        rejected: How many of its spans were left out.
    """
    answer = _SIGNALS[path][1]()
    if rejected:
        answer.partial_success.rejected_spans = rejected
        answer.partial_success.error_message = "spans without a valid trace id and span id"
    if encoding == "json":
        return json.dumps(json_format.MessageToDict(answer)).encode()
    return bytes(answer.SerializeToString())


def error_response(reason: str, encoding: Encoding) -> bytes:
    r"""Write the answer to a request that was refused: a `google.rpc.Status`.

    Args:
        reason: What was wrong.
        encoding: How the request was written.

    >>> error_response("empty", "json"), error_response("empty", "protobuf")
    (b'{"code": 3, "message": "empty"}', b'\x08\x03\x12\x05empty')
    """
    if encoding == "json":
        return json.dumps({"code": _INVALID_ARGUMENT, "message": reason}).encode()
    # By hand, because the message is in a package that nothing else here needs. A length above 127
    # would take two bytes.
    text = reason.encode("ascii", "replace")[:127]
    return bytes((0x08, _INVALID_ARGUMENT, 0x12, len(text))) + text


def _from_json(message_type: Any, body: bytes) -> Any:
    try:
        # OTLP writes ids as hex, where protobuf's own JSON has base64.
        document = _with_base64_ids(_json_object(body, message_type.DESCRIPTOR.fields[0]))
        return json_format.ParseDict(document, message_type(), ignore_unknown_fields=True)
    except (ValueError, TypeError, RecursionError, json_format.Error) as error:
        raise PayloadError(f"not an OTLP request: {error}") from None


def _json_object(body: bytes, field: Any) -> dict[str, Any]:
    document = json.loads(body)
    if not isinstance(document, dict):
        raise TypeError("a JSON object is wanted")
    # A later version may say more, but not something else instead.
    if document and not document.keys() & {field.json_name, field.name}:
        raise TypeError(f"it has no {field.json_name!r}")
    return document


def _with_base64_ids(node: Any) -> Any:
    if isinstance(node, list):
        return [_with_base64_ids(item) for item in node]
    if isinstance(node, dict):
        return {
            key: _base64_id(item) if key in _ID_FIELDS else _with_base64_ids(item)
            for key, item in node.items()
        }
    return node


def _base64_id(hex_id: Any) -> str:
    try:
        return base64.b64encode(bytes.fromhex(hex_id)).decode()
    except (TypeError, ValueError, binascii.Error):
        raise PayloadError("an id is not hexadecimal") from None


def _read_traces(request: Any) -> Decoded:
    signals: list[Signal] = []
    rejected = 0
    for resource_spans in request.resource_spans:
        service = _service(resource_spans.resource)
        for span in _each(resource_spans.scope_spans, "spans"):
            if len(span.trace_id) == _TRACE_ID_BYTES and len(span.span_id) == _SPAN_ID_BYTES:
                signals.append(_span(span, service))
            else:
                rejected += 1
    return Decoded(signals, rejected)


def _span(span: Any, service: str) -> Span:
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name,
        kind=_KINDS[span.kind] if 0 <= span.kind < len(_KINDS) else "internal",
        start=_seconds(span.start_time_unix_nano),
        end=_seconds(span.end_time_unix_nano),
        service=service,
        failed=span.status.code == _ERROR_STATUS,
        status_message=span.status.message,
        attributes=_attributes(span.attributes),
        events=tuple(
            SpanEvent(_seconds(event.time_unix_nano), event.name, _attributes(event.attributes))
            for event in span.events
        ),
    )


def _read_logs(request: Any) -> Decoded:
    return Decoded(
        [
            _line(record, _service(resource_logs.resource))
            for resource_logs in request.resource_logs
            for record in _each(resource_logs.scope_logs, "log_records")
        ]
    )


def _line(record: Any, service: str) -> Line:
    body = _value(record.body)
    return Line(
        time=_seconds(record.time_unix_nano or record.observed_time_unix_nano),
        level=_level(record.severity_number, record.severity_text),
        body=body if isinstance(body, str) else "" if body is None else repr(body),
        event_name=record.event_name,
        trace_id=record.trace_id.hex() if len(record.trace_id) == _TRACE_ID_BYTES else "",
        span_id=record.span_id.hex() if len(record.span_id) == _SPAN_ID_BYTES else "",
        service=service,
        attributes=_attributes(record.attributes),
    )


def _level(number: int, text: str) -> str:
    # Four numbers a level, from 1; 0 says nothing.
    level = (number - 1) // 4
    return _LEVELS[level] if 0 <= level < len(_LEVELS) else text.lower()


def _read_metrics(request: Any) -> Decoded:
    signals: list[Signal] = []
    for resource_metrics in request.resource_metrics:
        attributes = _attributes(resource_metrics.resource.attributes)
        origin = f"{attributes.get(SERVICE_NAME)!r} {attributes.get(SERVICE_INSTANCE_ID)!r}"
        for metric in _each(resource_metrics.scope_metrics, "metrics"):
            signals += _points(metric, origin)
    return Decoded(signals)


def _points(metric: Any, origin: str) -> Iterator[Point]:
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    data = getattr(metric, kind)
    delta = (
        getattr(data, "aggregation_temporality", 0)
        == metrics_pb2.AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
    )
    no_value = metrics_pb2.DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
    for point in data.data_points:
        if not point.flags & no_value:
            pairs = sorted((k, str(v)) for k, v in _attributes(point.attributes).items())
            yield Point(metric.name, origin, tuple(pairs), _number(kind, point), delta)


def _number(kind: str, point: Any) -> float:
    if kind in ("gauge", "sum"):
        field = point.WhichOneof("value")
        return float(getattr(point, field)) if field else 0.0
    return float(point.count)


def _each(scopes: Iterable[Any], field: str) -> Iterator[Any]:
    for scope in scopes:
        yield from getattr(scope, field)


def _service(resource: Any) -> str:
    for pair in resource.attributes:
        if pair.key == SERVICE_NAME:
            return str(pair.value.string_value)
    return ""


def _seconds(nanoseconds: int) -> float:
    # Dividing by an integer rounds once; 1e9 would cost a quarter of a microsecond.
    return instant(nanoseconds / 10**9)


def _attributes(pairs: Iterable[Any]) -> dict[str, Value]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Value:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    plain: Value = getattr(value, kind)
    return plain


_SIGNALS: dict[str, tuple[Any, Any, Callable[[Any], Decoded]]] = {
    "/v1/traces": (
        trace_service_pb2.ExportTraceServiceRequest,
        trace_service_pb2.ExportTraceServiceResponse,
        _read_traces,
    ),
    "/v1/metrics": (
        metrics_service_pb2.ExportMetricsServiceRequest,
        metrics_service_pb2.ExportMetricsServiceResponse,
        _read_metrics,
    ),
    "/v1/logs": (
        logs_service_pb2.ExportLogsServiceRequest,
        logs_service_pb2.ExportLogsServiceResponse,
        _read_logs,
    ),
}
PATHS = frozenset(_SIGNALS)
