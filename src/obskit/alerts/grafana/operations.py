"""The dashboard of operations and budgets: what users do, and what may be used."""

from __future__ import annotations

from collections.abc import Iterator

from obskit import names
from obskit.alerts.grafana import panel
from obskit.alerts.grafana.dashboard import SERVICE_CHOICE, dashboard, variable
from obskit.alerts.grafana.query import Json, ask, increase, quantile, rate, series
from obskit.alerts.limits import OPERATION_ERRORS_LIMIT, OPERATION_P95_LIMIT
from obskit.alerts.promql import by, label, metric

UID = "obskit-operations"

_OPERATION = label(names.OPERATION_NAME)
_OUTCOME = label(names.OPERATION_OUTCOME)
_QUOTA = label(names.QUOTA_NAME)
_ADDRESS = label(names.SERVER_ADDRESS)
_STATUS = label(names.HTTP_RESPONSE_STATUS_CODE)
_LEGEND = f"{{{{{_OPERATION}}}}}"
_CHOSEN = f'{_OPERATION}=~"$operation"'
_COUNT = metric(names.OPERATION_DURATION, "count")


def board() -> Json:
    """Whether users can do what they came for, and what of a budget is left."""
    operation = variable("operation", "Operation", f"label_values({series(_COUNT)}, {_OPERATION})")
    quota = variable(
        "quota", "Quota", f"label_values({series(metric(names.QUOTA_LIMIT))}, {_QUOTA})"
    )
    return dashboard(
        UID,
        "obskit: operations and budgets",
        "What users do: how often, how well, how fast. And what is used of quotas.",
        [*SERVICE_CHOICE[:2], operation, quota],
        [*_operations(), *_budgets()],
    )


def _limit(name: str) -> str:
    return f"max by {by(_OPERATION)} ({series(name, _CHOSEN)})"


def _operations() -> Iterator[Json]:
    runs = f"sum by {by(_OPERATION)} ({rate(series(_COUNT, _CHOSEN))})"
    lost = rate(series(_COUNT, _CHOSEN, f'{_OUTCOME}="failed"'))
    failed = f"sum by {by(_OPERATION)} ({lost})"
    yield panel.row("Operations")
    yield panel.timeseries(
        "Runs by outcome",
        ask(
            f"sum by {by(_OPERATION, _OUTCOME)} ({rate(series(_COUNT, _CHOSEN))})",
            f"{_LEGEND} {{{{{_OUTCOME}}}}}",
        ),
        unit="ops",
        stacked=True,
    )
    yield panel.timeseries(
        "Failed",
        ask(f"({failed} or {runs} * 0) / {runs}", _LEGEND),
        ask(_limit(OPERATION_ERRORS_LIMIT), f"{_LEGEND}: limit"),
        description="The share of runs. The limits come with the rules of alerts.",
        unit="percentunit",
    )
    yield panel.timeseries(
        "p95",
        ask(
            quantile(0.95, names.OPERATION_DURATION, _CHOSEN, labels=(_OPERATION,)),
            _LEGEND,
            exemplars=True,
        ),
        ask(_limit(OPERATION_P95_LIMIT), f"{_LEGEND}: limit"),
        description="The limits come with the rules of alerts.",
        unit="s",
    )


def _budgets() -> Iterator[Json]:
    chosen = f'{_QUOTA}=~"$quota"'
    used = f"sum by {by(_QUOTA)} ({series(metric(names.QUOTA_USED), chosen)})"
    limit = f"max by {by(_QUOTA)} ({series(metric(names.QUOTA_LIMIT), chosen)})"
    yield panel.row("Budgets")
    yield panel.timeseries(
        "Used of a quota",
        ask(f"{used} / {limit}", f"{{{{{_QUOTA}}}}}"),
        description="Of all processes together, in the quota's window.",
        unit="percentunit",
    )
    yield panel.timeseries("Left of a quota", ask(f"{limit} - {used}", f"{{{{{_QUOTA}}}}}"))
    rejected = increase(series(metric(names.HTTP_CLIENT_REJECTIONS)))
    yield panel.timeseries(
        "Refused by others",
        ask(
            f"sum by {by(_ADDRESS, _STATUS)} ({rejected})",
            f"{{{{{_ADDRESS}}}}} {{{{{_STATUS}}}}}",
        ),
        description="Answers 401 and 429 that this service was given.",
    )
