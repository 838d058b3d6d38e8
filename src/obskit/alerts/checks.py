"""The rules of checks: one that fails, one that cannot be judged, one that says nothing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from obskit import names
from obskit.alerts import check_trials as trials
from obskit.alerts.inventory import Inventory
from obskit.alerts.promql import (
    DRILL,
    ENVIRONMENT,
    INSTANCE,
    SERVICE,
    by,
    in_template,
    label,
    metric,
    number,
    span,
)
from obskit.alerts.rule import LOWER, NOBODY, SEVERITIES, Alert, Group, Recording
from obskit.alerts.silence import is_of_each_host, longest_silence, period, refuse_too_rare, window
from obskit.declaration import Check, Severity

CHECK = label(names.CHECK_NAME)
STATE = label(names.CHECK_STATE)
#: Who is believed of all instances that tell of a check: the newest to have decided it; of a check of
#: each host or process also every other that has decided it lately.
HOLDER = "obskit:check_last_run:holder"
#: When a check was last decided, by whichever instance.
NEWEST = "obskit:check_last_run:newest"
#: The longest silence of each check that is expected.
LIMIT = "obskit:check_silence:limit"

_STATUS = metric(names.CHECK_STATUS)
_LAST_RUN = metric(names.CHECK_LAST_RUN)
_VALUE = metric(names.CHECK_VALUE)
_UPTIME = metric(names.PROCESS_UPTIME)
_OF_CHECK = (ENVIRONMENT, SERVICE, CHECK, DRILL)
_EXPECTED = (ENVIRONMENT, SERVICE, CHECK)
# A restart takes less; whoever is silent for longer has left.
_LEFT = 600.0
# What runs after something else only: as often as most jobs do.
_AFTER_A_JOB = 2 * 86_400.0
_HUMANIZED = {"s": "humanizeDuration", "By": "humanize1024", "1": "humanizePercentage"}
_DASHBOARD = "obskit-checks"


def groups(inventory: Inventory) -> list[Group]:
    """The rules of a service's checks.

    Args:
        inventory: What is expected.

    Raises:
        DeclarationError: A check runs so seldom that its silence would not be noticed.
    """
    refuse_too_rare(inventory)
    checks = list(inventory.registry.checks.values())
    if not checks:
        return []
    found = [
        Group(f"obskit-{inventory.service}-checks", tuple(_rules(inventory, checks))),
    ]
    expected = _inventory_rules(inventory, checks)
    return [*found, Group(f"obskit-{inventory.service}-silence", tuple(expected))]


def _rules(inventory: Inventory, checks: Sequence[Check]) -> Iterable[Recording | Alert]:
    for check in checks:
        yield _limit(inventory, check)
    by_window: dict[float, list[str]] = defaultdict(list)
    for check in checks:
        by_window[_window(inventory, check)].append(check.name)
    of_each_host = [check.name for check in checks if is_of_each_host(check)]
    yield from _believed(inventory, by_window, of_each_host)
    for check in checks:
        yield _failing(inventory, check, "critical", check.severity)
        yield _failing(inventory, check, "warning", LOWER[check.severity])
        yield _failing(inventory, check, "unknown", check.severity)


def _limit(inventory: Inventory, check: Check) -> Recording:
    return Recording(
        LIMIT,
        f"vector({number(longest_silence(inventory, check))})",
        {
            **inventory.identity,
            CHECK: check.name,
            "severity": SEVERITIES[check.severity],
            "owner": check.owner or NOBODY,
        },
    )


def _window(inventory: Inventory, check: Check) -> float:
    periodical = math.isfinite(period(check))
    return window(longest_silence(inventory, check) if periodical else _AFTER_A_JOB)


def _believed(
    inventory: Inventory, by_window: Mapping[float, Sequence[str]], of_each_host: Sequence[str]
) -> Iterable[Recording]:
    heard = "\nor\n".join(
        f"last_over_time({inventory.series(_LAST_RUN, **{CHECK: sorted(found)})}[{span(seconds)}])"
        for seconds, found in sorted(by_window.items())
    )
    yield Recording(NEWEST, f"max by {by(*_OF_CHECK)} (\n{heard}\n)")
    newest = f"(\n{heard}\n)\n== on {by(*_OF_CHECK)} group_left ()\n{inventory.series(NEWEST)}"
    if of_each_host:
        chosen = {CHECK: sorted(of_each_host)}
        newest = (
            f"(\ntime() - last_over_time({inventory.series(_LAST_RUN, **chosen)}[{span(_LEFT)}])\n"
            f"< on {by(*_EXPECTED)} group_left ()\n{inventory.series(LIMIT, **chosen)}\n)\n"
            f"or\n(\n{newest}\n)"
        )
    yield Recording(HOLDER, f"max by {by(*_OF_CHECK, INSTANCE)} (\n{newest}\n)")


def _failing(inventory: Inventory, check: Check, state: str, severity: Severity) -> Alert:
    # Read back beyond the end of a series, so that a restart neither resolves nor fires again.
    status = inventory.series(_STATUS, **{CHECK: check.name, STATE: state})
    holder = inventory.series(HOLDER, **{CHECK: check.name})
    waits = 2 * period(check) if state == "unknown" and math.isfinite(check.every) else 0.0
    words = {"critical": "is critical", "warning": "warns", "unknown": "cannot be judged"}[state]
    return Alert(
        f"Check{state.capitalize()}",
        f"max by {by(*_OF_CHECK)} (\n"
        f"  last_over_time({status}[{span(_window(inventory, check))}]) == 1\n"
        f"  and on {by(*_OF_CHECK, INSTANCE)}\n  {holder}\n)",
        labels=inventory.labels(severity, check.owner, **{CHECK: check.name}),
        annotations=inventory.annotations(
            f"{check.name} of {inventory.service} {words}",
            _description(inventory, check, state),
            runbook=check.runbook,
            topic=f"check{state}",
            dashboard=_DASHBOARD,
            variables={"check": check.name},
        ),
        holds_for=waits,
        trials=trials.of_state(inventory, check, state, waits, _window(inventory, check)),
    )


def _description(inventory: Inventory, check: Check, state: str) -> str:
    said = [check.description] if check.description else []
    if state == "unknown":
        said.append("Whether what it watches is well is not known.")
    else:
        series = (
            f"{inventory.real(_VALUE, **{CHECK: check.name})} and on {by(*_OF_CHECK, INSTANCE)}"
            f" ({inventory.real(_STATUS, **{CHECK: check.name, STATE: state})} == 1)"
        )
        unit = "" if check.unit in _HUMANIZED else f" {check.unit.strip('{}')}"
        how = _HUMANIZED.get(check.unit, "humanize")
        said.append(
            f"{{{{ with query {in_template(series)} }}}}It measured"
            f" {{{{ . | first | value | {how} }}}}{unit.rstrip()}.{{{{ end }}}}"
        )
    return " ".join([*said, inventory.place])


def _inventory_rules(inventory: Inventory, checks: Sequence[Check]) -> Iterable[Alert]:
    by_window: dict[float, dict[str, float]] = defaultdict(dict)
    for check in checks:
        limit = longest_silence(inventory, check)
        if math.isfinite(limit):  # what runs after a job is silent as long as the job is
            by_window[window(limit)][check.name] = limit
    if by_window:
        yield _silent(inventory, by_window)
    yield _not_expected(inventory)


def _silent(inventory: Inventory, by_window: Mapping[float, Mapping[str, float]]) -> Alert:
    on = f"on {by(*_EXPECTED)}"
    # What has been expected for less time than it may be silent for has not had its turn yet.
    due = "\nor\n".join(
        f"last_over_time({inventory.series(LIMIT, **{CHECK: sorted(limits)})}"
        f"[{span(max(*limits.values(), 3_600.0))}] offset {span(max(limits.values()))})"
        for _, limits in sorted(by_window.items())
    )
    limit = inventory.series(LIMIT)
    # Where nothing is heard of the service at all, it is ServiceDown that tells, and once.
    of_service = by(ENVIRONMENT, SERVICE)
    heard = f"last_over_time({inventory.real(_UPTIME)}[{span(inventory.delay)}])"
    return Alert(
        "CheckSilent",
        f"(\n{limit}\nand {on} (\n{due}\n)\n)\nunless {on}\n"
        f"((time() - {inventory.real(NEWEST)}) < {on} {limit})\n"
        f"and on {of_service}\n{heard}",
        # Severity and owner come with each expected check.
        labels={"service": inventory.service},
        annotations=inventory.annotations(
            f"{{{{ $labels.{CHECK} }}}} of {inventory.service} says nothing",
            "Nothing was heard of it for more than {{ $value | humanizeDuration }}, or nothing ever."
            " Whether what it watches is well is not known.",
            topic="checksilent",
            dashboard=_DASHBOARD,
            variables={"check": f"{{{{ $labels.{CHECK} }}}}"},
        ),
        # What is heard again may come between two evaluations.
        holds_for=inventory.scaled(30.0),
        trials=tuple(
            trial
            for _, limits in sorted(by_window.items())
            for trial in trials.of_silence(inventory, limits)
        ),
    )


def _not_expected(inventory: Inventory) -> Alert:
    return Alert(
        "RulesOutOfDate",
        f"max by {by(*_EXPECTED)} ({inventory.real(_LAST_RUN)})\n"
        f"unless on {by(*_EXPECTED)}\n{inventory.series(LIMIT)}",
        labels=inventory.labels("sev3", None),
        annotations=inventory.annotations(
            f"{{{{ $labels.{CHECK} }}}} of {inventory.service} is in no rule",
            "It reports, and was not declared when the rules were generated: nobody would be told of"
            " its failures. Generate the rules anew.",
            topic="rulesoutofdate",
            dashboard=_DASHBOARD,
        ),
        holds_for=inventory.scaled(600.0),
        trials=trials.of_stranger(inventory),
    )
