"""Pasts of a fleet of collectors that are made up, with the names that agents and gateways show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from obskit.alerts.inventory import Inventory
from obskit.alerts.past import Phases, counter, course, gauge
from obskit.alerts.promql import select
from obskit.alerts.rule import Trial
from obskit.alerts.telemetry_trials import JOB, PARTS

#: How far a gateway is behind in a partition: by the receiver that commits late, and by the stock one.
LATE_COMMIT_LAG = "otelcol_kafka_late_commit_offset_lag"
RECEIVER_LAG = "otelcol_kafka_receiver_offset_lag"
_STEP = 60.0


class Way(NamedTuple):
    """How a signal comes through Kafka, by `collector/profiles`.

    Attributes:
        topic: Where agents write it.
        receiver: What reads it in a gateway.
        lag: Where that says how far behind it is.
    """

    topic: str
    receiver: str
    lag: str


#: The way of each signal.
WAYS: Mapping[str, Way] = {
    "traces": Way("otlp_spans", "kafka_late_commit", LATE_COMMIT_LAG),
    "metrics": Way("otlp_metrics", "kafka", RECEIVER_LAG),
    "logs": Way("otlp_logs", "kafka", RECEIVER_LAG),
}


def _series(name: str, instance: str = "gateway:8888", **labels: str) -> str:
    return select(name, {"job": JOB, "instance": instance, **labels})


def _lag(signal: str, instance: str = "gateway:8888") -> str:
    return _series(WAYS[signal].lag, instance, partition="0", topic=WAYS[signal].topic)


def _sent(signal: str) -> str:
    return _series(f"otelcol_exporter_sent_{PARTS[signal]}", "agent:8888", exporter="kafka")


def _accepted(signal: str, instance: str = "gateway:8888") -> str:
    receiver = WAYS[signal].receiver
    return _series(f"otelcol_receiver_accepted_{PARTS[signal]}", instance, receiver=receiver)


def _many(phases: Phases) -> int:
    return sum(many for _, many in phases)


def _grows(phases: Phases, *, well: float, ill: float) -> str:
    return counter(*((ill if bad else well, many) for bad, many in phases))


def _quiet(inventory: Inventory, seen: float, make: Callable[[int], Mapping[str, str]]) -> Trial:
    """A past that looks bad, and in which the alert stays silent."""
    step = inventory.scaled(_STEP)
    many = int(seen / step) + 20
    return Trial("healthy", make(many), step, {step * many: 0})


def of_behind(inventory: Inventory, waits: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert of a gateway behaves that does not keep up; the lag of a trace's topic counts more.

    Args:
        inventory: How fast a drill is.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
    """

    def lags(phases: Phases, well: float, ill: float) -> str:
        return " ".join(f"{ill if bad else well:g}+3x{many - 1}" for bad, many in phases)

    def of_spans(phases: Phases) -> Mapping[str, str]:
        return {_lag("traces"): lags(phases, 7_000, 12_000)}

    def of_logs(phases: Phases) -> Mapping[str, str]:
        return {_lag("logs"): lags(phases, 0, 200)}

    def moved(many: int) -> Mapping[str, str]:
        return {_lag("traces"): gauge((50_000.0, many))}

    step = inventory.scaled(_STEP)
    among = {signal: {"topic": WAYS[signal].topic} for signal in WAYS}
    found = [
        replace(trial, among=among[signal])
        for signal, make in (("traces", of_spans), ("logs", of_logs))
        for trial in course(make, step=step, seen=waits, keeps=keeps)
    ]
    return (*found, replace(_quiet(inventory, waits, moved), among=among["traces"]))


