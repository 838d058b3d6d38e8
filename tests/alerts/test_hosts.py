"""The rules of hosts and databases."""

from __future__ import annotations

from pathlib import Path

from obskit.alerts.generated import rules_of
from obskit.alerts.hosts import groups

from .promtool import needs_promtool, prove
from .written import alerts, chosen, inventory, selectors

# As the collector's host_metrics receiver and Debian's exporters show them.
SHOWN = {
    "system_cpu_time_seconds_total",
    "system_memory_usage_bytes",
    "system_filesystem_usage_bytes",
    "pg_up",
    "pg_stat_activity_count",
    "pg_settings_max_connections",
    "pg_stat_activity_max_tx_duration",
    "redis_up",
    "redis_connected_clients",
    "redis_config_maxclients",
}


def test_it_reads_what_collector_and_exporters_show() -> None:
    read = {name for alert in alerts(groups(inventory())) for name, _ in selectors(alert.expr)}
    assert read == SHOWN


def test_where_nothing_is_read_nothing_is_said_to_be_absent() -> None:
    assert not any("absent" in alert.expr for alert in alerts(groups(inventory())))


def test_space_that_is_reserved_is_no_space() -> None:
    full = chosen(groups(inventory()), "DiskAlmostFull", "warning")
    assert 'state=~"free|used"' in full.expr
    assert full.expr.endswith("< 0.1")


@needs_promtool
def test_each_alert_behaves_as_its_trials_say(tmp_path: Path) -> None:
    files = rules_of(inventory(), "hosts")
    assert prove(files, tmp_path) == 2
