"""Spans, log records and metrics as the stock exporters may have them: copies without secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import Metric, MetricsData, ScopeMetrics
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, Status, TraceState

from obskit.export.beginning import Beginnings
from obskit.redaction import leaving

_T = TypeVar("_T", bound=Resource | InstrumentationScope | None)


def attributes(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Attributes without secrets."""
    return {key: leaving(key, value) for key, value in (given or {}).items()}


class _Origins:
    """Resources and scopes of one batch without secrets: of each one copy, so that they stay groups."""

    def __init__(self) -> None:
        # The originals are held, so that no other one can have their ids.
        self._known: dict[int, tuple[Any, Any]] = {}

    def of(self, origin: _T) -> _T:
        if id(origin) not in self._known:
            self._known[id(origin)] = origin, _origin(origin)
        copy: _T = self._known[id(origin)][1]
        return copy


def _origin(origin: Any) -> Any:
    if origin is None:
        return None
    masked = attributes(origin.attributes)
    if isinstance(origin, Resource):
        return Resource(masked, origin.schema_url)
    return InstrumentationScope(origin.name, origin.version, origin.schema_url, masked)


def log_records(batch: Sequence[ReadableLogRecord]) -> list[ReadableLogRecord]:
    """Log records whose own attributes are redacted, with resources and scopes that are too.

    Args:
        batch: What leaves at once.
    """
    origins = _Origins()
    return [
        replace(
            record,
            resource=origins.of(record.resource),
            instrumentation_scope=origins.of(record.instrumentation_scope),
        )
        for record in batch
    ]


def spans(batch: Sequence[ReadableSpan]) -> list[ReadableSpan]:
    """Spans without secrets.

    Args:
        batch: What leaves at once.
    """
    origins = _Origins()
    return [_span(span, origins) for span in batch]


def metrics(data: MetricsData, beginnings: Beginnings | None) -> MetricsData:
    """Metrics without secrets, with a point of value 0 before the first one of each new series.

    Args:
        data: A collection.
        beginnings: What knows new series; None leaves those points out.
    """
    origins, resources = _Origins(), []
    for of_resource in data.resource_metrics:
        scopes = [_of_scope(each, origins, beginnings) for each in of_resource.scope_metrics]
        resource = origins.of(of_resource.resource)
        resources.append(replace(of_resource, resource=resource, scope_metrics=scopes))
    if beginnings is not None:
        beginnings.end_collection()
    return replace(data, resource_metrics=resources)


def _of_scope(
    given: ScopeMetrics, origins: _Origins, beginnings: Beginnings | None
) -> ScopeMetrics:
    told: Iterable[Metric] = given.metrics
    if beginnings is not None:
        told = [beginnings.told(given.scope, metric) for metric in told]
    return replace(given, scope=origins.of(given.scope), metrics=[_metric(each) for each in told])


def _metric(metric: Metric) -> Metric:
    points: Any = [
        replace(
            point,
            attributes=attributes(point.attributes),
            exemplars=[
                replace(exemplar, filtered_attributes=attributes(exemplar.filtered_attributes))
                for exemplar in point.exemplars
            ],
        )
        for point in metric.data.data_points
    ]
    return replace(metric, data=replace(metric.data, data_points=points))


def _context(context: Any) -> Any:
    """The ids of a span, with a trace state without secrets: callers send what they like in it."""
    if not context.trace_state:
        return context
    state = TraceState([(key, leaving(key, value)) for key, value in context.trace_state.items()])
    return SpanContext(
        context.trace_id, context.span_id, context.is_remote, context.trace_flags, state
    )


def _span(span: ReadableSpan, origins: _Origins) -> ReadableSpan:
    return ReadableSpan(
        name=leaving("", span.name),
        context=_context(span.context),
        parent=span.parent,
        resource=origins.of(span.resource),
        attributes=attributes(span.attributes),
        events=[
            Event(leaving("", event.name), attributes(event.attributes), event.timestamp)
            for event in span.events
        ],
        links=[Link(link.context, attributes(link.attributes)) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code, leaving("", span.status.description)),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=origins.of(span.instrumentation_scope),
    )
