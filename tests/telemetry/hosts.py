"""Hosts that set OpenTelemetry up before they call `init`, as the beginnings of scripts."""

from __future__ import annotations

# A host with providers of its own; `{traces}`, `{metrics}` and `{logs}` are what they send to.
_HOST = """
from opentelemetry import _logs, metrics as api_metrics, trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor
)
resource = Resource({{"service.name": "host"}})
tracer = TracerProvider(resource=resource, shutdown_on_exit={ends})
meter = MeterProvider([{metrics}], resource=resource, shutdown_on_exit={ends})
logger = LoggerProvider(resource=resource, shutdown_on_exit={ends})
for processor in [{traces}]:
    tracer.add_span_processor(processor)
for processor in [{logs}]:
    logger.add_log_record_processor(processor)
trace.set_tracer_provider(tracer)
api_metrics.set_meter_provider(meter)
_logs.set_logger_provider(logger)
"""


def host(traces: str = "", metrics: str = "", logs: str = "", *, ends: bool = True) -> str:
    """The beginning of a script: a host that has set itself up.

    Args:
        traces: What it exports spans with, as code.
        metrics: The same of metrics.
        logs: The same of log records.
        ends: Whether its providers end by themselves at exit.
    """
    return _HOST.format(traces=traces, metrics=metrics, logs=logs, ends=ends)


#: A host that exports over OTLP, in batches.
BATCHES = {
    "traces": "BatchSpanProcessor(OTLPSpanExporter(endpoint='{url}/v1/traces'))",
    "metrics": "PeriodicExportingMetricReader(OTLPMetricExporter(endpoint='{url}/v1/metrics'))",
    "logs": "BatchLogRecordProcessor(OTLPLogExporter(endpoint='{url}/v1/logs'))",
}
#: The same at once, through a class of its own.
SIMPLE = {
    "traces": (
        "SimpleSpanProcessor(type('Own', (OTLPSpanExporter,), {{}})(endpoint='{url}/v1/traces'))"
    ),
    "metrics": BATCHES["metrics"],
    "logs": "SimpleLogRecordProcessor(OTLPLogExporter(endpoint='{url}/v1/logs'))",
}
