"""A problem, or that there is none: how something that is watched stands, whatever kind it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from obskit.declaration import Severity

#: What can have a problem. A channel is one of those that notifications go through.
Kind = Literal["check", "job", "operation", "quota", "channel"]
Status = Literal["ok", "warning", "critical", "unknown", "skipped"]
#: The statuses that people are told of, the gravest last.
FAILING: tuple[Status, ...] = ("warning", "unknown", "critical")
SEVERITIES: tuple[Severity, ...] = ("sev1", "sev2", "sev3")


@dataclass(frozen=True)
class Problem:
    """How something stands.

    Attributes:
        kind: What it is.
        name: Its name, unique among its kind.
        severity: The declared one: how soon somebody must act when it is critical.
        status: How it stands, damped.
        since: When that began, seconds since the Unix epoch.
        judged: When it was last found to be so, seconds since the Unix epoch.
        owner: Who acts, or None.
        message: What a person reads.
        evidence: Rows or lines.
        runbook: Where it is written what to do, or None.
        links: URLs by what they show.
        trace_id: The trace of the run that found it, or None.
        period: How often it is judged, seconds.
        depends_on: The names, of its kind, of what it means nothing without.
    """

    kind: Kind
    name: str
    severity: Severity
    status: Status
    since: float
    judged: float
    owner: str | None = None
    message: str = ""
    evidence: tuple[str, ...] = ()
    runbook: str | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    trace_id: str | None = None
    period: float = 60.0
    depends_on: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What it is known by."""
        return f"{self.kind}:{self.name}"

    @property
    def fails(self) -> bool:
        """Whether somebody should know."""
        return self.status in FAILING


def urgency(severity: Severity, status: str) -> Severity:
    """How soon somebody must act: a warning is of the next lower severity than what is declared.

    >>> urgency("sev1", "critical"), urgency("sev1", "warning"), urgency("sev3", "warning")
    ('sev1', 'sev2', 'sev3')
    """
    lower = SEVERITIES.index(severity) + (status == "warning")
    return SEVERITIES[min(lower, len(SEVERITIES) - 1)]


def more_urgent(one: Severity, other: Severity) -> Severity:
    """The one that must be acted on sooner.

    >>> more_urgent("sev2", "sev1")
    'sev1'
    """
    return min(one, other, key=SEVERITIES.index)


def is_worse(status: str, than: str) -> bool:
    """Whether a status is graver than another. What is ok or skipped is not grave.

    >>> is_worse("critical", "warning"), is_worse("ok", "unknown")
    (True, False)
    """
    return _rank(status) > _rank(than)


def _rank(status: str) -> int:
    return next((rank for rank, each in enumerate(FAILING, 1) if each == status), 0)
