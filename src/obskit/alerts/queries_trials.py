"""Pasts of a service's queries that are made up."""

from __future__ import annotations

import math
from collections.abc import Mapping

from obskit import names
from obskit.alerts import last_week_trials
from obskit.alerts.inventory import Inventory
from obskit.alerts.past import Phases, counter, course
from obskit.alerts.promql import INSTANCE, label, metric, number
from obskit.alerts.rule import Trial

_DURATION = names.DB_CLIENT_OPERATION_DURATION
_OPERATION = label(names.DB_OPERATION_NAME)
# A few of the histogram's: what is measured here takes 0.02 s, or 4.
_BOUNDS = (0.05, 5.0, math.inf)
_QUICK, _LONG = 0.02, 4.0


def queries(inventory: Inventory, *phases: tuple[int, float, int]) -> dict[str, str]:
    """The series of queries.

    Args:
        inventory: Whose.
        *phases: From sample to sample: how many queries, seconds that each takes; and for how many
            samples.
    """

    def series(part: str, **more: str) -> str:
        labels = {INSTANCE: "a", _OPERATION: "SELECT", **more}
        return inventory.series(metric(_DURATION, part), **labels)

    found = {series("count"): counter(*((many, samples) for many, _, samples in phases))}
    for bound in _BOUNDS:
        found[series("bucket", le=number(bound))] = counter(
            *((many if seconds <= bound else 0, samples) for many, seconds, samples in phases)
        )
    return found


def of_slowness(
    inventory: Inventory, window: float, waits: float, keeps: float
) -> tuple[Trial, ...]:
    """How the alert of slow queries behaves.

    Args:
        inventory: Whose queries.
        window: Seconds that a quantile is of.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
    """

    def make(phases: Phases) -> Mapping[str, str]:
        return queries(inventory, *((100, _LONG if bad else _QUICK, many) for bad, many in phases))

    def rare(phases: Phases) -> Mapping[str, str]:
        return queries(inventory, *((1, _LONG if bad else _QUICK, many) for bad, many in phases))

    known = course(make, step=window / 5, seen=window + waits, keeps=keeps)
    # All are slow, and there are too few to tell.
    few = course(rare, step=window / 5, seen=window + waits, keeps=keeps)[1]
    return (*known, Trial("healthy", few.series, few.step, dict.fromkeys(few.firing, 0)))


def of_growth(inventory: Inventory) -> tuple[Trial, ...]:
    """How the alert behaves that tells of slower queries than a week before: one for each quantile."""

    def make(*phases: tuple[int, float, float, int]) -> Mapping[str, str]:
        return queries(
            inventory,
            *((many, _LONG if seconds > 1 else _QUICK, long) for many, _, seconds, long in phases),
        )

    return last_week_trials.of_growth(inventory, make, firing=3)
