"""What a rule file holds: rules that record, rules that alert, and the trials that prove them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from obskit.declaration import Severity

#: Prometheus' label `severity`, of what is declared.
SEVERITIES: Mapping[Severity, str] = {"sev1": "critical", "sev2": "warning", "sev3": "info"}
#: What a warning carries: the next lower severity.
LOWER: Mapping[Severity, Severity] = {"sev1": "sev2", "sev2": "sev3", "sev3": "sev3"}
#: The owner of what has none.
NOBODY = "unowned"

#: Seconds from one evaluation to the next: what was recorded is stale after five minutes.
LONGEST_EVALUATION = 240.0

TrialKind = Literal["healthy", "broken", "flapping", "absent", "recovers", "drill"]


@dataclass(frozen=True)
class Trial:
    """A past that is made up, and whether an alert fires in it. It becomes a test of the rules.

    Attributes:
        kind: What it shows.
        series: The samples of each series, in the notation of ``promtool test rules``.
        step: Seconds from one sample to the next.
        firing: How many alerts fire at which second; an alert that pends does not fire.
        among: The labels, beside those of the rule, by which the alerts of this past are told from
            those of another: a value, or several.
        evaluation: Seconds from one evaluation of the rules to the next, where a past is long and its
            samples are many; at each sample otherwise.
    """

    kind: TrialKind
    series: Mapping[str, str]
    step: float
    firing: Mapping[float, int]
    among: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    evaluation: float | None = None


@dataclass(frozen=True)
class Recording:
    """A rule that gives an expression a name.

    Attributes:
        record: The name.
        expr: The expression.
        labels: What every series of it is labelled with.
    """

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Alert:
    """A rule that fires.

    Attributes:
        name: What it is called in every service: what is wrong, in camel case.
        expr: What holds while it fires.
        labels: `severity`, `owner`, `service`, and what tells it from its like.
        annotations: `summary`, `description`, `runbook_url`, `dashboard_url`.
        holds_for: Seconds that it holds before it fires.
        keeps_for: Seconds that it goes on to fire when it holds no more.
        trials: What proves it.
    """

    name: str
    expr: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    holds_for: float = 0.0
    keeps_for: float = 0.0
    trials: tuple[Trial, ...] = ()


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated one after the other, so that a later one sees what an earlier recorded.

    Attributes:
        name: Its name, unique in a file.
        rules: The rules.
    """

    name: str
    rules: tuple[Recording | Alert, ...]

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Those that fire."""
        return tuple(rule for rule in self.rules if isinstance(rule, Alert))
