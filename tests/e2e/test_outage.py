"""Backends away, the collector killed: what it accepted arrives once all is back."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from . import otlp
from .load import Sent, load
from .reading import (
    jaeger_operations,
    jaeger_span_ids,
    loki,
    prometheus,
    prometheus_scalar,
)
from .shop import Shop
from .stack import Stack
from .waiting import wait_until

RESOURCE = {"service.name": "outage"}
BACKENDS = ("jaeger", "loki", "prometheus")
# A Jaeger whose traces survive its end: the project's own keeps them in memory.
KEEPING = (
    "yaml:{extensions: {jaeger_query: {storage: {traces: kept}}, jaeger_storage: {backends:"
    " {kept: {badger: {directories: {keys: keys, values: values}, ephemeral: false}}}}},"
    " exporters: {jaeger_storage_exporter: {trace_storage: kept}}}"
)
# A minute without backends, at a sixth: the collector's longest pause between attempts, 5 s, is
# within it twice.
OUTAGE_SECONDS = 10.0
# Every request of a kind has these spans, and these lines.
PRODUCT = {"GET /products/<int:product_id>": 1, "connect": 1, "SELECT": 1}
ORDER = {"POST /orders": 1, "connect": 1, "SELECT": 1, "price.calculate": 1, "INSERT": 1}
PRODUCT_LINES = ["GET /products/3 200"]
ORDER_LINES = ["POST /orders 201", "order.placed"]


def test_what_was_accepted_survives_an_outage_and_a_kill(own_stack: Stack) -> None:
    """1000 spans and 1000 log records, each exactly once."""
    own_stack.start("collector")
    base = own_stack.url("collector_otlp_http")
    sent: list[str] = []
    for batch in range(40):
        trace = otlp.trace_id()
        spans = [otlp.span(trace, "work") for _ in range(25)]
        otlp.send_spans(base, RESOURCE, spans)
        sent += [str(span["spanId"]) for span in spans]
        records = [otlp.log_record(trace, f"line {batch}-{n}") for n in range(25)]
        otlp.send_logs(base, RESOURCE, records)

    own_stack.processes["collector"].kill()
    own_stack.start("collector")
    own_stack.start("jaeger", "loki")

    jaeger, loki_url = own_stack.url("jaeger_query_http"), own_stack.url("loki_http")
    wait_until(
        "1000 spans are in Jaeger",
        lambda: len(jaeger_span_ids(jaeger, "outage")) >= 1000,
        seconds=60,
    )
    wait_until(
        "1000 records are in Loki",
        lambda: len(loki(loki_url, '{service_name="outage"}')) >= 1000,
        seconds=60,
    )
    assert Counter(jaeger_span_ids(jaeger, "outage")) == Counter(sent)
    lines = Counter(line for _, line in loki(loki_url, '{service_name="outage"}'))
    assert lines == Counter(f"line {batch}-{n}" for batch in range(40) for n in range(25))


def test_metrics_of_an_outage_arrive_when_prometheus_is_back(own_stack: Stack) -> None:
    """From memory, without being sent again."""
    own_stack.start("collector")
    counter = otlp.cumulative_sum("orders", "{order}", [otlp.number(5.0)], monotonic=True)
    otlp.send_metrics(own_stack.url("collector_otlp_http"), RESOURCE, [counter])
    own_stack.start("prometheus")
    base = own_stack.url("prometheus_http")
    expression = 'orders_total{service_name="outage"}'
    assert wait_until("the count arrives", lambda: prometheus_scalar(base, expression)) == 5.0


def test_nothing_is_lost_under_load_while_every_backend_is_away_and_the_collector_is_killed(
    own_stack: Stack, tmp_path: Path
) -> None:
    """Of the shop every request's spans, lines and counts; of what is sent by hand every id."""
    start_backends(own_stack)
    own_stack.start("collector")
    base = own_stack.url("collector_otlp_http")
    with Shop(own_stack, "outage", tmp_path) as shop:
        with load(shop, base, "outage") as sent:
            wait_until("some are sent", lambda: len(sent.spans) >= 100)
            break_everything(own_stack)
            seen = len(sent.spans)
            wait_until("some are sent afterwards", lambda: len(sent.spans) >= seen + 100)
        assert min(len(sent.products), len(sent.orders)) > 50
        require_spans(own_stack, sent)
        require_lines(own_stack, sent)
        require_counts(own_stack, sent)