def of_reads_nothing(inventory: Inventory, seen: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert of a gateway behaves that hangs; one that is behind and reads is none.

    Args:
        inventory: How fast a drill is.
        seen: Seconds until it fires.
        keeps: Seconds that it goes on.
    """

    def make(signal: str, phases: Phases) -> Mapping[str, str]:
        return {
            _lag(signal): gauge((700.0, _many(phases))),
            _accepted(signal): _grows(phases, well=500, ill=0),
            # Another reads all the while.
            _accepted(signal, "other:8888"): counter((500, _many(phases))),
        }

    step = inventory.scaled(_STEP)
    found = [
        replace(trial, among={"topic": WAYS[signal].topic})
        for signal in WAYS
        for trial in course(partial(make, signal), step=step, seen=seen, keeps=keeps)
    ]

    def idle(many: int) -> Mapping[str, str]:
        return {_lag("traces"): gauge((0.0, many)), _accepted("traces"): gauge((500.0, many))}

    return (*found, replace(_quiet(inventory, seen, idle), among={"topic": WAYS["traces"].topic}))


def of_unread(inventory: Inventory, seen: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert behaves that tells of a topic of which less is read than is written.

    Args:
        inventory: How fast a drill is.
        seen: Seconds until it fires.
        keeps: Seconds that it goes on.
    """

    def make(signal: str, phases: Phases) -> Mapping[str, str]:
        return {
            _sent(signal): counter((1_000, _many(phases))),
            _accepted(signal): _grows(phases, well=950, ill=600),
        }

    step = inventory.scaled(_STEP)
    found = [
        replace(trial, among={"signal": signal})
        for signal in WAYS
        for trial in course(partial(make, signal), step=step, seen=seen, keeps=keeps)
    ]
    many = int(seen / step) + 20
    # A series without samples keeps those of other pasts out.
    nobody = {_sent("logs"): counter((1_000, many)), _accepted("logs"): f"_x{many}"}
    alone = Trial("broken", nobody, step, {step * many: 1}, among={"signal": "logs"})

    def twice(many: int) -> Mapping[str, str]:
        return {_sent("logs"): counter((100, many)), _accepted("logs"): counter((150, many))}

    return (*found, alone, replace(_quiet(inventory, seen, twice), among={"signal": "logs"}))


def of_undecided(inventory: Inventory, seen: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert behaves that tells of traces that found no room to wait.

    Args:
        inventory: How fast a drill is.
        seen: Seconds that are looked back.
        keeps: Seconds that it goes on.
    """
    name = "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early"

    def make(phases: Phases) -> Mapping[str, str]:
        return {_series(name): _grows(phases, well=0, ill=20)}

    return course(make, step=inventory.scaled(_STEP), seen=seen, keeps=keeps)


def of_too_soon(inventory: Inventory, seen: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert behaves that tells of spans that come after the decision on their trace.

    Args:
        inventory: How fast a drill is.
        seen: Seconds until it fires.
        keeps: Seconds that it goes on.
    """
    name = "otelcol_processor_tail_sampling_early_releases_from_cache_decision"

    def make(phases: Phases) -> Mapping[str, str]:
        return {
            _series(name, sampled="false"): _grows(phases, well=20, ill=60),
            _series(name, sampled="true"): _grows(phases, well=20, ill=60),
            _accepted("traces"): counter((1_000, _many(phases))),
        }

    return course(make, step=inventory.scaled(_STEP), seen=seen, keeps=keeps)


def of_service_limited(inventory: Inventory, keeps: float) -> tuple[Trial, ...]:
    """How the alert of a noisy service behaves: it is one, on however many hosts.

    Args:
        inventory: How fast a drill is.
        keeps: Seconds that it goes on.
    """
    step, name = inventory.scaled(_STEP), "otelcol_processor_service_limit_dropped_items"

    def make(phases: Phases) -> dict[str, str]:
        many, before = _many(phases), phases[0][1]
        # It is not there while nothing was dropped.
        grows = counter(*((50.0 * bad, each) for bad, each in phases[1:]))
        told = f"_x{before} {grows}" if any(bad for bad, _ in phases) else f"_x{many}"
        hosts = ("one:8888", "two:8888")
        of = {"service": "noisy", "signal": "logs"}
        return {_series(name, host, **of): told for host in hosts} | {
            _series("otelcol_process_uptime", host): counter((step, many)) for host in hosts
        }

    among = {"service_name": "noisy", "signal": "logs"}
    seen = inventory.scaled(300.0)
    known = course(make, step=step, seen=seen, keeps=keeps)
    once = make([(False, 10), (True, 1), (False, 20)])
    once = {series: told.replace("0 50+50x0", "50", 1) for series, told in once.items()}
    first = Trial("broken", once, step, {9 * step: 0, 11 * step: 1})
    return tuple(replace(trial, among=among) for trial in (*known, first))


def of_scale_out(inventory: Inventory, waits: float, keeps: float) -> tuple[Trial, ...]:
    """How the advice behaves: below it, half a queue is in use.

    Args:
        inventory: How fast a drill is.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
    """
    of = {"exporter": "otlp_http/jaeger", "data_type": "traces"}

    def make(phases: Phases) -> Mapping[str, str]:
        size = gauge(*((650.0 if bad else 550.0, many) for bad, many in phases))
        return {
            _series("otelcol_exporter_queue_size", **of): size,
            _series("otelcol_exporter_queue_capacity", **of): gauge((1_000.0, _many(phases))),
        }

    return course(make, step=inventory.scaled(_STEP), seen=waits, keeps=keeps)
