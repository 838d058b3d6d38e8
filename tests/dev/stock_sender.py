"""A program that knows nothing of obskit: the stock SDK, its instrumentations, and Sentry's.

Asks its own Flask app for the paths in its arguments, prints the answers and exits with 3.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import sentry_sdk
from flask import Flask
from opentelemetry import metrics, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

log = logging.getLogger("stock")


def start_sdk() -> list[Any]:
    """Set up all three signals as the OpenTelemetry documentation does."""
    resource = Resource({"service.name": "stock"})
    traces = TracerProvider(resource=resource)
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(traces)
    meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource)
    metrics.set_meter_provider(meters)
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    set_logger_provider(logs)
    log.addHandler(LoggingHandler(logger_provider=logs))
    log.setLevel(logging.INFO)
    return [meters, logs, traces]  # a request ends with its span, so that is sent last


def make_app() -> Flask:
    """Make an app that counts in SQL, and one of whose pages fails."""
    app = Flask("stock")
    FlaskInstrumentor().instrument_app(app)  # type: ignore[no-untyped-call]
    tracer = trace.get_tracer("stock")

    @app.get("/items/<int:number>")
    def items(number: int) -> str:
        log.info("counting", extra={"number": number})
        for _ in range(number):
            with tracer.start_as_current_span("SELECT", attributes={"db.statement": "SELECT 1"}):
                pass
        return "counted"

    @app.get("/boom")
    def boom() -> str:
        basket = {"sku": "A-1"}
        return basket["price"]

    return app


def main(paths: list[str]) -> int:
    """Ask for the paths, send everything, and end."""
    from sentry_sdk.integrations.otlp import OTLPIntegration

    providers = start_sdk()
    sentry_sdk.init(integrations=[OTLPIntegration(setup_otlp_traces_exporter=False)])
    client = make_app().test_client()
    print("answers", *(client.get(path).status_code for path in paths))
    sentry_sdk.flush(5)
    for provider in providers:
        provider.force_flush()
        provider.shutdown()
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
