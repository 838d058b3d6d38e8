"""Variables of how much a span, an event, a link and a log record may hold."""

from __future__ import annotations

from pathlib import Path

from .child import serve
from .receiver import Receiver, attributes
from .variables import shows

_MUCH = """
from opentelemetry import trace
many = {f"a{number}": "x" * 20 for number in range(9)}
context = trace.SpanContext(7, 7, is_remote=True)
links = [trace.Link(context, many) for _ in range(4)]
with trace.get_tracer("t").start_as_current_span("work", attributes=many, links=links) as span:
    for number in range(5):
        span.add_event(f"event{number}", many)
    obskit.get_logger("shop").info("placed", **many)
"""


@shows("OTEL_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")
def test_the_general_limits_hold_for_everything(receiver: Receiver, tmp_path: Path) -> None:
    """Spans, events, links and records have five attributes, each of ten characters.

    A variable that is empty is unset: it does not lift the limit, as it would in the SDK.
    """
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_ATTRIBUTE_COUNT_LIMIT": "5",
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "10",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "",
        "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT": "",
    }
    serve(_MUCH, environ, tmp_path)
    span, record = receiver.spans()["work"], receiver.records()["placed"]
    for holder in (span, span.events[0], span.links[0], record):
        found = attributes(holder.attributes)
        assert len(found) == 5
        assert set(found.values()) == {"x" * 10}
    assert (len(span.events), len(span.links)) == (5, 4)


@shows("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT")
@shows("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT")
@shows("OTEL_SPAN_EVENT_COUNT_LIMIT", "OTEL_SPAN_LINK_COUNT_LIMIT")
@shows("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT")
def test_each_limit_of_its_own_beats_the_general_ones(receiver: Receiver, tmp_path: Path) -> None:
    """Every one of them has another number."""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_ATTRIBUTE_COUNT_LIMIT": "8",
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "15",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "4",
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "7",
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "2",
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": "1",
        "OTEL_SPAN_EVENT_COUNT_LIMIT": "3",
        "OTEL_SPAN_LINK_COUNT_LIMIT": "2",
        "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT": "6",
        "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT": "9",
    }
    serve(_MUCH, environ, tmp_path)
    span, record = receiver.spans()["work"], receiver.records()["placed"]
    assert [event.name for event in span.events] == ["event2", "event3", "event4"]
    assert (len(span.links), span.dropped_links_count) == (2, 2)
    assert (len(span.attributes), span.dropped_attributes_count) == (4, 5)
    assert set(attributes(span.attributes).values()) == {"x" * 7}
    assert len(span.events[0].attributes) == 2
    assert len(span.links[0].attributes) == 1
    assert len(record.attributes) == 6
    assert set(attributes(record.attributes).values()) == {"x" * 9}
