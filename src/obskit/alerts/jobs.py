"""The rules of jobs: one that is late, one that fails, one that takes too long, one that never ran."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from obskit import names
from obskit.alerts import job_trials as trials
from obskit.alerts.inventory import Inventory
from obskit.alerts.promql import (
    DRILL,
    ENVIRONMENT,
    INSTANCE,
    SERVICE,
    Wanted,
    by,
    in_template,
    label,
    metric,
    number,
    span,
)
from obskit.alerts.rule import NOBODY, SEVERITIES, Alert, Group, Recording, Trial
from obskit.alerts.silence import longest_wait, period, refuse_too_rare, window
from obskit.declaration import Job

JOB = label(names.JOB_NAME)
STATE = label(names.JOB_STATE)
#: When the newest run of a job began, whoever tells of it.
NEWEST = "obskit:job_last_run:newest"
#: The instances that know the newest run of a job: of all that tell of it, they are believed.
HOLDER = "obskit:job_last_run:holder"
#: The longest time from one run of each job to the next.
LIMIT = "obskit:job_silence:limit"

_STATUS = metric(names.JOB_STATUS)
_DEADLINE = metric(names.JOB_DEADLINE)
_LAST_RUN = metric(names.JOB_LAST_RUN)
_LAST_SUCCESS = metric(names.JOB_LAST_SUCCESS)
_OF_JOB = (ENVIRONMENT, SERVICE, JOB, DRILL)
_EXPECTED = (ENVIRONMENT, SERVICE, JOB)
# A run that nobody expects is told of for so long, though nothing refreshes what it left.
_UNEXPECTED = 2 * 86_400.0
_DASHBOARD = "obskit-jobs"


def groups(inventory: Inventory) -> list[Group]:
    """The rules of a service's jobs.

    A process that ran a job may be gone: what it left is read for twice the job's period.

    Args:
        inventory: What is expected.

    Raises:
        DeclarationError: A job runs so seldom that its lateness would not be noticed.
    """
    refuse_too_rare(inventory)
    jobs = list(inventory.registry.jobs.values())
    if not jobs:
        return []
    return [
        Group(f"obskit-{inventory.service}-jobs", tuple(_rules(inventory, jobs))),
        Group(f"obskit-{inventory.service}-runs", tuple(_inventory_rules(inventory, jobs))),
    ]


def _window(inventory: Inventory, job: Job) -> float:
    wait = longest_wait(inventory, job)
    return window(wait + period(job) if math.isfinite(wait) else _UNEXPECTED)


def _rules(inventory: Inventory, jobs: Sequence[Job]) -> Iterable[Recording | Alert]:
    by_window: dict[float, list[str]] = defaultdict(list)
    for job in jobs:
        by_window[_window(inventory, job)].append(job.name)
    yield from _believed(inventory, by_window)
    for job in jobs:
        if math.isfinite(period(job)):
            yield _late(inventory, job)
        yield _failed(inventory, job)
        if job.max_runtime is not None:
            yield _too_long(inventory, job, job.max_runtime)


def _believed(
    inventory: Inventory, by_window: Mapping[float, Sequence[str]]
) -> Iterable[Recording]:
    wanted = [(span(seconds), sorted(found)) for seconds, found in sorted(by_window.items())]
    heard = "\nor\n".join(
        f"last_over_time({inventory.series(_LAST_RUN, **{JOB: found})}[{seconds}])"
        for seconds, found in wanted
    )
    present = inventory.series(
        _LAST_RUN, **{JOB: sorted(name for _, found in wanted for name in found)}
    )
    newest = f"== on {by(*_OF_JOB)} group_left ()\n{inventory.series(NEWEST)}"
    yield Recording(NEWEST, f"max by {by(*_OF_JOB)} (\n{heard}\n)")
    # Several may know the newest run: who is gone cannot say how it went on.
    yield Recording(
        HOLDER,
        f"max by {by(*_OF_JOB, INSTANCE)} (\n{present}\n{newest}\n"
        f"or on {by(*_OF_JOB)}\n(\n{heard}\n)\n{newest}\n)",
    )


def _held(inventory: Inventory, job: Job, name: str, **more: Wanted) -> str:
    # Read back beyond the end of a series, so that what a process left when it ended is seen.
    series = inventory.series(name, **{JOB: job.name, **more})
    condition = " == 1" if more else ""
    return (
        f"max by {by(*_OF_JOB)} (\n"
        f"  last_over_time({series}[{span(_window(inventory, job))}]){condition}\n"
        f"  and on {by(*_OF_JOB, INSTANCE)}\n"
        f"  {inventory.series(HOLDER, **{JOB: job.name})}\n)"
    )


def _late(inventory: Inventory, job: Job) -> Alert:
    wait, delay = longest_wait(inventory, job), number(inventory.delay)
    # An instance that has forgotten its runs tells of a deadline that moves with every restart.
    return _alert(
        inventory,
        job,
        "JobLate",
        f"time() - {_held(inventory, job, _DEADLINE)} > {delay}\nor\n"
        f"time() - {inventory.series(NEWEST, **{JOB: job.name})} - {number(wait - inventory.delay)}"
        f" > {delay}",
        "is late",
        "It should have begun {{ $value | humanizeDuration }} ago at the latest.",
        trials.of_lateness(inventory, job, wait),
    )


def _failed(inventory: Inventory, job: Job) -> Alert:
    success = inventory.series(_LAST_SUCCESS, **{JOB: job.name})
    heard = f"max by {by(*_EXPECTED)} (last_over_time({success}[{span(_window(inventory, job))}]))"
    return _alert(
        inventory,
        job,
        "JobFailed",
        _held(inventory, job, _STATUS, **{STATE: ("failed", "lost")}),
        "has failed",
        "Its last run failed, or its process was killed."
        f" {{{{ with query {in_template(heard)} }}}}A run last ended well at"
        " {{ . | first | value | humanizeTimestamp }}.{{ end }}",
        trials.of_state(inventory, job, ("failed", "lost")),
    )


def _too_long(inventory: Inventory, job: Job, allowed: float) -> Alert:
    begun = inventory.series(NEWEST, **{JOB: job.name})
    return _alert(
        inventory,
        job,
        "JobTooLong",
        _held(inventory, job, _STATUS, **{STATE: ("too_long",)}),
        "takes too long",
        f"{{{{ with query {in_template(begun)} }}}}It has been running since"
        f" {{{{ . | first | value | humanizeTimestamp }}}}; {{{{ end }}}}{span(allowed)} are allowed.",
        trials.of_state(inventory, job, ("too_long",)),
    )


def _alert(
    inventory: Inventory,
    job: Job,
    name: str,
    expr: str,
    words: str,
    description: str,
    tried: tuple[Trial, ...],
) -> Alert:
    said = [job.description, description, inventory.place]
    return Alert(
        name,
        expr,
        labels=inventory.labels(job.severity, job.owner, **{JOB: job.name}),
        annotations=inventory.annotations(
            f"{job.name} of {inventory.service} {words}",
            " ".join(part for part in said if part),
            runbook=job.runbook,
            topic=name.lower(),
            dashboard=_DASHBOARD,
            variables={"job": job.name},
        ),
        trials=tried,
    )


def _inventory_rules(inventory: Inventory, jobs: Sequence[Job]) -> Iterable[Recording | Alert]:
    by_window: dict[float, dict[str, float]] = defaultdict(dict)
    for job in jobs:
        wait = longest_wait(inventory, job)
        if math.isfinite(wait):
            by_window[window(wait)][job.name] = wait
        yield Recording(
            LIMIT,
            f"vector({number(wait)})",
            {
                **inventory.identity,
                JOB: job.name,
                "severity": SEVERITIES[job.severity],
                "owner": job.owner or NOBODY,
            },
        )
    if by_window:
        yield _never_ran(inventory, by_window)
    yield _not_expected(inventory)


def _never_ran(inventory: Inventory, by_window: Mapping[float, Mapping[str, float]]) -> Alert:
    on = f"on {by(*_EXPECTED)}"
    due = "\nor\n".join(
        f"last_over_time({inventory.series(LIMIT, **{JOB: sorted(limits)})}"
        f"[{span(max(*limits.values(), 3_600.0))}] offset {span(max(limits.values()))})"
        for _, limits in sorted(by_window.items())
    )
    every = sorted(name for limits in by_window.values() for name in limits)
    deadline = inventory.real(_DEADLINE, **{JOB: every})
    return Alert(
        "JobNeverRan",
        f"(\n{inventory.series(LIMIT, **{JOB: every})}\nand {on} (\n{due}\nor {on}\n"
        f"time() - max by {by(*_EXPECTED)} ({deadline}) > {number(inventory.delay)}\n)\n)\n"
        f"unless {on}\n{inventory.real(NEWEST)}",
        # Severity and owner come with each expected job.
        labels={"service": inventory.service},
        annotations=inventory.annotations(
            f"{{{{ $labels.{JOB} }}}} of {inventory.service} does not run",
            "It should run every {{ $value | humanizeDuration }}, and no run of it is known, or none"
            f" for so long that it is forgotten. {inventory.place}",
            topic="jobneverran",
            dashboard=_DASHBOARD,
            variables={"job": f"{{{{ $labels.{JOB} }}}}"},
        ),
        trials=tuple(
            trial
            for _, limits in sorted(by_window.items())
            for trial in trials.of_absence(inventory, limits)
        ),
    )


def _not_expected(inventory: Inventory) -> Alert:
    return Alert(
        "RulesOutOfDate",
        f"max by {by(*_EXPECTED)} ({inventory.real(_LAST_RUN)})\n"
        f"unless on {by(*_EXPECTED)}\n{inventory.series(LIMIT)}",
        labels=inventory.labels("sev3", None),
        annotations=inventory.annotations(
            f"{{{{ $labels.{JOB} }}}} of {inventory.service} is in no rule",
            "It has run, and was not declared when the rules were generated: nobody would be told"
            " that it is late or fails. Declare it in the app, and generate the rules anew.",
            topic="rulesoutofdate",
            dashboard=_DASHBOARD,
        ),
        holds_for=inventory.scaled(600.0),
        trials=trials.of_stranger(inventory),
    )
