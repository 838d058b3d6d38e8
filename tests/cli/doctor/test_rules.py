"""Whether Prometheus has the rules of an app, evaluates them, and tells somebody."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner
from tests.cli.doctor import asked
from tests.cli.doctor.conftest import Doctor, base, by_path
from tests.cli.host import CHECKS, Host
from tests.faults import faulty, refusing

from obskit.alerts.generated import MAKERS, SHARED
from obskit.alerts.inventory import Inventory
from obskit.cli import main
from obskit.registry import Registry

_WATCHDOG = {"labels": {"alertname": "Watchdog", "service": "telemetry"}, "state": "firing"}


@pytest.fixture
def app(host: Host) -> Host:
    """An app with a name, and a check."""
    host.write(
        'checks.add("rows", lambda: None, every="1m", timeout="10s")',
        before=f'import obskit\nobskit.init("shop", log_format="none"){CHECKS}',
    )
    return host


def rules(*, without: str = "") -> list[dict[str, Any]]:
    """The rules of the app, as Prometheus tells of them."""
    registry = Registry()
    registry.add("rows", lambda: None, every="1m", timeout="10s")
    expected = Inventory("shop", "", registry)
    return [
        {"name": alert.name, "labels": dict(alert.labels), "health": "ok"}
        for subject, make in MAKERS.items()
        if subject not in SHARED
        for group in make(expected)
        for alert in group.alerts
        if alert.name != without
    ]


def told(
    doctor: Doctor,
    *,
    there: list[dict[str, Any]] | None = None,
    firing: tuple[dict[str, Any], ...] = (_WATCHDOG,),
    tells: tuple[str, ...] = ("http://ada:hunter2@alertmanager:9093/api/v2/alerts",),
) -> tuple[list[str], int]:
    """What is said of a Prometheus, without what the host itself is."""
    answers = {
        "/api/v1/rules": {"groups": [{"rules": rules() if there is None else there}]},
        "/api/v1/alerts": {"alerts": list(firing)},
        "/api/v1/alertmanagers": {"activeAlertmanagers": [{"url": url} for url in tells]},
    }
    written = {path: {"data": data} for path, data in answers.items()}
    return asked.of_server(doctor, "--prometheus", written, "alerts.toml", "no check has run")


def test_rules_that_are_there_and_told_on_are_well(app: Host, doctor: Doctor) -> None:
    lines, _ = told(doctor)
    assert lines == [
        (
            f"OK      alerts        PROMETHEUS has {len(rules())} rules that alert, and tells"
            " http://ada:[redacted]@alertmanager:9093/api/v2/alerts"
        )
    ]


def test_a_prometheus_without_rules_is_found(app: Host, doctor: Doctor) -> None:
    assert told(doctor, there=[]) == (
        [
            (
                "FAILED  alerts        PROMETHEUS has no rule that alerts: name the files that obskit generate"
                " alerts writes under rule_files of its configuration"
            )
        ],
        1,
    )


def test_rules_that_were_generated_before_a_declaration_are_found(
    app: Host, doctor: Doctor
) -> None:
    there = rules(without="CheckCritical")
    lines, code = told(doctor, there=there)
    assert lines[0] == (
        f"FAILED  alerts        1 of the {len(there) + 1} rules of this app are not in PROMETHEUS:"
        " CheckCritical of rows: generate them anew, and have Prometheus read them: obskit generate alerts"
    )
    assert code == 1


def test_of_three_missing_rules_each_is_named(app: Host, doctor: Doctor) -> None:
    of_check = {"CheckCritical", "CheckWarning", "CheckUnknown"}
    (line, *_), _ = told(doctor, there=[one for one in rules() if one["name"] not in of_check])
    assert "CheckCritical of rows, CheckWarning of rows, CheckUnknown of rows: generate" in line


def test_of_many_missing_rules_some_are_named(app: Host, doctor: Doctor) -> None:
    other = {"name": "Other", "labels": {}, "health": "ok"}
    many = len(rules())
    (line, *_), _ = told(doctor, there=[other])
    assert line.startswith(
        f"FAILED  alerts        {many} of the {many} rules of this app are not in PROMETHEUS:"
        " CheckCritical of rows, CheckWarning of rows, CheckUnknown of rows and"
        f" {many - 3} more: generate them anew"
    )


def test_what_no_rule_can_watch_is_found(host: Host, doctor: Doctor) -> None:
    host.write('checks.add("rows", lambda: None, every="30d")')
    lines, code = told(doctor, there=[{"name": "Other", "labels": {}}])
    assert lines[0].startswith(
        "FAILED  alerts        rules cannot be generated: checks or jobs run more seldom than half of"
    )
    assert lines[0].endswith(": correct what is declared")
    assert code == 1


def test_without_an_app_no_rule_is_missed(app: Host, doctor: Doctor) -> None:
    other = {"groups": [{"rules": [{"name": "Other", "labels": {}}]}]}
    with faulty(by_path({"/api/v1/rules": {"data": other}})) as server:
        found = CliRunner().invoke(main, ["doctor", "alerts", "--prometheus", base(server)])
    assert "rules of this app" not in found.output


def test_a_rule_that_cannot_be_evaluated_is_found(app: Host, doctor: Doctor) -> None:
    broken = [{**rule, "lastError": "many-to-many matching"} for rule in rules()[:1]]
    lines, code = told(doctor, there=broken + rules()[1:])
    assert lines[0] == (
        "FAILED  alerts        CheckCritical cannot be evaluated: many-to-many matching: correct the"
        " rule, or generate it anew"
    )
    assert code == 1


@pytest.mark.parametrize("firing", [(), ({**_WATCHDOG, "state": "pending"},)])
def test_a_watchdog_that_does_not_fire_is_found(
    app: Host, doctor: Doctor, firing: tuple[dict[str, Any], ...]
) -> None:
    lines, code = told(doctor, firing=firing)
    assert lines[0] == (
        "FAILED  alerts        Watchdog, which always fires, does not fire in PROMETHEUS: have it"
        " evaluate telemetry.yml, which obskit generate alerts writes"
    )
    assert code == 1


def test_what_reports_and_is_not_in_the_rules_is_found(app: Host, doctor: Doctor) -> None:
    labels = {"alertname": "RulesOutOfDate", "service": "shop"}
    lines, code = told(doctor, firing=(_WATCHDOG, {"labels": labels, "state": "firing"}))
    assert lines[0] == (
        "FAILED  alerts        RulesOutOfDate fires: processes report what the rules of shop do not know:"
        " generate them anew, and have Prometheus read them: obskit generate alerts"
    )
    assert code == 1


def test_the_rules_of_another_service_are_its_own(app: Host, doctor: Doctor) -> None:
    labels = {"alertname": "RulesOutOfDate", "service": "books"}
    lines, _ = told(doctor, firing=(_WATCHDOG, {"labels": labels, "state": "firing"}))
    assert [line[:6] for line in lines] == ["OK    "]


def test_a_prometheus_that_tells_nobody_is_found(app: Host, doctor: Doctor) -> None:
    lines, code = told(doctor, tells=())
    assert lines == [
        (
            "FAILED  alerts        PROMETHEUS tells no Alertmanager: name it in its configuration, under"
            " alerting"
        )
    ]
    assert code == 1


def test_a_prometheus_that_does_not_answer_is_told(app: Host, doctor: Doctor) -> None:
    with refusing() as url:
        found = doctor("alerts", "--prometheus", url)
    assert (
        f"FAILED  alerts        {url} gave no answer: Connection refused: obskit doctor endpoints says"
        " how far Prometheus is reached"
    ) in found.output
    assert found.exit_code == 1


@pytest.mark.parametrize("answer", [{"data": []}, {"data": {"groups": [{"rules": [7]}]}}, {"a": 1}])
def test_what_answers_as_no_prometheus_does_is_told(
    app: Host, doctor: Doctor, answer: object
) -> None:
    with faulty(by_path({"/": answer})) as server:
        found = doctor("alerts", "--prometheus", base(server))
    assert "another server?" in found.output
    assert "a mistake of obskit's" not in found.output
    assert found.exit_code == 1


def test_offline_neither_is_asked(app: Host, doctor: Doctor) -> None:
    with faulty() as server:
        doctor("alerts", "--offline", "--prometheus", base(server), "--alertmanager", base(server))
        assert server.connections == 0
