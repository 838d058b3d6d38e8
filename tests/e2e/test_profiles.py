"""What each profile of the collector does, while all that need no certificate are in use at once."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import otlp
from .reading import fetch, jaeger_operations, loki, prometheus
from .stack import Stack
from .waiting import wait_until

PROFILES = [f"profiles/{name}.yaml" for name in ("tail-sampling", "span-metrics", "host", "files")]
# What differs from the defaults: times, so that a test need not wait, and a share that shows.
SETTINGS = {
    "OTELCOL_DECISION_WAIT": "1s",
    "OTELCOL_KEPT_PERCENT": "25",
    "OTELCOL_SPAN_METRICS_EVERY": "1s",
    "OTELCOL_HOST_EVERY": "1s",
    "OTELCOL_HOST_NAME": "web-1",
    "OTELCOL_FILES_SERVICE": "batch",
    "OTELCOL_ENVIRONMENT": "test",
}

# A quarter of the traces that `range(1000, 1400)` makes: as the sampler hashes their ids.
KEPT_OF_400 = 110


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where log files are read."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def profiled(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Iterator[Stack]:
    """Backends, and a collector with every profile but TLS."""
    with Stack(tmp_path_factory.mktemp("profiled")) as stack:
        stack.start("jaeger", "loki", "prometheus")
        start_collector(stack, files)
        yield stack


def start_collector(stack: Stack, files: Path) -> None:
    env = {**SETTINGS, "OTELCOL_LOG_FILES": f"[{files}/*.log*]"}
    stack.start("collector", env=env, config=PROFILES)


def test_they_boot_without_a_warning(profiled: Stack) -> None:
    """Of deprecated names, say; but one that a container gives about the host's root."""
    lines = (profiled.directory / "collector.log").read_text().splitlines()
    ready = next(i for i, line in enumerate(lines) if "Everything is ready" in line)
    told = [line for line in lines[:ready] if "\tinfo\t" not in line]
    assert [line for line in told if "No `root_path` config set" not in line] == []


def trace_of(seed: int) -> str:
    """The same id each time, so that the same share is kept each time."""
    return random.Random(seed).randbytes(16).hex()


def send_traces(stack: Stack, service: str, kind: str, seeds: range) -> list[str]:
    """Traces of two spans, of which the second says what is remarkable, if anything is."""
    traces = [trace_of(seed) for seed in seeds]
    plain = [otlp.span(trace, "work") for trace in traces]
    telling = [otlp.span(trace, kind) for trace in traces]
    for span in telling:
        if kind == "error":
            span["status"] = {"code": 2}
        if kind == "slow":
            span["endTimeUnixNano"] = str(int(str(span["startTimeUnixNano"])) + 1_500_000_000)
        if kind == "check":
            span["attributes"] = otlp.attributes({"obskit.check.name": "database"})
    resource = {"service.name": service, "service.instance.id": "one"}
    for spans in (plain, telling):  # a trace's spans come one after the other
        otlp.send_spans(stack.url("collector_otlp_http"), resource, spans)
    return traces


def test_errors_slow_ones_and_checks_are_all_kept_and_a_share_of_the_others(
    profiled: Stack,
) -> None:
    """Whole traces; and of 400 others, whose ids are the same in each run, about a quarter."""
    others = set(send_traces(profiled, "sampled", "other", range(1000, 1400)))
    remarkable = {
        trace: {"work": 1, kind: 1}
        for kind, seeds in (
            ("error", range(40)),
            ("slow", range(40, 60)),
            ("check", range(60, 80)),
        )
        for trace in send_traces(profiled, "sampled", kind, seeds)
    }
    base = profiled.url("jaeger_query_http")

    def kept() -> dict[str, dict[str, int]]:
        return jaeger_operations(base, "sampled")

    wait_until("all that is kept is in Jaeger", lambda: len(kept()) >= 80 + KEPT_OF_400)
    found = kept()
    assert {trace: found[trace] for trace in found.keys() - others} == remarkable
    shares = [found[trace] for trace in found.keys() & others]
    assert shares == [{"work": 1, "other": 1}] * KEPT_OF_400


def test_span_metrics_count_every_span_before_sampling(profiled: Stack) -> None:
    """Also the three quarters that no Jaeger sees."""
    send_traces(profiled, "counted", "other", range(2000, 2200))
    send_traces(profiled, "counted", "error", range(2200, 2203))
    base, selector = profiled.url("prometheus_http"), '{service_name="counted"}'

    def counts(expression: str) -> dict[tuple[str, str], float]:
        grouped = f"sum by (span_name, status_code) ({expression})"
        return {
            (labels["span_name"], labels["status_code"]): count
            for labels, count in prometheus(base, grouped)
        }

    expected = {
        ("work", "STATUS_CODE_UNSET"): 203.0,
        ("other", "STATUS_CODE_UNSET"): 200.0,
        ("error", "STATUS_CODE_ERROR"): 3.0,
    }
    wait_until("all are counted", lambda: counts(f"span_calls_total{selector}") == expected)
    timed = 'span_duration_seconds_bucket{service_name="counted", le="+Inf"}'
    wait_until("all are timed", lambda: counts(timed) == expected)
    (labels, _), *_ = prometheus(base, f"span_calls_total{selector}")
    assert labels.keys() == {
        *("__name__", "job", "instance", "service_name"),
        *("span_name", "span_kind", "status_code"),
    }


