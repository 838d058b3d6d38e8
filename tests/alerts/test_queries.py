"""The rules of a service's queries."""

from __future__ import annotations

from pathlib import Path

from obskit.alerts.generated import rules_of
from obskit.alerts.queries import groups

from .promtool import needs_promtool, prove
from .written import alerts, chosen, expected, inventory, recordings, written

_OF = '{service_name="shop", deployment_environment_name="production"}'


def test_the_rules_of_queries_are_these() -> None:
    assert written(groups(inventory())) == expected("queries")


def test_each_alert_is_told_by_its_name_and_severity() -> None:
    found = [(alert.name, alert.labels["severity"]) for alert in alerts(groups(inventory()))]
    assert found == [("QueriesSlow", "warning"), ("QueriesAboveLastWeek", "warning")]


def test_each_quantile_is_recorded_under_one_name() -> None:
    found = [(rule.record, dict(rule.labels)) for rule in recordings(groups(inventory()))]
    assert found == [
        ("obskit:db_queries:rate", {}),
        ("obskit:db_duration:quantile", {"quantile": "p50"}),
        ("obskit:db_duration:quantile", {"quantile": "p95"}),
        ("obskit:db_duration:quantile", {"quantile": "p99"}),
        ("obskit:db_duration_quantile:hour", {}),
    ]


def test_half_as_long_again_as_a_week_before_is_told_from_a_tenth_of_a_second_on() -> None:
    series = f"obskit:db_duration_quantile:hour{_OF}"
    assert chosen(groups(inventory()), "QueriesAboveLastWeek", "warning").expr == (
        f"{series} > 1.5 * ({series} offset 1w)\nand {series} >= 0.1"
    )


@needs_promtool
def test_promtool_sees_the_alerts_fire_when_they_should_and_not_otherwise(tmp_path: Path) -> None:
    assert prove(rules_of(inventory(), "queries"), tmp_path) == 2
