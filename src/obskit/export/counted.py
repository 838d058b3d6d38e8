"""The SDK's own processors over the stock exporters, with what leaves redacted and counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

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
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SpanExporter,
    SpanExportResult,
)

from obskit.config import Config, Signal
from obskit.export import redacted
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
        record.attributes = redacted.attributes(record.attributes)
        record.body = leaving("", record.body)
        super().on_emit(log_record)


class _SpanExporter(SpanExporter):
    def __init__(self, inner: SpanExporter, ledger: Ledger) -> None:
        self._inner = inner
        self._ledger = ledger

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(redacted.spans(spans))
        _count(self._ledger, "traces", len(spans), succeeded=result is SpanExportResult.SUCCESS)
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()


class _LogExporter(LogRecordExporter):
    def __init__(self, inner: LogRecordExporter, ledger: Ledger) -> None:
        self._inner = inner
        self._ledger = ledger

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        result = self._inner.export(redacted.log_records(batch))
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
        metrics_data = redacted.metrics(metrics_data, self.beginnings)
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
