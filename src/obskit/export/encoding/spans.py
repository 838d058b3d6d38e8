"""A span as OTLP's `Span`.

The fields are read where the SDK keeps them: its properties copy the events, links and attributes
of a span each time, which takes as long as encoding all of it.

Source: OTLP's `opentelemetry/proto/trace/v1/trace.proto`.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import Any, Final

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceState

from obskit.export.encoding.attributes import Attributes
from obskit.export.encoding.values import as_text
from obskit.export.encoding.wire import delimited, fits, fixed64, varint

__all__ = ["encode_span"]

_TIMES: Final = Struct("<BQBQ").pack
# By the numbers of the API's `SpanKind` and `StatusCode`.
_KINDS: Final = tuple(b"\x30" + varint(kind.value + 1) for kind in SpanKind)
_STATUSES: Final = (b"", b"\x18\x01", b"\x18\x02")
_PLAIN_STATUSES: Final = tuple(delimited(b"\x7a", status) for status in _STATUSES)
# `SpanFlags`: it is known whether the parent is remote, and whether it is.
_LOCAL: Final = b"\x00\x01\x00\x00"
_REMOTE: Final = b"\x00\x03\x00\x00"


def encode_span(span: ReadableSpan, attributes: Attributes) -> bytes:
    """A span as field 2 of `ScopeSpans`.

    Args:
        span: The span. What no field holds of it, as a time that is no number, is left out.
        attributes: What encodes attributes.
    """
    try:
        body = _encoded(span, attributes)
    except Exception:  # a time or an id that no field holds, somebody's own class of span
        body = _encoded(_repaired(span), attributes)
    return b"\x12" + varint(len(body)) + body


def _encoded(span: ReadableSpan, attributes: Attributes) -> bytes:
    trace_id, span_id, _, _, state, _ = span._context  # type: ignore[misc]
    parent, start, end = span._parent, span._start_time, span._end_time
    held: Any = span._attributes
    events: Any = span._events
    links: Any = span._links
    return b"".join(
        (
            b"\x0a\x10",
            int.to_bytes(trace_id, 16, "big"),
            b"\x12\x08",
            int.to_bytes(span_id, 8, "big"),
            _trace_state(state, attributes) if state._dict else b"",
            b"" if parent is None else b"\x22\x08" + int.to_bytes(parent[1], 8, "big"),
            attributes.text(b"\x2a", span._name),
            _KINDS[span._kind._value_],
            _TIMES(0x39, start, 0x41, end)
            if start and end
            else fixed64(b"\x39", start) + fixed64(b"\x41", end),
            attributes.fields(b"\x4a", held),
            _dropped(b"\x50", held) if type(held) is BoundedAttributes and held.dropped else b"",
            b""
            if type(events) is BoundedList and not events._dq and not events.dropped  # type: ignore[attr-defined]
            else _events(events, attributes),
            b""
            if type(links) is BoundedList and not links._dq and not links.dropped  # type: ignore[attr-defined]
            else _links(links, attributes),
            _status(span._status, attributes),
            b"\x85\x01",
            _REMOTE if parent is not None and parent[2] else _LOCAL,
        )
    )


def _dropped(tag: bytes, held: Any) -> bytes:
    """How many the SDK has dropped of attributes, events or links, where it counts them."""
    if type(held) is not BoundedAttributes and type(held) is not BoundedList:
        return b""
    count = fits(held.dropped, 32)
    return tag + varint(count) if count else b""


def _trace_state(state: TraceState, attributes: Attributes) -> bytes:
    return attributes.text(b"\x1a", ",".join([f"{key}={value}" for key, value in state.items()]))


def _events(events: Iterable[Event], attributes: Attributes) -> bytes:
    parts = []
    for event in events:
        held = event.attributes
        body = (
            fixed64(b"\x09", event.timestamp)
            + attributes.text(b"\x12", event.name)
            + attributes.fields(b"\x1a", held)
            + _dropped(b"\x20", held)
        )
        parts.append(delimited(b"\x5a", body))
    parts.append(_dropped(b"\x60", events))
    return b"".join(parts)


def _links(links: Iterable[Link], attributes: Attributes) -> bytes:
    parts = []
    for link in links:
        context, held = link.context, link.attributes
        body = (
            b"\x0a\x10"
            + int.to_bytes(context.trace_id, 16, "big")
            + b"\x12\x08"
            + int.to_bytes(context.span_id, 8, "big")
            + attributes.fields(b"\x22", held)
            + _dropped(b"\x28", held)
            + b"\x35"
            + (_REMOTE if context.is_remote else _LOCAL)
        )
        parts.append(delimited(b"\x6a", body))
    parts.append(_dropped(b"\x70", links))
    return b"".join(parts)


def _status(status: Status | None, attributes: Attributes) -> bytes:
    if status is None:
        return b""
    code: int = status._status_code._value_
    if not status._description:
        return _PLAIN_STATUSES[code]
    return delimited(b"\x7a", attributes.text(b"\x12", status._description) + _STATUSES[code])


def _repaired(span: ReadableSpan) -> ReadableSpan:
    """A copy of which every field fits."""
    kind, status = span.kind, span.status
    return ReadableSpan(
        name=as_text(span.name),
        context=_context(span.context),
        parent=None if span.parent is None else _context(span.parent),
        resource=span.resource,
        attributes=span._attributes,
        events=_repaired_events(span._events),
        links=_repaired_links(span._links),
        kind=kind if type(kind) is SpanKind else SpanKind.INTERNAL,
        status=status
        if type(status) is Status and type(status.status_code) is StatusCode
        else Status(),
        start_time=fits(span.start_time, 64),
        end_time=fits(span.end_time, 64),
    )


def _context(context: SpanContext | None) -> SpanContext:
    if context is None:
        return SpanContext(0, 0, is_remote=False)
    return SpanContext(
        fits(context.trace_id, 128),
        fits(context.span_id, 64),
        is_remote=bool(context.is_remote),
        trace_state=context.trace_state,
    )


def _repaired_events(events: Any) -> Any:
    repaired = [
        Event(as_text(event.name), event.attributes, fits(event.timestamp, 64))
        for event in events or ()
    ]
    return _counted(repaired, events)


def _repaired_links(links: Any) -> Any:
    return _counted([Link(_context(link.context), link.attributes) for link in links or ()], links)


def _counted(repaired: list[Any], given: Any) -> Any:
    """The repaired ones, with how many the SDK has dropped."""
    if type(given) is not BoundedList:
        return repaired
    counted = BoundedList.from_seq(None, repaired)
    counted.dropped = given.dropped
    return counted
