"""A program that knows nothing of obskit: the stock SDK, its Flask instrumentation and Sentry's."""

from __future__ import annotations

import logging
import sys

import sentry_sdk
from flask import Flask
from opentelemetry import metrics, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from sentry_sdk.integrations.otlp import OTLPIntegration
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

resource = Resource({"service.name": "stock"})
traces = TracerProvider(resource=resource)
traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(traces)
meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource)
metrics.set_meter_provider(meters)
logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
set_logger_provider(logs)
sentry_sdk.init(integrations=[OTLPIntegration(setup_otlp_traces_exporter=False)])

log = logging.getLogger("stock")
log.addHandler(LoggingHandler(logger_provider=logs))
log.setLevel(logging.INFO)

app = Flask("stock")
FlaskInstrumentor().instrument_app(app)
engine = create_engine("sqlite://", poolclass=StaticPool)
SQLAlchemyInstrumentor().instrument(engine=engine)


@app.get("/items/<int:number>")
def items(number: int) -> str:
    log.info("counting", extra={"number": number})
    with engine.connect() as connection:
        for _ in range(number):
            connection.execute(text("SELECT 1"))
    return "counted"


@app.get("/boom")
def boom() -> str:
    basket = {"sku": "A-1"}
    return basket["price"]


client = app.test_client()
answers = [client.get(path).status_code for path in sys.argv[1:]]
print("answers", *answers)
sentry_sdk.flush(5)
for provider in (traces, meters, logs):
    provider.force_flush()
    provider.shutdown()
sys.exit(3)
