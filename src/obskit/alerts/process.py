"""The rules of a service's processes: they are heard of, they stay, and their telemetry arrives."""

from __future__ import annotations

import re
from collections.abc import Iterable

from obskit import names
from obskit.alerts import process_trials as trials
from obskit.alerts.inventory import Inventory
from obskit.alerts.promql import ENVIRONMENT, INSTANCE, SERVICE, by, label, metric, span
from obskit.alerts.rule import Alert, Group, Recording

#: 1 for a service whose processes run all the time.
EXPECTED = "obskit:service:expected"

_UPTIME = metric(names.PROCESS_UPTIME)
_LAST_RUN = metric(names.JOB_LAST_RUN)
_RUNS = metric(names.JOB_RUNS)
_JOB = label(names.JOB_NAME)
_OF_SERVICE = (ENVIRONMENT, SERVICE)
_SIGNAL = label(names.SIGNAL)
_ERROR_TYPE = label(names.ERROR_TYPE)
_OVERFLOW = label(names.METRIC_OVERFLOW)
_LOST = (
    ("traces", names.SDK_SPAN_PROCESSED),
    ("logs", names.SDK_LOG_PROCESSED),
    ("traces", names.SDK_SPAN_EXPORTED),
    ("logs", names.SDK_LOG_EXPORTED),
    ("metrics", names.SDK_POINT_EXPORTED),
)
_DASHBOARD = "obskit-service"
_PIPELINE = "obskit-telemetry"

#: How often one process may begin anew in half an hour. A deployment does once, an orchestrator that
#: backs off up to five minutes more often.
RESTARTS = 3


def groups(inventory: Inventory) -> list[Group]:
    """The rules of a service's processes.

    Args:
        inventory: What is expected.
    """
    return [Group(f"obskit-{inventory.service}-processes", tuple(_rules(inventory)))]


def _rules(inventory: Inventory) -> Iterable[Recording | Alert]:
    if _runs_always(inventory):
        yield Recording(EXPECTED, "vector(1)", inventory.identity)
        yield _down(inventory)
    yield _restarting(inventory)
    yield _lost(inventory)
    yield _delayed(inventory)
    yield _overflowing(inventory)


def _runs_always(inventory: Inventory) -> bool:
    # What has jobs and nothing else is run by cron, and not heard of in between.
    registry = inventory.registry
    others = (registry.checks, registry.operations, registry.quotas, registry.objectives)
    return not registry.jobs or any(others)


def _down(inventory: Inventory) -> Alert:
    # Both together five minutes. Nothing fires where Prometheus itself was away for longer.
    seen, waits = max(inventory.scaled(180.0), inventory.delay), inventory.scaled(120.0)
    of, keeps = by(*_OF_SERVICE), inventory.scaled(60.0)
    return Alert(
        "ServiceDown",
        f"{inventory.series(EXPECTED)}\nunless on {of}\n"
        f"count by {of} (last_over_time({inventory.real(_UPTIME)}[{span(seen)}]))",
        labels=inventory.labels("sev1", None),
        annotations=inventory.annotations(
            f"{inventory.service} is not heard of",
            f"None of its processes has said anything for {span(seen + waits)}.",
            topic="servicedown",
            dashboard=_DASHBOARD,
        ),
        holds_for=waits,
        keeps_for=keeps,
        trials=trials.of_silence(inventory, seen, waits, keeps),
    )


