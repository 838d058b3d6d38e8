"""For how long a check or a job may say nothing, and how far back its rules look."""

from __future__ import annotations

import math
from functools import lru_cache

from obskit.alerts.inventory import Inventory
from obskit.alerts.promql import span
from obskit.cron import Cron
from obskit.declaration import Check, Job
from obskit.exceptions import DeclarationError

_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0
# From September on, so that the change to the longer day is near; 2025.
_A_YEAR = 1_756_684_800.0
# Checks of about the same period share rules; what a rule reads grows with how far it looks back.
_CLASSES = (
    *(minutes * _MINUTE for minutes in (10, 20, 40)),
    *(hours * _HOUR for hours in (1, 2, 4, 8, 16)),
    *(days * _DAY for days in (1, 2, 3, 4, 8, 15, 22, 32, 64, 128, 256, 512, 768)),
)


def longest_silence(inventory: Inventory, check: Check) -> float:
    """For how many seconds nothing need be heard of a check: two periods, its time-out, the way here.

    The same rule makes a result `unknown` in the health report.
    """
    return 2 * period(check) + check.timeout + inventory.delay


def longest_wait(inventory: Inventory, job: Job) -> float:
    """For how many seconds a job need not begin again, and nothing be heard of it; may be infinite."""
    return period(job) + job.late_after + inventory.delay


def period(declared: Check | Job) -> float:
    """The longest time from one run to the next, seconds; infinite where none is expected.

    That of a cron expression is looked for in a year that never changes: what is generated today is
    what was generated last month.
    """
    if isinstance(declared, Check):
        return declared.every if declared.cron is None else _longest_gap(declared.cron)
    if declared.expect_cron is not None:
        return _longest_gap(declared.expect_cron)
    return math.inf if declared.expect_every is None else declared.expect_every


# Each rule of a check asks, and a year of fires takes long.
@lru_cache(maxsize=1_024)
def _longest_gap(cron: Cron) -> float:
    return cron.longest_gap(_A_YEAR)


def is_of_each_host(check: Check) -> bool:
    """Whether several hosts or processes decide a check at the same time, each of its own."""
    return check.scope != "fleet" and math.isfinite(period(check))


def window(seconds: float) -> float:
    """How far back is looked for what may be silent so long: the next class that is longer, if any.

    Prometheus calls a series stale after five minutes; with these, one more evaluation sees it.
    """
    least = seconds + 5 * _MINUTE
    return next((size for size in _CLASSES if size >= least), least)


def refuse_too_rare(inventory: Inventory) -> None:
    """What is run so seldom that Prometheus forgets it in between cannot be missed.

    Raises:
        DeclarationError: There is such a check or job; it lists all.
    """
    registry = inventory.registry
    periods: list[tuple[str, Check | Job, float]] = [
        *(("check", check, period(check)) for check in registry.checks.values()),
        *(("job", job, period(job) + job.late_after) for job in registry.jobs.values()),
    ]
    rare = [
        f"  - the {kind} {each.name!r} ({each.place}) runs every {span(every)}"
        for kind, each, every in periods
        if math.isfinite(every) and every > inventory.retention / 2
    ]
    if rare:
        listed = "\n".join(rare)
        raise DeclarationError(
            f"checks or jobs run more seldom than half of Prometheus' retention of"
            f" {span(inventory.retention)}, so that their silence would not be noticed:\n{listed}\n"
            "run them more often, or keep samples for longer and say so with --retention"
        )
