"""One process of a host looks after the jobs of all."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from obskit.capture import StillClock
from obskit.declared import Declarations
from obskit.operations.housekeeping import Housekeeping, is_kept
from obskit.operations.job import job
from obskit.operations.lateness import judge
from obskit.operations.surroundings import Surroundings
from obskit.state.memory import MemoryStore
from obskit.state.opening import open_store
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
    told: list[tuple[str, float]] = []
    keeping = Housekeeping(
        Surroundings(clock=clock, store=store), lambda *what: told.append(what), tuple
    )
    began = clock.now()
    store.put_job(run("import", 1, began - 60))  # while no process was there to see it
    keeping.look()
    assert told == [("job:import", BEGINNING - 60)]
    told.clear()
    store.put_job(run("import", 2, began + 1))
    store.put_job(run("backup", 1, None))
    keeping.look()
    keeping.look()
    assert told == [("job:import", BEGINNING + 1)]
    store.put_job(run("backup", 1, began + 2))
    store.put_job(run("import", 3, began + 3))
    keeping.look()
    assert sorted(told[1:]) == [("job:backup", BEGINNING + 2), ("job:import", BEGINNING + 3)]


def test_a_job_that_never_ran_is_known_since_before_a_restart(tmp_path: Path) -> None:
    clock, registry = StillClock(), Declarations()
    declared = job("import", expect_every="24h", late_after="1h", registry=registry)
    standings = []
    for _ in range(3):  # processes, one after the other
        with closing(open_store(f"sqlite:///{tmp_path}/state.sqlite3", "shop", clock)) as store:
            around = Surroundings(clock=clock, store=store)
            clock.advance(60)  # it is asked before the first look
            around.known_since("import")
            Housekeeping(around, print, lambda: (registry,)).look()
            since = around.known_since("import")
            found = judge((), clock.now(), job=declared, known_since=since)
            standings.append((since, found.state))
        clock.advance(13 * 3_600)
    assert standings == [
        (BEGINNING + 60, "never"),
        (BEGINNING + 60, "never"),
        (BEGINNING + 60, "late"),
    ]


def test_a_job_that_is_declared_later_is_known_from_then_on() -> None:
    clock, registry = StillClock(), Declarations()
    store = MemoryStore(clock)
    around = Surroundings(clock=clock, store=store)
    keeping = Housekeeping(around, print, lambda: (registry,))
    job("import", registry=registry)
    keeping.look()
    clock.advance(3_600)
    job("export", registry=registry)
    keeping.look()
    clock.advance(3_600)
    keeping.look()
    known = {"export": BEGINNING + 3_600, "import": BEGINNING}
    assert {name: around.known_since(name) for name in sorted(known)} == known
    assert store.know_jobs(["export", "import"], clock.now()) == known


def test_without_a_store_there_is_nothing_to_look_at() -> None:
    told: list[tuple[str, float]] = []
    Housekeeping(Surroundings(), lambda *what: told.append(what), tuple).look()
    assert told == []


def test_who_lives_shortly_learns_whether_somebody_looks_after_what_it_leaves() -> None:
    clock = StillClock()
    store = MemoryStore(clock)
    short = Surroundings(clock=clock, store=store, instance="short")
    assert not is_kept(short)
    assert not is_kept(short)  # asking leaves nothing behind
    long = Surroundings(clock=clock, store=store, instance="long")
    Housekeeping(long, print, tuple).look()
    assert is_kept(short)
    clock.advance(16)
    assert not is_kept(short)
    assert not is_kept(Surroundings())
