"""The rules of objectives."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit import Registry
from obskit.alerts.generated import rules_of
from obskit.alerts.objectives import groups
from obskit.objectives import slo

from .promtool import needs_promtool, prove
from .written import alerts, expected, inventory, recordings, written

_BURNS = "obskit:objective_broken:ratio"


def registry(**more: object) -> Registry:
    found = Registry()
    promised = {"availability": 0.999, "latency": "95% < 2s", **more}
    slo(**promised, registry=found)  # type: ignore[arg-type]
    return found


def test_without_an_objective_there_is_no_rule() -> None:
    assert groups(inventory()) == []


def test_the_rules_of_an_objective_are_these() -> None:
    found = registry(route="/pay/<id>", owner="pay", runbook="https://wiki/pay", latency=None)
    assert written(groups(inventory(found))) == expected("objectives")


def test_a_person_is_told_what_is_promised_of_durations() -> None:
    fast, later = alerts(groups(inventory(registry(availability=None))))
    assert fast.annotations == {
        "summary": "shop uses up its error budget of latency fast",
        "description": "{{ $value | humanizePercentage }} of the requests take longer than 2 s; 5% may"
        " over thirty days.",
        "runbook_url": "runbooks.md#errorbudgetburnsfast",
        "dashboard_url": "https://grafana/d/obskit-service?var-service=shop"
        "&var-environment=production",
    }
    assert later.annotations["summary"] == "shop uses up its error budget of latency"
    assert fast.labels == {
        "severity": "critical",
        "owner": "unowned",
        "service": "shop",
        "objective": "service",
        "promise": "latency",
    }


@pytest.mark.parametrize(
    ("availability", "limits"),
    [
        (0.95, {"Fast": ["0.72", "0.3"], "": ["0.15", "0.05"]}),
        (0.9, {"Fast": ["0.6"], "": ["0.3", "0.1"]}),
        (0.85, {"Fast": ["0.9"], "": ["0.45", "0.15"]}),
        (0.8, {"": ["0.6", "0.2"]}),
        (0.5, {"": ["0.5"]}),
    ],
)
def test_more_than_all_requests_cannot_break_a_promise(
    availability: float, limits: dict[str, list[str]]
) -> None:
    found = alerts(groups(inventory(registry(availability=availability, latency=None))))
    assert {
        alert.name.removeprefix("ErrorBudgetBurns"): [
            line.rpartition(" > ")[2] for line in alert.expr.splitlines() if line.startswith(_BURNS)
        ][::2]
        for alert in found
    } == limits


def test_each_promise_has_an_alert_for_now_and_one_for_later() -> None:
    found = [
        (alert.name, alert.labels["promise"], alert.labels["severity"], alert.labels["owner"])
        for alert in alerts(groups(inventory(registry(owner="shop-team"))))
    ]
    assert found == [
        ("ErrorBudgetBurnsFast", "availability", "critical", "shop-team"),
        ("ErrorBudgetBurns", "availability", "warning", "shop-team"),
        ("ErrorBudgetBurnsFast", "latency", "critical", "shop-team"),
        ("ErrorBudgetBurns", "latency", "warning", "shop-team"),
    ]


def test_windows_and_rates_are_those_of_the_workbook() -> None:
    fast, slow, *_ = alerts(groups(inventory(registry())))
    for alert, pairs in (
        (fast, (("1h", "5m", "0.0144"), ("6h", "30m", "0.006"))),
        (slow, (("1d", "2h", "0.003"), ("3d", "6h", "0.001"))),
    ):
        lines = [line for line in alert.expr.splitlines() if line.startswith(_BURNS)]
        wanted = [(window, limit) for long, short, limit in pairs for window in (long, short)]
        assert len(lines) == len(wanted)
        for line, (window, limit) in zip(lines, wanted, strict=True):
            assert line.endswith(f'promise="availability", window="{window}"}} > {limit}')


def test_a_span_between_two_bounds_counts_both_by_how_near_they_are() -> None:
    (broken,) = (
        rule.expr
        for rule in recordings(groups(inventory(registry(availability=None))))
        if rule.record == "obskit:objective_broken:rate"
    )
    first, second, third = broken.splitlines()
    of = 'service_name="shop", deployment_environment_name="production"'
    assert first == f'sum(obskit:objective_requests:rate{{{of}, objective="service"}})'
    bucket = "http_server_request_duration_seconds_bucket"
    assert second == f'- 0.333333333 * sum(rate({bucket}{{{of}, le=~"1|1\\\\.0"}}[5m]))'
    assert third == f'- 0.666666667 * sum(rate({bucket}{{{of}, le="2.5"}}[5m]))'


def test_a_span_that_is_a_bound_counts_that_alone() -> None:
    (broken,) = (
        rule.expr
        for rule in recordings(
            groups(inventory(registry(availability=None, latency="99% < 500ms")))
        )
        if rule.record == "obskit:objective_broken:rate"
    )
    assert broken.count("_bucket") == 1
    assert "- 1 * sum(rate(http_server_request_duration_seconds_bucket{" in broken
    assert 'le="0.5"' in broken


def test_an_objective_of_a_route_counts_that_route() -> None:
    found = recordings(groups(inventory(registry(route="/pay/<id>", latency=None))))
    raw = [rule.expr for rule in found if "http_server_request" in rule.expr]
    assert len(raw) == 2
    assert all('http_route="/pay/<id>"' in expr for expr in raw)


def test_what_is_left_is_looked_for_as_far_back_as_samples_are_kept() -> None:
    (left,) = (
        rule.expr
        for rule in recordings(groups(inventory(registry(latency=None))))
        if rule.record == "obskit:objective_budget:left"
    )
    assert left.startswith("1 - (\n")
    assert left.endswith(") / 0.001")
    assert left.count("[2w1d]") == 2


@needs_promtool
def test_each_alert_behaves_as_its_trials_say(tmp_path: Path) -> None:
    found = registry()
    slo(availability=0.99, route="/pay/<id>", severity="sev2", registry=found)
    files = rules_of(inventory(found), "objectives")
    assert prove(files, tmp_path) == 2


@needs_promtool
def test_the_alerts_of_what_is_promised_of_few_requests_can_fire(tmp_path: Path) -> None:
    files = rules_of(inventory(registry(availability=0.85, latency="50% < 250ms")), "objectives")
    assert prove(files, tmp_path) == 2
