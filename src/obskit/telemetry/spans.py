"""Spans of the SDK's kind, made with less ado where nobody could see the difference.

The SDK checks each attribute by its abstract types, copies a span as it ends, and calls lists of
processors. Most attributes are texts and numbers, and one processor reads the span at once. With a
processor of the host's own, with limits that could cut, or in a version of the SDK whose spans
consist of something else, everything is the SDK's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from threading import Lock
from time import time_ns
from typing import Any

from opentelemetry import trace
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span as SdkSpan
from opentelemetry.sdk.trace import SpanLimits, SynchronousMultiSpanProcessor, TracerProvider
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.sdk.trace import _Span as StockSpan
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, TraceFlags, Tracer

from obskit.export.processors import Spans

# The SDK's own limit of a span's attributes.
_USUAL_LIMIT = 128
_PLAIN = frozenset((str, int, float, bool))
_UNSET = trace.Status()
_FLAGS = {
    (sampled, random): TraceFlags(
        (TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
        | (TraceFlags.RANDOM_TRACE_ID if random else 0)
    )
    for sampled in (False, True)
    for random in (False, True)
}


class LeanSpan(SdkSpan):
    """A span whose attributes are plain, and which ends without a copy."""

    def __init__(
        self,
        tracer: Any,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        attributes: dict[str, Any],
        kind: SpanKind = SpanKind.INTERNAL,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> None:
        limits = tracer._span_limits
        self._name = name
        self._context = context
        self._kind = kind
        self._instrumentation_info = tracer.instrumentation_info
        self._instrumentation_scope = tracer._instrumentation_scope
        self._parent = parent
        self._start_time = start_time if start_time is not None else time_ns()
        self._end_time = None
        held: Any = BoundedAttributes(limits.max_span_attributes, immutable=False)
        held._dict = attributes
        self._attributes = held
        self._events = BoundedList(limits.max_events)
        self._links = BoundedList(limits.max_links)
        self._resource = tracer.resource
        self._status = _UNSET
        self._sampler = tracer.sampler
        self._trace_config = None
        self._record_exception = record_exception
        self._set_status_on_exception = set_status_on_exception
        self._span_processor = tracer.span_processor
        self._limits = limits
        self._lock = Lock()
        self._record_end_metrics = None

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Put attributes on it."""
        held: Any = self._attributes
        with self._lock:
            usual = self._end_time is None and _are_plain(attributes)
            if usual and len(held._dict) + len(attributes) <= _USUAL_LIMIT:
                held._dict.update(attributes)
                return
        super().set_attributes(attributes)

    def set_attribute(self, key: str, value: Any) -> None:
        """Put one attribute on it."""
        self.set_attributes({key: value})

    def end(self, end_time: int | None = None) -> None:
        """End it."""
        way_out = _sole_way_out(self._span_processor)
        if way_out is None or self._end_time is not None:
            super().end(end_time)
            return
        with self._lock:
            self._end_time = end_time if end_time is not None else time_ns()
            held: Any = self._attributes
            held._immutable = True
        way_out.on_end(self)


class LeanTracer(SdkTracer):
    """A tracer of such spans."""

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> Span:
        """Start a span, as the SDK's tracer does."""
        attributes = attributes or {}
        if (
            links
            or not _are_plain(attributes)
            or _sole_way_out(self.span_processor) is None
            or not self._is_enabled()
        ):
            return super().start_span(
                name,
                context,
                kind,
                attributes,
                links,
                start_time,
                record_exception,
                set_status_on_exception,
            )
        parent: SpanContext | None = trace.get_current_span(context).get_span_context()
        if parent is not None and parent.is_valid:
            trace_id, random = parent.trace_id, parent.trace_flags.random_trace_id
        else:
            parent, trace_id = None, self.id_generator.generate_trace_id()
            random = self.id_generator.is_trace_id_random()
        sampled: Any = self.sampler.should_sample(context, trace_id, name, kind, attributes, ())
        span_context = SpanContext(
            trace_id,
            self.id_generator.generate_span_id(),
            is_remote=False,
            trace_flags=_FLAGS[sampled.decision.is_sampled(), random],
            trace_state=sampled.trace_state,
        )
        if not sampled.decision.is_recording():
            return trace.NonRecordingSpan(span_context)
        return LeanSpan(
            self,
            name,
            span_context,
            parent,
            dict(sampled.attributes),
            kind,
            start_time,
            record_exception,
            set_status_on_exception,
        )


class LeanProvider(TracerProvider):
    """A provider of such tracers, where the settings allow them."""

    def get_tracer(self, *args: Any, **options: Any) -> Tracer:
        """A tracer, as the SDK's provider gives it."""
        tracer = super().get_tracer(*args, **options)
        if type(tracer) is SdkTracer and _fits(tracer):
            # The SDK has no place to say which class its tracers are of.
            tracer.__class__ = LeanTracer
        return tracer


def _are_plain(attributes: Mapping[str, Any]) -> bool:
    """Whether the SDK would leave attributes as they are, and keep all of them."""
    if len(attributes) > _USUAL_LIMIT:
        return False
    for key, value in attributes.items():
        if type(value) not in _PLAIN or type(key) is not str or not key:
            return False
    return True


def _sole_way_out(processor: Any) -> Spans | None:
    """Our own processor, where there is no other."""
    if type(processor) is not SynchronousMultiSpanProcessor:
        return None
    processors = processor._span_processors
    only = processors[0] if len(processors) == 1 else None
    return only if type(only) is Spans else None


def _fits(tracer: SdkTracer) -> bool:
    """Whether none of a tracer's settings would change such a span."""
    limits = tracer._span_limits
    most = limits.max_span_attributes
    return (
        limits.max_span_attribute_length is None
        and (most is None or most >= _USUAL_LIMIT)
        and type(tracer._tracer_metrics).__name__ == "NoOpTracerMetrics"
        and _is_known()
    )


@cache
def _is_known() -> bool:
    """Whether the SDK's spans consist of what ours do."""
    try:
        stock = StockSpan(
            "probe", trace.INVALID_SPAN_CONTEXT, resource=Resource({}), limits=SpanLimits()
        )
        ours = LeanSpan(_Probe, "probe", trace.INVALID_SPAN_CONTEXT, None, {})
    except Exception:  # a later version
        return False
    return vars(stock).keys() == vars(ours).keys()


class _Probe:
    """What `LeanSpan` reads of a tracer."""

    _span_limits = SpanLimits()
    instrumentation_info = _instrumentation_scope = resource = sampler = span_processor = None
