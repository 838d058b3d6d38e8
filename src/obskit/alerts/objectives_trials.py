"""Pasts of a service with an error budget that are made up."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping

from obskit import names
from obskit.alerts.inventory import Inventory
from obskit.alerts.past import Phases, course
from obskit.alerts.rule import Trial
from obskit.alerts.service_trials import requests
from obskit.declaration import Objective

_BOUNDS = names.HTTP_SERVER_REQUEST_DURATION.buckets


def around(seconds: float) -> tuple[float, float, float]:
    """The bounds of the histogram around a span of time, and where between them it lies, 0 to 1.

    >>> around(2.5), around(1.75)
    ((1, 2.5, 1.0), (1, 2.5, 0.5))
    """
    index = bisect_left(_BOUNDS, seconds)
    lower = _BOUNDS[index - 1] if index else 0.0
    return lower, _BOUNDS[index], (seconds - lower) / (_BOUNDS[index] - lower)


def of_burning(
    inventory: Inventory, objective: Objective, kind: str, *, fast: bool
) -> tuple[Trial, ...]:
    """How an alert of an error budget behaves: all requests break the promise.

    A window that is longer than the past there is holds all of it.

    Args:
        inventory: Whose objective.
        objective: The objective.
        kind: What of it: `availability` or `latency`.
        fast: Whether it is the alert of what burns fast.
    """
    # What a window holds that is as short as a rate's, and what one of hours does.
    step, samples = (inventory.scaled(120.0), 1) if fast else (inventory.scaled(1_800.0), 15)
    step = max(step, samples * inventory.export_interval)
    answered = {"route": objective.route} if objective.route else {}
    late = kind == "latency"

    def make(phases: Phases) -> Mapping[str, str]:
        made = (
            (100, float(bad and not late), 20.0 if bad and late else 0.001, many)
            for bad, many in phases
        )
        return requests(inventory, *made, bounds=_bounds(inventory), **answered)

    seen, keeps = inventory.scaled(1_800.0 if fast else 6 * 3_600.0), inventory.scaled(300.0)
    # What was well before must be a small part of the past: some alerts ask for nearly all of it.
    return course(make, step=step, seen=seen, keeps=keeps, samples=samples, first=1)


def _bounds(inventory: Inventory) -> list[float]:
    # The same for all: the objective of the service counts the requests to each route.
    limits = (one.limit for one in inventory.registry.objectives.values() if one.limit)
    return sorted({bound for limit in limits for bound in around(limit)[:2] if bound} | {math.inf})
