"""OTLP by the stock exporters, with what leaves redacted and counted.

This is the one place that knows how records reach the wire; the rest of obskit knows processors and
readers only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from opentelemetry.sdk._logs import LogRecordProcessor, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    LogRecordExporter,
    LogRecordExportResult,
)
from opentelemetry.sdk.metrics.export import (
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
from opentelemetry.trace import Link

from obskit.config import SIGNALS, Config, Signal
from obskit.export import stock
from obskit.ledger import Ledger
from obskit.redaction import MASK, is_sensitive


class Export(NamedTuple):
    """What takes each signal out of the process; None where a signal stays."""

    traces: SpanProcessor | None
    metrics: MetricReader | None
    logs: LogRecordProcessor | None


def build(config: Config, ledger: Ledger) -> Export:
    """The way out of every signal. Starts a thread for each that has a receiver.

    Args:
        config: The configuration.
        ledger: Where records are counted.

    Raises:
        MissingExtra: gRPC is asked for and not installed.
    """
    # All of them first: a missing package shall leave no thread behind.
    exporters = {signal: stock.exporter(config, signal) for signal in SIGNALS}
    return Export(
        exporters["traces"] and _span_processor(config, ledger, exporters["traces"]),
        exporters["metrics"] and _metric_reader(config, ledger, exporters["metrics"]),
        exporters["logs"] and _log_processor(config, ledger, exporters["logs"]),
    )


def _span_processor(config: Config, ledger: Ledger, exporter: SpanExporter) -> SpanProcessor:
    return _Spans(
        _SpanExporter(exporter, ledger),
        ledger,
        max_queue_size=config.span_queue_size,
        schedule_delay_millis=config.span_schedule_delay_ms,
        max_export_batch_size=config.span_batch_size,
        export_timeout_millis=config.span_export_timeout_ms,
    )


def _log_processor(
    config: Config, ledger: Ledger, exporter: LogRecordExporter
) -> LogRecordProcessor:
    return _Logs(
        _LogExporter(exporter, ledger),
        ledger,
        max_queue_size=config.log_queue_size,
        schedule_delay_millis=config.log_schedule_delay_ms,
        max_export_batch_size=config.log_batch_size,
        export_timeout_millis=config.log_export_timeout_ms,
    )


def _metric_reader(config: Config, ledger: Ledger, exporter: MetricExporter) -> MetricReader:
    return PeriodicExportingMetricReader(
        _MetricExporter(exporter, ledger),
        export_interval_millis=config.metric_export_interval_ms,
        export_timeout_millis=config.metric_export_timeout_ms,
    )


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
        attributes = log_record.log_record.attributes
        if attributes and any(is_sensitive(key) for key in attributes):
            log_record.log_record.attributes = _masked(attributes)
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

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **options: Any
    ) -> MetricExportResult:
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


def _masked(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {key: MASK if is_sensitive(key) else value for key, value in attributes.items()}


def _redacted(span: ReadableSpan) -> ReadableSpan:
    """The span itself, or a copy with its sensitive attributes masked."""
    parts: list[Any] = [span, *span.events, *span.links]
    kept = [part.attributes or {} for part in parts]
    if not any(is_sensitive(key) for attributes in kept for key in attributes):
        return span
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_masked(span.attributes or {}),
        events=[
            Event(event.name, _masked(event.attributes or {}), event.timestamp)
            for event in span.events
        ],
        links=[Link(link.context, _masked(link.attributes or {})) for link in span.links],
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
