"""Pasts of jobs that are made up, and what the rules must say of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from obskit import names
from obskit.alerts.check_trials import step_of
from obskit.alerts.inventory import Inventory
from obskit.alerts.promql import DRILL, INSTANCE, label, metric
from obskit.alerts.rule import Trial
from obskit.declaration import Job

_STATUS = metric(names.JOB_STATUS)
_DEADLINE = metric(names.JOB_DEADLINE)
_LAST_RUN = metric(names.JOB_LAST_RUN)
_JOB = label(names.JOB_NAME)
_STATE = label(names.JOB_STATE)
_SHORT = 15.0  # seconds from one sample to the next


def of_lateness(inventory: Inventory, job: Job, wait: float) -> tuple[Trial, ...]:
    """How the alert behaves that tells of a job that should have begun.

    Args:
        inventory: Whose job.
        job: The job.
        wait: Seconds from the begin of a run until the next is too late.
    """
    until, many = wait - inventory.delay, 10
    step = _SHORT
    soon = math.floor(inventory.delay / step) + 1

    def told(run: str, deadline: str, instance: str = "a", **more: str) -> dict[str, str]:
        of = {INSTANCE: instance, _JOB: job.name, **more}
        series = {_LAST_RUN: run, _DEADLINE: deadline}
        return {inventory.series(name, **of): values for name, values in series.items() if values}

    # It ran so long ago that it is late after a few samples: one export, and nothing ever after it.
    ago, fires = many * step - wait, (many + 1) * step
    once = told(f"{ago:g}", f"{ago + until:g}")
    moves = f"{until:g}+{step:g}x{many + 9}"
    never = told("", moves, "b")
    well = told(f"0+{step:g}x{many + 9}", moves) | told(f"{ago:g}x19", f"{ago + until:g}x19", "old")
    next_run = told(f"_x{many + 3} {fires:g}x9", f"_x{many + 3} {fires + until:g}x9", "b")
    drill = told("0x19", f"{-soon * step:g}x19", "b", **{DRILL: "d1"})
    late = {fires - step: 0, **{fires + n * step: 1 for n in range(8)}}
    return (
        Trial("healthy", well, step, {fires: 0, fires + 8 * step: 0}),
        Trial("broken", once, step, late),
        _read_back(inventory, job, wait),
        # A process that forgets all when it restarts tells of another deadline each time.
        Trial("flapping", told(f"{ago:g}", moves), step, late),
        # A host that never ran it, and says so, is not believed.
        Trial("absent", once | never, step, late),
        Trial("recovers", once | next_run, step, {fires: 1, (many + 4) * step: 0}),
        Trial("drill", well | drill, step, {0: 1}),
    )


def _read_back(inventory: Inventory, job: Job, wait: float) -> Trial:
    """A job that is late, as slowly as it comes: what was exported once is read all the time."""
    step = step_of(wait)
    fires = (math.floor(wait / step) + 1) * step
    of = {INSTANCE: "a", _JOB: job.name}
    once = {
        inventory.series(_LAST_RUN, **of): "0",
        inventory.series(_DEADLINE, **of): f"{wait - inventory.delay:g}",
    }
    return Trial("broken", once, step, {fires - step: 0, fires: 1})


def of_state(inventory: Inventory, job: Job, states: Sequence[str]) -> tuple[Trial, ...]:
    """How an alert of a job behaves that is in one of some states.

    Args:
        inventory: Whose job.
        job: The job.
        states: The states that the alert is about.
    """
    return tuple(trial for state in states for trial in _of_state(inventory, job, state))


def _of_state(inventory: Inventory, job: Job, state: str) -> tuple[Trial, ...]:
    step, first, many = _SHORT, 10, 40
    turn, end = first * step, (first + many) * step

    def told(run: str, is_so: str, instance: str = "a", **more: str) -> dict[str, str]:
        of = {INSTANCE: instance, _JOB: job.name, **more}
        status = inventory.series(_STATUS, **of, **{_STATE: state})
        return {status: is_so, **({inventory.series(_LAST_RUN, **of): run} if run else {})}

    # From one export on, which is the last: longer than Prometheus believes in a series.
    once = told(f"_x{first} 100", f"_x{first} 1")
    old = told(f"5x{first + many}", f"1x{first + many}", "old")
    well = told(f"100x{first + many}", f"0x{first + many}") | old
    never = told("", f"0x{first + many}", "b")
    leaves = told(f"_x{first} 100x5 stale", f"_x{first} 1x5 stale")
    heir = told(f"_x{first + 9} 100x{many}", f"_x{first + 9} 1x{many}", "b")
    better = told(f"_x{first + 9} 100x{many}", f"_x{first + 9} 0x{many}", "b")
    again = told(f"_x{first + 9} 200", f"_x{first + 9} 0", "b")
    drill = told(f"_x{first} 100", f"_x{first} 1", "b", **{DRILL: "d1"})
    throughout = {turn + n * step: 1 for n in range(many)}
    return (
        Trial("healthy", well, step, {turn: 0, end: 0}),
        Trial("broken", once, step, {turn - step: 0, turn: 1, end: 1}),
        # The process restarts, or another one tells of the jobs.
        Trial("flapping", leaves | heir, step, throughout),
        Trial("absent", once | never, step, throughout),
        Trial("recovers", once | again, step, {turn: 1, turn + 9 * step: 0, end: 0}),
        # Whoever is there knows how the run went on; who is gone does not.
        Trial("recovers", leaves | better, step, {turn: 1, turn + 9 * step: 0, end: 0}),
        Trial("drill", well | drill, step, {turn - step: 0, turn: 1}),
    )


def of_absence(inventory: Inventory, limits: Mapping[str, float]) -> tuple[Trial, ...]:
    """How the alert behaves that tells of jobs of which no run is known.

    Args:
        inventory: Whose jobs.
        limits: The longest time from one run of each to the next, of about the same length, seconds.
    """
    longest, many = max(limits.values()), len(limits)
    long = step_of(longest)
    due = math.ceil(longest / long) * long
    among = {_JOB: tuple(sorted(limits))}

    def of_all(name: str, values: str, **more: str) -> dict[str, str]:
        return {
            inventory.series(name, **{INSTANCE: "a", _JOB: job}, **more): values for job in limits
        }

    # They have never run, and their own deadline is over before that of the rules.
    soon = (math.floor(inventory.delay / _SHORT) + 1) * _SHORT
    passed = of_all(_DEADLINE, "0x99")
    drilled = of_all(_LAST_RUN, "0x99", **{DRILL: "d1"})
    run = of_all(_LAST_RUN, f"_x{soon / _SHORT + 5:g} {soon:g}")
    told = {soon - _SHORT: 0, soon: many, soon + 3 * _SHORT: many}
    return (
        Trial("healthy", of_all(_LAST_RUN, "0"), long, {due: 0, due + long: 0}, among),
        Trial("broken", {}, long, {due - long: 0, due + long: many}, among),
        Trial("broken", passed, _SHORT, told, among),
        Trial(
            "flapping", passed | run, _SHORT, {soon + n * _SHORT: 0 for n in range(7, 20)}, among
        ),
        Trial("absent", passed | drilled, _SHORT, told, among),
        Trial("recovers", passed | run, _SHORT, {soon: many, soon + 7 * _SHORT: 0}, among),
    )


def of_stranger(inventory: Inventory) -> tuple[Trial, ...]:
    """How the alert behaves that tells of a job that is in no rule."""
    step = _SHORT
    waits = math.ceil(inventory.scaled(600.0) / step)

    def last_run(job: str, values: str) -> dict[str, str]:
        return {inventory.series(_LAST_RUN, **{INSTANCE: "a", _JOB: job}): values}

    known = next(iter(inventory.registry.jobs))
    stays = f"0x{waits + 40}"
    leaves = f"0x{waits + 10} stale"
    told = {(waits - 1) * step: 0, waits * step: 1}
    return (
        Trial("healthy", last_run(known, stays), step, {waits * step: 0}),
        Trial("broken", last_run("a-stranger", stays), step, told),
        Trial("flapping", last_run("a-stranger", f"0x3 _x9 0x{waits}"), step, told),
        Trial("absent", {}, step, {waits * step: 0}),
        Trial("recovers", last_run("a-stranger", leaves), step, {(waits + 13) * step: 0}),
    )