def break_everything(stack: Stack) -> None:
    for name in BACKENDS:
        stack.processes[name].terminate()
    for name in BACKENDS:
        stack.processes[name].stop(seconds=20.0)
    gone = time.monotonic()
    time.sleep(OUTAGE_SECONDS / 4)
    stack.processes["collector"].kill()
    time.sleep(OUTAGE_SECONDS / 10)
    stack.start("collector")
    time.sleep(max(0.0, OUTAGE_SECONDS - (time.monotonic() - gone)))
    start_backends(stack)


def start_backends(stack: Stack) -> None:
    stack.start("jaeger", config=[KEEPING])
    stack.start("loki", "prometheus")


def require_spans(stack: Stack, sent: Sent) -> None:
    """Each span that was accepted, and each visit whole."""
    base = stack.url("jaeger_query_http")
    expected = dict.fromkeys(sent.products, PRODUCT) | dict.fromkeys(sent.orders, ORDER)

    def found() -> dict[str, dict[str, int]]:
        traces = jaeger_operations(base, "shop")
        return {trace: traces[trace] for trace in traces.keys() & expected.keys()}

    wait_until("the shop's spans are in Jaeger", lambda: found() == expected, seconds=60)
    wait_until(
        "the others are",
        lambda: set(jaeger_span_ids(base, "outage")) >= set(sent.spans),
        seconds=60,
    )


def require_lines(stack: Stack, sent: Sent) -> None:
    """Each once."""
    base = stack.url("loki_http")
    expected = dict.fromkeys(sent.products, PRODUCT_LINES) | dict.fromkeys(sent.orders, ORDER_LINES)

    def found() -> dict[str, list[str]]:
        lines: dict[str, list[str]] = {}
        for labels, line in loki(base, '{service_name="shop"} | trace_id!=""'):
            lines.setdefault(labels["trace_id"], []).append(line)
        return {trace: sorted(lines[trace]) for trace in lines.keys() & expected.keys()}

    wait_until("the shop's lines are in Loki", lambda: found() == expected, seconds=60)
    query = '{service_name="outage"}'
    wait_until(
        "the others are",
        lambda: {line for _, line in loki(base, query)} >= set(sent.lines),
        seconds=60,
    )


def require_counts(stack: Stack, sent: Sent) -> None:
    """The final totals, over both workers; and nothing was dropped on the way."""
    base, of_shop = stack.url("prometheus_http"), 'deployment_environment_name="outage"'
    expression = (
        "sum by (http_route) (http_server_request_duration_seconds_count"
        f'{{{of_shop}, http_route=~"/orders|/products/.*"}})'
    )
    expected = {
        "/products/<int:product_id>": float(len(sent.products)),
        "/orders": float(len(sent.orders)),
    }
    wait_until(
        "the shop's counts are in Prometheus",
        lambda: {labels["http_route"]: n for labels, n in prometheus(base, expression)} == expected,
    )
    spans = len(sent.products) * sum(PRODUCT.values()) + len(sent.orders) * sum(ORDER.values())
    exported = f'sum(otel_sdk_exporter_span_exported_total{{error_type="", {of_shop}}})'
    wait_until(
        "its own account is in Prometheus",
        lambda: (prometheus_scalar(base, exported) or 0.0) >= spans,
    )
    lost = f'{{__name__=~"otel_sdk_(processor|exporter)_.*", error_type!="", {of_shop}}} > 0'
    assert prometheus(base, lost) == []
