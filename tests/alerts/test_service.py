"""The rules of a service's requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit.alerts import rule_file
from obskit.alerts.generated import rules_of
from obskit.alerts.rule import Alert, Group, Recording
from obskit.alerts.service import groups
from obskit.alerts.service_trials import requests
from obskit.alerts.yaml_text import dump

from .promtool import needs_promtool, prove, refusal, write
from .written import alerts, chosen, expected, inventory, recordings, written


def test_the_rules_of_requests_are_these() -> None:
    assert written(groups(inventory())) == expected("service")


def test_each_alert_is_told_by_its_name_and_severity() -> None:
    found = sorted((alert.name, alert.labels["severity"]) for alert in alerts(groups(inventory())))
    assert found == [
        ("ErrorsAboveLastWeek", "critical"),
        ("ErrorsAboveLastWeek", "warning"),
        ("LatencyAboveLastWeek", "critical"),
        ("LatencyAboveLastWeek", "warning"),
        ("RouteSlow", "warning"),
        ("RouteSlowest", "info"),
        ("ServiceErrors", "critical"),
        ("ServiceErrors", "warning"),
        ("TrafficLost", "warning"),
    ]


def test_errors_are_a_share_of_enough_requests() -> None:
    alert = chosen(groups(inventory()), "ServiceErrors", "critical")
    of = '{service_name="shop", deployment_environment_name="production"}'
    assert alert.expr == (
        f"obskit:http_errors:rate{of} / (obskit:http_requests:rate{of} >= 0.06666666666666667)\n"
        "> 0.05"
    )


def test_a_person_is_told_of_the_share_and_the_limit() -> None:
    alert = chosen(groups(inventory()), "ServiceErrors", "warning")
    assert alert.annotations == {
        "summary": "shop answers with errors",
        "description": "{{ $value | humanizePercentage }} of the requests were answered with an"
        " error of the server; 1% is the limit.",
        "runbook_url": "runbooks.md#serviceerrors",
        "dashboard_url": "https://grafana/d/obskit-service?var-service=shop"
        "&var-environment=production",
    }


def test_what_is_used_twice_is_recorded() -> None:
    assert [rule.record for rule in recordings(groups(inventory()))] == [
        "obskit:http_requests:rate",
        "obskit:http_errors:rate",
        "obskit:http_duration:p95",
        "obskit:http_error_ratio:hour",
        "obskit:http_duration_p95:hour",
    ]


def test_a_rate_is_of_four_exports_at_least() -> None:
    (requests, *_) = recordings(groups(inventory(export_interval=120.0)))
    assert requests.expr.endswith("[8m]))")


@needs_promtool
def test_a_while_without_requests_does_not_take_the_latency_of_the_hour(tmp_path: Path) -> None:
    (group,) = groups(inventory())
    text = dump(rule_file.rules([Group(group.name, group.rules[:3])]))
    past = requests(inventory(), (100, 0.0, 0.2, 20), (0, 0.0, 0.2, 20), (100, 0.0, 0.2, 20))
    mean = "avg_over_time(obskit:http_duration:p95[1h])"
    trials = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": one, "values": told} for one, told in past.items()],
                "promql_expr_test": [
                    {
                        "expr": f"count({mean} < 0.25)",
                        "eval_time": "59m",
                        "exp_samples": [{"labels": "{}", "value": 1}],
                    }
                ],
            }
        ],
    }
    (_, at) = write({"rules.yml": text, "trials.yml": dump(trials)}, tmp_path)
    assert refusal("test", "rules", at) == ""


@needs_promtool
def test_each_alert_behaves_as_its_trials_say(tmp_path: Path) -> None:
    files = rules_of(inventory(), "service")
    assert prove(files, tmp_path) == 2


@needs_promtool
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("> 0.05", "> 0.5"),  # never fires
        ("> 0.05", ">= 0"),  # always does
        ("keep_firing_for: 10m", "keep_firing_for: 1h"),  # does not resolve
        ('http_response_status_code=~"5.."', 'http_response_status_code=~"2.."'),
    ],
)
def test_a_wrong_rule_does_not_pass_its_trials(tmp_path: Path, right: str, wrong: str) -> None:
    (group,) = groups(inventory())
    rules = tuple(rule for rule in group.rules if of_errors(rule))
    few = [Group(group.name, rules)]
    (trials,) = rule_file.tests(few, "rules.yml")
    del trials["step"]
    text = dump(rule_file.rules(few))
    assert right in text
    files = {"rules.yml": text.replace(right, wrong), "trials.yml": dump(trials)}
    (_, at) = write(files, tmp_path)
    assert "FAILED" in refusal("test", "rules", at)


def of_errors(rule: Recording | Alert) -> bool:
    if isinstance(rule, Recording):
        return rule.record in ("obskit:http_requests:rate", "obskit:http_errors:rate")
    return (rule.name, rule.labels["severity"]) == ("ServiceErrors", "critical")
