"""Pasts of a service's requests that are made up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from obskit import names
from obskit.alerts.inventory import Inventory
from obskit.alerts.past import Phases, counter, course
from obskit.alerts.promql import INSTANCE, label, metric, number
from obskit.alerts.rule import Trial

_COUNT = metric(names.HTTP_SERVER_REQUEST_DURATION, "count")
_BUCKET = metric(names.HTTP_SERVER_REQUEST_DURATION, "bucket")
_ROUTE = label(names.HTTP_ROUTE)
_CODE = label(names.HTTP_RESPONSE_STATUS_CODE)
# A few of the histogram's: what is measured here lies at 0.2, 4 and 9 s.
_BOUNDS = (0.25, 5.0, 10.0, math.inf)


def requests(
    inventory: Inventory,
    *phases: tuple[int, float, float, int],
    route: str = "/orders",
    bounds: Iterable[float] = _BOUNDS,
) -> dict[str, str]:
    """The series of requests to a route.

    Args:
        inventory: Whose.
        *phases: From sample to sample: how many requests, the share that is answered with an error,
            seconds that each takes; and for how many samples.
        route: The route.
        bounds: Those of the histogram that there are.
    """

    def series(name: str, code: str, **more: str) -> str:
        return inventory.series(name, **{INSTANCE: "a", _ROUTE: route, _CODE: code}, **more)

    found: dict[str, str] = {}
    for code, failed in (("200", False), ("500", True)):
        among = [
            (many * (share if failed else 1 - share), seconds, samples)
            for many, share, seconds, samples in phases
        ]
        found[series(_COUNT, code)] = counter(*((many, samples) for many, _, samples in among))
        for bound in bounds:
            found[series(_BUCKET, code, le=number(bound))] = counter(
                *((many if seconds <= bound else 0, samples) for many, seconds, samples in among)
            )
    return found


def of_errors(inventory: Inventory, window: float, waits: float, keeps: float) -> tuple[Trial, ...]:
    """How an alert of a share of errors behaves.

    Args:
        inventory: Whose requests.
        window: Seconds that a share is of.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
    """

    def make(phases: Phases) -> Mapping[str, str]:
        made = ((100, 0.3 if bad else 0.001, 0.2, many) for bad, many in phases)
        return requests(inventory, *made)

    def rare(phases: Phases) -> Mapping[str, str]:
        return requests(inventory, *((1, float(bad), 0.2, many) for bad, many in phases))

    known = course(make, step=window / 5, seen=window + waits, keeps=keeps)
    # All requests fail, and there are too few to tell.
    few = course(rare, step=window / 5, seen=window + waits, keeps=keeps)[1]
    return (*known, Trial("healthy", few.series, few.step, dict.fromkeys(few.firing, 0)))


def of_slowness(
    inventory: Inventory, window: float, waits: float, keeps: float
) -> tuple[Trial, ...]:
    """How an alert of a slow route behaves: another route of the service is fast.

    Args:
        inventory: Whose requests.
        window: Seconds that a quantile is of.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
    """

    def make(phases: Phases) -> Mapping[str, str]:
        made = ((100, 0.0, 9.0 if bad else 0.2, many) for bad, many in phases)
        fast = requests(inventory, (100, 0.0, 0.2, sum(many for _, many in phases)), route="/")
        return requests(inventory, *made) | fast

    return course(make, step=window / 5, seen=window + waits, keeps=keeps)
