"""One process of a host looks after the jobs of all."""

from __future__ import annotations

from obskit.capture import StillClock
from obskit.operations.housekeeping import Housekeeping, is_kept
from obskit.operations.surroundings import Surroundings
from obskit.state.memory import MemoryStore
from obskit.state.store import JobRun

BEGINNING = 1_767_225_600.0  # 2026-01-01


def run(name: str, number: int, finished: float | None) -> JobRun:
    return JobRun(
        f"{name}-{number}",
        name,
        BEGINNING + 1,
        outcome="running" if finished is None else "ok",
        finished=finished,
        beat=BEGINNING + 1,
    )


def test_each_end_of_a_run_is_told_once() -> None:
    clock = StillClock()
    store = MemoryStore(clock)
    told: list[str] = []
    keeping = Housekeeping(Surroundings(clock=clock, store=store), told.append)
    began = clock.now()
    store.put_job(run("import", 1, began - 60))  # it ended before this process began
    keeping.look()
    assert told == []
    store.put_job(run("import", 2, began + 1))
    store.put_job(run("backup", 1, None))
    keeping.look()
    keeping.look()
    assert told == ["job:import"]
    store.put_job(run("backup", 1, began + 2))
    store.put_job(run("import", 3, began + 3))
    keeping.look()
    assert sorted(told[1:]) == ["job:backup", "job:import"]


def test_without_a_store_there_is_nothing_to_look_at() -> None:
    told: list[str] = []
    Housekeeping(Surroundings(), told.append).look()
    assert told == []


def test_who_lives_shortly_learns_whether_somebody_looks_after_what_it_leaves() -> None:
    clock = StillClock()
    store = MemoryStore(clock)
    short = Surroundings(clock=clock, store=store, instance="short")
    assert not is_kept(short)
    assert not is_kept(short)  # asking leaves nothing behind
    Housekeeping(Surroundings(clock=clock, store=store, instance="long"), print).look()
    assert is_kept(short)
    clock.advance(16)
    assert not is_kept(short)
    assert not is_kept(Surroundings())
