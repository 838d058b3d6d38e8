"""Pasts of more than a week that are made up."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

from obskit.alerts.inventory import Inventory
from obskit.alerts.rule import Trial, TrialKind
from obskit.alerts.service_trials import requests

# Four hours from one evaluation to the next: a week of all would take minutes to try.
_HOURS = 4
_DAY, _WEEK = 6, 42
_BOUNDS = (0.25, 5.0, math.inf)
_Make = Callable[..., Mapping[str, str]]


def hour(inventory: Inventory) -> float:
    """Seconds that are compared; of a week in a drill as large a part."""
    return max(inventory.scaled(3_600.0), 8 * inventory.export_interval)


def _trial(
    inventory: Inventory,
    kind: TrialKind,
    firing: Mapping[int, int],
    *phases: tuple[int, float, float, int],
    make: _Make | None = None,
) -> Trial:
    evaluation = _HOURS * inventory.scaled(3_600.0)
    # Thirty samples an hour, so that a rate has two in each of its windows.
    samples = 30 * _HOURS
    made = ((many, share, seconds, samples * long) for many, share, seconds, long in phases)
    make = make or partial(requests, inventory, bounds=_BOUNDS)
    return Trial(
        kind,
        make(*made) if phases else {},
        evaluation / samples,
        {moment * evaluation: many for moment, many in firing.items()},
        evaluation=evaluation,
    )


def of_growth(
    inventory: Inventory, make: _Make | None = None, *, firing: int = 1
) -> tuple[Trial, ...]:
    """How the alerts behave that tell of more errors, and of slower answers, than a week before.

    Args:
        inventory: Whose.
        make: The series of phases, each a number, a share of errors, seconds, and a length; of
            requests by default.
        firing: How many alerts fire at once.
    """
    well, bad = (300, 0.01, 0.2), (300, 0.2, 4.0)
    turn = _WEEK + 1
    past = partial(_trial, inventory, make=make)
    back = {turn + 3: firing, turn + 6: 0}
    return (
        past("healthy", {turn + 2: 0}, (*well, turn + 2)),
        past("broken", {turn: 0, turn + 3: firing}, (*well, turn), (*bad, 3)),
        past("recovers", back, (*well, turn), (*bad, 3), (*well, 3)),
        past("absent", {turn: 0}),
    )


def of_traffic(inventory: Inventory) -> tuple[Trial, ...]:
    """How the alert behaves that tells of requests that do not come. Nights are quiet."""
    some, none = (300, 0.0, 0.2), (0, 0.0, 0.2)
    week = ((*some, _DAY - 1), (*none, 1)) * 7
    noon = _WEEK + 2
    return (
        _trial(inventory, "healthy", {noon: 0, _WEEK + _DAY: 0}, *week, *week[:2]),
        _trial(inventory, "broken", {noon: 0, noon + 2: 1}, *week, (*some, 2), (*none, 2)),
        _trial(
            inventory,
            "recovers",
            {noon + 2: 1, noon + 4: 0},
            *week,
            (*some, 2),
            (*none, 2),
            (*some, 2),
        ),
        _trial(inventory, "absent", {noon: 0}),
    )
