"""Whether alerts come to Alertmanager, and leave it."""

from __future__ import annotations

import pytest
from tests.cli.doctor import asked
from tests.cli.doctor.conftest import Doctor, base, by_path
from tests.cli.host import CHECKS, Host
from tests.faults import faulty

_REQUESTS = "alertmanager_notification_requests_total"
_FAILED = "alertmanager_notification_requests_failed_total"
_FOR_EVER = "2999-01-01T00:00:00Z"
_NOBODY = [{"receivers": [{"name": "_nobody"}]}]


@pytest.fixture
def app(host: Host) -> Host:
    """An app with a name."""
    host.write("", before=f'import obskit\nobskit.init("shop", log_format="none"){CHECKS}')
    return host


def silence(ends: str, *matchers: tuple[str, str, bool, bool]) -> dict[str, object]:
    names = ("name", "value", "isRegex", "isEqual")
    return {
        "matchers": [dict(zip(names, one, strict=True)) for one in matchers],
        "startsAt": "2026-01-01T00:00:00.123456789Z",
        "endsAt": ends,
    }


def told(
    doctor: Doctor,
    *silences: dict[str, object],
    watchdog: object = ({"receivers": [{"name": "heartbeat"}, {"name": "_nobody"}]},),
    sent: int = 9,
    failed: int = 0,
) -> tuple[list[str], int]:
    """What is said of an Alertmanager."""
    of = '{integration="webhook",receiver_name="team"}'
    metrics = f"{_REQUESTS}{of} {sent}\n{_FAILED}{of} {failed}\n"
    answers = {"/api/v2/alerts": watchdog, "/api/v2/silences": silences, "/metrics": metrics}
    left_out = "alerts.toml is not here", "no check is declared"
    return asked.of_server(doctor, "--alertmanager", answers, *left_out)


def test_a_watchdog_that_comes_and_is_heard_is_well(app: Host, doctor: Doctor) -> None:
    assert told(doctor) == (
        ["OK      alerts        Watchdog comes to ALERTMANAGER, for heartbeat"],
        0,
    )


def test_a_watchdog_that_does_not_come_is_found(app: Host, doctor: Doctor) -> None:
    lines, code = told(doctor, watchdog=[])
    assert lines == [
        (
            "FAILED  alerts        Watchdog, which always fires, does not come to ALERTMANAGER: is this the"
            " Alertmanager that Prometheus tells (alerting in its configuration), does it reach it, and does"
            " it evaluate telemetry.yml?"
        )
    ]
    assert code == 1


def test_a_watchdog_that_nobody_hears_is_a_warning(app: Host, doctor: Doctor) -> None:
    lines, code = told(doctor, watchdog=_NOBODY)
    assert lines == [
        (
            "WARNING alerts        Watchdog comes to ALERTMANAGER, and nobody hears it: where alerts cease to"
            " come, nobody notices: name a receiver of its own under [watchdog] in alerts.toml"
        )
    ]
    assert code == 0


def test_a_silence_for_ever_is_found_with_what_it_hides(app: Host, doctor: Doctor) -> None:
    of = (("alertname", "Check.*", True, True), ("service", "books", False, False))
    lines, code = told(doctor, silence(_FOR_EVER, *of))
    assert lines[1:] == [
        (
            'FAILED  alerts        nobody is told of alertname=~"Check.*", service!="books": silenced in'
            " ALERTMANAGER until 2999-01-01T00:00:00Z: end it there, if it is over: ALERTMANAGER/#/silences"
        )
    ]
    assert code == 1


def test_a_silence_of_some_days_is_a_warning(
    app: Host, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("obskit.cli.doctor.delivery._EVER", 1e12)
    lines, code = told(doctor, silence(_FOR_EVER, ("owner", "data", True, False)))
    assert lines[1].startswith('WARNING alerts        nobody is told of owner!~"data": silenced')
    assert code == 0


@pytest.mark.parametrize(
    "over",
    [
        silence("2026-01-02T00:00:00Z", ("service", "shop", False, True)),
        silence(_FOR_EVER, ("service", "books", False, True)),
        {
            **silence(_FOR_EVER, ("service", "shop", False, True)),
            "startsAt": "2998-01-01T00:00:00Z",
        },
    ],
    ids=["that-has-ended", "of-another-service", "to-come"],
)
def test_a_silence_that_hides_nothing_of_this_service_now_is_none(
    app: Host, doctor: Doctor, over: dict[str, object]
) -> None:
    assert (len(told(doctor, over)[0]), told(doctor, over)[1]) == (1, 0)


def test_a_silence_of_what_all_stand_on_counts(app: Host, doctor: Doctor) -> None:
    assert told(doctor, silence(_FOR_EVER, ("service", "telemetry", False, True)))[1] == 1


def test_notifications_of_which_none_was_ever_taken_are_found(app: Host, doctor: Doctor) -> None:
    lines, code = told(doctor, sent=12, failed=12)
    assert lines[1:] == [
        (
            "FAILED  alerts        12 of 12 notifications by webhook failed since ALERTMANAGER began: its log"
            " says why: the receiver's address, its secret, or the network"
        )
    ]
    assert code == 1


def test_notifications_of_which_some_were_not_taken_are_a_warning(
    app: Host, doctor: Doctor
) -> None:
    lines, code = told(doctor, sent=12, failed=1)
    assert lines[1].startswith("WARNING alerts        1 of 12 notifications by webhook failed")
    assert code == 0


@pytest.mark.parametrize("answer", [[7], [{"receivers": 7}], "<html>", {"a": 1}])
def test_what_answers_as_no_alertmanager_does_is_told(
    app: Host, doctor: Doctor, answer: object
) -> None:
    with faulty(by_path({"/": answer})) as server:
        found = doctor("alerts", "--alertmanager", base(server))
    assert "another server?" in found.output
    assert "a mistake of obskit's" not in found.output
    assert found.exit_code == 1
