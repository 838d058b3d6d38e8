"""Results as telemetry, seen where they would leave the process."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from tests.checks.given import check

from obskit import CheckResult, Registry, Status, default_runtime
from obskit.capture import Capture
from obskit.checks.report import log_result
from obskit.checks.results import Results, Standing
from obskit.telemetry.pipeline import Record


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def results(obskit_capture: Capture, registry: Registry) -> Results:
    current = default_runtime.current()
    assert current is not None
    watch = current.watch(registry)
    watch.results._clock = obskit_capture.clock
    watch.results.after_fork()
    return watch.results


def points(capture: Capture, name: str) -> list[tuple[dict[str, Any], float]]:
    return [(point["attributes"], point["value"]) for point in capture.metrics().get(name, [])]


def test_a_check_that_has_not_run_is_only_known_to_be_declared(
    obskit_capture: Capture, registry: Registry, results: Results
) -> None:
    registry.add("rows", lambda: None, every="1m")
    assert points(obskit_capture, "obskit.check.info") == [({"obskit.check.name": "rows"}, 1)]
    found = [name for name in obskit_capture.metrics() if name.startswith("obskit.check.")]
    assert found == ["obskit.check.info"]


def states(capture: Capture) -> dict[str, float]:
    return {
        attributes["obskit.check.state"]: value
        for attributes, value in points(capture, "obskit.check.status")
    }


def test_each_state_is_a_series_and_the_present_one_is_1(
    obskit_capture: Capture, registry: Registry, results: Results
) -> None:
    rows = registry.add("rows", lambda: None, every="1m")
    results.record(rows, CheckResult.warning("few"))
    others = {"ok": 0, "critical": 0, "unknown": 0, "skipped": 0}
    assert states(obskit_capture) == {**others, "warning": 1}
    obskit_capture.clock.advance(131)
    assert states(obskit_capture)["unknown"] == 1
    assert states(obskit_capture)["warning"] == 0


def test_the_last_run_is_measured(
    obskit_capture: Capture, registry: Registry, results: Results
) -> None:
    name = {"obskit.check.name": "rows"}
    rows = registry.add("rows", lambda: None, every="1m")
    results.record(rows, CheckResult.ok())
    obskit_capture.clock.advance(60)
    results.record(rows, CheckResult(Status.CRITICAL, value=7, started=1000.0, duration=0.5))
    assert points(obskit_capture, "obskit.check.last_run.timestamp") == [(name, 1000.5)]
    assert points(obskit_capture, "obskit.check.last_success.timestamp") == [(name, 1767225600.0)]
    assert points(obskit_capture, "obskit.check.value") == [(name, 7.0)]
    assert points(obskit_capture, "obskit.check.duration") == [(name, 0.5)]


def test_a_value_of_nought_is_a_value(
    obskit_capture: Capture, registry: Registry, results: Results
) -> None:
    rows = registry.add("rows", lambda: None, every="1m")
    results.record(rows, CheckResult.critical("empty", value=0))
    assert [value for _, value in points(obskit_capture, "obskit.check.value")] == [0.0]
    assert points(obskit_capture, "obskit.check.last_success.timestamp") == []


def test_checks_of_every_watched_registry_are_observed(
    obskit_capture: Capture, registry: Registry, results: Results
) -> None:
    other = Registry()
    registry.add("rows", lambda: None, every="1m")
    other.add("mail", lambda: None, every="1m")
    current = default_runtime.current()
    assert current is not None
    current.watch(other)
    found = [
        attributes["obskit.check.name"]
        for attributes, _ in points(obskit_capture, "obskit.check.info")
    ]
    assert sorted(found) == ["mail", "rows"]


FULL = CheckResult(
    Status.CRITICAL,
    "7 rows",
    7,
    "{row}",
    details={"table": "orders"},
    evidence=["row 1"],
    duration=0.12345678,
)


def standing(result: CheckResult, *, changed: bool = True) -> Standing:
    return Standing(result, 0.0, None, 0.0, changed)


def test_a_result_is_a_log_record(obskit_capture: Capture) -> None:
    log_result(check(owner="data", runbook="https://w", severity="sev1"), standing(FULL))
    (line,) = obskit_capture.lines
    assert line == {
        "timestamp": "2026-01-01T00:00:00.000000Z",
        "level": "error",
        "logger": "obskit.check",
        "event": "rows is critical: 7 rows",
        "obskit.check.name": "rows",
        "obskit.check.state": "critical",
        "obskit.check.duration": 0.123457,
        "obskit.check.severity": "sev1",
        "obskit.check.message": "7 rows",
        "obskit.check.value": 7.0,
        "obskit.check.unit": "{row}",
        "obskit.check.owner": "data",
        "obskit.check.runbook": "https://w",
        "obskit.check.details": {"table": "orders"},
        "obskit.check.evidence": ["row 1"],
    }


def test_the_record_has_the_name_of_its_event(
    obskit_capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    records: list[Record] = []
    monkeypatch.setattr(obskit_capture, "write", records.append)
    log_result(check(), standing(FULL))
    assert [record.event_name for record in records] == ["obskit.check.result"]


def test_what_a_result_does_not_say_is_left_out(obskit_capture: Capture) -> None:
    log_result(check(), standing(CheckResult.warning("", value=0)))
    (line,) = obskit_capture.lines
    assert line["event"] == "rows is warning"
    assert {name for name in line if name.startswith("obskit.check.")} == {
        "obskit.check.name",
        "obskit.check.state",
        "obskit.check.duration",
        "obskit.check.severity",
        "obskit.check.value",
    }


@pytest.mark.parametrize(
    ("status", "changed", "level"),
    [
        (Status.OK, True, "info"),
        (Status.OK, False, "debug"),
        (Status.WARNING, True, "warning"),
        (Status.WARNING, False, "warning"),
        (Status.CRITICAL, True, "error"),
        (Status.CRITICAL, False, "error"),
        (Status.UNKNOWN, True, "error"),
        (Status.UNKNOWN, False, "error"),
        (Status.SKIPPED, True, "info"),
        (Status.SKIPPED, False, "debug"),
    ],
)
def test_a_failure_is_told_each_time_and_a_pass_when_it_is_one_again(
    obskit_capture: Capture, status: Status, changed: bool, level: str
) -> None:
    logging.getLogger("obskit.check").setLevel(logging.DEBUG)
    log_result(check(), standing(CheckResult(status), changed=changed))
    assert [line["level"] for line in obskit_capture.lines] == [level]


def test_each_pass_is_told_where_that_is_asked_for(obskit_capture: Capture) -> None:
    for status in (Status.OK, Status.SKIPPED, Status.WARNING):
        log_result(check(), standing(CheckResult(status), changed=False), passes=True)
    assert [(line["level"], line["event"]) for line in obskit_capture.lines] == [
        ("info", "rows is ok"),
        ("info", "rows is skipped"),
        ("warning", "rows is warning"),
    ]


def test_a_pass_that_is_no_news_is_not_told_by_default(obskit_capture: Capture) -> None:
    log_result(check(), standing(CheckResult.ok(), changed=False))
    assert obskit_capture.lines == []
    log_result(check(), standing(CheckResult.ok()))
    assert len(obskit_capture.lines) == 1
