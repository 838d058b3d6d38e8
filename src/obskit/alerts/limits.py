"""The limits of what is declared, recorded: a dashboard shows them beside what is measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from obskit import names
from obskit.alerts.checks import CHECK, STATE
from obskit.alerts.inventory import Inventory
from obskit.alerts.promql import label, number
from obskit.alerts.rule import Group, Recording
from obskit.declaration import Check, Limit, State

#: From which value on a check is in a state; `bound` says whether upward or downward.
CHECK_VALUE_LIMIT = "obskit:check_value:limit"
#: The largest share of an operation's runs that may fail.
OPERATION_ERRORS_LIMIT = "obskit:operation_errors:limit"
#: The longest that 95 of 100 runs of an operation may take, seconds.
OPERATION_P95_LIMIT = "obskit:operation_p95:limit"

_OPERATION = label(names.OPERATION_NAME)


def groups(inventory: Inventory) -> list[Group]:
    """What records the limits of a service. No alert reads them: each has its own from the declaration.

    Args:
        inventory: What is declared.
    """
    rules = tuple(_rules(inventory))
    return [Group(f"obskit-{inventory.service}-limits", rules)] if rules else []


def _rules(inventory: Inventory) -> Iterable[Recording]:
    for check in inventory.registry.checks.values():
        for limit in _of_check(check):
            more = {CHECK: check.name, STATE: limit.state, "bound": limit.bound}
            yield _recorded(inventory, CHECK_VALUE_LIMIT, limit.value, more)
    for operation in inventory.registry.operations.values():
        of_operation = {_OPERATION: operation.name}
        for name, found in (
            (OPERATION_ERRORS_LIMIT, operation.max_error_ratio),
            (OPERATION_P95_LIMIT, operation.max_p95),
        ):
            if found is not None:
                yield _recorded(inventory, name, found, of_operation)


def _recorded(inventory: Inventory, name: str, limit: float, more: Mapping[str, str]) -> Recording:
    return Recording(name, f"vector({number(limit)})", {**inventory.identity, **more})


def _of_check(check: Check) -> Iterable[Limit]:
    if check.freshness is None:
        # What is judged against its own past has no limit that stays.
        return [each for each in getattr(check.judge, "limits", ()) if isinstance(each, Limit)]
    late: tuple[tuple[State, float | None], ...] = (
        ("warning", check.freshness.warning_after),
        ("critical", check.freshness.critical_after),
    )
    return [Limit(state, "upper", age) for state, age in late if age is not None]
