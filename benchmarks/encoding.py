"""How long a record takes from the SDK's object to bytes: the stock encoder and obskit's, in turn.

Three kinds of attributes: the same in every record, three of ten new in every record, and the same
again with what `obskit.redaction.plain` does to each new value.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from obskit.export.encoding import Encoder, assemble
from obskit.redaction import plain

#: What the stock encoder may take at least, as a multiple of obskit's time for spans.
LIMIT = 10
RECORDS = 256


def attributes(number: int) -> dict[str, Any]:
    """Ten attributes; three of them are new with every number."""
    return {
        "http.request.method": "GET",
        "http.route": "/orders/<id>",
        "url.path": f"/orders/{number}",
        "http.response.status_code": 200,
        "server.address": "shop.example",
        "server.port": 8080,
        "network.protocol.version": "1.1",
        "enduser.id": f"user-{number}",
        "retried": False,
        "queue.seconds": number / 7,
    }


def spans(first: int, step: int) -> list[Any]:
    """Children of one span, with attributes of these numbers."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("shop", "1")
    with tracer.start_as_current_span("parent"):
        for number in range(RECORDS):
            tracer.start_span("GET /orders", attributes=attributes(first + number * step)).end()
    return list(kept.get_finished_spans()[:RECORDS])


def log_records(first: int, step: int) -> list[Any]:
    """Log records with attributes of these numbers."""
    kept = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(kept))
    logger = provider.get_logger("shop", "1")
    for number in range(RECORDS):
        logger.emit(timestamp=7, body="order paid", attributes=attributes(first + number * step))
    return list(kept.get_finished_logs())


def metrics() -> Any:
    """What a reader collects of a counter and a histogram with many series each."""
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader], shutdown_on_exit=False)
    meter = provider.get_meter("shop", "1")
    counter, histogram = meter.create_counter("orders"), meter.create_histogram("seconds")
    for number in range(RECORDS // 2):
        labels: dict[str, Any] = {"route": f"/{number}", "method": "GET", "status": 200}
        counter.add(number, labels)
        histogram.record(number / 7, labels)
    return reader.get_metrics_data()


def of_spans(encoder: Encoder, batch: list[Any]) -> bytes:
    """The request with these spans."""
    scope = encoder.scope
    return assemble(
        [(scope(span.resource, span.instrumentation_scope), encoder.span(span)) for span in batch]
    )


def of_log_records(encoder: Encoder, batch: list[Any]) -> bytes:
    """The request with these log records."""
    scope = encoder.scope
    return assemble(
        [
            (scope(each.resource, each.instrumentation_scope), encoder.log_record(each))
            for each in batch
        ]
    )


def of_metrics(encoder: Encoder, data: Any) -> bytes:
    """The request with these metrics."""
    return assemble(
        (encoder.scope(each.resource, scope.scope), encoder.metric(metric)[0])
        for each in data.resource_metrics
        for scope in each.scope_metrics
        for metric in scope.metrics
    )


def microseconds(encode: Callable[[], bytes]) -> float:
    """How long one run takes for one record."""
    begun = time.perf_counter()
    encode()
    return (time.perf_counter() - begun) / RECORDS * 1e6


def measure(name: str, theirs: Any, ours: Any, batches: list[Any], redact: Any) -> float:
    """Print the medians over the batches, and return their ratio."""
    encoder = Encoder(redact)
    ours(encoder, batches[0]), theirs(batches[0]).SerializePartialToString()
    stock, own = [], []
    for batch in batches:
        stock.append(microseconds(lambda: theirs(batch).SerializePartialToString()))  # noqa: B023
        own.append(microseconds(lambda: ours(encoder, batch)))  # noqa: B023
    ratio = statistics.median(stock) / statistics.median(own)
    print(
        f"{name:<50} stock {statistics.median(stock):6.1f} µs"
        f"  ours {statistics.median(own):5.2f} µs  ratio {ratio:5.1f}"
    )
    return ratio


def main(rounds: int = 41) -> int:
    """Print what each kind of record takes; fail when spans are not much faster than stock's."""

    def unchanged(_key: str, value: Any) -> Any:
        return value

    def redacted(key: str, value: Any) -> Any:
        return plain(value, key)

    new = [spans(RECORDS * number, 1) for number in range(rounds)]
    new_logs = [log_records(RECORDS * number, 1) for number in range(rounds)]
    logs = [log_records(1, 0)] * rounds
    ratio = measure("span", encode_spans, of_spans, [spans(1, 0)] * rounds, unchanged)
    measure("span, three values new", encode_spans, of_spans, new, unchanged)
    measure("span, three values new, redacted", encode_spans, of_spans, new, redacted)
    measure("log record", encode_logs, of_log_records, logs, unchanged)
    measure("log record, three values new", encode_logs, of_log_records, new_logs, unchanged)
    measure("metric point", encode_metrics, of_metrics, [metrics()] * rounds, unchanged)
    print(f"limit {LIMIT} for spans")
    return 0 if ratio >= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
