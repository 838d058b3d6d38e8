"""Alerts of what all services stand on."""

from __future__ import annotations

from obskit.alerts.platform import alert

from .written import inventory


def test_it_is_about_no_service_and_chooses_none_on_its_dashboard() -> None:
    made = alert(
        inventory(),
        "CollectorDown",
        "up == 0",
        severity="sev2",
        of="telemetry",
        summary="The collector does not answer",
        description="Others do.",
        waits=300.0,
    )
    assert made.labels == {"severity": "warning", "owner": "unowned", "service": "telemetry"}
    assert made.annotations == {
        "summary": "The collector does not answer",
        "description": "Others do.",
        "runbook_url": "runbooks.md#collectordown",
        "dashboard_url": "https://grafana/d/obskit-telemetry",
    }
    assert (made.holds_for, made.keeps_for) == (300.0, 0.0)
