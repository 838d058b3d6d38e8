"""OpenTelemetry wired by somebody who knows it.

Batches, stable names (by the environment), structlog and orjson for JSON lines with trace ids on
the console, and the same records over OTLP.
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog
from opentelemetry import metrics, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.logging.handler import LoggingHandler  # type: ignore[import-not-found,unused-ignore]
from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor  # type: ignore[import-not-found,unused-ignore]
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from benchmarks.overhead.apps.shop import build

FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
log = structlog.get_logger("shop")


def with_trace(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Put the ids of the trace on a line."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = format(span.trace_id, "032x")
        event["span_id"] = format(span.span_id, "016x")
    return event


class JsonFormatter(logging.Formatter):
    """One JSON object a line, by orjson."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        line = {"event": record.getMessage(), "level": record.levelname, "logger": record.name}
        line.update((key, value) for key, value in vars(record).items() if key not in FIELDS)
        return orjson.dumps(line, default=str).decode()


def wire() -> None:
    """Set the providers."""
    resource = Resource.create({"service.name": "shop"})
    tracers = TracerProvider(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(compression=Compression.Gzip)))
    trace.set_tracer_provider(tracers)
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(compression=Compression.Gzip))
    metrics.set_meter_provider(MeterProvider(resource=resource, metric_readers=[reader]))
    loggers = LoggerProvider(resource=resource)
    exporter = OTLPLogExporter(compression=Compression.Gzip)
    loggers.add_log_record_processor(BatchLogRecordProcessor(exporter))
    set_logger_provider(loggers)
    console = logging.StreamHandler()
    console.setFormatter(JsonFormatter())
    handlers = [console, LoggingHandler(logger_provider=loggers)]
    logging.basicConfig(level=logging.INFO, handlers=handlers)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.TimeStamper(fmt="iso"),
            with_trace,
            structlog.processors.format_exc_info,
            structlog.stdlib.render_to_log_kwargs,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


wire()
SQLite3Instrumentor().instrument()
app = build(
    lambda number: log.info("order.reading", order=number),
    lambda number, total: log.info("order.read", order=number, total=total),
)
FlaskInstrumentor().instrument_app(app)  # type: ignore[no-untyped-call]
