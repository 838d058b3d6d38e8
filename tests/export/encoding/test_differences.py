"""Where stock gives up, obskit sends what can be said."""

from __future__ import annotations

import enum
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Buckets,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind
from tests.export.encoding import records
from tests.monsters import MONSTERS

from obskit.export.encoding import Encoder
from obskit.export.encoding.values import any_value

_CONTEXT = SpanContext(7, 9, is_remote=False)
_CUMULATIVE = AggregationTemporality.CUMULATIVE


class Color(str, enum.Enum):
    RED = "red"


def encoder() -> Encoder:
    """One that lets everything leave."""
    return Encoder(records.unchanged)


def span_of(**fields: Any) -> Any:
    """What a receiver reads of a span with these fields."""
    given: dict[str, Any] = {"name": "s", "context": _CONTEXT, "resource": Resource({})}
    request = ExportTraceServiceRequest.FromString(
        records.of_spans([ReadableSpan(**(given | fields))], encoder())
    )
    return request.resource_spans[0].scope_spans[0].spans[0]


def point_of(data: Any, *, ended: bool = False) -> Any:
    """What a receiver reads of a metric with this data."""
    given = records.metrics_data(
        [Metric("m", None, "s", data)], Resource({}), InstrumentationScope("t")
    )
    request = ExportMetricsServiceRequest.FromString(
        records.of_metrics(given, encoder(), ended=ended)
    )
    metric = request.resource_metrics[0].scope_metrics[0].metrics[0]
    return getattr(metric, metric.WhichOneof("data") or "").data_points[0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**63, AnyValue(string_value="9223372036854775808")),
        (-(2**63) - 1, AnyValue(string_value="-9223372036854775809")),
        ("a\udc80b", AnyValue(string_value="a\\udc80b")),
        (Decimal("1.5"), AnyValue(string_value="1.5")),
        (date(2026, 1, 2), AnyValue(string_value="2026-01-02")),
        (Color.RED, AnyValue(string_value="red")),
    ],
)
def test_a_value_of_no_type_of_otlp_is_text(value: Any, expected: AnyValue) -> None:
    assert AnyValue.FromString(any_value(value)) == expected
    (attribute,) = span_of(attributes={"k": value}).attributes
    assert (attribute.key, attribute.value) == ("k", expected)


def test_an_odd_value_within_a_list_leaves_the_others() -> None:
    found = AnyValue.FromString(any_value([1, {2}, {"a": date(2026, 1, 2), 3: None}]))
    assert found.array_value.values[0].int_value == 1
    assert found.array_value.values[1].array_value.values[0].int_value == 2
    pairs = found.array_value.values[2].kvlist_value.values
    assert [(pair.key, pair.value.string_value) for pair in pairs] == [
        ("a", "2026-01-02"),
        ("3", ""),
    ]


@pytest.mark.parametrize("name", MONSTERS)
def test_no_value_raises(name: str) -> None:
    AnyValue.FromString(any_value(MONSTERS[name]()))
    monster: Any = MONSTERS[name]()
    found = span_of(attributes={"k": monster, "after": 1}, events=[Event("e", {"k": monster})])
    assert [attribute.key for attribute in found.attributes] == ["k", "after"]


@pytest.mark.parametrize("name", MONSTERS)
def test_no_body_raises(name: str) -> None:
    body: Any = MONSTERS[name]()
    record = ReadableLogRecord(LogRecord(timestamp=5, body=body), Resource({}))
    request = ExportLogsServiceRequest.FromString(records.of_log_records([record], encoder()))
    assert request.resource_logs[0].scope_logs[0].log_records[0].time_unix_nano == 5


@pytest.mark.parametrize("depth", [24, 25, 200])
def test_what_is_too_deep_is_cut(depth: int) -> None:
    value: Any = "end"
    for _ in range(depth - 1):
        value = [value]
    assert (b"end" in any_value(value)) is (depth <= 24)


def test_what_holds_too_much_is_cut() -> None:
    assert len(AnyValue.FromString(any_value([7] * 9_999)).array_value.values) == 9_999
    assert len(AnyValue.FromString(any_value([7] * 10_000)).array_value.values) < 2_000
    laughs: Any = ["ha"]
    for _ in range(20):
        laughs = [laughs] * 10
    assert len(any_value(laughs)) < 100_000


@settings(max_examples=50)
@given(st.text() | st.text(st.characters(categories=["Cs"]), min_size=1))
def test_any_text_can_be_read(text: str) -> None:
    expected = text.encode("utf-8", "backslashreplace").decode()
    (attribute,) = span_of(name=text, attributes={text: text}).attributes
    assert (attribute.key, attribute.value.string_value) == (expected, expected)


def test_keys_that_are_no_texts_become_texts() -> None:
    found = span_of(attributes={1: "a", None: "c", 1.5: "d"})
    assert {attribute.key for attribute in found.attributes} == {"1", "None", "1.5"}


