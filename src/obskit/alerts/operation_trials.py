"""Pasts of operations and quotas that are made up, and what the rules must say of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from obskit import names
from obskit.alerts.inventory import Inventory
from obskit.alerts.past import Phases, counter, course, gauge
from obskit.alerts.promql import DRILL, INSTANCE, label, metric, number
from obskit.alerts.rule import Trial
from obskit.declaration import Operation, Quota

#: Makes the trials of an alert of an operation: of its window and of how long it goes on, seconds.
Maker = Callable[[Inventory, Operation, float, float], tuple[Trial, ...]]
#: Makes the series of what happens, marked as those of a drill or not.
_Make = Callable[[Phases, Mapping[str, str]], Mapping[str, str]]

_COUNT = metric(names.OPERATION_DURATION, "count")
_BUCKET = metric(names.OPERATION_DURATION, "bucket")
_USED = metric(names.QUOTA_USED)
_LIMIT = metric(names.QUOTA_LIMIT)
_REJECTIONS = metric(names.HTTP_CLIENT_REJECTIONS)
_OPERATION = label(names.OPERATION_NAME)
_OUTCOME = label(names.OPERATION_OUTCOME)
_QUOTA = label(names.QUOTA_NAME)
_ADDRESS = label(names.SERVER_ADDRESS)
_CODE = label(names.HTTP_RESPONSE_STATUS_CODE)
_BOUNDS = (*names.OPERATION_DURATION.buckets, float("inf"))
_SHORT, _HALF = 15.0, 0.5


def _courses(make: _Make, step: float, seen: float, keeps: float) -> tuple[Trial, ...]:
    known = course(lambda phases: make(phases, {}), step=step, seen=seen, keeps=keeps)
    healthy, broken = known[:2]
    made_up = course(lambda phases: make(phases, {DRILL: "d1"}), step=step, seen=seen, keeps=keeps)
    both = {**healthy.series, **made_up[1].series}
    return (*known, Trial("drill", both, step, broken.firing))


def _runs(
    inventory: Inventory, operation: Operation, outcome: str, more: Mapping[str, str]
) -> Callable[..., str]:
    of = {INSTANCE: "a", _OPERATION: operation.name, _OUTCOME: outcome, **more}
    return lambda name, **labels: inventory.series(name, **of, **labels)


def _step(window: float, keeps: float) -> float:
    return min(window / 10, keeps / 2)


def of_errors(
    inventory: Inventory, operation: Operation, window: float, keeps: float
) -> tuple[Trial, ...]:
    """How the alert of an operation behaves that fails too often.

    Args:
        inventory: Whose operation.
        operation: The operation.
        window: Seconds that are looked back.
        keeps: Seconds that the alert goes on.
    """
    least, step = operation.min_runs, _step(window, keeps)

    def make(phases: Phases, more: Mapping[str, str]) -> Mapping[str, str]:
        failed = [(least if bad else 0, many) for bad, many in phases]
        well = [(0 if bad else least, many) for bad, many in phases]
        return {
            _runs(inventory, operation, "failed", more)(_COUNT): counter(*failed),
            _runs(inventory, operation, "ok", more)(_COUNT): counter(*well),
        }

    first = _runs(inventory, operation, "failed", {})(_COUNT)
    # Where most may fail, a few that succeed end it for as long as they are in the window.
    flaps = (operation.max_error_ratio or 0.0) > _HALF
    known = [
        trial
        for trial in _courses(make, step, window, keeps)
        if trial.kind != "flapping" or not flaps
    ]
    # What is scraped has no 0 before its first point: it counts from nothing all the same.
    found = (Trial("broken", {first: f"_x10 {least}x5"}, step, {9 * step: 0, 10 * step: 1}),)
    # All runs fail, and there are too few to tell.
    few = {first: counter((0, 10), (least // 2, 1), (0, 5))}
    return (
        *known,
        *found,
        Trial("healthy", few, step, dict.fromkeys((11 * step, 15 * step), 0)),
    )


def of_slowness(
    inventory: Inventory, operation: Operation, window: float, keeps: float
) -> tuple[Trial, ...]:
    """How the alert of an operation behaves that takes too long.

    Args:
        inventory: Whose operation.
        operation: The operation; one with a `max_p95`.
        window: Seconds that are looked back.
        keeps: Seconds that the alert goes on.
    """
    least, step, limit = operation.min_runs, _step(window, keeps), operation.max_p95 or 0.0
    # In the bucket after the one that the limit is in: a quantile is somewhere in its bucket.
    exceeded = next(bound for bound in _BOUNDS if bound > limit)
    # Below the first bound nothing can be told: there an operation is well that does not run.
    fast = least if limit >= _BOUNDS[0] else 0

    def make(phases: Phases, more: Mapping[str, str]) -> Mapping[str, str]:
        series = _runs(inventory, operation, "ok", more)
        buckets = {
            series(_BUCKET, le=number(bound)): counter(
                *((fast if not bad else least * (bound > exceeded), many) for bad, many in phases)
            )
            for bound in _BOUNDS
        }
        runs = counter(*((least if bad else fast, many) for bad, many in phases))
        return {series(_COUNT): runs, **buckets}

    return _courses(make, step, window, keeps)


def of_quota(inventory: Inventory, quota: Quota, share: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert of a quota behaves of which two processes use a part each.

    Args:
        inventory: Whose quota.
        quota: The quota.
        share: The share of the limit from which on it is told of.
        keeps: Seconds that the alert goes on.
    """

    def make(phases: Phases, more: Mapping[str, str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        many = sum(many for _, many in phases)
        for instance in ("a", "b"):
            of = {INSTANCE: instance, _QUOTA: quota.name, **more}
            parts = ((quota.limit * share * (0.55 if bad else 0.45), n) for bad, n in phases)
            found[inventory.series(_USED, **of)] = gauge(*parts)
            found[inventory.series(_LIMIT, **of)] = gauge((quota.limit, many))
        return found

    return _courses(make, min(_SHORT, keeps / 2), 0.0, keeps)


def of_refusals(
    inventory: Inventory, window: float, waits: float, keeps: float
) -> tuple[Trial, ...]:
    """How the alert behaves of a provider that refuses again and again.

    Args:
        inventory: Whose.
        window: Seconds that are looked back.
        waits: Seconds that it must hold.
        keeps: Seconds that the alert goes on.
    """
    step = _step(window, keeps)

    def make(phases: Phases, more: Mapping[str, str]) -> Mapping[str, str]:
        of = {INSTANCE: "a", _ADDRESS: "maps.example", _CODE: "429", **more}
        grows = counter(*((int(bad), many) for bad, many in phases))
        return {inventory.series(_REJECTIONS, **of): grows}

    return _courses(make, step, window + waits, keeps)
