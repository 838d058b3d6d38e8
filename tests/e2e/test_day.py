"""Twenty-four hours of the shop, replayed through all rules that are generated of it.

They are put together of what a real Prometheus held while the shop was under load, left alone,
started anew, killed and replaced by a newer version, by a plan that a seed decides.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import yaml
from tests.alerts.promtool import needs_promtool, refusal
from tests.alerts.written import selectors

from .build import ROOT
from .day.replay import Day, Recording, miss, plan, recorded, written
from .day.samples import NONE

SUBJECTS = (
    "fleet",
    "hosts",
    "shop@production-checks",
    "shop@production-jobs",
    "shop@production-objectives",
    "shop@production-operations",
    "shop@production-processes",
    "shop@production-service",
    "telemetry",
)
# Limits are for dashboards alone; queries were not measured yet when the day was recorded.
UNREAD = ("shop@production-limits", "shop@production-queries")
# The processors of the recording's host were busy with what has nothing to do with the shop.
BUSY = "system_cpu_time_seconds_total"
# What there is of a shop without databases of which nothing is refused, lost or kept waiting.
UNHEARD = {
    *("pg_up", "pg_stat_activity_count", "pg_stat_activity_max_tx_duration"),
    *("pg_settings_max_connections", "redis_up", "redis_connected_clients"),
    *("redis_config_maxclients", "obskit_http_client_rejections_total", "obskit_export_spooled"),
    # There was one collector, without Kafka, sampling and limits.
    *("otelcol_kafka_late_commit_offset_lag", "otelcol_kafka_receiver_offset_lag"),
    "otelcol_processor_tail_sampling_early_releases_from_cache_decision",
    "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early",
    "otelcol_processor_service_limit_dropped_items",
    # Recorded before the duration of queries was read.
    *(f"db_client_operation_duration_seconds_{part}" for part in ("bucket", "count")),
    *(
        f"otelcol_{stem}_{part}"
        for stem in (
            "exporter_enqueue_failed",
            "exporter_send_failed",
            "processor_memory_limiter_refused",
        )
        for part in ("spans", "metric_points", "log_records")
    ),
}
SEED = 1
# Two hours without an event, and the minute from which on something is broken.
NOON, BEGINS = slice(11 * 15, 13 * 15), 70

Break = Callable[[Day], None]


@pytest.fixture(scope="module")
def recording() -> Recording:
    """What was recorded of the shop."""
    return recorded()


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The rules of the shop that was recorded, as its operator has them written, by their subject."""
    folder = tmp_path_factory.mktemp("generated")
    options = ["--app=busy_shop:app", f"--output={folder}", "--environment=production"]
    subprocess.run(
        [sys.executable, "-m", "obskit", "generate", "alerts", *options],
        cwd=ROOT / "tests" / "e2e" / "day",
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "examples" / "shop"),
            "SHOP_DATA": str(folder / "data"),
        },
        check=True,
        timeout=120,
        capture_output=True,
    )
    return {file.stem: file for file in (folder / "prometheus" / "rules").iterdir()}


def read(files: Iterable[Path]) -> set[str]:
    """The metrics that rules read, those aside that they record themselves."""
    found = [
        rule
        for file in files
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]
    names = {name for rule in found for name, _ in selectors(rule["expr"])}
    return names - {rule.get("record") for rule in found} - {BUSY, ""}


def told(files: Iterable[Path], day: Day, folder: Path, *, every: str = "1m") -> set[str]:
    """The alerts that fire at any minute of the last day."""
    asked = {
        "expr": 'group by (alertname) (last_over_time(ALERTS{alertstate="firing"}[1d]))',
        "eval_time": f"{min(map(len, day.values())) - 1}m",
        "exp_samples": [{"labels": '{alertname="nobody expects this"}', "value": 1}],
    }
    series = [{"series": name, "values": written(values)} for name, values in day.items()]
    test = {"interval": "1m", "input_series": series, "promql_expr_test": [asked]}
    trial = folder / "day.test.yml"
    content = {"rule_files": [*map(str, files)], "evaluation_interval": every, "tests": [test]}
    trial.write_text(json.dumps(content), encoding="utf-8")
    answer = refusal("test", "rules", trial)
    assert "got:" in answer, answer
    return set(re.findall(r'alertname="(\w+)"', answer.partition("got:")[2]))


def test_the_rules_are_those_of_the_subjects(rules: dict[str, Path]) -> None:
    assert sorted(rules) == sorted([*SUBJECTS, *UNREAD])


def test_the_rules_read_what_was_recorded(rules: dict[str, Path], recording: Recording) -> None:
    assert read(rules.values()) - recording.names == UNHEARD


def test_the_rules_of_a_subject_read_nothing_that_those_of_another_record(
    rules: dict[str, Path],
) -> None:
    """So that each may be replayed by itself."""
    for file in rules.values():
        assert not [name for name in read([file]) if ":" in name]


