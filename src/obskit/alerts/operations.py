"""The rules of operations and quotas: errors, slowness, what is used up, what is refused."""

from __future__ import annotations

from collections.abc import Iterable

from obskit import names
from obskit.alerts import operation_trials as trials
from obskit.alerts.inventory import Inventory
from obskit.alerts.promql import DRILL, ENVIRONMENT, SERVICE, by, label, metric, number, span
from obskit.alerts.rule import LOWER, Alert, Group, Recording
from obskit.declaration import Operation, Quota, Severity

#: How many runs of an operation there were in its window, and how many of them failed.
RUNS = "obskit:operation_runs:window"
FAILED = "obskit:operation_failed:window"

_OPERATION = label(names.OPERATION_NAME)
_OUTCOME = label(names.OPERATION_OUTCOME)
_QUOTA = label(names.QUOTA_NAME)
_ADDRESS = label(names.SERVER_ADDRESS)
_CODE = label(names.HTTP_RESPONSE_STATUS_CODE)
_COUNT = metric(names.OPERATION_DURATION, "count")
_BUCKET = metric(names.OPERATION_DURATION, "bucket")
_USED = metric(names.QUOTA_USED)
_LIMIT = metric(names.QUOTA_LIMIT)
_REJECTIONS = metric(names.HTTP_CLIENT_REJECTIONS)
_OF_OPERATION = (ENVIRONMENT, SERVICE, _OPERATION, DRILL)
_OF_QUOTA = (ENVIRONMENT, SERVICE, _QUOTA, DRILL)
# A gap of an hour makes no new series of one that Prometheus knows.
_REMEMBERED = 3_600.0
_LAST_BOUND = names.OPERATION_DURATION.buckets[-1]
_DASHBOARD = "obskit-operations"


def groups(inventory: Inventory) -> list[Group]:
    """The rules of a service's operations and quotas.

    Args:
        inventory: What is expected.
    """
    operations = list(inventory.registry.operations.values())
    quotas = list(inventory.registry.quotas.values())
    found: list[tuple[str, list[Recording | Alert]]] = [
        ("operations", [rule for each in operations for rule in _of_operation(inventory, each)]),
        ("quotas", [rule for each in quotas for rule in _of_quota(inventory, each)]),
    ]
    if operations or quotas:
        found.append(("providers", [_refused(inventory)]))
    return [
        Group(f"obskit-{inventory.service}-{name}", tuple(rules)) for name, rules in found if rules
    ]


def window(inventory: Inventory, operation: Operation) -> float:
    """Seconds that are looked back: four exports at least, so that one may be missed."""
    return max(operation.window, 4 * inventory.export_interval)


def _grown(series: str, seconds: float) -> str:
    # `increase` sees nothing of what a series began with; what nobody knew before began with 0.
    known = f"last_over_time({series}[{span(max(seconds, _REMEMBERED))}] offset {span(seconds)})"
    return (
        f"(increase({series}[{span(seconds)}]) and {known})\n"
        f"or\n(last_over_time({series}[{span(seconds)}]) unless {known})"
    )


def _of_operation(inventory: Inventory, operation: Operation) -> Iterable[Recording | Alert]:
    ratio, p95 = operation.max_error_ratio, operation.max_p95
    # More than all runs never fail, and beyond its last bound a histogram tells nothing.
    fails, slows = ratio is not None and ratio < 1, p95 is not None and p95 < _LAST_BOUND
    if not fails and not slows:
        return
    seconds = window(inventory, operation)
    series = inventory.series(_COUNT, **{_OPERATION: operation.name})
    # What every series of it says anyway: without it promtool takes two operations for one twice.
    named = {_OPERATION: operation.name}
    runs = f"sum by {by(*_OF_OPERATION)} (\n{_grown(series, seconds)}\n)"
    yield Recording(RUNS, runs, named)
    if ratio is not None and fails:
        series = inventory.series(_COUNT, **{_OPERATION: operation.name, _OUTCOME: "failed"})
        failed = f"sum by {by(*_OF_OPERATION)} (\n{_grown(series, seconds)}\n)"
        yield Recording(FAILED, failed, named)
        yield _errors(inventory, operation, ratio)
    if p95 is not None and slows:
        yield _slow(inventory, operation, p95)


def _enough(inventory: Inventory, operation: Operation) -> str:
    runs = inventory.series(RUNS, **{_OPERATION: operation.name})
    return f"{runs} >= {operation.min_runs}"


