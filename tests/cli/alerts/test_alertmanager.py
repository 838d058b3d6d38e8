"""What Alertmanager is asked, and how its answers are read."""

from __future__ import annotations

import pytest

pytest.importorskip("click", reason="Click is not installed")

from tests.cli.doctor.conftest import base, by_path
from tests.faults import faulty

from obskit.alerts.report import Matcher, Silence
from obskit.cli.alerts import alertmanager
from obskit.cli.alerts.alertmanager import Sent
from obskit.cli.alerts.ask import NoAnswer

_REQUESTS = "alertmanager_notification_requests_total"
_FAILED = "alertmanager_notification_requests_failed_total"


def sent(*lines: str) -> dict[str, Sent]:
    """What is read of these metrics."""
    with faulty(by_path({"/metrics": "\n".join([*lines, ""])})) as server:
        return alertmanager.sent(base(server))


def test_alerts_are_asked_for_by_a_label() -> None:
    with faulty(by_path({"/api/v2/alerts": [{"receivers": []}]})) as server:
        found = alertmanager.alerts(base(server), "alertname", "Watchdog")
        (request,) = server.requests
    assert found == [{"receivers": []}]
    assert request.path == "/api/v2/alerts?filter=alertname%3D%22Watchdog%22"


def test_a_silence_is_read_to_the_second_and_its_matchers_are_equal_unless_told() -> None:
    matcher = {"name": "service", "value": "sh.p", "isRegex": True}
    told = {
        "matchers": [matcher, {**matcher, "isEqual": False}],
        "startsAt": "2026-01-01T00:00:00.123456789Z",
        "endsAt": "2026-01-01T03:00:00.5+02:00",
    }
    with faulty(by_path({"/api/v2/silences": [told]})) as server:
        (found,) = alertmanager.silences(base(server))
    of_regex = Matcher("service", "sh.p", regex=True)
    unequal = Matcher("service", "sh.p", regex=True, equal=False)
    assert found == Silence((of_regex, unequal), 1_767_225_600.0, 1_767_229_200.0)


def test_requests_of_all_receivers_of_an_integration_are_added_up() -> None:
    found = sent(
        f'{_REQUESTS}{{integration="webhook",receiver_name="team"}} 9',
        f'{_REQUESTS}{{integration="webhook",receiver_name="data"}} 3',
        f'{_FAILED}{{integration="webhook",receiver_name="data",reason="other"}} 2',
        f'{_REQUESTS}{{integration="email"}} 1e+06',
    )
    assert found == {"webhook": Sent(10.0, 2.0), "email": Sent(1_000_000.0, 0.0)}


def test_an_integration_of_which_only_failures_are_counted_is_left_out() -> None:
    found = sent(f'{_FAILED}{{integration="email"}} 1', f'{_REQUESTS}{{integration="webhook"}} 1')
    assert found == {"webhook": Sent(1.0, 0.0)}


def test_metrics_without_notifications_are_of_another_server() -> None:
    with pytest.raises(NoAnswer, match="is it the URL of an Alertmanager from"):
        sent("up 1")


def test_what_is_no_list_is_of_another_server() -> None:
    with (
        faulty(by_path({"/": {"status": "success"}})) as server,
        pytest.raises(NoAnswer, match="gave no answer of Alertmanager: is it another server"),
    ):
        alertmanager.silences(base(server))
