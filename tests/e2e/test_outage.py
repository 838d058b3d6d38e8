"""Backends away, the collector killed: what it accepted arrives once all is back."""

from __future__ import annotations

from collections import Counter

from . import otlp
from .reading import jaeger_span_ids, loki, prometheus_scalar
from .stack import Stack
from .waiting import wait_until

RESOURCE = {"service.name": "outage"}


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
