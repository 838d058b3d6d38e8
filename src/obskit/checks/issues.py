"""What a validation found: issues, each of a level, judged by how many there are of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import get_args

from obskit.checks.model import CheckResult, Status
from obskit.declaration import Level

#: The levels, the gravest first.
LEVELS: tuple[Level, ...] = get_args(Level)
# What a level above its limit makes of the whole.
_STATUSES: Mapping[Level, Status] = {
    "critical": Status.CRITICAL,
    "error": Status.WARNING,
    "warning": Status.WARNING,
    "info": Status.WARNING,
}
_KEPT = 50


@dataclass(frozen=True)
class Issue:
    """One thing that a validation found.

    Args:
        level: How grave it is: `critical`, `error`, `warning` or `info`.
        subject: What it is about, such as `event 7`.
        message: What is wrong with it.

    Raises:
        ValueError: The level is none of these.

    >>> str(Issue("error", "event 7", "completed, and its status is still scheduled"))
    'error: event 7: completed, and its status is still scheduled'
    """

    level: Level
    subject: str
    message: str

    def __post_init__(self) -> None:
        """Refuse a level that would be counted nowhere."""
        if self.level not in LEVELS:
            raise ValueError(f"the level is {self.level!r}: use {', '.join(LEVELS)}")

    def __str__(self) -> str:
        return f"{self.level}: {self.subject}: {self.message}"


def judge(issues: Iterable[Issue], alert_above: Mapping[Level, int]) -> CheckResult:
    """The result of a validation. All issues are counted, and the gravest 50 kept as evidence.

    Args:
        issues: What it found.
        alert_above: By level, how many are still well.

    >>> found = [Issue("error", "event 7", "no hours"), Issue("info", "event 9", "no photo")]
    >>> judge(found, {"critical": 0, "error": 5}).message
    '1 error, 1 info'
    """
    counts: Counter[Level] = Counter()
    kept: dict[Level, list[Issue]] = {level: [] for level in LEVELS}
    for issue in issues:
        counts[issue.level] += 1
        if len(kept[issue.level]) < _KEPT:
            kept[issue.level].append(issue)
    above = [
        level for level in LEVELS if level in alert_above and counts[level] > alert_above[level]
    ]
    status = _STATUSES[above[0]] if above else Status.OK
    told = ", ".join(f"{counts[level]} {level}" for level in LEVELS if counts[level])
    shown = [issue for level in LEVELS for issue in kept[level]][:_KEPT]
    return CheckResult(
        status,
        told or "no issues",
        value=sum(counts.values()),
        unit="{issue}",
        details={level: counts[level] for level in LEVELS},
        evidence=[str(issue) for issue in shown],
    )
