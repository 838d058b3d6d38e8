"""Our own text for Prometheus against what the real collector makes of the same process's OTLP."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from obskit import names

from .build import ROOT
from .processes import Process
from .reading import fetch, prometheus, prometheus_scalar
from .stack import Stack
from .waiting import wait_until

Series = tuple[str, frozenset[tuple[str, str]]]

HOST = ROOT / "tests" / "e2e" / "telling.py"
# Each operation with the durations of its runs, seconds: within, at, and beyond the buckets' bounds.
DURATIONS = {
    "one": [0.3],
    "even": [number / 100 for number in range(1, 101)],
    "fast": [0.001] * 20,
    "at-bounds": [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5],
    "two-heaps": [0.02] * 18 + [45.0] * 2,
    "beyond": [400.0] * 3,
    "tail-beyond": [0.2] * 94 + [1000.0] * 6,
}
# Every metric of ours under the name that rules and dashboards are written against.
NAMES = {
    "http.server.request.duration": "http_server_request_duration_seconds",
    "http.server.active_requests": "http_server_active_requests",
    "process.cpu.time": "process_cpu_time_seconds_total",
    "process.memory.usage": "process_memory_usage_bytes",
    "process.memory.virtual": "process_memory_virtual_bytes",
    "process.thread.count": "process_thread_count",
    "process.unix.file_descriptor.count": "process_unix_file_descriptor_count",
    "process.uptime": "process_uptime_seconds",
    "cpython.gc.collections": "cpython_gc_collections_total",
    "cpython.gc.collected_objects": "cpython_gc_collected_objects_total",
    "cpython.gc.uncollectable_objects": "cpython_gc_uncollectable_objects_total",
    "obskit.check.status": "obskit_check_status",
    "obskit.check.last_run.timestamp": "obskit_check_last_run_timestamp_seconds",
    "obskit.check.last_success.timestamp": "obskit_check_last_success_timestamp_seconds",
    "obskit.check.value": "obskit_check_value",
    "obskit.check.duration": "obskit_check_duration_seconds",
    "obskit.check.info": "obskit_check_info",
    "obskit.job.status": "obskit_job_status",
    "obskit.job.deadline.timestamp": "obskit_job_deadline_timestamp_seconds",
    "obskit.job.last_run.timestamp": "obskit_job_last_run_timestamp_seconds",
    "obskit.job.last_success.timestamp": "obskit_job_last_success_timestamp_seconds",
    "obskit.job.last_beat.timestamp": "obskit_job_last_beat_timestamp_seconds",
    "obskit.job.duration": "obskit_job_duration_seconds",
    "obskit.job.progress": "obskit_job_progress_ratio",
    "obskit.job.runs": "obskit_job_runs_total",
    "obskit.job.counted": "obskit_job_counted_total",
    "obskit.operation.duration": "obskit_operation_duration_seconds",
    "obskit.quota.used": "obskit_quota_used",
    "obskit.quota.limit": "obskit_quota_limit",
    "obskit.http.client.rejections": "obskit_http_client_rejections_total",
    "otel.sdk.processor.span.processed": "otel_sdk_processor_span_processed_total",
    "otel.sdk.processor.log.processed": "otel_sdk_processor_log_processed_total",
    "otel.sdk.processor.span.queue.size": "otel_sdk_processor_span_queue_size",
    "otel.sdk.processor.log.queue.size": "otel_sdk_processor_log_queue_size",
    "otel.sdk.exporter.span.exported": "otel_sdk_exporter_span_exported_total",
    "otel.sdk.exporter.log.exported": "otel_sdk_exporter_log_exported_total",
    "otel.sdk.exporter.metric_data_point.exported": "otel_sdk_exporter_metric_data_point_exported_total",
    "obskit.export.spooled": "obskit_export_spooled",
}
# Told by hosts of another kind: of an event loop, of tasks, queries, pages, logins and releases.
OF_OTHERS = {
    "db.client.operation.duration",
    "obskit.deploy.timestamp",
    "obskit.event_loop.lag",
    "obskit.page.layout_shift",
    "obskit.page.timing",
    "obskit.security.csrf_failures",
    "obskit.security.failed_logins",
    "obskit.security.rate_limit_hits",
    "obskit.task.duration",
}
# What neither clocks nor the process itself change while the host stays.
STEADY = ("http_", "obskit_check_", "obskit_operation_", "obskit_quota_")


@dataclass(frozen=True)
class Told:
    """What one process was heard to say: by itself, by the collector, and by Prometheus.

    Attributes:
        text: Its own text.
        scraped: What the collector exposes of it.
        written: What the collector has written to Prometheus.
        p95: What its operations say of their own durations.
        prometheus: Where Prometheus answers.
    """

    text: str
    scraped: str
    written: dict[Series, float]
    p95: dict[str, float]
    prometheus: str


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A host whose metrics have reached both ways out of a collector, and which stays."""
    folder = tmp_path_factory.mktemp("telling")
    with Stack(folder) as stack:
        stack.start("prometheus")
        both = {"OTELCOL_METRICS_EXPORTERS": "[prometheus,prometheus_remote_write]"}
        stack.start("collector", env=both)
        process = started(stack, folder)
        try:
            yield heard(stack, process, folder / "told.json")
        finally:
            process.stop()