def test_what_no_field_holds_of_a_span_is_left_out() -> None:
    links = BoundedList.from_seq(9, [Link(SpanContext(2**128, 3, is_remote=True), {"a": 1})])
    links.dropped = 4
    found = span_of(
        name=5,
        context=SpanContext(2**128, 9, is_remote=False),
        parent=SpanContext(1, 2**64, is_remote=True),
        kind="server",
        start_time=1.5,
        end_time=8,
        attributes={"k": 1},
        events=[Event("e", {"k": 1}, 2**64), Event(6, None, 3)],  # type: ignore[arg-type]
        links=links,
        status="fine",
    )
    assert (found.name, found.trace_id, found.span_id) == ("5", bytes(16), b"\0\0\0\0\0\0\0\x09")
    assert (found.parent_span_id, found.flags) == (bytes(8), 0x300)
    assert (found.kind, found.start_time_unix_nano, found.end_time_unix_nano) == (1, 0, 8)
    assert [(event.name, len(event.attributes)) for event in found.events] == [("e", 1), ("6", 0)]
    assert (found.links[0].span_id, found.dropped_links_count) == (b"\0\0\0\0\0\0\0\x03", 4)
    assert found.attributes[0].value.int_value == 1
    assert span_of(context=None, events=None, links=None).trace_id == bytes(16)


def test_what_no_field_holds_of_a_log_record_is_left_out() -> None:
    record = LogRecord(timestamp=-1, observed_timestamp=6, body="b", severity_number=7)  # type: ignore[call-overload]
    record.trace_id, record.span_id = 2**128, None
    (found,) = (
        ExportLogsServiceRequest.FromString(
            records.of_log_records([ReadableLogRecord(record, None)], encoder())  # type: ignore[arg-type]
        )
        .resource_logs[0]
        .scope_logs[0]
        .log_records
    )
    assert (found.time_unix_nano, found.observed_time_unix_nano) == (0, 6)
    assert (found.trace_id, found.span_id, found.severity_number) == (b"", b"", 0)
    assert found.body.string_value == "b"


def test_a_whole_number_of_a_point_that_64_bits_do_not_hold_is_a_double() -> None:
    found = point_of(Gauge([NumberDataPoint({}, 1, 2, 2**64)]))
    assert found.as_double == 2.0**64
    assert point_of(Gauge([NumberDataPoint({}, 1, 2, True)])).as_int == 1


@pytest.mark.parametrize("value", ["x", None, 10**400])
def test_a_value_of_a_point_that_is_no_number_is_none(value: Any) -> None:
    found = point_of(Sum([NumberDataPoint({"a": 1}, 1, 2, value)], _CUMULATIVE, True))
    assert (found.flags, found.WhichOneof("value"), found.time_unix_nano) == (1, None, 2)
    assert found.attributes[0].key == "a"


def test_an_exemplar_that_is_no_number_is_left_out() -> None:
    exemplars = [Exemplar({}, "x", 3), Exemplar({}, 4, 5)]  # type: ignore[arg-type]
    found = point_of(Gauge([NumberDataPoint({}, 1, 2, 7, exemplars)]))
    assert (found.as_int, [exemplar.as_int for exemplar in found.exemplars]) == (7, [4])


_EXPONENTIAL = ExponentialHistogramDataPoint(
    {"a": 1}, 1, 2, 3, 4.5, 5, 6, Buckets(0, [1]), Buckets(0, []), 0, 1.0, 2.0
)


@pytest.mark.parametrize(
    ("data", "start"),
    [
        (Gauge([NumberDataPoint({"a": 1}, 1, 2, 7)]), 0),
        (Sum([NumberDataPoint({"a": 1}, 1, 2, 7.5)], _CUMULATIVE, True), 1),
        (
            Histogram([HistogramDataPoint({"a": 1}, 1, 2, 3, 4, [3], [], 1, 2)], _CUMULATIVE),
            1,
        ),
        (ExponentialHistogram([_EXPONENTIAL], _CUMULATIVE), 1),
    ],
    ids=["gauge", "sum", "histogram", "exponential"],
)
def test_the_last_point_of_a_series_has_no_value(data: Any, start: int) -> None:
    found = point_of(data, ended=True)
    assert {field.name for field, _ in found.ListFields()} == {
        "attributes",
        "time_unix_nano",
        "flags",
    } | ({"start_time_unix_nano"} if start else set())
    assert (found.flags, found.start_time_unix_nano, found.time_unix_nano) == (1, start, 1_000_002)
    assert (found.attributes[0].key, found.attributes[0].value.int_value) == ("a", 1)


def test_a_metric_of_an_unknown_kind_has_no_data() -> None:
    metric: Any = Metric("m", None, None, object())  # type: ignore[arg-type]
    assert encoder().metric(metric) == (b"\x12\x03\x0a\x01m", 0)


def test_every_kind_of_span_has_its_number() -> None:
    assert [span_of(kind=kind).kind for kind in SpanKind] == [1, 2, 3, 4, 5]
