"""The stock exporters of OpenTelemetry, made from the configuration alone."""

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


_PROTOCOL_HEADERS = ("content-type", "content-encoding", "user-agent")


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
    metric_options: dict[str, Any] = {}
    if signal == "metrics":
        metric_options = {
            "preferred_temporality": _TEMPORALITIES[config.metric_temporality],
            "preferred_aggregation": {Histogram: _AGGREGATIONS[config.metric_histogram]()},
        }
    if chosen == "console":
        console: dict[Signal, Any] = {
            "traces": ConsoleSpanExporter,
            "metrics": ConsoleMetricExporter,
            "logs": ConsoleLogRecordExporter,
        }
        return console[signal](**metric_options)
    otlp: Otlp = getattr(config, signal)
    # The SDK's processors know a time-out and do not keep it
    # (open-telemetry/opentelemetry-python#4555).
    of_processor = {
        "traces": config.span_export_timeout_ms,
        "metrics": config.metric_export_timeout_ms,
        "logs": config.log_export_timeout_ms,
    }
    options = {**metric_options, "timeout": min(otlp.timeout_ms, of_processor[signal]) / 1_000}
    make = _grpc if otlp.protocol == "grpc" else _http
    return make(signal, otlp, options)


def _http(signal: Signal, otlp: Otlp, options: dict[str, Any]) -> Any:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    kinds: dict[Signal, Any] = {
        "traces": OTLPSpanExporter,
        "metrics": OTLPMetricExporter,
        "logs": OTLPLogExporter,
    }
    made = kinds[signal](
        endpoint=otlp.endpoint,
        headers=dict(otlp.headers),
        compression=Compression.Gzip if otlp.compression == "gzip" else Compression.NoCompression,
        certificate_file=otlp.certificate,
        client_key_file=otlp.client_key,
        client_certificate_file=otlp.client_certificate,
        **options,
    )
    # The exporter adds headers of the environment: another receiver's, where a file has ours.
    headers = made._client._headers
    wanted = {*_PROTOCOL_HEADERS, *(name.lower() for name in otlp.headers)}
    for name in [name for name in headers if name.lower() not in wanted]:
        del headers[name]
    return made


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
