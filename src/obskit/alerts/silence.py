"""For how long a check may say nothing, and how far back its rules look."""

from __future__ import annotations

import math
from collections.abc import Iterable

from obskit.alerts.inventory import Inventory
from obskit.alerts.promql import span
from obskit.declaration import Check
from obskit.exceptions import DeclarationError

_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0
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
    return 2 * check.every + check.timeout + inventory.delay


def window(seconds: float) -> float:
    """How far back is looked for what may be silent so long: the next class that is longer.

    Prometheus calls a series stale after five minutes; with these, one more evaluation sees it.
    """
    return next(size for size in _CLASSES if size >= seconds + 5 * _MINUTE)


def periodic(checks: Iterable[Check]) -> list[Check]:
    """Those that run by themselves. One that runs after a job is silent as long as the job is."""
    return [check for check in checks if math.isfinite(check.every)]


def refuse_too_rare(inventory: Inventory) -> None:
    """A check that is run so seldom that Prometheus forgets it in between cannot be missed.

    Raises:
        DeclarationError: There is one; it lists all.
    """
    rare = [
        check
        for check in periodic(inventory.registry.checks.values())
        if check.every > inventory.retention / 2
    ]
    if rare:
        listed = "\n".join(
            f"  - the check {check.name!r} ({check.place}) runs every {span(check.every)}"
            for check in rare
        )
        raise DeclarationError(
            f"checks run more seldom than half of Prometheus' retention of"
            f" {span(inventory.retention)}, so that their silence would not be noticed:\n{listed}\n"
            "run them more often, or keep samples for longer and say so with --retention"
        )
