"""Counters of the collector that are there from the first failure on."""

from __future__ import annotations

from pathlib import Path

from obskit.alerts.growth import growth
from obskit.alerts.platform import alert
from obskit.alerts.rule import Group

from .promtool import fired, needs_promtool
from .written import inventory

UPTIME = 'otelcol_process_uptime{instance="a:8888"}'
FAILED = 'failed{instance="a:8888"}'


def grown(expr: str) -> list[Group]:
    """An alert of a growth of more than 4."""
    told = {"severity": "sev3", "of": "telemetry", "summary": "-", "description": "-"}
    made = alert(inventory(), "Grown", f"({expr}) > 4", **told)  # type: ignore[arg-type]
    return [Group("grown", (made,))]


def test_it_reads_the_counter_now_before_and_since() -> None:
    assert growth("failed", 300.0) == (
        "((failed unless failed offset 5m) and on (instance)"
        " (otelcol_process_uptime offset 5m or otelcol_process_uptime < 300))"
        " or increase(failed[5m])"
    )


@needs_promtool
def test_the_first_failure_counts(tmp_path: Path) -> None:
    first = {UPTIME: "0+60x40", FAILED: "_x20 5x20"}
    assert fired(grown(growth("failed", 300.0)), first, tmp_path, 22) == {"Grown"}
    assert fired(grown(growth("failed", 300.0)), first, tmp_path, 30) == set()


@needs_promtool
def test_a_counter_that_prometheus_has_only_just_found_is_not_new(tmp_path: Path) -> None:
    found = {UPTIME: "_x20 90000+60x20", FAILED: "_x20 5x20"}
    assert fired(grown(growth("failed", 300.0)), found, tmp_path, 22) == set()
