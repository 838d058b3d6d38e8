"""Rules: whether Prometheus has those of this app, evaluates them, and tells an Alertmanager."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from obskit.alerts.generated import MAKERS, SHARED
from obskit.alerts.rule import Alert
from obskit.alerts.telemetry import WATCHDOG
from obskit.cli.alerts import prometheus
from obskit.cli.alerts.ask import shown
from obskit.cli.alerts.expected import inventory
from obskit.cli.doctor.patient import Finding, Patient
from obskit.exceptions import DeclarationError

_OUT_OF_DATE = "RulesOutOfDate"
_GENERATE = "generate them anew, and have Prometheus read them: obskit generate alerts"
_MOST = 3

_Rule = tuple[str, frozenset[tuple[str, str]]]


def diagnose(patient: Patient, url: str) -> Iterator[Finding]:
    """Why no alert may come from Prometheus.

    Args:
        patient: The service.
        url: Prometheus' URL.

    Raises:
        NoAnswer: Prometheus does not say.
    """
    place, there = shown(url), prometheus.rules(url)
    if not there:
        yield Finding(
            f"{place} has no rule that alerts",
            "name the files that obskit generate alerts writes under rule_files of its configuration",
        )
        return
    for rule in there:
        if rule.get("lastError"):
            yield Finding(
                f"{rule['name']} cannot be evaluated: {rule['lastError']}",
                "correct the rule, or generate it anew",
            )
    yield from _of_age(patient, place, there)
    yield from _of_firing(patient, place, prometheus.alerts(url))
    known = prometheus.alertmanagers(url)
    if known:
        yield Finding(f"{place} has {len(there)} rules that alert, and tells {', '.join(known)}")
    else:
        yield Finding(
            f"{place} tells no Alertmanager", "name it in its configuration, under alerting"
        )


def _of_age(patient: Patient, place: str, there: list[dict[str, Any]]) -> Iterator[Finding]:
    """Whether each rule is there that is generated of what is declared now."""
    if not patient.app:
        return
    try:
        generated = [_known(alert.name, alert.labels) for alert in _generated(patient)]
    except DeclarationError as error:
        yield Finding(f"rules cannot be generated: {error}", "correct what is declared")
        return
    missing = set(generated) - {_known(rule["name"], rule["labels"]) for rule in there}
    absent = [one for one in generated if one in missing]
    if absent:
        told = ", ".join(_named(one) for one in absent[:_MOST])
        more = f" and {len(absent) - _MOST} more" if len(absent) > _MOST else ""
        yield Finding(
            f"{len(absent)} of the {len(generated)} rules of this app are not in {place}:"
            f" {told}{more}",
            _GENERATE,
        )


def _generated(patient: Patient) -> Iterator[Alert]:
    expected = inventory(patient.registry, patient.config)
    for subject, make in MAKERS.items():
        if subject not in SHARED:
            for group in make(expected):
                yield from group.alerts


def _known(name: str, labels: Mapping[str, str]) -> _Rule:
    return name, frozenset(labels.items())


def _named(rule: _Rule) -> str:
    """A rule, and what it is of.

    >>> _named(("JobLate", frozenset({("obskit_job_name", "sync"), ("service", "shop")})))
    'JobLate of sync'
    """
    name, labels = rule
    of = [value for label, value in labels if label.endswith("_name")]
    return f"{name} of {of[0]}" if of else name


def _of_firing(patient: Patient, place: str, alerts: list[dict[str, Any]]) -> Iterator[Finding]:
    firing = [one["labels"] for one in alerts if one["state"] == "firing"]
    if not any(one["alertname"] == WATCHDOG for one in firing):
        yield Finding(
            f"{WATCHDOG}, which always fires, does not fire in {place}",
            "have it evaluate telemetry.yml, which obskit generate alerts writes",
        )
    service = patient.config.service
    if any(one["alertname"] == _OUT_OF_DATE and one.get("service") == service for one in firing):
        yield Finding(
            f"{_OUT_OF_DATE} fires: processes report what the rules of {service} do not know",
            _GENERATE,
        )
