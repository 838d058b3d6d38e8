"""The routing file: what it lets through, what it holds back, and under which names."""

from __future__ import annotations

import subprocess

from . import otlp
from .build import COLLECTOR_PART, ROOT
from .reading import fetch, jaeger_trace, loki, prometheus, tags
from .stack import Stack
from .waiting import wait_until

CHECK_STATES = ("ok", "warning", "critical", "unknown", "skipped")


def check_metrics(state: str) -> list[otlp.Json]:
    """What one check emits, being in ``state``."""
    name = {"obskit.check.name": "database"}
    status = [
        otlp.number(float(each == state), {**name, "obskit.check.state": each})
        for each in CHECK_STATES
    ]
    return [
        otlp.cumulative_sum("obskit.check.status", "1", status, monotonic=False),
        otlp.gauge("obskit.check.last_run.timestamp", "s", [otlp.number(1700000000.0, name)]),
        otlp.gauge("obskit.check.value", "", [otlp.number(12.5, name)]),
    ]


def test_the_file_is_valid_and_boots_without_a_warning(stack: Stack) -> None:
    """`validate` is silent about deprecated names; only a boot says them."""
    program = COLLECTOR_PART.path / "obskit-collector"
    validated = subprocess.run(
        [program, "validate", f"--config={ROOT / 'otel-collector.yaml'}"],
        cwd=stack.directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (validated.returncode, validated.stdout + validated.stderr) == (0, "")

    lines = (stack.directory / "collector.log").read_text().splitlines()
    ready = next(i for i, line in enumerate(lines) if "Everything is ready" in line)
    assert [line for line in lines[:ready] if "\tinfo\t" not in line] == []


def test_secrets_are_masked_on_what_jaeger_returns(stack: Stack) -> None:
    """By the name of a key, and by the look of a value."""
    trace = otlp.trace_id()
    values = {
        "db.password": "hunter2",
        "http.request.header.authorization": "Bearer abcdefghijkl",
        "http.request.header.x-api-key": "k-123",
        "order.note": "card 4111111111111111, thanks",
        "db.uri": "postgresql://shop:hunter2@db/shop",
        "url.full": "/login?next=home",
        "order.id": "4111111111111111222",
    }
    otlp.send_spans(
        stack.url("collector_otlp_http"),
        {"service.name": "masked-spans"},
        [otlp.span(trace, "GET /login", values)],
    )
    base = stack.url("jaeger_query_http")
    (span,) = wait_until("the trace is in Jaeger", lambda: jaeger_trace(base, trace))
    assert {name: value for name, value in tags(span).items() if name in values} == {
        "db.password": "****",
        "http.request.header.authorization": "****",
        "http.request.header.x-api-key": "****",
        "order.note": "card ****, thanks",
        "db.uri": "postgresql****db/shop",
        "url.full": "/login?next=home",
        "order.id": "4111111111111111222",
    }


def test_secrets_are_masked_on_what_loki_returns(stack: Stack) -> None:
    """In attributes and in the body."""
    trace = otlp.trace_id()
    record = otlp.log_record(trace, "sent Bearer abcdefghijkl", {"session_token": "s3cret"})
    otlp.send_logs(stack.url("collector_otlp_http"), {"service.name": "masked-logs"}, [record])
    query = f'{{service_name="masked-logs"}} | trace_id="{trace}"'
    ((labels, line),) = wait_until(
        "the record is in Loki", lambda: loki(stack.url("loki_http"), query)
    )
    assert (labels["session_token"], line) == ("****", "sent ****")


def test_a_check_is_the_same_series_under_the_documented_names(stack: Stack) -> None:
    """Rules are written against these names and labels, and no others."""
    resource = {
        "service.name": "labelled",
        "service.instance.id": "instance-1",
        "deployment.environment.name": "production",
        "service.version": "7",
        "process.pid": "4711",
    }
    otlp.send_metrics(stack.url("collector_otlp_http"), resource, check_metrics("critical"))
    base = stack.url("prometheus_http")
    expression = '{job="labelled", __name__=~"obskit_.*", obskit_check_state=~"|critical|ok"}'
    samples = wait_until("the metrics are in Prometheus", lambda: prometheus(base, expression))
    common = {
        "job": "labelled",
        "instance": "instance-1",
        "service_name": "labelled",
        "deployment_environment_name": "production",
        "obskit_check_name": "database",
    }
    status = {"__name__": "obskit_check_status", **common}
    last_run = "obskit_check_last_run_timestamp_seconds"
    assert sorted(samples, key=str) == sorted(
        [
            ({**status, "obskit_check_state": "critical"}, 1.0),
            ({**status, "obskit_check_state": "ok"}, 0.0),
            ({"__name__": last_run, **common}, 1700000000.0),
            ({"__name__": "obskit_check_value", **common}, 12.5),
        ],
        key=str,
    )


def test_staging_and_production_stay_two_series_under_a_sum(stack: Stack) -> None:
    """Also where a client still says `deployment.environment`."""
    for environment, key in (
        ("staging", "deployment.environment"),
        ("production", "deployment.environment.name"),
    ):
        otlp.send_metrics(
            stack.url("collector_otlp_http"),
            {"service.name": "both", "service.namespace": "eu", key: environment},
            check_metrics("ok"),
        )
    expression = (
        "sum by (job, service_name, deployment_environment_name) "
        '(obskit_check_status{service_name="both"})'
    )

    def both() -> list[tuple[dict[str, str], float]] | None:
        samples = prometheus(stack.url("prometheus_http"), expression)
        return samples if len(samples) == 2 else None

    labels = {"job": "eu/both", "service_name": "both"}
    assert sorted(wait_until("both are in Prometheus", both), key=str) == [
        ({**labels, "deployment_environment_name": "production"}, 1.0),
        ({**labels, "deployment_environment_name": "staging"}, 1.0),
    ]


def test_the_scrape_exporter_shows_the_same_series(own_stack: Stack) -> None:
    """For a Prometheus that takes no remote write."""
    own_stack.start("collector", env={"OTELCOL_METRICS_EXPORTERS": "[prometheus]"})
    resource = {
        "service.name": "scraped",
        "service.instance.id": "instance-1",
        "deployment.environment.name": "production",
    }
    otlp.send_metrics(own_stack.url("collector_otlp_http"), resource, check_metrics("ok"))
    url = own_stack.url("collector_scrape") + "/metrics"

    def series() -> list[str]:
        return [line for line in fetch(url).text.splitlines() if 'state="ok"' in line]

    (line,) = wait_until("the series is exposed", series)
    assert line == (
        'obskit_check_status{deployment_environment_name="production",instance="instance-1",'
        'job="scraped",obskit_check_name="database",obskit_check_state="ok",'
        'service_name="scraped"} 1'
    )


def test_the_collector_is_scraped_about_itself(stack: Stack) -> None:
    """Its queues and failures are what tells that the way is blocked."""
    otlp.send_spans(
        stack.url("collector_otlp_http"),
        {"service.name": "counted"},
        [otlp.span(otlp.trace_id(), "GET /")],
    )
    expression = '{job="otel-collector", __name__="otelcol_exporter_sent_spans"} > 0'
    samples = wait_until(
        "the collector's own count is in Prometheus",
        lambda: prometheus(stack.url("prometheus_http"), expression),
    )
    assert {labels["exporter"] for labels, _ in samples} == {"otlp_http/jaeger"}
