"""The rules of a service's processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit import Registry, job
from obskit.alerts.generated import rules_of
from obskit.alerts.process import groups

from .promtool import needs_promtool, prove
from .written import alerts, chosen, expected, inventory, written


def jobs_only() -> Registry:
    registry = Registry()
    job("nightly", expect_every="24h", registry=registry)
    return registry


def with_a_check() -> Registry:
    registry = jobs_only()
    registry.add("database", lambda: None, every="1m")
    return registry


def test_the_rules_of_processes_are_these() -> None:
    assert written(groups(inventory())) == expected("process")


@pytest.mark.parametrize(
    ("registry", "heard_of"), [(Registry(), True), (jobs_only(), False), (with_a_check(), True)]
)
def test_what_is_run_by_cron_alone_is_not_expected_to_be_heard_of(
    registry: Registry, heard_of: bool
) -> None:
    names = [alert.name for alert in alerts(groups(inventory(registry)))]
    assert ("ServiceDown" in names) is heard_of


def test_a_service_is_down_after_five_minutes_of_silence() -> None:
    down = chosen(groups(inventory()), "ServiceDown", "critical")
    assert "[3m]" in down.expr
    assert down.holds_for == 120.0
    assert "for 5m." in down.annotations["description"]


def test_what_exports_seldom_is_looked_at_for_longer() -> None:
    found = groups(inventory(export_interval=300.0))
    assert "[10m30s]" in chosen(found, "ServiceDown", "critical").expr
    assert "[50m]" in chosen(found, "ServiceRestarts", "warning").expr
    assert "[20m]" in chosen(found, "TelemetryLost", "warning").expr


def test_what_a_drill_made_up_is_no_sign_of_life() -> None:
    assert 'obskit_drill=""' in chosen(groups(inventory()), "ServiceDown", "critical").expr


def test_each_way_to_lose_telemetry_is_watched() -> None:
    lost = chosen(groups(inventory()), "TelemetryLost", "warning")
    for name in (
        "otel_sdk_processor_span_processed_total",
        "otel_sdk_processor_log_processed_total",
        "otel_sdk_exporter_span_exported_total",
        "otel_sdk_exporter_log_exported_total",
        "otel_sdk_exporter_metric_data_point_exported_total",
    ):
        assert f'increase({name}{{service_name="shop"' in lost.expr
    assert lost.expr.count('error_type=~".+"') == 5


@needs_promtool
@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_each_alert_behaves_as_its_trials_say(tmp_path: Path, scale: float) -> None:
    files = rules_of(inventory(scale=scale, export_interval=60.0 * scale), "processes")
    assert prove(files, tmp_path) == 1
