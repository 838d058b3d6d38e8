"""What all rules of a service share."""

from __future__ import annotations

from obskit.alerts.inventory import Inventory
from obskit.registry import Registry


def inventory(**fields: object) -> Inventory:
    return Inventory(**{"service": "shop", "environment": "", "registry": Registry(), **fields})  # type: ignore[arg-type]


def told(**fields: object) -> dict[str, str]:
    return inventory(**fields).annotations(
        "It fails", "Badly.", topic="checkcritical", dashboard="a b"
    )


def test_a_measurement_takes_two_exports_and_half_a_minute_to_be_read() -> None:
    assert inventory(export_interval=60.0).delay == 150.0
    assert inventory(export_interval=1.0, scale=0.1).delay == 5.0


def test_a_drill_shortens_the_spans_of_the_rules() -> None:
    assert inventory().scaled(300.0) == 300.0
    assert inventory(scale=0.5).scaled(300.0) == 150.0


def test_a_span_is_told_without_the_error_of_a_binary_fraction() -> None:
    assert inventory(scale=0.1).scaled(3.0) == 0.3
    assert inventory(scale=1 / 3).scaled(1.0) == 0.333333


def test_a_service_exports_each_minute_and_samples_are_kept_for_half_a_month() -> None:
    assert inventory().delay == 150.0
    assert inventory().retention == 1_296_000.0


def test_a_series_is_of_the_service_and_its_environment() -> None:
    assert inventory(environment="production").series("up", code=["1", "2"]) == (
        'up{service_name="shop", deployment_environment_name="production", code=~"1|2"}'
    )


def test_what_is_real_is_of_no_drill() -> None:
    assert inventory().real("up", code="1") == (
        'up{service_name="shop", deployment_environment_name="", code="1", obskit_drill=""}'
    )


def test_what_is_recorded_says_whose_it_is() -> None:
    assert inventory(environment="test").identity == {
        "service_name": "shop",
        "deployment_environment_name": "test",
    }


def test_an_alert_is_labelled_with_how_soon_who_and_whose() -> None:
    assert inventory().labels("sev1", "data", check="db") == {
        "severity": "critical",
        "owner": "data",
        "service": "shop",
        "check": "db",
    }
    assert inventory().labels("sev2", None)["severity"] == "warning"
    assert inventory().labels("sev3", None) == {
        "severity": "info",
        "owner": "unowned",
        "service": "shop",
    }


def test_a_person_is_told_in_which_environment() -> None:
    assert inventory(environment="production").place == 'In environment "production".'
    assert inventory().place == "The service names no environment."


def test_without_a_runbook_of_its_own_the_general_one_is_named() -> None:
    assert told() == {
        "summary": "It fails",
        "description": "Badly.",
        "runbook_url": "runbooks.md#checkcritical",
    }
    assert told(runbooks="https://wiki/r")["runbook_url"] == "https://wiki/r#checkcritical"


def test_a_runbook_of_its_own_is_named() -> None:
    found = inventory().annotations("", "", runbook="https://wiki/db", topic="t", dashboard="d")
    assert found["runbook_url"] == "https://wiki/db"


def test_the_dashboard_is_opened_at_what_the_alert_is_about() -> None:
    found = inventory(environment="a&b", dashboards="https://grafana/").annotations(
        "", "", topic="t", dashboard="obskit-checks", variables={"check": "db 1"}
    )
    assert found["dashboard_url"] == (
        "https://grafana/d/obskit-checks?var-service=shop&var-environment=a%26b&var-check=db+1"
    )
    assert told(dashboards="https://grafana")["dashboard_url"].startswith(
        "https://grafana/d/a%20b?"
    )


def test_a_label_in_the_address_of_a_dashboard_is_put_there_when_the_alert_fires() -> None:
    found = inventory(dashboards="https://grafana").annotations(
        "", "", topic="t", dashboard="d", variables={"route": "{{ $labels.http_route }}"}
    )
    assert found["dashboard_url"].endswith("&var-route={{ $labels.http_route | urlquery }}")
