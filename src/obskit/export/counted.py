"""The SDK's own processors over the stock exporters, with what leaves redacted and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from opentelemetry.sdk._logs import LogRecordProcessor, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    LogRecordExporter,
    LogRecordExportResult,
)
from opentelemetry.sdk.metrics.export import (
    Metric,
    MetricExporter,
    MetricExportResult,
    MetricReader,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.trace import Link, SpanContext, Status, TraceState

from obskit.config import Config, Signal
from obskit.export.beginning import Beginnings
from obskit.ledger import Ledger
from obskit.redaction import leaving


def span_processor(config: Config, ledger: Ledger, exporter: SpanExporter) -> SpanProcessor:
    """What hands spans to an exporter in batches."""
    return _Spans(
        _SpanExporter(exporter, ledger),
        ledger,
        max_queue_size=config.span_queue_size,
        schedule_delay_millis=config.span_schedule_delay_ms,
        max_export_batch_size=config.span_batch_size,
        export_timeout_millis=config.span_export_timeout_ms,
    )


def log_processor(
    config: Config, ledger: Ledger, exporter: LogRecordExporter
) -> LogRecordProcessor:
    """What hands log records to an exporter in batches."""
    return _Logs(
        _LogExporter(exporter, ledger),
        ledger,
        max_queue_size=config.log_queue_size,
        schedule_delay_millis=config.log_schedule_delay_ms,
        max_export_batch_size=config.log_batch_size,
        export_timeout_millis=config.log_export_timeout_ms,
    )


def metric_reader(config: Config, ledger: Ledger, exporter: MetricExporter) -> MetricReader:
    """What hands metrics to an exporter at each interval."""
    counting = _MetricExporter(exporter, ledger)
    reader = Periodic(
        counting,
        export_interval_millis=config.metric_export_interval_ms,
        export_timeout_millis=config.metric_export_timeout_ms,
    )
    if config.exporter("metrics") == "otlp":
        counting.beginnings = reader.beginnings
    return reader


class Periodic(PeriodicExportingMetricReader):
    """The SDK's own reader, which knows where series begin."""

    def __init__(self, exporter: MetricExporter, **options: Any) -> None:
        super().__init__(exporter, **options)
        self.beginnings = Beginnings(self)

    def after_fork(self) -> None:
        """In a forked child: series begin now."""
        self.beginnings.anew()


class _Losses:
    """Stands where the SDK counts its queue's metrics, and tells the ledger what the queue loses."""

    def __init__(self, ledger: Ledger, signal: Signal, inner: Any) -> None:
        self._ledger = ledger
        self._signal = signal
        self._inner = inner

    def register_queue_size(self, get_queue_size: Callable[[], int]) -> None:
        self._inner.register_queue_size(get_queue_size)

    def drop_items(self, count: int, error_type: str = "queue_full") -> None:
        self._ledger.drop(self._signal, error_type, count)
        self._inner.drop_items(count, error_type)

    def finish_items(self, count: int) -> None:
        self._inner.finish_items(count)


class _Spans(BatchSpanProcessor):
    def __init__(self, exporter: SpanExporter, ledger: Ledger, **options: Any) -> None:
        super().__init__(exporter, **options)
        self._ledger = ledger
        queue = self._batch_processor
        queue._metrics = _Losses(ledger, "traces", queue._metrics)

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            self._ledger.accept("traces")
            super().on_end(span)


class _Logs(BatchLogRecordProcessor):
    def __init__(self, exporter: LogRecordExporter, ledger: Ledger, **options: Any) -> None:
        super().__init__(exporter, **options)
        self._ledger = ledger
        queue = self._batch_processor
        queue._metrics = _Losses(ledger, "logs", queue._metrics)

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        self._ledger.accept("logs")
        record = log_record.log_record
        record.attributes = _masked(record.attributes)
        record.body = leaving("", record.body)
        super().on_emit(log_record)


