"""From an alert to who hears of it, through a real Alertmanager and what obskit configures it with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from obskit.receivers.hours import DAYS

from .alerting import Alertmanager, alert
from .waiting import wait_until
from .webhook import WebhookReceiver

CHECK = "obskit_check_name"
ALWAYS = {"days": "monday-sunday", "from": "00:00", "until": "24:00", "timezone": "UTC"}


@pytest.fixture
def hook() -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver()
    yield receiver
    receiver.close()


@pytest.fixture
def other() -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver()
    yield receiver
    receiver.close()


def team(hook: WebhookReceiver, **more: Any) -> dict[str, Any]:
    """One receiver for everything."""
    return {
        "receivers": {"team": {"webhook": {"url": hook.url}}, **more.pop("receivers", {})},
        "default": {"receiver": "team"},
        **more,
    }


def names(receiver: WebhookReceiver, status: str = "firing") -> list[str]:
    """What was told of, each as often as it was."""
    return sorted(
        one["labels"].get(CHECK, one["labels"]["alertname"]) for one in receiver.received(status)
    )


def settled(manager: Alertmanager, receiver: WebhookReceiver) -> None:
    """Wait until what was told to the manager before has been delivered, by what is told after it."""
    for number in range(3):  # a group that waits longer than one of these, waits for ever
        manager.post(alert(f"Sentinel{number}", "critical"))
        wait_until(
            "the sentinel arrives",
            lambda number=number: receiver.received("firing", alertname=f"Sentinel{number}"),  # type: ignore[misc]
        )


def without_sentinels(receiver: WebhookReceiver) -> list[str]:
    return [name for name in names(receiver) if not name.startswith("Sentinel")]


def test_alerts_of_a_service_and_severity_come_grouped_and_are_told_to_be_resolved(
    tmp_path: Path, hook: WebhookReceiver
) -> None:
    with Alertmanager(tmp_path, team(hook)) as manager:
        both = [alert("CheckCritical", "warning", check=check) for check in ("disk", "memory")]
        apart = alert("CheckCritical", "critical", check="certificate")
        manager.post(*both, apart)
        wait_until("all arrive", lambda: len(hook.received("firing")) == 3)
        assert sorted(
            sorted(one["labels"][CHECK] for one in group) for group in hook.groups("firing")
        ) == [
            ["certificate"],
            ["disk", "memory"],
        ]
        manager.post(alert("CheckCritical", "critical", ended=True, check="certificate"))
        wait_until("it is resolved", lambda: names(hook, "resolved") == ["certificate"])


def test_a_database_that_is_down_with_twelve_dependents_is_one_notification(
    tmp_path: Path, hook: WebhookReceiver
) -> None:
    with Alertmanager(tmp_path, team(hook)) as manager:
        parts = [alert("CheckCritical", "warning", check=f"part-{n}") for n in range(12)]
        manager.post(alert("CheckCritical", "critical", check="database"), *parts)
        settled(manager, hook)
        assert without_sentinels(hook) == ["database"]
        assert {manager.states()[f"part-{number}"] for number in range(12)} == {"suppressed"}
        # When the database is well again, what is still broken is told of.
        manager.post(alert("CheckCritical", "critical", ended=True, check="database"))
        wait_until("the others arrive", lambda: len(without_sentinels(hook)) == 13)


def test_a_dependency_in_another_environment_or_in_a_drill_keeps_nothing_quiet(
    tmp_path: Path, hook: WebhookReceiver
) -> None:
    with Alertmanager(tmp_path, team(hook)) as manager:
        manager.post(
            alert(
                "CheckCritical", "critical", check="database", deployment_environment_name="test"
            ),
            alert("CheckCritical", "critical", check="database", obskit_drill="d1"),
            alert("CheckCritical", "warning", check="part-1"),
        )
        wait_until("all arrive", lambda: names(hook) == ["database", "database", "part-1"])


def test_critical_keeps_the_warning_of_the_same_check_quiet_and_of_no_other(
    tmp_path: Path, hook: WebhookReceiver
) -> None:
    with Alertmanager(tmp_path, team(hook)) as manager:
        manager.post(
            alert("CheckCritical", "warning", check="disk"),
            alert("CheckWarning", "info", check="disk"),
            alert("CheckWarning", "info", check="memory"),
            alert("ErrorRatioHigh", "critical", http_route="/pay"),
            alert("ErrorRatioHigh", "warning", http_route="/pay"),
            alert("ErrorRatioHigh", "warning", http_route="/search"),
        )
        settled(manager, hook)
        told = sorted(
            (one["labels"]["alertname"], one["labels"]["severity"])
            for one in hook.received("firing")
            if not one["labels"]["alertname"].startswith("Sentinel")
        )
        assert told == [
            ("CheckCritical", "warning"),
            ("CheckWarning", "info"),
            ("ErrorRatioHigh", "critical"),
            ("ErrorRatioHigh", "warning"),
        ]


def test_a_service_or_a_pipeline_that_is_down_is_told_of_alone(
    tmp_path: Path, hook: WebhookReceiver
) -> None:
    with Alertmanager(tmp_path, team(hook)) as manager:
        manager.post(
            alert("ServiceDown", "critical"),
            alert("CheckUnknown", "warning", check="disk"),
            alert("CheckSilent", "warning", check="disk"),
        )
        settled(manager, hook)
        assert without_sentinels(hook) == ["ServiceDown"]
        manager.post(
            alert("CollectorDown", "critical", service="telemetry") | _nowhere(),
            alert("CheckSilent", "warning", check="memory"),
            alert("ServiceDown", "critical", ended=True),
        )
        settled(manager, hook)
        assert manager.states()["memory"] == "suppressed"


def _nowhere() -> dict[str, Any]:
    labels = {"alertname": "CollectorDown", "severity": "critical", "service": "telemetry"}
    return {"labels": labels}


def test_a_mute_window_silences_what_it_means_and_nothing_else(
    tmp_path: Path, hook: WebhookReceiver
) -> None:
    mute = {"backup": {**ALWAYS, "match": {"check": "disk", "severity": ["sev2", "sev3"]}}}
    with Alertmanager(tmp_path, team(hook, mute=mute)) as manager:
        manager.post(
            alert("CheckCritical", "warning", check="disk"),
            alert("CheckSilent", "critical", check="disk"),
            alert("CheckCritical", "warning", check="memory"),
        )
        settled(manager, hook)
        told = {
            (one["labels"]["alertname"], one["labels"].get(CHECK))
            for one in hook.received("firing")
        }
        assert told == {
            ("CheckSilent", "disk"),
            ("CheckCritical", "memory"),
            *((f"Sentinel{number}", None) for number in range(3)),
        }


def test_out_of_working_hours_sev1_and_sev3_are_told_of_and_sev2_is_not(
    tmp_path: Path, hook: WebhookReceiver
) -> None:
    far = DAYS[(datetime.now(timezone.utc) + timedelta(days=3)).weekday()]
    with Alertmanager(tmp_path, team(hook, working_hours={**ALWAYS, "days": far})) as manager:
        for name, severity in (("One", "critical"), ("Two", "warning"), ("Three", "info")):
            manager.post(alert(name, severity))
        settled(manager, hook)
        assert without_sentinels(hook) == ["One", "Three"]


def test_in_working_hours_sev2_is_told_of(tmp_path: Path, hook: WebhookReceiver) -> None:
    with Alertmanager(tmp_path, team(hook, working_hours=ALWAYS)) as manager:
        manager.post(alert("Two", "warning"))
        wait_until("it arrives", lambda: names(hook) == ["Two"])


def test_sev1_pages_and_goes_on_to_the_team(
    tmp_path: Path, hook: WebhookReceiver, other: WebhookReceiver
) -> None:
    given = team(
        hook,
        receivers={"on-call": {"webhook": {"url": other.url}}},
        severities={"sev1": {"page": "on-call"}},
    )
    with Alertmanager(tmp_path, given) as manager:
        manager.post(alert("One", "critical"), alert("Two", "warning"))
        wait_until("the team hears", lambda: names(hook) == ["One", "Two"])
        wait_until("somebody is paged", lambda: names(other) == ["One"])


def test_the_watchdog_beats_at_its_own_receiver_and_at_no_other(
    tmp_path: Path, hook: WebhookReceiver, other: WebhookReceiver
) -> None:
    given = team(
        hook,
        receivers={"heartbeat": {"webhook": {"url": other.url}}},
        watchdog={"receiver": "heartbeat"},
    )
    with Alertmanager(tmp_path, given) as manager:
        manager.post(alert("Watchdog", "info"))
        wait_until("it beats twice", lambda: len(other.received("firing")) >= 2)
        settled(manager, hook)
        assert without_sentinels(hook) == []
        assert {*names(other)} == {"Watchdog"}
