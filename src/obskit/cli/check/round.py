"""One round: each chosen check once, after what it depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from obskit.checks.model import CheckResult, Status
from obskit.checks.results import Results
from obskit.checks.runner import Attempt, Runner
from obskit.cli import state
from obskit.cli.check.choice import Groups
from obskit.clock import SYSTEM_CLOCK
from obskit.config import Config
from obskit.declaration import Check
from obskit.duration import format_duration
from obskit.registry import Registry

#: Each check with its result.
Found = Sequence[tuple[Check, CheckResult]]

# Which status decides the exit code: the first of these that any check has.
_WORST_FIRST = (Status.CRITICAL, Status.UNKNOWN, Status.SKIPPED, Status.WARNING, Status.OK)


def run_once(
    registry: Registry, groups: Groups, config: Config, timeout: float | None = None
) -> Found:
    """Run checks, and send nothing.

    Args:
        registry: The checks.
        groups: Those to be run.
        config: Says where it is kept what they measured before.
        timeout: Seconds that all of it may take; None for no limit but the checks' own.
    """
    runner = Runner(registry, Results(SYSTEM_CLOCK), SYSTEM_CLOCK, past=state.past(config))
    with state.opened(config) as store, state.asked(store):
        return run_with(runner, groups, timeout)


def run_with(runner: Runner, groups: Groups, timeout: float | None = None) -> Found:
    """Run checks with a runner.

    Args:
        runner: Runs one.
        groups: Those to be run.
        timeout: Seconds that all of it may take; None for no limit but the checks' own.
    """
    end = None if timeout is None else SYSTEM_CLOCK.monotonic() + timeout
    found: list[tuple[Check, CheckResult]] = []
    for group in groups:
        attempts = [(each, _started(runner, each, end, timeout)) for each in group]
        found += [
            (each, begun if isinstance(begun, CheckResult) else runner.wait(begun))
            for each, begun in attempts
        ]
    return found


def worst(found: Found) -> Status:
    """The status that decides how a command ends."""
    statuses = {result.status for _, result in found}
    return next(status for status in _WORST_FIRST if status in statuses)


def worst_first(found: Found) -> Found:
    """The checks, those that need somebody first."""
    return sorted(found, key=lambda pair: _WORST_FIRST.index(pair[1].status))


def _started(
    runner: Runner, check: Check, end: float | None, timeout: float | None
) -> Attempt | CheckResult:
    if end is None or timeout is None:
        return runner.start(check)
    left = end - SYSTEM_CLOCK.monotonic()
    if left <= 0:
        spent = f"not run: the {format_duration(timeout)} of --timeout were over"
        return CheckResult(Status.UNKNOWN, spent, started=SYSTEM_CLOCK.now())
    if left < check.timeout:  # it was not given the time that it may take: nothing is known
        return runner.start(replace(check, timeout=left, on_timeout="unknown"))
    return runner.start(check)
