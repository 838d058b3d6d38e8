"""Metrics of the process and of the interpreter."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import partial

import psutil
from opentelemetry.metrics import Meter, Observation

from obskit import names
from obskit.clock import Clock
from obskit.telemetry.instruments import observe


def register(meter: Meter, clock: Clock) -> None:
    """Observe the process that collects: processor time, memory, threads, descriptors, garbage.

    Args:
        meter: What makes the instruments.
        clock: The time, for the uptime.
    """
    observe(meter, names.PROCESS_CPU_TIME, _cpu_time)
    observe(meter, names.PROCESS_MEMORY_USAGE, lambda: [Observation(_memory().rss)])
    observe(meter, names.PROCESS_MEMORY_VIRTUAL, lambda: [Observation(_memory().vms)])
    observe(
        meter, names.PROCESS_THREAD_COUNT, lambda: [Observation(psutil.Process().num_threads())]
    )
    observe(meter, names.PROCESS_FILE_DESCRIPTOR_COUNT, _descriptors)
    observe(
        meter,
        names.PROCESS_UPTIME,
        lambda: [Observation(max(0.0, clock.now() - psutil.Process().create_time()))],
    )
    for metric, key in [
        (names.CPYTHON_GC_COLLECTIONS, "collections"),
        (names.CPYTHON_GC_COLLECTED_OBJECTS, "collected"),
        (names.CPYTHON_GC_UNCOLLECTABLE_OBJECTS, "uncollectable"),
    ]:
        observe(meter, metric, partial(_garbage, key))


def _memory() -> psutil._ntuples.pmem:
    return psutil.Process().memory_info()


def _cpu_time() -> Iterator[Observation]:
    times = psutil.Process().cpu_times()
    yield Observation(times.user, {names.CPU_MODE: "user"})
    yield Observation(times.system, {names.CPU_MODE: "system"})


def _descriptors() -> Iterator[Observation]:
    yield Observation(psutil.Process().num_fds())


def _garbage(key: str) -> Iterator[Observation]:
    for generation, counts in enumerate(gc.get_stats()):
        yield Observation(counts[key], {names.GC_GENERATION: generation})
