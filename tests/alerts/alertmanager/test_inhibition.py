"""Which alert keeps which other one quiet."""

from __future__ import annotations

import re
from typing import Any

from obskit import Registry, job, quota
from obskit.alerts.alertmanager.inhibition import rules
from obskit.alerts.alertmanager.routes import WATCHDOG
from obskit.alerts.generated import MAKERS
from obskit.alerts.inventory import Inventory
from obskit.objectives import slo

from .given import shop

SAME = ["service", "deployment_environment_name", "obskit_drill"]


def told(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["source_matchers"][0], one["target_matchers"][0]) for one in found]


def test_a_dependency_keeps_its_dependents_quiet_through_what_lies_between() -> None:
    found = rules(shop())[:2]
    assert [one["equal"] for one in found] == [SAME, SAME]
    states = 'alertname=~"CheckCritical|CheckWarning|CheckUnknown", service="shop"'
    assert told(found) == [
        (
            '{alertname="CheckCritical", service="shop", obskit_check_name="database"}',
            f'{{{states}, obskit_check_name=~"invoices|orders"}}',
        ),
        (
            '{alertname="CheckCritical", service="shop", obskit_check_name="orders"}',
            f'{{{states}, obskit_check_name="invoices"}}',
        ),
    ]


def test_checks_that_depend_on_each_other_keep_neither_quiet() -> None:
    registry = Registry()
    registry.add("a", lambda: True, every="1m", depends_on=["b"])
    registry.add("b", lambda: True, every="1m", depends_on=["a"])
    assert len(rules(Inventory("shop", "", registry))) == len(
        rules(Inventory("shop", "", Registry()))
    )


def test_critical_keeps_quiet_what_is_milder_of_the_same_thing() -> None:
    check, *_, alert, _ = rules(shop())[2:]
    assert told([check, alert]) == [
        ('{alertname="CheckCritical"}', '{alertname=~"CheckWarning|CheckUnknown"}'),
        ('{severity="critical"}', '{severity=~"warning|info"}'),
    ]
    assert check["equal"] == [*SAME, "obskit_check_name"]
    # One route or disk says nothing of another.
    assert {"alertname", *SAME, "obskit_check_name", "http_route", "mountpoint"} <= {
        *alert["equal"]
    }


def test_a_service_that_is_down_keeps_its_checks_and_its_traffic_quiet() -> None:
    down = rules(shop())[3]
    assert told([down]) == [
        (
            '{alertname="ServiceDown"}',
            '{alertname=~"CheckCritical|CheckWarning|CheckUnknown|CheckSilent|TrafficLost"}',
        )
    ]
    assert down["equal"] == SAME


def test_what_else_a_fault_sets_off_is_quiet_unless_it_is_graver() -> None:
    found = [one for one in rules(shop()) if "ServiceErrors" in one["source_matchers"][0]]
    others = 'alertname=~"ErrorsAboveLastWeek|ErrorBudgetBurnsFast|ErrorBudgetBurns"'
    assert told(found) == [
        (
            '{alertname="ServiceErrors", severity="critical"}',
            f'{{{others}, severity=~"critical|warning|info"}}',
        ),
        (
            '{alertname="ServiceErrors", severity="warning"}',
            f'{{{others}, severity=~"warning|info"}}',
        ),
        ('{alertname="ServiceErrors", severity="info"}', f'{{{others}, severity="info"}}'),
    ]


def test_a_quota_that_is_used_up_keeps_quiet_that_it_nearly_is() -> None:
    (found,) = (one for one in rules(shop()) if "QuotaUsedUp" in one["source_matchers"][0])
    assert told([found]) == [('{alertname="QuotaUsedUp"}', '{alertname="QuotaNearLimit"}')]
    assert found["equal"] == [*SAME, "obskit_quota_name"]


def test_a_pipeline_that_is_down_keeps_quiet_what_is_said_where_nothing_arrives() -> None:
    pipeline = rules(shop())[-1]
    source = 'alertname=~"TelemetryPipelineDown|CollectorDown", service=~"|shop|telemetry"'
    stale = (
        'alertname=~"CheckSilent|JobLate|JobTooLong|JobNeverRan|ServiceDown|TrafficLost'
        '|TelemetryLost|TelemetryDelayed"'
    )
    environment = "deployment_environment_name"
    assert told([pipeline]) == [
        (
            f'{{{source}, {environment}=~"|production"}}',
            f'{{{stale}, service="shop", {environment}="production"}}',
        )
    ]
    assert pipeline["equal"] == ["obskit_drill"]


def test_every_alert_that_is_named_is_one_of_a_generated_rule() -> None:
    registry = Registry()
    registry.add("database", lambda: True, every="1m")
    job("import", expect_every="1h", max_runtime="10m", registry=registry)
    quota("maps", limit=20, per="1h", registry=registry)
    slo(availability=0.999, registry=registry)
    inventory = Inventory("shop", "production", registry)
    known = {
        alert.name
        for make in MAKERS.values()
        for group in make(inventory)
        for alert in group.alerts
    }
    named = set()
    for one in rules(inventory):
        for matcher in (*one["source_matchers"], *one["target_matchers"]):
            for word in re.findall(r'alertname=~?"([^"]+)"', matcher):
                named.update(word.split("|"))
    assert named - known == set()
    assert WATCHDOG in known
