"""The rules of a fleet of collectors."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit.alerts.fleet import groups
from obskit.alerts.generated import rules_of

from .promtool import fired, needs_promtool, prove
from .written import alerts, inventory, selectors

# As agents and gateways of this version show them of themselves.
SHOWN = {
    "otelcol_process_uptime",
    "otelcol_exporter_queue_size",
    "otelcol_exporter_queue_capacity",
    "otelcol_kafka_late_commit_offset_lag",
    "otelcol_kafka_receiver_offset_lag",
    "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early",
    "otelcol_processor_tail_sampling_early_releases_from_cache_decision",
    "otelcol_processor_service_limit_dropped_items",
    *(
        f"otelcol_{stem}_{part}"
        for stem in ("exporter_sent", "receiver_accepted")
        for part in ("spans", "metric_points", "log_records")
    ),
}
# A collector that hands on what it receives, and one service that is held to its limit there.
ALONE = {
    'otelcol_process_uptime{instance="a:8888"}': "0+60x60",
    'otelcol_receiver_accepted_spans{instance="a:8888", receiver="otlp"}': "0+500x60",
    'otelcol_exporter_sent_spans{instance="a:8888", exporter="otlp_http/jaeger"}': "0+500x60",
}


def test_each_alert_is_told_by_its_name_and_severity() -> None:
    found = {alert.name: alert.labels["severity"] for alert in alerts(groups(inventory()))}
    assert found == {
        "CollectorBehind": "warning",
        "CollectorReadsNothing": "warning",
        "CollectorUnread": "critical",
        "CollectorUndecided": "warning",
        "CollectorDecidesTooSoon": "info",
        "CollectorServiceLimited": "warning",
        "CollectorScaleOut": "info",
    }


def test_it_reads_what_collectors_show_and_what_it_has_recorded() -> None:
    rules = [rule for group in groups(inventory()) for rule in group.rules]
    recorded = {rule.record for rule in rules if hasattr(rule, "record")}
    read = {name for rule in rules for name, _ in selectors(rule.expr)}
    assert read == SHOWN | recorded


def test_every_service_generates_the_same() -> None:
    other = inventory()
    assert groups(inventory()) == groups(
        type(other)("bank", "staging", other.registry, dashboards="https://grafana")
    )


@needs_promtool
def test_a_collector_without_kafka_leaves_all_of_it_silent(tmp_path: Path) -> None:
    assert fired(groups(inventory()), ALONE, tmp_path, 55) == set()


@needs_promtool
def test_two_services_beyond_their_limits_are_two_alerts_of_one_rule(tmp_path: Path) -> None:
    dropped = {
        f'otelcol_processor_service_limit_dropped_items{{instance="a:8888", service="{name}",'
        ' signal="traces"}': "_x10 5+5x49"
        for name in ("noisy", "noisier")
    }
    assert fired(groups(inventory()), ALONE | dropped, tmp_path, 30) == {"CollectorServiceLimited"}


@needs_promtool
@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_each_alert_behaves_as_its_trials_say(tmp_path: Path, scale: float) -> None:
    files = rules_of(inventory(scale=scale), "fleet")
    assert prove(files, tmp_path) == 1