class _SpanExporter(SpanExporter):
    def __init__(self, inner: SpanExporter, ledger: Ledger) -> None:
        self._inner = inner
        self._ledger = ledger

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export([_redacted(span) for span in spans])
        _count(self._ledger, "traces", len(spans), succeeded=result is SpanExportResult.SUCCESS)
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()


class _LogExporter(LogRecordExporter):
    def __init__(self, inner: LogRecordExporter, ledger: Ledger) -> None:
        self._inner = inner
        self._ledger = ledger

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        result = self._inner.export(batch)
        succeeded = result is LogRecordExportResult.SUCCESS
        _count(self._ledger, "logs", len(batch), succeeded=succeeded)
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)


class _MetricExporter(MetricExporter):
    def __init__(self, inner: MetricExporter, ledger: Ledger) -> None:
        super().__init__(inner._preferred_temporality, inner._preferred_aggregation)
        self._inner = inner
        self._ledger = ledger
        self.beginnings: Beginnings | None = None

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **options: Any
    ) -> MetricExportResult:
        metrics_data = _leaving(metrics_data, self.beginnings)
        points = sum(
            len(metric.data.data_points)
            for resource in metrics_data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        )
        self._ledger.accept("metrics", points)
        result = self._inner.export(metrics_data, timeout_millis, **options)
        succeeded = result is MetricExportResult.SUCCESS
        _count(self._ledger, "metrics", points, succeeded=succeeded)
        return result

    def shutdown(self, timeout_millis: float = 30_000, **options: Any) -> None:
        self._inner.shutdown(timeout_millis, **options)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        return self._inner.force_flush(timeout_millis)


def _count(ledger: Ledger, signal: Signal, records: int, *, succeeded: bool) -> None:
    if succeeded:
        ledger.export(signal, records)
    else:
        ledger.drop(signal, "export_failed", records)


def _masked(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: leaving(key, value) for key, value in (attributes or {}).items()}


def _leaving(metrics_data: MetricsData, beginnings: Beginnings | None) -> MetricsData:
    """A copy without secrets, with a point of value 0 before the first one of each new series."""
    resources = []
    for of_resource in metrics_data.resource_metrics:
        scopes = []
        for of_scope in of_resource.scope_metrics:
            told: Iterable[Metric] = of_scope.metrics
            if beginnings is not None:
                told = [beginnings.told(of_scope.scope, metric) for metric in told]
            metrics = [_redacted_metric(metric) for metric in told]
            scopes.append(replace(of_scope, metrics=metrics))
        resources.append(replace(of_resource, scope_metrics=scopes))
    if beginnings is not None:
        beginnings.end_collection()
    return replace(metrics_data, resource_metrics=resources)


def _redacted_metric(metric: Metric) -> Metric:
    points: Any = [
        replace(
            point,
            attributes=_masked(point.attributes),
            exemplars=[
                replace(exemplar, filtered_attributes=_masked(exemplar.filtered_attributes))
                for exemplar in point.exemplars
            ],
        )
        for point in metric.data.data_points
    ]
    return replace(metric, data=replace(metric.data, data_points=points))


def _redacted_context(context: Any) -> Any:
    """The ids of a span, with a trace state without secrets: callers send what they like in it."""
    if not context.trace_state:
        return context
    state = TraceState([(key, leaving(key, value)) for key, value in context.trace_state.items()])
    return SpanContext(
        context.trace_id, context.span_id, context.is_remote, context.trace_flags, state
    )


def _redacted(span: ReadableSpan) -> ReadableSpan:
    """A copy of a span without secrets."""
    return ReadableSpan(
        name=leaving("", span.name),
        context=_redacted_context(span.context),
        parent=span.parent,
        resource=span.resource,
        attributes=_masked(span.attributes),
        events=[
            Event(leaving("", event.name), _masked(event.attributes), event.timestamp)
            for event in span.events
        ],
        links=[Link(link.context, _masked(link.attributes)) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code, leaving("", span.status.description)),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
