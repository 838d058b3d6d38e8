"""Made-up records that the stock encoder accepts, and what it makes of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
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
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceState

from obskit.export.encoding import Encoder, assemble

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["", "a", "x" * 127, "é" * 128, "x" * 129, "y" * 20_000]
)
INT64 = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 1, -1, 127, 128, 2**63 - 1])
UINT64 = st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 127, 128, 2_047, 2_048, 16_384])
SCALARS = st.none() | st.booleans() | INT64 | st.floats() | TEXTS | st.binary(max_size=9)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=6,
)
ATTRIBUTES: Any = (
    st.none()
    | st.dictionaries(TEXTS, VALUES, max_size=4)
    | st.builds(
        lambda dropped, held: _dropping(BoundedAttributes(attributes=held), dropped),
        st.sampled_from([0, 1, 300]),
        st.dictionaries(TEXTS.filter(bool), VALUES, max_size=4),
    )
)
STATES = st.sampled_from([None, TraceState(), TraceState([("a", "1"), ("b", "é")])])
CONTEXTS = st.builds(
    SpanContext,
    st.integers(0, 2**128 - 1),
    UINT64,
    is_remote=st.booleans(),
    trace_state=STATES,
)
TIMES = st.none() | UINT64
EVENTS = st.builds(Event, TEXTS, ATTRIBUTES, UINT64)
LINKS = st.builds(Link, CONTEXTS, ATTRIBUTES)
# None that differ and are equal in bytes, or the reverse: stock groups by what compares equal.
_ONE_PAIR = st.dictionaries(TEXTS.filter(bool), TEXTS, max_size=1)
RESOURCES = st.builds(Resource, _ONE_PAIR, st.sampled_from(["", "u://r"]))
SCOPES = st.builds(
    InstrumentationScope,
    TEXTS.filter(bool),
    st.none() | TEXTS.filter(bool),
    st.sampled_from([None, "u://s"]),
    _ONE_PAIR,
)


def _dropping(held: Any, dropped: int) -> Any:
    held.dropped = dropped
    return held


def many(strategy: Any) -> Any:
    """A few, as the SDK's list that counts what it drops, or as a plain one."""
    plain = st.lists(strategy, max_size=2)
    counted = plain.map(lambda held: BoundedList.from_seq(5, held))
    return plain | st.builds(_dropping, counted, st.sampled_from([0, 1, 300]))


STATUSES = st.builds(Status, st.sampled_from([StatusCode.UNSET, StatusCode.OK])) | st.builds(
    Status, st.just(StatusCode.ERROR), st.none() | TEXTS
)
SPANS = st.builds(
    ReadableSpan,
    name=TEXTS,
    context=CONTEXTS,
    parent=st.none() | CONTEXTS,
    resource=RESOURCES,
    attributes=ATTRIBUTES,
    events=many(EVENTS),
    links=many(LINKS),
    kind=st.sampled_from(SpanKind),
    status=STATUSES | st.none(),
    start_time=TIMES,
    end_time=TIMES,
    instrumentation_scope=st.none() | SCOPES,
)


def _log_record(flags: int, **fields: Any) -> LogRecord:
    record = LogRecord(**fields)
    record.trace_flags = flags  # type: ignore[assignment]
    record.trace_id = 0 if fields["body"] is None else 2**100
    return record


LOG_RECORDS = st.builds(
    ReadableLogRecord,
    st.builds(
        _log_record,
        st.sampled_from([0, 1, 255]),
        timestamp=TIMES,
        observed_timestamp=UINT64,
        severity_text=st.none() | TEXTS,
        severity_number=st.none() | st.sampled_from(SeverityNumber),
        body=VALUES,
        attributes=ATTRIBUTES,
        event_name=st.none() | TEXTS,
    ),
    RESOURCES,
    st.none() | SCOPES,
)