def test_the_day_has_a_quiet_night_restarts_and_deploys(recording: Recording) -> None:
    stretches = plan(recording.length, SEED)
    assert not {"restart", "killed", "deploy"} & set(stretches[NOON])
    assert len(stretches) * recording.length == 24 * 60
    events = Counter(stretches)
    assert {name: events[name] for name in ("restart", "killed", "deploy")} == {
        "restart": 2,
        "killed": 2,
        "deploy": 2,
    }
    assert set(stretches[: 6 * 15]) == {"night", "quiet"}
    versions = {
        series.labels.get("service_version")
        for series in recording.series
        if series.labels.get("host_name") == "web-1"
    }
    assert versions == {"1.0.0", "1.1.0"}


@needs_promtool
@pytest.mark.timeout(400)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_nothing_but_the_watchdog_fires_all_day(
    recording: Recording, rules: dict[str, Path], tmp_path: Path, subject: str
) -> None:
    file = rules[subject]
    day = recording.day(plan(recording.length, SEED), read([file]))
    miss(day, SEED)
    watched = {"Watchdog"} if subject == "telemetry" else set()
    assert told([file], day, tmp_path) == watched


def a_week_later(first: Day, second: Day) -> Day:
    """One past, then another of the same weekday. In between nothing is heard."""
    week = 7 * 24 * 60
    return {
        name: values + [NONE] * (week - len(values)) + second[name]
        for name, values in first.items()
    }


@needs_promtool
@pytest.mark.timeout(400)
def test_a_day_is_no_worse_than_that_of_the_week_before(
    recording: Recording, rules: dict[str, Path], tmp_path: Path
) -> None:
    """Each of the two has busy minutes of its own."""
    file = rules["shop@production-service"]
    first, second = (recording.day(plan(recording.length, seed), read([file])) for seed in (1, 2))
    assert told([file], a_week_later(first, second), tmp_path, every="4m") == set()


@needs_promtool
@pytest.mark.timeout(400)
def test_requests_that_do_not_come_as_a_week_before_are_missed(
    recording: Recording, rules: dict[str, Path], tmp_path: Path
) -> None:
    file = rules["shop@production-service"]
    noon = plan(recording.length, SEED)[NOON]
    first, second = (recording.day(noon, read([file])) for _ in range(2))
    freeze(second, "^http_server")
    assert told([file], a_week_later(first, second), tmp_path, every="4m") == {"TrafficLost"}


def matching(day: Day, *patterns: str) -> list[list[float | str]]:
    """The series whose names hold all of some patterns."""
    return [
        values for name, values in day.items() if all(re.search(each, name) for each in patterns)
    ]


def a_check_says_nothing(day: Day) -> None:
    freeze(day, 'obskit_check_name="orders-placed"')


def a_job_does_not_run(day: Day) -> None:
    freeze(day, "^obskit_job_")


def freeze(day: Day, pattern: str) -> None:
    for values in matching(day, pattern):
        now = values[BEGINS]
        values[BEGINS:] = [NONE if isinstance(now, str) else now] * len(values[BEGINS:])


def a_check_fails(day: Day) -> None:
    for state, value in (("ok", 0.0), ("critical", 1.0)):
        of = ('obskit_check_name="payment-gateway"', f'obskit_check_state="{state}"')
        for values in matching(day, "^obskit_check_status", *of):
            put(values, [value] * 10)


def put(values: list[float | str], others: Iterable[float]) -> None:
    for minute, other in enumerate(others, BEGINS):
        if not isinstance(values[minute], str):
            values[minute] = other


def many_requests_fail(day: Day) -> None:
    for values in matching(day, "^http_server_.*_(count|bucket)", 'status_code="500"'):
        for number, value in enumerate(values[BEGINS:], 1):
            if not isinstance(value, str):
                values[BEGINS + number - 1] = value + 3 * min(number, 8)


def a_process_begins_again_and_again(day: Day) -> None:
    (values, *_) = matching(day, "^process_uptime")
    put(values, [5.0, 60.0] * 10)


def nothing_is_heard(day: Day) -> None:
    for values in matching(day, 'service_name="shop"'):
        values[BEGINS : BEGINS + 8] = [NONE] * 8


def a_backend_is_slow(day: Day) -> None:
    for values in matching(day, "^otelcol_exporter_queue_size", "loki"):
        put(values, [2.2e8] * 10)


@needs_promtool
@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("broken", "alert"),
    [
        (a_check_says_nothing, "CheckSilent"),
        (a_check_fails, "CheckCritical"),
        (a_job_does_not_run, "JobLate"),
        (many_requests_fail, "ServiceErrors"),
        (a_process_begins_again_and_again, "ServiceRestarts"),
        (nothing_is_heard, "ServiceDown"),
        (a_backend_is_slow, "CollectorQueueFilling"),
    ],
)
def test_one_fault_at_noon_fires_its_alert_and_no_other(
    recording: Recording, rules: dict[str, Path], tmp_path: Path, broken: Break, alert: str
) -> None:
    files = list(rules.values())
    noon = recording.day(plan(recording.length, SEED)[NOON], read(files))
    miss(noon, SEED)
    broken(noon)
    assert told(files, noon, tmp_path) == {"Watchdog", alert}