def started(stack: Stack, folder: Path) -> Process:
    (folder / "durations.json").write_text(json.dumps(DURATIONS))
    return Process(
        "telling",
        [sys.executable, str(HOST), str(folder / "told.json")],
        cwd=folder,
        log=folder / "telling.log",
        env={
            "OTEL_EXPORTER_OTLP_ENDPOINT": stack.url("collector_otlp_http"),
            # Where nobody listens: log records wait on disk.
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://127.0.0.1:1/v1/logs",
            "OTEL_METRICS_EXPORTER": "otlp,prometheus",
            "OTEL_METRIC_EXPORT_INTERVAL": "500",
            "OBSKIT_RUN_DIR": str(folder / "run"),
            "OBSKIT_SPOOL_DIR": str(folder / "spool"),
        },
    )


def heard(stack: Stack, process: Process, answer: Path) -> Told:
    def has_told() -> bool:
        process.require_alive()
        return answer.exists()

    wait_until("the host has told", has_told, seconds=60)
    said = json.loads(answer.read_text())
    expected, base = len(text_series(said["text"])), stack.url("prometheus_http")

    def scraped() -> str | None:
        page = fetch(stack.url("collector_scrape") + "/metrics").text
        return page if len(text_series(page)) >= expected else None

    def written() -> dict[Series, float] | None:
        samples = prometheus(base, '{job="telling"}')
        found = {(labels.pop("__name__"), frozenset(labels.items())): v for labels, v in samples}
        return found if len(found) >= expected else None

    page = wait_until("the collector exposes all of it", scraped)
    everything = wait_until("all of it is in Prometheus", written)
    return Told(said["text"], page, everything, said["p95"], base)


def text_series(text: str) -> dict[Series, float]:
    """The series of a text; a label without a value is none, as Prometheus has it."""
    return {
        (sample.name, frozenset(pair for pair in sample.labels.items() if pair[1])): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def comments(text: str, kind: str) -> set[str]:
    return {line for line in text.splitlines() if line.startswith(f"# {kind} ")}


def test_every_metric_of_ours_is_told_under_the_name_that_rules_know(told: Told) -> None:
    """Also the units and kinds that end a name, and none is left out."""
    assert {metric.name for metric in names.METRICS} == NAMES.keys() | OF_OTHERS
    families = {line.split()[2] for line in comments(told.text, "TYPE")}
    # What the client library of the host's own request says is no name of ours.
    others = {"target_info", "http_client_request_duration_seconds"}
    assert families - others == set(NAMES.values())


def test_our_text_has_the_series_that_the_collector_makes_of_the_same_otlp(told: Told) -> None:
    """Names, labels, types and descriptions, each of them."""
    ours, scraped = text_series(told.text), text_series(told.scraped)
    assert len(ours) > 300
    assert ours.keys() == scraped.keys()
    assert comments(told.text, "TYPE") == comments(told.scraped, "TYPE")
    assert comments(told.text, "HELP") == comments(told.scraped, "HELP")


def test_our_text_has_the_series_that_are_written_to_prometheus(told: Told) -> None:
    ours = text_series(told.text)
    assert ours.keys() == told.written.keys()
    steady = {series: value for series, value in ours.items() if series[0].startswith(STEADY)}
    assert len(steady) > 200
    assert {series: told.written[series] for series in steady} == pytest.approx(steady)


def test_a_check_is_found_by_the_label_that_rules_ask_for(told: Told) -> None:
    query = 'obskit_check_status{obskit_check_name="rows"} == 1'
    ((labels, _),) = prometheus(told.prometheus, query)
    assert labels["obskit_check_state"] == "warning"


@pytest.mark.parametrize("name", DURATIONS)
def test_the_p95_of_an_operation_is_what_prometheus_says_of_its_histogram(
    told: Told, name: str
) -> None:
    buckets = f'obskit_operation_duration_seconds_bucket{{obskit_operation_name="{name}"}}'
    query = f"histogram_quantile(0.95, sum by (le) ({buckets}))"
    assert told.p95[name] == pytest.approx(prometheus_scalar(told.prometheus, query), rel=1e-12)


def test_the_p95_are_those_that_one_reckons_by_hand(told: Told) -> None:
    assert told.p95 == pytest.approx(
        {
            "one": 0.4875,
            "even": 0.95,
            "fast": 0.00475,
            "at-bounds": 3.9,
            "two-heaps": 45.0,
            "beyond": 300.0,
            "tail-beyond": 300.0,
        }
    )
