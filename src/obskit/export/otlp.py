"""OTLP by the stock exporters, with what leaves redacted and counted.

This is the one place that knows how records reach the wire; the rest of obskit knows processors and
readers only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from opentelemetry.sdk._logs import LogRecordProcessor, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    ConsoleLogRecordExporter,
    LogRecordExporter,
    LogRecordExportResult,
)
from opentelemetry.sdk.metrics import Counter, Histogram, ObservableCounter, UpDownCounter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    ConsoleMetricExporter,
    MetricExporter,
    MetricExportResult,
    MetricReader,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.metrics.view import (
    Aggregation,
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
)
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SpanExporter,
    SpanExportResult,
)

from obskit.config import Config, Otlp, Signal
from obskit.exceptions import MissingExtra
from obskit.ledger import Ledger
from obskit.redaction import MASK, is_sensitive

_TEMPORALITIES: dict[str, dict[type, AggregationTemporality]] = {
    "cumulative": {},
    "delta": {
        kind: AggregationTemporality.DELTA for kind in (Counter, ObservableCounter, Histogram)
    },
    "lowmemory": {kind: AggregationTemporality.DELTA for kind in (Counter, Histogram)},
}
_AGGREGATIONS: dict[str, type[Aggregation]] = {
    "explicit_bucket_histogram": ExplicitBucketHistogramAggregation,
    "base2_exponential_bucket_histogram": ExponentialBucketHistogramAggregation,
}


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
    return Export(
        _span_processor(config, ledger),
        _metric_reader(config, ledger),
        _log_processor(config, ledger),
    )


def _span_processor(config: Config, ledger: Ledger) -> SpanProcessor | None:
    exporter = _exporter(config, "traces")
    if exporter is None:
        return None
    return _Spans(
        _SpanExporter(exporter, ledger),
        ledger,
        max_queue_size=config.span_queue_size,
        schedule_delay_millis=config.span_schedule_delay_ms,
        max_export_batch_size=config.span_batch_size,
        export_timeout_millis=config.span_export_timeout_ms,
    )


def _log_processor(config: Config, ledger: Ledger) -> LogRecordProcessor | None:
    exporter = _exporter(config, "logs")
    if exporter is None:
        return None
    return _Logs(
        _LogExporter(exporter, ledger),
        ledger,
        schedule_delay_millis=config.log_schedule_delay_ms,
        max_export_batch_size=config.log_batch_size,
        export_timeout_millis=config.log_export_timeout_ms,
        max_queue_size=config.log_queue_size,
    )


def _metric_reader(config: Config, ledger: Ledger) -> MetricReader | None:
    exporter = _exporter(config, "metrics")
    if exporter is None:
        return None
    return PeriodicExportingMetricReader(
        _MetricExporter(exporter, ledger),
        export_interval_millis=config.metric_export_interval_ms,
        export_timeout_millis=config.metric_export_timeout_ms,
    )


def _exporter(config: Config, signal: Signal) -> Any:
    chosen = config.exporter(signal)
    if chosen == "none":
        return None
    metric_options: dict[str, Any] = {}
    if signal == "metrics":
        metric_options = {
            "preferred_temporality": _TEMPORALITIES[config.metric_temporality],
            "preferred_aggregation": {Histogram: _AGGREGATIONS[config.metric_histogram]()},
        }
    if chosen == "console":
        console = {
            "traces": ConsoleSpanExporter,
            "metrics": ConsoleMetricExporter,
            "logs": ConsoleLogRecordExporter,
        }
        return console[signal](**metric_options)  # type: ignore[operator]
    otlp: Otlp = getattr(config, signal)
    make = _grpc if otlp.protocol == "grpc" else _http
    return make(signal, otlp, metric_options)


def _http(signal: Signal, otlp: Otlp, metric_options: dict[str, Any]) -> Any:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    kinds: dict[Signal, Any] = {
        "traces": OTLPSpanExporter,
        "metrics": OTLPMetricExporter,
        "logs": OTLPLogExporter,
    }
    return kinds[signal](
        endpoint=otlp.endpoint,
        headers=dict(otlp.headers),
        timeout=otlp.timeout_ms / 1_000,
        compression=Compression.Gzip if otlp.compression == "gzip" else Compression.NoCompression,
        certificate_file=otlp.certificate,
        client_key_file=otlp.client_key,
        client_certificate_file=otlp.client_certificate,
        **metric_options,
    )


def _grpc(signal: Signal, otlp: Otlp, metric_options: dict[str, Any]) -> Any:
    try:
        import grpc
        from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    except ModuleNotFoundError as error:
        raise MissingExtra("grpc", f"The protocol grpc of {signal}") from error
    kinds: dict[Signal, Any] = {
        "traces": OTLPSpanExporter,
        "metrics": OTLPMetricExporter,
        "logs": OTLPLogExporter,
    }
    # Certificates are read by the exporter itself, from the same standard variables.
    return kinds[signal](
        endpoint=otlp.endpoint,
        insecure=otlp.insecure or str(otlp.endpoint).startswith("http://"),
        headers=dict(otlp.headers),
        timeout=otlp.timeout_ms / 1_000,
        compression=grpc.Compression.Gzip if otlp.compression == "gzip" else None,
        **metric_options,
    )


class _Spans(BatchSpanProcessor):
    def __init__(self, exporter: SpanExporter, ledger: Ledger, **options: Any) -> None:
        super().__init__(exporter, **options)
        self._ledger = ledger

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            self._ledger.accept("traces")
            super().on_end(span)


class _Logs(BatchLogRecordProcessor):
    def __init__(self, exporter: LogRecordExporter, ledger: Ledger, **options: Any) -> None:
        super().__init__(exporter, **options)
        self._ledger = ledger

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
        self._inner.shutdown()

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
    kept = (span.attributes or {}, *(event.attributes or {} for event in span.events))
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
        links=span.links,
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
