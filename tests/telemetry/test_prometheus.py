"""Metrics in Prometheus' text: the lines that a scrape of the collector would give."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from obskit import CheckResult, Registry
from obskit.config import load
from obskit.names import HTTP_SERVER_REQUEST_DURATION
from obskit.runtime import Runtime
from obskit.telemetry.instruments import instrument

pytest.importorskip("opentelemetry.exporter.prometheus", reason="the extra is not installed")

from opentelemetry.sdk.metrics import MeterProvider

from obskit.telemetry.prometheus import Scraped

GIVEN: dict[str, Any] = {
    "service": "shop",
    "environment": "production",
    "log_format": "none",
    "prometheus": True,
    "resource_attributes": {"service.namespace": "eu", "service.instance.id": "instance-1"},
}
COMMON = 'deployment_environment_name="production"'
LAST = 'instance="instance-1",job="eu/shop"'


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    runtime = Runtime(load(GIVEN, environ={}, folder=Path("/nowhere")))
    runtime.start()
    yield runtime
    runtime.forget()


def scraped(runtime: Runtime) -> Scraped:
    assert runtime.scraped is not None
    return runtime.scraped


def lines(runtime: Runtime, name: str) -> list[str]:
    """The samples and comments of one name."""
    every = scraped(runtime).text().splitlines()
    return [line for line in every if line.removeprefix("# TYPE ").startswith(name)]


def test_a_histogram_has_the_names_and_labels_of_the_collector(runtime: Runtime) -> None:
    attributes = {"http.route": "/orders", "http.response.status_code": 200}
    instrument(runtime.meter, HTTP_SERVER_REQUEST_DURATION).record(0.3, attributes)
    name = "http_server_request_duration_seconds"
    labels = f'{COMMON},http_response_status_code="200",http_route="/orders",{LAST}'
    bounds = ["0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25"]
    reached = ["0.5", "0.75", "1", "2.5", "5", "7.5", "10", "+Inf"]
    rest = 'service_name="shop"'
    assert lines(runtime, name) == [
        f"# TYPE {name} histogram",
        *(f'{name}_bucket{{{labels},le="{bound}",{rest}}} 0.0' for bound in bounds),
        *(f'{name}_bucket{{{labels},le="{bound}",{rest}}} 1.0' for bound in reached),
        f"{name}_count{{{labels},{rest}}} 1.0",
        f"{name}_sum{{{labels},{rest}}} 0.3",
    ]


def test_checks_have_the_names_that_rules_are_written_against(runtime: Runtime) -> None:
    registry = Registry()
    registry.add("database", lambda: None, every="1m", scope="process")
    result = CheckResult.critical("no", value=7)
    runtime.watch(registry).results.record(registry.checks["database"], result)
    check = 'obskit_check_name="database"'
    states = {"ok": 0, "warning": 0, "critical": 1, "unknown": 0, "skipped": 0}
    assert lines(runtime, "obskit_check_status") == [
        "# TYPE obskit_check_status gauge",
        *(
            f'obskit_check_status{{{COMMON},{LAST},{check},obskit_check_state="{state}",'
            f'service_name="shop"}} {value}.0'
            for state, value in states.items()
        ),
    ]
    for name, value in (
        ("obskit_check_value", "7.0"),
        ("obskit_check_duration_seconds", "0.0"),
        ("obskit_check_last_run_timestamp_seconds", "0.0"),
        ("obskit_check_info", "1.0"),
    ):
        sample = f'{name}{{{COMMON},{LAST},{check},service_name="shop"}} {value}'
        assert lines(runtime, name) == [f"# TYPE {name} gauge", sample]


@pytest.mark.parametrize(
    ("kind", "unit", "name"),
    [
        ("counter", "{row}", "rows_total"),
        ("counter", "By", "rows_bytes_total"),
        ("counter", "1", "rows_total"),
        ("up_down_counter", "1", "rows"),
        ("gauge", "1", "rows_ratio"),
        ("gauge", "", "rows"),
        ("gauge", "s", "rows_seconds"),
    ],
)
def test_kind_and_unit_end_the_name(runtime: Runtime, kind: str, unit: str, name: str) -> None:
    made = getattr(runtime.meter, f"create_{kind}")("rows", unit)
    (made.set if kind == "gauge" else made.add)(3)
    assert lines(runtime, "rows")[1:] == [f'{name}{{{COMMON},{LAST},service_name="shop"}} 3.0']


def test_a_unit_that_is_a_word_of_the_name_does_not_end_it(runtime: Runtime) -> None:
    """As the collector has it, where SQLAlchemy's instrumentation counts connections."""
    runtime.meter.create_up_down_counter("client.connections.usage", "connections").add(3)
    (sample,) = lines(runtime, "client_connections")[1:]
    assert sample == f'client_connections_usage{{{COMMON},{LAST},service_name="shop"}} 3.0'