def test_a_host_is_seen_in_prometheus_under_its_name(profiled: Stack) -> None:
    """CPU, memory, disks, file systems, load, network, paging, up time."""
    base = profiled.url("prometheus_http")

    def names() -> set[str]:
        found = prometheus(base, 'group by (__name__) ({job="host", instance="web-1"})')
        return {labels["__name__"] for labels, _ in found}

    expected = {
        "system_cpu_time_seconds_total",
        "system_cpu_load_average_1m",
        "system_memory_usage_bytes",
        "system_disk_io_bytes_total",
        "system_filesystem_usage_bytes",
        "system_filesystem_inodes_usage",
        "system_network_io_bytes_total",
        "system_paging_faults_total",
        "system_uptime_seconds",
    }
    wait_until("the host's metrics are in Prometheus", lambda: expected <= names())
    root = 'system_filesystem_usage_bytes{service_name="host", mountpoint="/", state="free"}'
    ((labels, free),) = prometheus(base, root)
    assert (labels["deployment_environment_name"], free > 0) == ("test", True)


# Of ten minutes ago: Loki is asked about the last hour.
WHEN = time.gmtime(time.time() - 600)
DAY, TIME = time.strftime("%Y-%m-%d", WHEN), time.strftime("%H:%M:%S", WHEN)
TRACEBACK = """
Traceback (most recent call last):
  File "shop.py", line 1, in <module>
    1 / 0
ZeroDivisionError: division by zero"""
FIRST = f"""\
{{"timestamp":"{DAY}T{TIME}.678901Z","level":"error","event":"json failed","order_id":7,\
"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331"}}
{{"level":"critical","message":"json is lost"}}
{{"broken
{DAY} {TIME},678 ERROR shop: plain failed{TRACEBACK}
{DAY} {TIME},679 INFO shop: sent Bearer abcdefghijkl
"""
# Written just before the file is given another name.
BEFORE_ROTATION = f"{DAY} {TIME},680 CRITICAL shop: before rotation{TRACEBACK}\n"
AFTER_ROTATION = "WARNING:root:after rotation\n"
WHILE_DOWN = "DEBUG:root:while the collector was down\n"
EXPECTED = {
    ("json failed", "17"): 1,
    ("json is lost", "21"): 1,
    ('{"broken', ""): 1,
    (f"{DAY} {TIME},678 ERROR shop: plain failed{TRACEBACK}", "17"): 1,
    (f"{DAY} {TIME},679 INFO shop: sent ****", "9"): 1,
    (f"{DAY} {TIME},680 CRITICAL shop: before rotation{TRACEBACK}", "21"): 1,
    ("WARNING:root:after rotation", "13"): 1,
    ("DEBUG:root:while the collector was down", "5"): 1,
}


def test_a_rotated_log_file_is_read_once_with_stack_traces_and_severities(
    profiled: Stack, files: Path
) -> None:
    """Over a rotation, and over a kill of the collector."""
    base, log = profiled.url("loki_http"), files / "app.log"

    def found() -> Counter[tuple[str, str]]:
        records = loki(base, '{service_name="batch", deployment_environment_name="test"}')
        return Counter((line, labels.get("severity_number", "")) for labels, line in records)

    log.write_text(FIRST)
    wait_until("the first lines are in Loki", lambda: len(found()) == 5)
    with log.open("a") as file:
        file.write(BEFORE_ROTATION)
    log.rename(files / "app.log.1")
    log.write_text(AFTER_ROTATION)
    wait_until("so are those around the rotation", lambda: len(found()) == 7)
    profiled.processes["collector"].kill()
    with log.open("a") as file:
        file.write(WHILE_DOWN)
    start_collector(profiled, files)
    wait_until("the last line is in Loki", lambda: len(found()) == 8)
    assert found() == EXPECTED

    ((labels, _),) = loki(base, '{service_name="batch"} |= "json failed"')
    told = ("timestamp", "trace_id", "span_id", "order_id", "log_file_name")
    assert [labels[name] for name in told] == [
        f"{DAY}T{TIME}.678901Z",
        "0af7651916cd43dd8448eb211c80319c",
        "b7ad6b7169203331",
        "7",
        "app.log",
    ]


def test_a_trace_that_is_dropped_before_its_decision_is_counted(own_stack: Stack) -> None:
    """By the name that an alert asks for, when more wait than there is room for."""
    env = {"OTELCOL_DECISION_WAIT": "1s", "OTELCOL_WAITING_TRACES": "10"}
    own_stack.start("collector", env=env, config=["profiles/tail-sampling.yaml"])
    spans = [otlp.span(otlp.trace_id(), "work") for _ in range(50)]
    otlp.send_spans(own_stack.url("collector_otlp_http"), {"service.name": "crowded"}, spans)
    name = "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early"

    def dropped() -> list[str]:
        page = fetch(own_stack.url("collector_metrics") + "/metrics").text
        return [line for line in page.splitlines() if line.startswith(name)]

    wait_until("forty are counted", lambda: dropped() == [f"{name} 40"])
