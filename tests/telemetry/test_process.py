"""Metrics of the process and of the interpreter."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import psutil
import pytest
from tests.telemetry.collected import Collected

from obskit.capture import StillClock
from obskit.clock import SYSTEM_CLOCK
from obskit.telemetry import process


@pytest.fixture
def collected() -> Collected:
    made = Collected()
    process.register(made.meter, SYSTEM_CLOCK)
    return made


def test_every_metric_of_the_process_is_there(collected: Collected) -> None:
    assert set(collected.read()) == {
        "process.cpu.time",
        "process.memory.usage",
        "process.memory.virtual",
        "process.thread.count",
        "process.unix.file_descriptor.count",
        "process.uptime",
        "cpython.gc.collections",
        "cpython.gc.collected_objects",
        "cpython.gc.uncollectable_objects",
    }


def test_processor_time_is_told_by_mode(collected: Collected) -> None:
    before = psutil.Process().cpu_times()
    times = collected.values("process.cpu.time")
    after = psutil.Process().cpu_times()
    assert before.user <= times[("cpu.mode", "user"),] <= after.user
    assert before.system <= times[("cpu.mode", "system"),] <= after.system


def test_memory_is_what_the_process_has(collected: Collected) -> None:
    resident = collected.values("process.memory.usage")[()]
    virtual = collected.values("process.memory.virtual")[()]
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    assert 1_000_000 < resident < virtual
    assert virtual == pytest.approx(pages * os.sysconf("SC_PAGE_SIZE"), rel=0.2)


def test_threads_and_descriptors_are_counted(collected: Collected) -> None:
    for name, folder in (("thread", "task"), ("unix.file_descriptor", "fd")):
        # What other tests have left may end meanwhile.
        before = len(list(Path(f"/proc/self/{folder}").iterdir()))
        told = collected.values(f"process.{name}.count")[()]
        after = len(list(Path(f"/proc/self/{folder}").iterdir()))
        assert min(before, after) <= told <= max(before, after)


def test_uptime_counts_from_the_start_and_never_below_nothing() -> None:
    started = psutil.Process().create_time()

    class Clock(StillClock):
        moment = started + 12.5

        def now(self) -> float:
            return self.moment

    clock, collected = Clock(), Collected()
    process.register(collected.meter, clock)
    assert collected.values("process.uptime") == {(): 12.5}
    clock.moment = started - 5
    assert collected.values("process.uptime") == {(): 0.0}


def test_garbage_is_told_by_generation(collected: Collected) -> None:
    keys = [(("cpython.gc.generation", generation),) for generation in range(3)]
    before = collected.values("cpython.gc.collections")
    assert list(before) == keys
    gc.collect()
    after = collected.values("cpython.gc.collections")
    assert after[keys[2]] > before[keys[2]]
    for name, key in [
        ("collected_objects", "collected"),
        ("uncollectable_objects", "uncollectable"),
    ]:
        told = collected.values(f"cpython.gc.{name}")
        assert told[keys[2]] <= gc.get_stats()[2][key]
        assert list(told) == keys


def test_what_cannot_be_read_ends_only_its_own_series(
    collected: Collected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(psutil.Process, "num_fds")
    told = collected.read()
    assert "process.unix.file_descriptor.count" not in told
    assert "process.thread.count" in told