NUMBERS = INT64 | st.floats()
EXEMPLARS = st.lists(
    st.builds(
        Exemplar,
        ATTRIBUTES,
        NUMBERS,
        UINT64,
        st.none() | UINT64,
        st.none() | st.integers(0, 2**128 - 1),
    ),
    max_size=2,
)
COUNTS = st.lists(UINT64, max_size=4)
REALS = st.none() | st.floats() | st.integers(-(2**60), 2**60)
NUMBER_POINTS = st.lists(
    st.builds(NumberDataPoint, ATTRIBUTES, TIMES, UINT64, NUMBERS, EXEMPLARS), max_size=2
)
HISTOGRAM_POINTS = st.lists(
    st.builds(
        HistogramDataPoint,
        ATTRIBUTES,
        TIMES,
        UINT64,
        UINT64,
        REALS,
        COUNTS,
        st.lists(st.floats(), max_size=4),
        REALS,
        REALS,
        EXEMPLARS,
    ),
    max_size=2,
)
INT32 = st.integers(-(2**31), 2**31 - 1) | st.sampled_from([0, -1, 20])
BUCKETS = st.builds(Buckets, INT32, COUNTS)
EXPONENTIAL_POINTS = st.lists(
    st.builds(
        ExponentialHistogramDataPoint,
        ATTRIBUTES,
        TIMES,
        UINT64,
        UINT64,
        REALS,
        INT32,
        UINT64,
        BUCKETS,
        BUCKETS,
        st.sampled_from([0, 1, 300]),
        REALS,
        REALS,
        EXEMPLARS,
    ),
    max_size=2,
)
TEMPORALITIES = st.sampled_from(AggregationTemporality)
METRICS = st.builds(
    Metric,
    TEXTS,
    st.none() | TEXTS,
    st.none() | TEXTS,
    st.builds(Sum, NUMBER_POINTS, TEMPORALITIES, st.booleans())
    | st.builds(Gauge, NUMBER_POINTS)
    | st.builds(Histogram, HISTOGRAM_POINTS, TEMPORALITIES)
    | st.builds(ExponentialHistogram, EXPONENTIAL_POINTS, TEMPORALITIES),
)


def unchanged(_key: str, value: Any) -> Any:
    """Everything may leave."""
    return value


def of_spans(spans: list[ReadableSpan], encoder: Encoder) -> bytes:
    """The request for these spans."""
    return assemble(
        (encoder.scope(span.resource, span.instrumentation_scope), encoder.span(span))
        for span in spans
    )


def of_log_records(records: list[ReadableLogRecord], encoder: Encoder) -> bytes:
    """The request for these log records."""
    return assemble(
        (
            encoder.scope(record.resource, record.instrumentation_scope),
            encoder.log_record(record),
        )
        for record in records
    )


def of_metrics(data: MetricsData, encoder: Encoder, *, ended: bool = False) -> bytes:
    """The request for these metrics."""
    return assemble(
        (encoder.scope(each.resource, scope.scope), encoder.metric(metric, ended=ended)[0])
        for each in data.resource_metrics
        for scope in each.scope_metrics
        for metric in scope.metrics
    )


def metrics_data(metrics: list[Metric], resource: Resource, scope: InstrumentationScope) -> Any:
    """What a reader would hand on."""
    within = ScopeMetrics(scope, metrics, scope.schema_url or "")
    return MetricsData([ResourceMetrics(resource, [within], resource.schema_url)])


def stock_spans(spans: list[ReadableSpan]) -> bytes:
    """What the stock exporter would send."""
    sent: bytes = encode_spans(spans).SerializePartialToString()
    return sent


def stock_log_records(records: list[ReadableLogRecord]) -> bytes:
    """What the stock exporter would send."""
    sent: bytes = encode_logs(records).SerializePartialToString()
    return sent


def stock_metrics(data: MetricsData) -> bytes:
    """What the stock exporter would send."""
    sent: bytes = encode_metrics(data).SerializePartialToString()
    return sent