def _errors(inventory: Inventory, operation: Operation, limit: float) -> Alert:
    failed = inventory.series(FAILED, **{_OPERATION: operation.name})
    return _alert(
        inventory,
        operation,
        "OperationErrors",
        f"{failed}\n/\n({_enough(inventory, operation)})\n> {number(limit)}",
        "fails",
        "{{ $value | humanizePercentage }} of the runs failed;"
        f" {limit * 100:g}% may, of at least {operation.min_runs} in {span(operation.window)}.",
        trials.of_errors,
    )


def _slow(inventory: Inventory, operation: Operation, limit: float) -> Alert:
    series = inventory.series(_BUCKET, **{_OPERATION: operation.name})
    durations = (
        f"sum by {by(*_OF_OPERATION, 'le')} (\n{_grown(series, window(inventory, operation))}\n)"
    )
    return _alert(
        inventory,
        operation,
        "OperationSlow",
        f"histogram_quantile(0.95, {durations})\n> {number(limit)}\n"
        f"and on {by(*_OF_OPERATION)}\n{_enough(inventory, operation)}",
        "is slow",
        "One run in twenty takes longer than {{ $value | humanizeDuration }};"
        f" {span(limit)} is the limit, of at least {operation.min_runs} runs"
        f" in {span(operation.window)}.",
        trials.of_slowness,
    )


def _alert(
    inventory: Inventory,
    operation: Operation,
    name: str,
    expr: str,
    words: str,
    description: str,
    make: trials.Maker,
) -> Alert:
    # A share moves to and fro about its limit.
    keeps = inventory.scaled(300.0)
    said = [operation.description, description, inventory.place]
    return Alert(
        name,
        expr,
        labels=inventory.labels(
            operation.severity, operation.owner, **{_OPERATION: operation.name}
        ),
        annotations=inventory.annotations(
            f"{operation.name} of {inventory.service} {words}",
            " ".join(part for part in said if part),
            runbook=operation.runbook,
            topic=name.lower(),
            dashboard=_DASHBOARD,
            variables={"operation": operation.name},
        ),
        keeps_for=keeps,
        trials=make(inventory, operation, window(inventory, operation), keeps),
    )


def _of_quota(inventory: Inventory, quota: Quota) -> Iterable[Alert]:
    near, used_up = LOWER[quota.severity], quota.severity
    yield _used(inventory, quota, "QuotaNearLimit", quota.warn_at, "is nearly used up", near)
    yield _used(inventory, quota, "QuotaUsedUp", 1.0, "is used up", used_up)


def _used(
    inventory: Inventory, quota: Quota, name: str, share: float, words: str, severity: Severity
) -> Alert:
    # Each process tells of its own use, and all of one limit.
    of, keeps = by(*_OF_QUOTA), inventory.scaled(300.0)
    used = f"sum by {of} ({inventory.series(_USED, **{_QUOTA: quota.name})})"
    limit = f"max by {of} ({inventory.series(_LIMIT, **{_QUOTA: quota.name})})"
    return Alert(
        name,
        f"{used}\n/\n{limit}\n>= {number(share)}",
        labels=inventory.labels(severity, quota.owner, **{_QUOTA: quota.name}),
        annotations=inventory.annotations(
            f"{quota.name} of {inventory.service} {words}",
            "{{ $value | humanizePercentage }} of what may be used in"
            f" {span(quota.per)} is used. {inventory.place}",
            runbook=quota.runbook,
            topic=name.lower(),
            dashboard=_DASHBOARD,
            variables={"quota": quota.name},
        ),
        keeps_for=keeps,
        trials=trials.of_quota(inventory, quota, share, keeps),
    )


def _refused(inventory: Inventory) -> Alert:
    seconds = max(inventory.scaled(600.0), 4 * inventory.export_interval)
    waits, keeps = inventory.scaled(600.0), inventory.scaled(300.0)
    grown = _grown(inventory.series(_REJECTIONS), seconds)
    return Alert(
        "ProviderRefuses",
        f"sum by {by(ENVIRONMENT, SERVICE, _ADDRESS, _CODE, DRILL)} (\n{grown}\n)\n> 0",
        labels=inventory.labels("sev2", None),
        annotations=inventory.annotations(
            f"{{{{ $labels.{_ADDRESS} }}}} refuses {inventory.service}",
            f"It answered {{{{ $labels.{_CODE} }}}} again and again, {{{{ $value | humanize }}}} times"
            f" in {span(seconds)}: 401 where credentials are wrong or over, 429 where too much is"
            f" asked. {inventory.place}",
            topic="providerrefuses",
            dashboard=_DASHBOARD,
        ),
        holds_for=waits,
        keeps_for=keeps,
        trials=trials.of_refusals(inventory, seconds, waits, keeps),
    )
