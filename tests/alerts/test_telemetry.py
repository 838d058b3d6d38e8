"""The rules of the collector."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit.alerts.generated import rules_of
from obskit.alerts.telemetry import groups

from .promtool import needs_promtool, prove
from .written import alerts, chosen, inventory, selectors

# As the collector of this version shows them of itself.
SHOWN = {
    "up",
    "otelcol_process_uptime",
    "otelcol_exporter_queue_size",
    "otelcol_exporter_queue_capacity",
    *(
        f"otelcol_{stem}_{part}"
        for stem in (
            "exporter_enqueue_failed",
            "exporter_send_failed",
            "processor_memory_limiter_refused",
            "receiver_refused",
        )
        for part in ("spans", "metric_points", "log_records")
    ),
}


def test_each_alert_is_told_by_its_name_and_severity() -> None:
    found = {alert.name: alert.labels["severity"] for alert in alerts(groups(inventory()))}
    assert found == {
        "Watchdog": "none",
        "TelemetryPipelineDown": "critical",
        "CollectorDown": "warning",
        "CollectorRestarts": "warning",
        "CollectorQueueFilling": "warning",
        "CollectorQueueFull": "critical",
        "CollectorMemoryShort": "warning",
        "CollectorRefused": "warning",
        "CollectorSendFailed": "warning",
    }


def test_it_reads_what_the_collector_shows_and_what_it_has_recorded() -> None:
    rules = [rule for group in groups(inventory()) for rule in group.rules]
    recorded = {rule.record for rule in rules if hasattr(rule, "record")}
    read = {name for rule in rules for name, _ in selectors(rule.expr)}
    assert read == SHOWN | recorded


def test_the_watchdog_always_fires() -> None:
    assert chosen(groups(inventory()), "Watchdog", "none").expr == "vector(1)"


def test_every_service_generates_the_same() -> None:
    other = inventory()
    assert groups(inventory()) == groups(
        type(other)("bank", "staging", other.registry, dashboards="https://grafana")
    )


@needs_promtool
@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_each_alert_behaves_as_its_trials_say(tmp_path: Path, scale: float) -> None:
    files = rules_of(inventory(scale=scale), "telemetry")
    assert prove(files, tmp_path) == 1 + (scale < 1)
