"""Groups of rules as Prometheus reads them, and their trials as ``promtool test rules`` does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from obskit.alerts.promql import select, span
from obskit.alerts.rule import LONGEST_EVALUATION, Alert, Group, Recording, Trial


def rules(groups: Iterable[Group]) -> dict[str, Any]:
    """The content of a rule file.

    Args:
        groups: The groups, in their order.
    """
    return {
        "groups": [
            {"name": group.name, "rules": [_rule(rule) for rule in group.rules]} for group in groups
        ]
    }


def _rule(rule: Recording | Alert) -> dict[str, Any]:
    if isinstance(rule, Recording):
        labels = {"labels": dict(rule.labels)} if rule.labels else {}
        return {"record": rule.record, "expr": rule.expr, **labels}
    times = {"for": rule.holds_for, "keep_firing_for": rule.keeps_for}
    return {
        "alert": rule.name,
        "expr": rule.expr,
        **{key: span(seconds) for key, seconds in times.items() if seconds},
        "labels": dict(rule.labels),
        "annotations": dict(rule.annotations),
    }


def tests(groups: Iterable[Group], rule_file: str) -> list[dict[str, Any]]:
    """The contents of the test files of a rule file: one for each `step`, which is no part of it.

    What does not disturb each other is tried together: with a test for each trial a hundred checks
    would take minutes.

    Args:
        groups: The groups.
        rule_file: The path of the rule file, as seen from the test file.
    """
    groups = list(groups)
    by_step: dict[tuple[float, float], list[_Together]] = {}
    for group in groups:
        for alert in group.alerts:
            for trial in alert.trials:
                evaluation = trial.evaluation or min(trial.step, LONGEST_EVALUATION)
                together = by_step.setdefault((trial.step, evaluation), [])
                if not any(one.takes(group.name, alert, trial) for one in together):
                    together.append(_Together(group.name, alert, trial))
    return [
        {
            "step": step,
            "rule_files": [rule_file],
            "evaluation_interval": span(evaluation),
            # By itself promtool evaluates groups now in this order, now in that.
            "group_eval_order": [group.name for group in groups],
            "tests": [one.content(step) for one in together],
        }
        for (step, evaluation), together in sorted(by_step.items())
    ]


class _Together:
    """Trials of one kind whose series are not each other's."""

    def __init__(self, group: str, alert: Alert, trial: Trial) -> None:
        self._group = group
        self._kind = trial.kind
        self._series: dict[str, str] = {}
        self._told: set[str] = set()
        self._expected: list[dict[str, Any]] = []
        self.takes(group, alert, trial)

    def takes(self, group: str, alert: Alert, trial: Trial) -> bool:
        told = str(_chosen(alert, trial))
        fits = (
            (group, trial.kind) == (self._group, self._kind)
            and told not in self._told
            and all(self._series.get(one, told) == told for one, told in trial.series.items())
        )
        if fits:
            self._told.add(told)
            self._series.update(trial.series)
            self._expected.extend(_expected(alert, trial))
        return fits

    def content(self, step: float) -> dict[str, Any]:
        return {
            "name": f"{self._group}: {self._kind}",
            "interval": span(step),
            "input_series": _input(self._series),
            "promql_expr_test": self._expected,
        }


def _input(series: Mapping[str, str]) -> Sequence[dict[str, str]]:
    return [{"series": one, "values": values} for one, values in series.items()]


def _expected(alert: Alert, trial: Trial) -> Iterable[dict[str, Any]]:
    count = f"count({_chosen(alert, trial)}) or vector(0)"
    for moment, many in sorted(trial.firing.items()):
        yield {
            "expr": count,
            "eval_time": span(moment),
            "exp_samples": [{"labels": "{}", "value": many}],
        }


def _chosen(alert: Alert, trial: Trial) -> str:
    # A label that the series says is no constant: what a template makes of it is not known here.
    fixed = {key: value for key, value in alert.labels.items() if "{{" not in value}
    labels = {"alertname": alert.name, "alertstate": "firing", **fixed, **trial.among}
    return select("ALERTS", labels)
