"""Pasts of the collector that are made up.

Its names are those that it shows of itself at the version of `otel-collector.yaml`, where its counters
have no `_total`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from obskit.alerts.inventory import Inventory
from obskit.alerts.past import Phases, counter, course, gauge
from obskit.alerts.promql import select
from obskit.alerts.rule import Trial

#: What Prometheus calls the scraping of collectors.
JOB = "otel-collector"
#: How the collector counts each signal.
PARTS: Mapping[str, str] = {
    "traces": "spans",
    "metrics": "metric_points",
    "logs": "log_records",
}
_STEP = 60.0


def _series(name: str, instance: str = "a:8888", **labels: str) -> str:
    return select(name, {"job": JOB, "instance": instance, **labels})


def _up(*phases: tuple[float | None, int], instance: str = "a:8888") -> Mapping[str, str]:
    return {_series("up", instance): gauge(*phases)}


def of_all_down(inventory: Inventory, waits: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert behaves that tells of all collectors.

    Args:
        inventory: How fast a drill is.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
    """
    step = inventory.scaled(_STEP)

    def make(phases: Phases) -> Mapping[str, str]:
        return _up(*((float(not bad), many) for bad, many in phases))

    healthy, broken, flapping, absent, recovers = course(make, step=step, seen=waits, keeps=keeps)
    moment = max(absent.firing)
    # Nobody reads it.
    unread = Trial("absent", {}, step, {moment: 1}, evaluation=step)
    one = _up((1, 10 + len(broken.firing) * 10), instance="b:8888")
    half = Trial("healthy", {**broken.series, **one}, step, dict.fromkeys(broken.firing, 0))
    return (healthy, half, broken, flapping, unread, recovers)


def of_one_down(inventory: Inventory, waits: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert behaves that tells of one collector among others.

    Args:
        inventory: How fast a drill is.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
    """

    def make(phases: Phases) -> Mapping[str, str]:
        other = _up((1, sum(many for _, many in phases)), instance="b:8888")
        return {**_up(*((float(not bad), many) for bad, many in phases)), **other}

    return course(make, step=inventory.scaled(_STEP), seen=waits, keeps=keeps)


def of_restarts(inventory: Inventory, seen: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert behaves that tells of a collector that begins again and again.

    Args:
        inventory: How fast a drill is.
        seen: Seconds that are looked back.
        keeps: Seconds that it goes on.
    """

    def make(phases: Phases) -> Mapping[str, str]:
        up, told = 1_000.0, ""
        for bad, many in phases:
            for number in range(many):
                up = 1.0 if bad and number % 2 else up + 60.0
                told += f"{up:g} "
        return {_series("otelcol_process_uptime"): told.strip()}

    return course(make, step=inventory.scaled(_STEP), seen=seen, keeps=keeps)


def of_queue(inventory: Inventory, waits: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert behaves that tells of a queue that fills up.

    Args:
        inventory: How fast a drill is.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
    """
    of = {"exporter": "otlp_http/jaeger", "data_type": "traces"}

    def make(phases: Phases) -> Mapping[str, str]:
        return {
            _series("otelcol_exporter_queue_size", **of): gauge(
                *((800.0 if bad else 600.0, many) for bad, many in phases)
            ),
            _series("otelcol_exporter_queue_capacity", **of): gauge(
                *((1_000.0, many) for _, many in phases)
            ),
        }

    return course(make, step=inventory.scaled(_STEP), seen=waits, keeps=keeps)


def of_counter(inventory: Inventory, stem: str, keeps: float) -> tuple[Trial, ...]:
    """How an alert of a counter behaves that the collector shows from the first failure on.

    Args:
        inventory: How fast a drill is.
        stem: Its name, but for the collector and the signal.
        keeps: Seconds that it goes on.
    """
    step = inventory.scaled(_STEP)
    part = "receiver" if stem.startswith("receiver") else "exporter"

    # Each at a collector of its own: a full queue explains what is refused at the receiver.
    instance = f"{stem}:8888"

    def make(phases: Phases) -> dict[str, str]:
        many, before = sum(each for _, each in phases), phases[0][1]
        # It is not there while nothing has failed.
        grows = counter(*((50.0 * bad, each) for bad, each in phases[1:]))
        told = f"_x{before} {grows}" if any(bad for bad, _ in phases) else f"_x{many}"
        return {
            _series(f"otelcol_{stem}_{PARTS['traces']}", instance, **{part: "otlp"}): told,
            _series("otelcol_process_uptime", instance): counter((step, many)),
        }

    # The first failure is all there is.
    once = make([(False, 10), (True, 1), (False, 20)])
    once = {series: told.replace("0 50+50x0", "50", 1) for series, told in once.items()}
    late = 10 * step + math.ceil(keeps / step) * step
    known = course(make, step=step, seen=inventory.scaled(300.0), keeps=keeps)
    first = Trial("broken", once, step, {9 * step: 0, 11 * step: 1, late: 1})
    return tuple(replace(trial, among={"instance": instance}) for trial in (*known, first))
