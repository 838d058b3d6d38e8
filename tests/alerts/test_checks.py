"""The rules of checks, as they are written and as Prometheus follows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from obskit import Registry, above
from obskit.alerts.checks import groups
from obskit.alerts.generated import rules_of
from obskit.alerts.inventory import DAY
from obskit.alerts.rule import Group
from obskit.exceptions import DeclarationError

from .promtool import needs_promtool, prove
from .written import alerts, expected, inventory, written


def rows(**options: object) -> list[Group]:
    """The rules of one check."""
    registry = Registry()
    options = {"every": "1h", **options}
    registry.add("rows", lambda: 1, **options)  # type: ignore[arg-type]
    return groups(inventory(registry))


def description(**options: object) -> str:
    return alerts(rows(**options))[0].annotations["description"]


def test_the_rules_of_a_check_are_these() -> None:
    found = rows(
        judge=above(critical=5),
        unit="{row}",
        severity="sev1",
        owner="data",
        runbook="https://wiki/rows",
        description="Rows that belong to nobody.",
    )
    assert written(found) == expected("checks")


def test_nothing_is_generated_of_nothing() -> None:
    assert groups(inventory()) == []


@pytest.mark.parametrize(
    ("severity", "critical", "warning", "unknown"),
    [
        ("sev1", "critical", "warning", "critical"),
        ("sev2", "warning", "info", "warning"),
        ("sev3", "info", "info", "info"),
    ],
)
def test_a_warning_is_less_urgent_than_what_is_critical_or_unknown(
    severity: str, critical: str, warning: str, unknown: str
) -> None:
    found = {alert.name: alert.labels.get("severity") for alert in alerts(rows(severity=severity))}
    assert found == {
        "CheckCritical": critical,
        "CheckWarning": warning,
        "CheckUnknown": unknown,
        "CheckSilent": None,
        "RulesOutOfDate": "info",
    }


def test_a_check_that_runs_after_a_job_is_not_missed_and_is_read_for_two_days() -> None:
    found = rows(every=None, on="job:nightly")
    assert [alert.name for alert in alerts(found)] == [
        "CheckCritical",
        "CheckWarning",
        "CheckUnknown",
        "RulesOutOfDate",
    ]
    assert "[3d]" in alerts(found)[0].expr
    assert alerts(found)[2].holds_for == 0
    assert found[0].rules[0].expr == "vector(+Inf)"


@pytest.mark.parametrize(
    ("unit", "told"),
    [
        ("s", "It measured {{ . | first | value | humanizeDuration }}."),
        ("By", "It measured {{ . | first | value | humanize1024 }}."),
        ("1", "It measured {{ . | first | value | humanizePercentage }}."),
        ("", "It measured {{ . | first | value | humanize }}."),
        ("{row}", "It measured {{ . | first | value | humanize }} row."),
    ],
)
def test_a_value_is_told_in_its_unit(unit: str, told: str) -> None:
    assert told in description(unit=unit)


def test_a_service_without_an_environment_says_so() -> None:
    registry = Registry()
    registry.add("rows", lambda: 1, every="1h")
    (alert, *_) = alerts(groups(inventory(registry, environment="")))
    assert alert.annotations["description"].endswith("The service names no environment.")


def test_checks_of_like_periods_are_read_together() -> None:
    registry = Registry()
    for name, every in (("b", "4m"), ("a", "5m"), ("daily", "24h")):
        registry.add(name, lambda: None, every=every)
    newest = groups(inventory(registry))[0].rules[3].expr
    of = 'service_name="shop", deployment_environment_name="production"'
    assert newest.splitlines()[1:-1] == [
        f'last_over_time(obskit_check_last_run_timestamp_seconds{{{of}, obskit_check_name=~"a|b"}}[20m])',
        "or",
        f'last_over_time(obskit_check_last_run_timestamp_seconds{{{of}, obskit_check_name=~"daily"}}[3d])',
    ]


def test_a_check_that_runs_too_seldom_is_refused() -> None:
    registry = Registry()
    registry.add("rare", lambda: None, every="8d")
    with pytest.raises(DeclarationError, match="the check 'rare'"):
        groups(inventory(registry, retention=15 * DAY))


@needs_promtool
def test_prometheus_follows_the_rules_through_every_past(tmp_path: Path) -> None:
    registry = Registry()
    registry.add("database", lambda: 1, every="1m", severity="sev1")
    registry.add("after", lambda: 1, on="job:nightly")
    assert prove(rules_of(inventory(registry), "checks"), tmp_path) == 2


@needs_promtool
@pytest.mark.parametrize(
    "when", [{"every": "12h"}, {"cron": "0 3 * * *", "timezone": "UTC", "scope": "fleet"}]
)
def test_prometheus_follows_them_however_seldom_a_check_runs(
    tmp_path: Path, when: dict[str, Any]
) -> None:
    registry = Registry()
    registry.add("certificate", lambda: 1, **when)
    files = rules_of(inventory(registry), "checks")
    assert prove(files, tmp_path) > 0


@needs_promtool
def test_prometheus_follows_them_also_where_the_spans_are_those_of_a_drill(tmp_path: Path) -> None:
    registry = Registry()
    for name in ("database", "backups"):
        registry.add(name, lambda: 1, every="1m", severity="sev1")
    files = rules_of(inventory(registry, scale=0.05), "checks")
    assert prove(files, tmp_path) == 1
