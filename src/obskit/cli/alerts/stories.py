"""What can be made up: a check, a job or an operation that fails, and then is well."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from obskit import names
from obskit.checks.model import Status
from obskit.cli.group import Refused
from obskit.declaration import Check, Job, Operation
from obskit.operations.lateness import STATES

_DAY = 86_400.0
_LATE_BY = 7_200.0
# Durations of runs, seconds, and the share of slow ones that counts for the 95th percentile.
_QUICK, _SLOW, _SLOW_SHARE = 0.001, 299.0, 0.05
# More would take seconds to record.
_MOST_RUNS = 100_000

#: By metric: the attributes of each of its series, and their value.
Observed = Mapping[names.Metric, Iterable[tuple[dict[str, str], float]]]
#: Attributes, a value, and how many of them.
Recorded = tuple[dict[str, str], float, int]


class Story(NamedTuple):
    """What is made up of something.

    Attributes:
        title: In a few words.
        alert: The name of the alert that it makes fire.
        read: The metric that the alert reads.
        observed: Gives the points, of the time and of whether it still fails.
        recorded: By histogram: what is recorded as it begins to fail, and when it is well again.
        lingers: Seconds that the alert may go on for when it is well again.
    """

    title: str
    alert: str
    read: names.Metric
    observed: Callable[[float, bool], Observed]
    recorded: Mapping[names.Metric, tuple[Recorded, Recorded]] = {}
    lingers: float = 0.0


def of_check(check: Check, status: str) -> Story:
    """A check that is in a state, and then is ok.

    Args:
        check: The check.
        status: The state.

    Raises:
        Refused: No alert tells of that state.
    """
    _choose(f"the check {check.name}", status, ("critical", "warning", "unknown"))
    of = {names.CHECK_NAME: check.name}

    def observed(now: float, fails: bool) -> Observed:
        current = status if fails else Status.OK.value
        states = [each.value for each in Status]
        return {
            names.CHECK_STATUS: [
                ({**of, names.CHECK_STATE: state}, int(state == current)) for state in states
            ],
            names.CHECK_LAST_RUN: [(of, now)],
        }

    return Story(
        f"the check {check.name} is {status}",
        f"Check{status.capitalize()}",
        names.CHECK_STATUS,
        observed,
    )


_OF_JOB = {"failed": "JobFailed", "lost": "JobFailed", "too_long": "JobTooLong", "late": "JobLate"}


def of_job(job: Job, status: str) -> Story:
    """A job that is in a state, and then has run well.

    Args:
        job: The job.
        status: The state; `critical` stands for `failed`.

    Raises:
        Refused: No alert tells of that state.
    """
    state = "failed" if status == "critical" else status
    _choose(f"the job {job.name}", state, tuple(_OF_JOB))
    of = {names.JOB_NAME: job.name}

    def observed(now: float, fails: bool) -> Observed:
        current = state if fails else "ok"
        due = now - _LATE_BY if fails and state == "late" else now + _DAY
        return {
            names.JOB_STATUS: [
                ({**of, names.JOB_STATE: each}, int(each == current)) for each in STATES
            ],
            names.JOB_DEADLINE: [(of, due)],
            names.JOB_LAST_RUN: [(of, now)],
        }

    said = {"failed": "has failed", "too_long": "takes too long"}.get(state, f"is {state}")
    return Story(f"the job {job.name} {said}", _OF_JOB[state], names.JOB_STATUS, observed)


def of_operation(operation: Operation, status: str, seconds: float) -> Story:
    """An operation that fails or is slow, and then goes well so often that the failures do not count.

    Args:
        operation: The operation.
        status: How; `critical` stands for `errors`.
        seconds: For how long its alert looks back.

    Raises:
        Refused: No alert tells of that.
    """
    kind = "errors" if status == "critical" else status
    _choose(f"the operation {operation.name}", kind, ("errors", "slow"))
    of = {names.OPERATION_NAME: operation.name}
    failed = {**of, names.OPERATION_OUTCOME: "failed", names.ERROR_TYPE: "drill"}
    well = {**of, names.OPERATION_OUTCOME: "ok"}
    many = max(1, operation.min_runs)
    share = (operation.max_error_ratio or 0.0) if kind == "errors" else _SLOW_SHARE
    drowning = min(_MOST_RUNS, math.ceil(2 * many / share)) if share else _MOST_RUNS
    bad: Recorded = (failed, _QUICK, many) if kind == "errors" else (well, _SLOW, many)
    return Story(
        f"the operation {operation.name} {'fails' if kind == 'errors' else 'is slow'}",
        "OperationErrors" if kind == "errors" else "OperationSlow",
        names.OPERATION_DURATION,
        lambda _now, _fails: {},
        {names.OPERATION_DURATION: (bad, (well, _QUICK, drowning))},
        seconds,
    )


def _choose(what: str, status: str, allowed: tuple[str, ...]) -> None:
    if status not in allowed:
        raise Refused(
            f"{what} cannot be simulated as {status!r}: use --status {', '.join(allowed)}"
        )
