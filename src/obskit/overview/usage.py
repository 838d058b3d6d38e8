"""Operations and quotas as people look at them: what each process has counted, together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from obskit.declaration import Operation, Quota
from obskit.operations.quota import lasts
from obskit.operations.tally import Tally
from obskit.overview.model import OperationView, QuotaView
from obskit.overview.standing import Told


def operations(
    declared: Mapping[str, Operation], told: Iterable[Told]
) -> tuple[OperationView, ...]:
    """Operations with what all processes have counted of them, what is worst first.

    Args:
        declared: The declarations, by name.
        told: What the processes tell. What is declared nowhere here is told of too.
    """
    counted: dict[str, Tally] = {}
    for each in told:
        for name, tally in each.operations.items():
            counted.setdefault(name, Tally()).merge(tally)
    views = [_operation(name, declared.get(name), counted) for name in {**declared, **counted}]
    return tuple(sorted(views, key=lambda view: (not view.fails, view.severity, view.name)))


def _operation(
    name: str, operation: Operation | None, counted: Mapping[str, Tally]
) -> OperationView:
    tally = counted.get(name, Tally())
    view = OperationView(
        name, tally.runs, tally.failures, tally.p95, reasons=dict(tally.failed.most_common())
    )
    if operation is None:
        return view
    return replace(
        view,
        window=operation.window,
        min_runs=operation.min_runs,
        max_error_ratio=operation.max_error_ratio,
        max_p95=operation.max_p95,
        severity=operation.severity,
        owner=operation.owner,
        runbook=operation.runbook,
        description=operation.description,
    )


def quotas(declared: Mapping[str, Quota], told: Iterable[Told]) -> tuple[QuotaView, ...]:
    """Quotas with what all processes have used of them, what is used up the most first.

    Args:
        declared: The declarations, by name.
        told: What the processes tell.
    """
    used = dict.fromkeys(declared, 0)
    recent = dict.fromkeys(declared, 0)
    for each in told:
        for name, (all_of_it, of_late) in each.quotas.items():
            if name in declared:
                used[name] += all_of_it
                recent[name] += of_late
    views = (_quota(quota, used[name], recent[name]) for name, quota in declared.items())
    return tuple(sorted(views, key=lambda view: (-view.used / view.limit, view.name)))


def _quota(quota: Quota, used: int, recent: int) -> QuotaView:
    return QuotaView(
        name=quota.name,
        limit=quota.limit,
        used=used,
        per=quota.per,
        seconds_until_empty=lasts(quota, used, recent),
        warn_at=quota.warn_at,
        severity=quota.severity,
        owner=quota.owner,
        runbook=quota.runbook,
    )
