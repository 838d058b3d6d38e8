"""The stock exporters of OpenTelemetry, for gRPC and the console, made from the configuration alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from opentelemetry.sdk._logs.export import ConsoleLogRecordExporter
from opentelemetry.sdk.metrics import Counter, Histogram, ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, ConsoleMetricExporter
from opentelemetry.sdk.metrics.view import (
    Aggregation,
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
)
from opentelemetry.sdk.trace.export import ConsoleSpanExporter

from obskit.config import Config, Otlp, Signal
from obskit.exceptions import MissingExtra

_TEMPORALITIES: dict[str, dict[type, AggregationTemporality]] = {
    "cumulative": {},
    "delta": dict.fromkeys((Counter, ObservableCounter, Histogram), AggregationTemporality.DELTA),
    "lowmemory": dict.fromkeys((Counter, Histogram), AggregationTemporality.DELTA),
}
_AGGREGATIONS: dict[str, type[Aggregation]] = {
    "explicit_bucket_histogram": ExplicitBucketHistogramAggregation,
    "base2_exponential_bucket_histogram": ExponentialBucketHistogramAggregation,
}


def exporter(config: Config, signal: Signal) -> Any:
    """The exporter of a signal, or None where the signal stays in the process.

    Args:
        config: The configuration.
        signal: Which signal.

    Raises:
        MissingExtra: gRPC is asked for and not installed.
    """
    chosen = config.exporter(signal)
    if chosen == "none":
        return None
    options = metric_options(config) if signal == "metrics" else {}
    if chosen == "console":
        console: dict[Signal, Any] = {
            "traces": ConsoleSpanExporter,
            "metrics": ConsoleMetricExporter,
            "logs": ConsoleLogRecordExporter,
        }
        return console[signal](**options)
    otlp: Otlp = getattr(config, signal)
    # The SDK's processors know a time-out and do not keep it
    # (open-telemetry/opentelemetry-python#4555).
    of_processor = {
        "traces": config.span_export_timeout_ms,
        "metrics": config.metric_export_timeout_ms,
        "logs": config.log_export_timeout_ms,
    }
    options["timeout"] = min(otlp.timeout_ms, of_processor[signal]) / 1_000
    return _grpc(signal, otlp, options)


def metric_options(config: Config) -> dict[str, Any]:
    """How the SDK shall aggregate: options of its readers and exporters of metrics."""
    return {
        "preferred_temporality": _TEMPORALITIES[config.metric_temporality],
        "preferred_aggregation": {Histogram: _AGGREGATIONS[config.metric_histogram]()},
    }


def _grpc(signal: Signal, otlp: Otlp, options: dict[str, Any]) -> Any:
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
    insecure = otlp.insecure or str(otlp.endpoint).startswith("http://")
    return kinds[signal](
        endpoint=otlp.endpoint,
        insecure=insecure,
        credentials=None if insecure else grpc.ssl_channel_credentials(*_certificates(otlp)),
        # HTTP/2 allows no capitals, and gRPC refuses them.
        headers={name.lower(): value for name, value in otlp.headers.items()},
        # None would make the exporter read the variable, and refuse "none" in it.
        compression=grpc.Compression.Gzip
        if otlp.compression == "gzip"
        else grpc.Compression.NoCompression,
        **options,
    )


def _certificates(otlp: Otlp) -> tuple[bytes | None, bytes | None, bytes | None]:
    """Whom to trust, the client's key and its certificate. One file may hold both of the latter."""
    key = otlp.client_key or otlp.client_certificate
    trusted, private, own = (
        Path(file).read_bytes() if file else None
        for file in (otlp.certificate, key, otlp.client_certificate)
    )
    return trusted, private, own
