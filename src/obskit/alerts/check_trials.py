"""Pasts of checks that are made up, and what the rules must say of them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from obskit import names
from obskit.alerts.inventory import Inventory
from obskit.alerts.promql import DRILL, INSTANCE, label, metric
from obskit.alerts.rule import LONGEST_EVALUATION, Trial, TrialKind
from obskit.alerts.silence import is_of_each_host, period
from obskit.declaration import Check

_STATUS = metric(names.CHECK_STATUS)
_LAST_RUN = metric(names.CHECK_LAST_RUN)
_UPTIME = metric(names.PROCESS_UPTIME)
_CHECK = label(names.CHECK_NAME)
_STATE = label(names.CHECK_STATE)
_FIRST = 10  # samples before anything happens


def step_of(seconds: float) -> float:
    """From one sample to the next where a past is about so long: a multiple of an evaluation."""
    evaluation = 15.0 if seconds < 50 * LONGEST_EVALUATION else LONGEST_EVALUATION
    return evaluation * max(1, round(seconds / 50 / evaluation))


def of_state(
    inventory: Inventory, check: Check, state: str, waits: float, window: float
) -> tuple[Trial, ...]:
    """How an alert of a check in a state behaves.

    Args:
        inventory: Whose check.
        check: The check.
        state: The state that the alert is about.
        waits: Seconds that it must hold.
        window: Seconds that its expression looks back.
    """
    step = step_of(window)
    # Nobody is believed who is not heard for ten minutes: there are more samples than evaluations.
    sample = min(step, LONGEST_EVALUATION)
    each = round(step / sample)
    # The same past for each state of a check, so that all are tried at once.
    longest = 2 * period(check) if math.isfinite(period(check)) else 0.0
    ends = _FIRST + math.ceil(longest / step) + 3
    seen = math.ceil(window / step)
    count = (ends + seen + 50) * each
    turns, fires = _FIRST * step, _FIRST * step + math.ceil(waits / step) * step

    def past(values: str, runs: str, instance: str = "a", **more: str) -> dict[str, str]:
        of = {INSTANCE: instance, _CHECK: check.name, **more}
        return {
            inventory.series(_STATUS, **of, **{_STATE: state}): values,
            inventory.series(_LAST_RUN, **of): runs,
        }

    def later(value: int, evaluations: int) -> dict[str, str]:
        none, many = f"_x{(ends + 3) * each}", evaluations * each
        runs = f"{none} {(ends + 4) * step:g}+{sample:g}x{many}"
        return past(f"{none} {value}x{many}", runs, "b")

    def trial(kind: TrialKind, series: Mapping[str, str], firing: Mapping[float, int]) -> Trial:
        return Trial(kind, series, sample, firing, evaluation=step)

    always = f"0+{sample:g}x{count}"
    well = past(f"0x{count}", always)
    turned, until = f"0x{_FIRST * each - 1}", f"1x{(ends - _FIRST) * each}"
    fails = past(f"{turned} 1x{count}", always)
    if not is_of_each_host(check):
        # Another one believed once that the check was its own, and never says that it is mended.
        well |= past(f"1x{count}", f"0x{count}", "old")
    else:  # of two hosts one is well, and the newest to say so
        fails = past(f"{turned} 1x{count}", f"0 1+{sample:g}x{count}")
        fails |= past(f"0x{count}", always, "well")
    gone = past(f"{turned} {until} stale", f"0+{sample:g}x{ends * each - 1} stale")
    away = math.ceil(600.0 / step) + 3  # nobody believes any more who left so long ago
    mended = past(f"{turned} {until} 0x{9 * each}", always)
    drill = past(f"{turned} 1x{count}", always, "b", **{DRILL: "d1"})
    return (
        trial("healthy", well, {fires + step: 0, ends * step: 0}),
        trial("broken", fails, {turns - step: 0, fires: 1, ends * step: 1}),
        # One process ends, another takes over.
        trial("flapping", gone | later(1, 9), {(ends + n) * step: 1 for n in range(7)}),
        # Then its silence is told of.
        trial("absent", gone, {(ends + 2) * step: 1, (ends + seen + 3) * step: 0}),
        trial("recovers", mended, {fires: 1, (ends + 3) * step: 0}),
        trial("recovers", gone | later(0, away), {fires: 1, (ends + away) * step: 0}),
        trial("drill", well | drill, {turns - step: 0, fires: 1}),
    )


def of_silence(inventory: Inventory, limits: Mapping[str, float]) -> tuple[Trial, ...]:
    """How the alert behaves that tells of checks of which nothing is heard.

    Args:
        inventory: Whose checks.
        limits: The longest silence of each, of about the same length, seconds.
    """
    longest = max(limits.values())
    step = step_of(longest)
    known = math.ceil(longest / step) + 2  # then what has never been heard of is told of
    later = math.ceil(longest / step) + 8

    def last_run(check: str, values: str, **more: str) -> dict[str, str]:
        return {inventory.series(_LAST_RUN, **{INSTANCE: "a", _CHECK: check}, **more): values}

    def of_all(values: str) -> dict[str, str]:
        return {series: told for name in limits for series, told in last_run(name, values).items()}

    def trial(kind: TrialKind, series: Mapping[str, str], firing: Mapping[float, int]) -> Trial:
        # The rules are evaluated when the service is heard.
        return Trial(kind, {**alive, **series}, step, firing, among, step)

    alive = {inventory.series(_UPTIME, **{INSTANCE: "a"}): f"60x{known + 2 * later}"}
    first = next(iter(limits))
    among = {_CHECK: tuple(sorted(limits))}
    ticking = f"0+{step:g}x{known + 2 * later}"
    stops = of_all(f"0+{step:g}x{known}")
    misses = {
        **of_all(ticking),
        **last_run(first, f"0+{step:g}x3 _ _ {6 * step:g}+{step:g}x{2 * later}"),
    }
    late = (known + later) * step
    returns = of_all(
        f"0+{step:g}x{known} _x{later} {late + step:g}+{step:g}x{later}",
    )
    drilled = last_run(first, ticking, **{DRILL: "d1"})
    # The service falls silent with its checks.
    dead = dict.fromkeys(alive, f"60x{known}") | stops
    soon = {(known - 3) * step: 0, (known + 3) * step: len(limits)}
    return (
        trial("healthy", of_all(ticking), {known * step: 0, late: 0}),
        trial("broken", stops, {known * step: 0, late: len(limits)}),
        trial("healthy", dead, {known * step: 0, late: 0}),
        trial("flapping", misses, {step * more: 0 for more in range(3, 12)}),
        trial("absent", drilled, soon),
        trial("recovers", returns, {late: len(limits), late + 2 * step: 0}),
    )


def of_stranger(inventory: Inventory) -> tuple[Trial, ...]:
    """How the alert behaves that tells of a check that is in no rule."""
    step = 15.0
    waits = math.ceil(inventory.scaled(600.0) / step)

    def last_run(check: str, values: str) -> dict[str, str]:
        return {inventory.series(_LAST_RUN, **{INSTANCE: "a", _CHECK: check}): values}

    known = next(iter(inventory.registry.checks))
    ticking = f"0+{step:g}x{4 * waits + 80}"
    leaves = f"0+{step:g}x{waits + 10} stale"
    returns = f"{leaves} _x5 {step * (waits + 20):g}+{step:g}x{2 * waits + 20}"
    fires = (waits + 2) * step
    return (
        Trial("healthy", last_run(known, ticking), step, {fires: 0}),
        Trial("broken", last_run("a-stranger", ticking), step, {fires - 3 * step: 0, fires: 1}),
        Trial(
            "flapping",
            last_run("a-stranger", returns),
            step,
            {fires: 1, (waits + 13) * step: 0, (2 * waits + 24) * step: 1},
        ),
        Trial("absent", {}, step, {fires: 0}),
        Trial("recovers", last_run("a-stranger", leaves), step, {fires: 1, (waits + 13) * step: 0}),
    )
