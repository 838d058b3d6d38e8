"""Pasts of a service's processes that are made up."""

from __future__ import annotations

import math
from collections.abc import Mapping

from obskit import names
from obskit.alerts.inventory import Inventory
from obskit.alerts.past import Phases, counter, course, gauge
from obskit.alerts.promql import INSTANCE, label, metric
from obskit.alerts.rule import Trial

_UPTIME = metric(names.PROCESS_UPTIME)
_LAST_RUN = metric(names.JOB_LAST_RUN)
_RUNS = metric(names.JOB_RUNS)
_JOB = label(names.JOB_NAME)
_ERROR_TYPE = label(names.ERROR_TYPE)
_SIGNAL = label(names.SIGNAL)


def _step(inventory: Inventory) -> float:
    return max(inventory.scaled(60.0), inventory.export_interval)


def of_silence(inventory: Inventory, seen: float, waits: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert behaves that tells of a service of which nothing is heard.

    Args:
        inventory: Whose processes.
        seen: Seconds that are looked back.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
    """
    step = _step(inventory)
    first, fires = 10, math.ceil((seen + waits) / step) + 2
    back = math.ceil(keeps / step) + 3

    def heard(*phases: tuple[float | None, int]) -> Mapping[str, str]:
        return {inventory.series(_UPTIME, **{INSTANCE: "a"}): gauge(*phases)}

    late, mended = (first + fires) * step, (first + fires + back) * step
    gone = heard((60, first), (None, fires + 1))
    returns = heard((60, first), (None, fires + 1), (60, back))
    # A deployment: one sample is missed again and again.
    deployed = heard(*(((60, 3), (None, 1)) * (2 + fires // 2)))
    stops = [first + count * fires for count in range(2)]
    return (
        Trial("healthy", heard((60, first + fires)), step, {late: 0}),
        Trial("broken", gone, step, {first * step: 0, late: 1}),
        Trial("flapping", deployed, step, {stop * step: 0 for stop in stops}),
        Trial("absent", {}, step, {late: 1}),
        Trial("recovers", returns, step, {late: 1, mended: 0}),
    )


def of_restarts(inventory: Inventory, seen: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert behaves that tells of a process that begins again and again.

    Args:
        inventory: Whose processes.
        seen: Seconds that are looked back.
        keeps: Seconds that it goes on.
    """

    def make(phases: Phases) -> Mapping[str, str]:
        up, told = 1_000.0, ""
        for bad, many in phases:
            for number in range(many):
                up = 1.0 if bad and number % 2 else up + 60.0
                told += f"{up:g} "
        # A run of a job once is no reason for all that follows.
        of, all_the_time = {INSTANCE: "a", _JOB: "once"}, len(told.split()) - 1
        return {
            inventory.series(_UPTIME, **{INSTANCE: "a"}): told.strip(),
            inventory.series(_LAST_RUN, **of): f"0x{all_the_time}",
            inventory.series(_RUNS, **of): f"1x{all_the_time}",
        }

    step = _step(inventory)
    known = course(make, step=step, seen=seen, keeps=keeps)
    # Each run of a job is a process of its own, one after the other under the same name.
    times = range(math.ceil(seen / step / 2) + 2)
    of = {INSTANCE: "cron", _JOB: "often"}
    runs = {
        inventory.series(_UPTIME, **{INSTANCE: "cron"}): " _ ".join(f"{9 - n % 2}" for n in times),
        inventory.series(_LAST_RUN, **of): " _ ".join(f"{2 * n * step:g}" for n in times),
        inventory.series(_RUNS, **of): " _ ".join("1" for _ in times),
    }
    return (*known, Trial("healthy", runs, step, {2 * (len(times) - 1) * step: 0}))


def of_loss(inventory: Inventory, seen: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert behaves that tells of records that are lost.

    Args:
        inventory: Whose records.
        seen: Seconds that are looked back.
        keeps: Seconds that it goes on.
    """
    handed_on = inventory.series(metric(names.SDK_SPAN_PROCESSED), **{INSTANCE: "a"})
    lost = {INSTANCE: "a", _ERROR_TYPE: "queue_full"}

    def make(phases: Phases) -> Mapping[str, str]:
        return {
            handed_on: counter(*((1_000, many) for _, many in phases)),
            inventory.series(metric(names.SDK_SPAN_PROCESSED), **lost): counter(
                *((10.0 * bad, many) for bad, many in phases)
            ),
        }

    return course(make, step=_step(inventory), seen=seen, keeps=keeps)


def of_delay(inventory: Inventory, waits: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert behaves that tells of records that wait.

    Args:
        inventory: Whose records.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
    """
    series = inventory.series(metric(names.SPOOLED), **{INSTANCE: "a", _SIGNAL: "traces"})

    def make(phases: Phases) -> Mapping[str, str]:
        return {series: gauge(*((500.0 * bad, many) for bad, many in phases))}

    return course(make, step=_step(inventory), seen=waits, keeps=keeps)


def of_overflow(inventory: Inventory, waits: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert behaves that tells of too many series.

    Args:
        inventory: Whose series.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
    """
    beyond = {INSTANCE: "a", label(names.METRIC_OVERFLOW): "true"}

    def make(phases: Phases) -> Mapping[str, str]:
        # Prometheus sees that a series has ended after five minutes, or at once where it is told.
        told = " ".join(f"1x{many - 1}" if bad else f"stale _x{many - 1}" for bad, many in phases)
        named = metric(names.HTTP_SERVER_REQUEST_DURATION, "count")
        return {inventory.series(named, **beyond): told}

    return course(make, step=_step(inventory), seen=waits, keeps=keeps)