def test_the_resource_is_told_once(runtime: Runtime) -> None:
    comment, info = lines(runtime, "target_info")
    assert comment == "# TYPE target_info gauge"
    assert f'{LAST},os_type="' in info
    assert 'deployment_environment_name="production"' in info
    assert "service_name" not in info
    assert info.endswith(" 1.0")


def test_one_name_of_two_libraries_keeps_each_ones_labels(runtime: Runtime) -> None:
    """The exporter alone gives the second one the labels of the first."""
    for library, attributes in (("one", {"a": "1"}), ("two", {"b": "2", "c": "3"})):
        meter = runtime.providers.meter.get_meter(library)
        meter.create_counter("calls", description=library).add(1, attributes)
    assert lines(runtime, "calls") == [
        "# TYPE calls_total counter",
        f'calls_total{{a="1",b="",c="",{COMMON},{LAST},service_name="shop"}} 1.0',
        f'calls_total{{a="",b="2",c="3",{COMMON},{LAST},service_name="shop"}} 1.0',
    ]


def test_secrets_are_masked(runtime: Runtime) -> None:
    runtime.meter.create_counter("calls").add(1, {"password": "hunter2"})
    assert 'password="[redacted]"' in scraped(runtime).text()
    assert "hunter2" not in scraped(runtime).text()


def test_series_beyond_the_limit_are_one() -> None:
    given = {**GIVEN, "metric_cardinality_limit": 3}
    runtime = Runtime(load(given, environ={}, folder=Path("/nowhere")))
    runtime.start()
    calls = runtime.meter.create_counter("calls")
    for number in range(1_000):
        calls.add(1, {"user": number})
    found = [line.rpartition(" ")[2] for line in lines(runtime, "calls")[1:]]
    assert found == ["1.0", "1.0", "998.0"]
    runtime.forget()


def test_what_is_flushed_is_told_no_second_time(runtime: Runtime) -> None:
    """The exporter keeps every collection until the next scrape, and tells all of them then."""
    runtime.meter.create_counter("calls").add(1)
    for _ in range(3):
        runtime.flush(10)
    assert len(lines(runtime, "calls")) == 2


def test_who_asks_at_once_is_told_everything_once(runtime: Runtime) -> None:
    runtime.meter.create_counter("calls").add(1)
    told: list[int] = []

    def ask() -> None:
        told.extend(len(lines(runtime, "calls")) for _ in range(20))

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [2] * 80


def test_where_nothing_was_measured_there_is_nothing_to_tell() -> None:
    reader = Scraped()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    assert reader.text() == ""
    provider.shutdown()


def test_without_the_option_there_is_no_reader() -> None:
    runtime = Runtime(load({**GIVEN, "prometheus": False}, environ={}, folder=Path("/nowhere")))
    runtime.start()
    assert runtime.scraped is None
    runtime.forget()


@pytest.mark.parametrize("exporter", ["prometheus", "none,prometheus"])
def test_the_standard_variable_turns_it_on(exporter: str) -> None:
    environ = {"OTEL_METRICS_EXPORTER": exporter, "OBSKIT_LOG_FORMAT": "none"}
    runtime = Runtime(load({}, environ=environ, folder=Path("/nowhere")))
    runtime.start()
    assert scraped(runtime).text().startswith("# HELP target_info Target metadata\n")
    runtime.forget()
