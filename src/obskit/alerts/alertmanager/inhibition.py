"""Which alert says what another one would only repeat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from obskit import names
from obskit.alerts.alertmanager.matching import Labels, matchers
from obskit.alerts.inventory import Inventory
from obskit.alerts.promql import DRILL, ENVIRONMENT, INSTANCE, label

_CHECK = label(names.CHECK_NAME)
_ROUTE = label(names.HTTP_ROUTE)
_STATES = ("CheckCritical", "CheckWarning", "CheckUnknown")
# Of one service in one environment; what a drill makes up hides nothing that is real.
_SAME = ("service", ENVIRONMENT, DRILL)
# What tells one alert from another of its name: the same disk, route, host, queue.
_IDENTITY = (
    *(label(name) for name in (names.CHECK_NAME, names.JOB_NAME, names.OPERATION_NAME)),
    *(label(name) for name in (names.QUOTA_NAME, names.HTTP_REQUEST_METHOD, names.SERVER_ADDRESS)),
    *(_ROUTE, INSTANCE, "host_name", "mountpoint", "device", "server", "datname", "state"),
    *("exporter", "receiver", "signal", "objective", "promise"),
)
# What one fault is told by, what else it sets off, and what both must be of.
_CAUSES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("CheckCritical", _STATES[1:], (_CHECK,)),
    ("ServiceDown", (*_STATES, "CheckSilent", "TrafficLost"), ()),
    ("TelemetryPipelineDown", ("CollectorDown",), ()),
)
# The same, where either may be the graver one: what is milder keeps nothing quiet.
_MILDER: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("ServiceErrors", ("ErrorsAboveLastWeek", "ErrorBudgetBurnsFast", "ErrorBudgetBurns"), ()),
    ("RouteSlow", ("LatencyAboveLastWeek",), ()),
    ("RouteSlow", ("RouteSlowest",), (_ROUTE,)),
    ("CollectorQueueFull", ("CollectorQueueFilling",), (INSTANCE, "exporter", "signal")),
)
_SEVERITIES = ("critical", "warning", "info")
# What is said where nothing arrives.
_STALE = (
    *("CheckSilent", "JobLate", "JobTooLong", "JobNeverRan", "ServiceDown", "TrafficLost"),
    *("TelemetryLost", "TelemetryDelayed"),
)
#: What the alerts about the collector say that they are of.
TELEMETRY = "telemetry"


class Part(NamedTuple):
    """What one service in one environment adds to the rules: one Alertmanager serves several.

    Attributes:
        service: `service.name`.
        environment: `deployment.environment.name`.
        dependencies: Which of its checks keep others quiet.
        pipeline: What keeps it quiet where nothing of it arrives.
    """

    service: str
    environment: str
    dependencies: Sequence[dict[str, Any]]
    pipeline: dict[str, Any]


def part(inventory: Inventory) -> Part:
    """What a service adds to the rules.

    Args:
        inventory: Whose checks depend on each other.
    """
    service, environment = inventory.service, inventory.environment
    return Part(service, environment, list(_dependencies(inventory)), _pipeline(inventory))


def rules(inventory: Inventory, others: Iterable[Part] = ()) -> list[dict[str, Any]]:
    """Which alerts keep others from being told, whichever service of these was generated last.

    Args:
        inventory: Whose checks depend on each other.
        others: What other services add.
    """
    parts = sorted([part(inventory), *others], key=lambda each: each[:2])
    dependencies = [rule for each in parts for rule in each.dependencies]
    return [
        # Those of one service in two environments are the same.
        *(rule for at, rule in enumerate(dependencies) if rule not in dependencies[:at]),
        *(
            _rule({"alertname": (cause,)}, {"alertname": others}, *_SAME, *more)
            for cause, others, more in _CAUSES
        ),
        *(
            _rule(
                {"alertname": (cause,), "severity": (severity,)},
                {"alertname": others, "severity": _SEVERITIES[number:]},
                *(*_SAME, *more),
            )
            for cause, others, more in _MILDER
            for number, severity in enumerate(_SEVERITIES)
        ),
        _rule(
            {"alertname": ("QuotaUsedUp",)},
            {"alertname": ("QuotaNearLimit",)},
            *(*_SAME, label(names.QUOTA_NAME)),
        ),
        _rule(
            {"severity": ("critical",)},
            {"severity": ("warning", "info")},
            *("alertname", *_SAME, *_IDENTITY),
        ),
        *(each.pipeline for each in parts),
    ]


def _dependencies(inventory: Inventory) -> Iterator[dict[str, Any]]:
    for name in inventory.registry.checks:
        waiting = tuple(sorted(_dependents(inventory, name)))
        if waiting:
            here = {"service": (inventory.service,)}
            yield _rule(
                {"alertname": ("CheckCritical",), **here, _CHECK: (name,)},
                {"alertname": _STATES, **here, _CHECK: waiting},
                *_SAME,
            )


def _dependents(inventory: Inventory, name: str) -> set[str]:
    """The checks that mean nothing without this one, through whatever lies between."""
    checks = inventory.registry.checks

    def leads(start: str) -> set[str]:
        found: set[str] = set()
        ahead = [start]
        while ahead:
            check = checks.get(ahead.pop())
            fresh = set(check.depends_on) - found if check else set()
            found |= fresh
            ahead += fresh
        return found

    own = leads(name)
    # Two that lead to each other would keep each other silent.
    return {other for other in checks if other not in own and name in leads(other)} - {name}


def _pipeline(inventory: Inventory) -> dict[str, Any]:
    # What carries the telemetry of several services is of none of them, and in no environment.
    return _rule(
        {
            "alertname": ("TelemetryPipelineDown", "CollectorDown"),
            "service": ("", inventory.service, TELEMETRY),
            ENVIRONMENT: ("", inventory.environment),
        },
        {
            "alertname": _STALE,
            "service": (inventory.service,),
            ENVIRONMENT: (inventory.environment,),
        },
        DRILL,
    )


def _rule(source: Labels, target: Labels, *equal: str) -> dict[str, Any]:
    return {
        "source_matchers": matchers(source),
        "target_matchers": matchers(target),
        "equal": list(equal),
    }