def _restarting(inventory: Inventory) -> Alert:
    seen, keeps = inventory.scaled(1_800.0), inventory.scaled(600.0)
    seen = max(seen, 10 * inventory.export_interval)
    of, each = by(*_OF_SERVICE), by(*_OF_SERVICE, INSTANCE)
    resets = f"sum by {each} (resets({inventory.real(_UPTIME)}[{span(seen)}]))"
    # A run of a job may be a process of its own, and is no process that was started again.
    runs = (
        f"sum by {each} (\n"
        f"    (changes({inventory.real(_LAST_RUN)}[{span(seen)}]) + 1)\n"
        f"    and on {by(*_OF_SERVICE, INSTANCE, _JOB)}\n"
        f"    last_over_time({inventory.real(_RUNS)}[{span(seen)}])\n  )"
    )
    return Alert(
        "ServiceRestarts",
        f"max by {of} (\n  {resets}\n  - on {each}\n  {runs}\n  or\n  {resets}\n) > {RESTARTS}",
        labels=inventory.labels("sev2", None),
        annotations=inventory.annotations(
            f"{inventory.service} begins anew again and again",
            f"One of its processes was started {{{{ $value }}}} times in {span(seen)}.",
            topic="servicerestarts",
            dashboard=_DASHBOARD,
        ),
        keeps_for=keeps,
        trials=trials.of_restarts(inventory, seen, keeps),
    )


def _lost(inventory: Inventory) -> Alert:
    seen = max(inventory.scaled(900.0), 4 * inventory.export_interval)
    keeps = inventory.scaled(900.0)
    failed = {_ERROR_TYPE: re.compile(".+")}
    of = by(*_OF_SERVICE, _SIGNAL, _ERROR_TYPE)
    each = (
        f"sum by {of} (label_replace("
        f"increase({inventory.series(metric(named), **failed)}[{span(seen)}]),"
        f' "{_SIGNAL}", "{signal}", "", ""))'
        for signal, named in _LOST
    )
    return Alert(
        "TelemetryLost",
        "(\n" + "\nor\n".join(each) + "\n) > 0",
        labels=inventory.labels("sev2", None),
        annotations=inventory.annotations(
            f"{inventory.service} loses {{{{ $labels.{_SIGNAL} }}}}",
            f"{{{{ $value | humanize }}}} records in {span(seen)}, by"
            f" {{{{ $labels.{_ERROR_TYPE} }}}}.",
            topic="telemetrylost",
            dashboard=_PIPELINE,
        ),
        keeps_for=keeps,
        trials=trials.of_loss(inventory, seen, keeps),
    )


def _delayed(inventory: Inventory) -> Alert:
    waits, keeps = inventory.scaled(1_800.0), inventory.scaled(300.0)
    return Alert(
        "TelemetryDelayed",
        f"sum by {by(*_OF_SERVICE, _SIGNAL)} ({inventory.series(metric(names.SPOOLED))}) > 0",
        labels=inventory.labels("sev3", None),
        annotations=inventory.annotations(
            f"{{{{ $labels.{_SIGNAL} }}}} of {inventory.service} wait on disk",
            f"{{{{ $value | humanize }}}} records, for more than {span(waits)}: their receiver does"
            " not take them. When the disk's share is full, the oldest are lost.",
            topic="telemetrydelayed",
            dashboard=_PIPELINE,
        ),
        holds_for=waits,
        keeps_for=keeps,
        trials=trials.of_delay(inventory, waits, keeps),
    )


def _overflowing(inventory: Inventory) -> Alert:
    waits, keeps = inventory.scaled(300.0), inventory.scaled(600.0)
    beyond = inventory.series("", **{_OVERFLOW: "true"})
    return Alert(
        "SeriesLimit",
        f"count by {by(*_OF_SERVICE, 'metric')} (\n"
        f'  label_replace({beyond}, "metric", "$1", "__name__", "(.+?)(_bucket|_count|_sum)?")\n)',
        labels=inventory.labels("sev3", None),
        annotations=inventory.annotations(
            f"{{{{ $labels.metric }}}} of {inventory.service} has too many series",
            "It has reached its limit, and all that is beyond is one series: its labels tell less"
            " than they seem to.",
            topic="serieslimit",
            dashboard=_PIPELINE,
        ),
        holds_for=waits,
        keeps_for=keeps,
        trials=trials.of_overflow(inventory, waits, keeps),
    )
