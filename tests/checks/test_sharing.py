"""Several processes and their checks: who runs one, and what the others know of it."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.checks.given import PATIENCE, eventually

from obskit import CheckResult, Registry, Status
from obskit.capture import StillClock
from obskit.checks.results import Results, Standing
from obskit.checks.sharing import Peers, Sharing
from obskit.clock import Clock
from obskit.declaration import Check
from obskit.exceptions import StoreError
from obskit.state.memory import MemoryStore
from obskit.state.store import Lease

BEGINNING = 1_767_225_600.0


class Fragile(MemoryStore):
    """A store that cannot be reached for a while."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.broken: Exception | None = None
        self.used = 0

    @contextmanager
    def _held(self) -> Iterator[Any]:
        self.used += 1
        if self.broken is not None:
            raise self.broken
        with super()._held() as kept:
            yield kept


class Process:
    """What one process knows and runs."""

    def __init__(self, bench: Bench, name: str, **options: Any) -> None:
        self.results = Results(bench.clock)
        self.gained = 0
        self.bench = bench
        sharing = Sharing(lambda: bench.store, bench.folder, lambda: name, **options)
        self.peers = Peers(sharing, bench.registry, self.results, bench.clock, self._gain)

    def _gain(self) -> None:
        self.gained += 1

    def holds(self, check: Check) -> bool:
        self.peers.round()
        return self.peers.holds(check)

    def decide(self, check: Check, result: CheckResult) -> Standing:
        """A run has come to this; it is kept."""
        standing = self.results.record(check, replace(result, started=self.bench.clock.now()))
        self.peers.keep(check, standing)
        self.peers.round()
        return standing

    def known(self, check: Check) -> Standing:
        self.peers.round()
        standing = self.results.standing(check.name)
        assert standing is not None
        return standing


class Bench:
    """One host, or several that share a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = StillClock()
        self.store = Fragile(self.clock)
        self.registry = Registry()

    def add(self, name: str = "rows", **options: Any) -> Check:
        return self.registry.add(name, lambda: None, **{"every": "1m", **options})

    def process(self, name: str, **options: Any) -> Process:
        return Process(self, name, **options)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "run")


def test_of_the_processes_of_a_host_one_runs_its_checks(bench: Bench) -> None:
    rows = bench.add()
    processes = [bench.process(name) for name in "abcd"]
    assert [each.holds(rows) for each in processes] == [True, False, False, False]
    assert [each.holds(rows) for each in reversed(processes)] == [False, False, False, True]
    assert [each.gained for each in processes] == [1, 0, 0, 0]


def test_what_another_host_found_of_its_own_is_not_taken_for_this_ones(bench: Bench) -> None:
    disk, queue = bench.add("disk"), bench.add("queue", scope="fleet")
    there = bench.process("a", host="web-1")
    assert (there.holds(disk), there.holds(queue)) == (True, True)
    there.decide(disk, CheckResult(Status.CRITICAL, "full"))
    there.decide(queue, CheckResult(Status.WARNING, "long"))
    bench.folder = bench.folder.with_name("of-web-2")
    here, beside = (bench.process(name, host="web-2") for name in "bc")
    assert here.holds(disk)
    assert beside.known(queue).result.message == "long"
    assert beside.results.standing("disk") is None
    here.decide(disk, CheckResult(Status.OK, "half full"))
    assert beside.known(disk).result.message == "half full"


def test_a_process_that_may_not_run_them_leaves_them_to_others(bench: Bench) -> None:
    rows, fleet = bench.add(), bench.add("fleet", scope="fleet")
    web, worker = bench.process("web", runs=False), bench.process("worker")
    assert (web.holds(rows), web.holds(fleet)) == (False, False)
    assert (worker.holds(rows), worker.holds(fleet)) == (True, True)


def test_when_a_process_stops_another_runs_the_checks_of_the_host(bench: Bench) -> None:
    rows, fleet = bench.add(), bench.add("fleet", scope="fleet")
    one, two = bench.process("one"), bench.process("two")
    one.peers.ensure_started()
    eventually(lambda: one.peers.holds(rows) and one.peers.holds(fleet))
    assert (two.holds(rows), two.holds(fleet)) == (False, False)
    one.peers.keep(rows, one.results.record(rows, CheckResult(Status.CRITICAL, "last")))
    one.peers.stop(PATIENCE)
    assert (one.peers.holds(rows), one.peers.holds(fleet)) == (False, False)
    assert (two.holds(rows), two.holds(fleet)) == (True, True)
    assert two.known(rows).result.message == "last"


def test_a_process_that_stopped_takes_part_no_more(bench: Bench) -> None:
    rows, one = bench.add(), bench.process("one")
    one.peers.stop()
    one.peers.ensure_started()
    assert not one.peers.holds(rows)
    assert one.peers._thread is None


def test_a_process_that_finds_the_lock_taken_again_and_again_keeps_nothing_of_it(
    bench: Bench,
) -> None:
    rows, one, two = bench.add(), bench.process("one"), bench.process("two")
    assert one.holds(rows)
    for _ in range(50):
        assert not two.holds(rows)
    assert len(two.peers._host._lock._exit_callbacks) == 0  # type: ignore[attr-defined]


def test_where_there_can_be_no_lock_each_process_runs_them(bench: Bench) -> None:
    bench.folder.parent.joinpath("run").write_text("no folder")
    rows = bench.add()
    assert [bench.process(name).holds(rows) for name in "ab"] == [True, True]


def test_two_apps_of_a_service_do_not_keep_each_other_from_running(bench: Bench) -> None:
    rows, other = bench.add(), Bench(bench.folder)
    mail = other.add("mail")
    one, two = bench.process("one"), other.process("two")
    assert (one.holds(rows), two.holds(mail)) == (True, True)


def test_before_the_store_was_read_nothing_of_the_host_runs(bench: Bench) -> None:
    rows, ready = bench.add(), bench.add("ready", readiness=True)
    one = bench.process("one")
    one.peers._take_host()
    assert one.peers.is_host
    assert (one.peers.holds(rows), one.peers.holds(ready)) == (False, True)
    assert one.holds(rows)


def test_of_a_fleet_one_process_runs_a_check_until_its_lease_ends(bench: Bench) -> None:
    fleet = bench.add("fleet", scope="fleet", every="20s")
    one, two = bench.process("one"), bench.process("two")
    assert (one.holds(fleet), two.holds(fleet)) == (True, False)
    for _ in range(10):  # taken again and again it never ends
        bench.clock.advance(8)
        assert (one.holds(fleet), two.holds(fleet)) == (True, False)
    bench.clock.advance(21)  # and then one has died
    assert (two.holds(fleet), one.peers.holds(fleet)) == (True, False)


@pytest.mark.parametrize(
    ("every", "seconds"), [("1s", 6.0), ("6s", 6.0), ("45s", 45.0), ("1h", 60.0)]
)
def test_a_lease_lasts_for_a_period_within_bounds(bench: Bench, every: str, seconds: float) -> None:
    fleet, one = bench.add("fleet", scope="fleet", every=every), bench.process("one")
    assert one.holds(fleet)
    bench.clock.advance(seconds - 0.1)
    assert one.peers.holds(fleet)
    bench.clock.advance(0.1)
    assert not one.peers.holds(fleet)


def test_processes_of_one_instance_id_do_not_hold_a_lease_together(bench: Bench) -> None:
    """A pod's name is the id of all its workers; two machines may have one name."""
    fleet = bench.add("fleet", scope="fleet")
    processes = [bench.process("pod-7") for _ in range(3)]
    assert [each.holds(fleet) for each in processes] == [True, False, False]
    bench.clock.advance(61)
    assert [each.holds(fleet) for each in reversed(processes)] == [True, False, False]


def test_each_check_of_a_fleet_has_a_lease_of_its_own(bench: Bench) -> None:
    first, second = bench.add("first", scope="fleet"), bench.add("second", scope="fleet")
    bench.store.lease("check:first", "other", 60)
    one = bench.process("one")
    assert (one.holds(first), one.holds(second)) == (False, True)


def test_what_a_holder_says_that_was_followed_is_refused(bench: Bench) -> None:
    fleet = bench.add("fleet", scope="fleet")
    one, two = bench.process("one"), bench.process("two")
    assert one.holds(fleet)
    standing = one.results.record(fleet, CheckResult.critical("stale", value=1))
    one.peers.keep(fleet, standing)  # and stands still before it is written
    bench.clock.advance(61)
    assert two.holds(fleet)
    two.decide(fleet, CheckResult.ok("right", value=2))
    assert not one.holds(fleet)
    assert [run.message for run in bench.store.runs("fleet")] == ["right"]
    assert one.known(fleet).result.message == "right"
    refused = {"kept": 0, "waiting": 0, "refused": 1, "dropped": 0}
    assert one.peers.outbox.account() == refused


def test_others_know_what_the_process_that_runs_a_check_has_found(bench: Bench) -> None:
    rows = bench.add()
    one, two = bench.process("one"), bench.process("two")
    assert one.holds(rows)
    result = CheckResult(
        Status.WARNING, "7 rows", 7, "{row}", details={"a": {"b": 1}}, evidence=["row 1"]
    )
    told = one.decide(rows, replace(result, duration=0.5, trace_id="f" * 32))
    known = two.known(rows)
    assert known.result == told.result
    assert (known.since, known.last_success, known.changed) == (BEGINNING, None, False)
    bench.clock.advance(200)
    old = two.results.current(rows)
    assert old is not None
    assert (old.status, old.message) == (
        Status.UNKNOWN,
        "its last result is 200 s old; it runs every 1m",
    )


def test_a_damped_result_is_known_elsewhere_as_it_is_here(bench: Bench) -> None:
    rows = bench.add(failures_before_alert=2)
    one, two = bench.process("one"), bench.process("two")
    assert one.holds(rows)
    one.decide(rows, CheckResult.critical("no"))
    known = two.known(rows)
    assert (known.result.status, known.raw, known.result.attempt) == (
        Status.OK,
        Status.CRITICAL,
        1,
    )


def test_a_restart_goes_on_from_where_the_process_before_was(bench: Bench) -> None:
    rows = bench.add(failures_before_alert=3)
    one = bench.process("one")
    assert one.holds(rows)
    one.decide(rows, CheckResult.ok())
    for _ in range(2):
        bench.clock.advance(60)
        one.decide(rows, CheckResult.critical("no"))
    one.peers.leave()
    bench.clock.advance(10)
    again = bench.process("again")
    assert again.holds(rows)
    bench.clock.advance(50)
    standing = again.decide(rows, CheckResult.critical("no"))
    assert (standing.result.status, standing.result.attempt) == (Status.CRITICAL, 3)
    assert standing.last_success == BEGINNING
    assert standing.since == BEGINNING + 180
    assert again.results.began(rows) == 180.0


def test_a_restart_while_it_is_skipped_goes_on_from_the_row_before(bench: Bench) -> None:
    rows = bench.add(failures_before_alert=2)
    one = bench.process("one")
    assert one.holds(rows)
    for status in (Status.CRITICAL, Status.CRITICAL, Status.SKIPPED):
        one.decide(rows, CheckResult(status))
        bench.clock.advance(60)
    one.peers.leave()
    again = bench.process("again")
    assert again.holds(rows)
    standing = again.decide(rows, CheckResult.critical("no"))
    assert (standing.result.status, standing.result.attempt) == (Status.CRITICAL, 3)


def test_checks_of_each_process_never_touch_the_store(bench: Bench) -> None:
    ready = bench.add("ready", readiness=True)
    one = bench.process("one")
    one.peers.ensure_started()
    assert one.peers._thread is None
    one.peers.keep(ready, one.results.record(ready, CheckResult.ok()))
    assert one.peers.past(ready)(0.0, 1.0) == ()
    assert bench.store.used == 0
    assert one.peers.holds(ready)


def test_the_past_of_a_check_is_what_it_has_measured(bench: Bench) -> None:
    rows, one = bench.add(), bench.process("one")
    for value in (1, 2, 3):
        one.decide(rows, CheckResult.ok(value=value))
        bench.clock.advance(60)
    measured = [(BEGINNING + 60, 2.0), (BEGINNING + 120, 3.0)]
    assert one.peers.past(rows)(BEGINNING + 60, 1.0) == measured
    bench.store.broken = StoreError("away")
    assert one.peers.past(rows)(BEGINNING, 1.0) == ()


@pytest.mark.parametrize("error", [StoreError("the disk is full"), ValueError("odd")])
def test_without_the_store_checks_of_the_host_go_on_and_it_is_told_once(
    bench: Bench, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    rows, fleet = bench.add(), bench.add("fleet", scope="fleet")
    one = bench.process("one")
    assert (one.holds(rows), one.holds(fleet)) == (True, True)
    bench.store.broken = error
    for number in range(5):
        bench.clock.advance(60)
        one.decide(rows, CheckResult.ok(f"run {number}"))
    assert (one.peers.holds(rows), one.peers.holds(fleet)) == (True, False)
    (told,) = caplog.records
    assert (told.levelno, told.getMessage()) == (
        logging.WARNING,
        f"checks go on without history and without others' results: {error}",
    )
    bench.store.broken = None
    assert one.holds(fleet)
    messages = [run.message for run in bench.store.runs("rows")]
    assert messages == ["run 4", "run 3", "run 2", "run 1", "run 0"]
    bench.store.broken = error
    one.decide(rows, CheckResult.ok())
    assert [each.levelno for each in caplog.records] == [logging.WARNING] * 2


def test_a_process_that_starts_without_the_store_runs_the_checks_of_the_host(
    bench: Bench,
) -> None:
    rows, one = bench.add(), bench.process("one")
    bench.store.broken = StoreError("away")
    assert one.holds(rows)
    assert one.gained == 1


def test_results_that_wait_for_too_long_are_counted(bench: Bench) -> None:
    rows, one = bench.add(), bench.process("one")
    bench.store.broken = StoreError("away")
    standing = one.results.record(rows, CheckResult(Status.OK, started=BEGINNING))
    for _ in range(1_007):
        one.peers.keep(rows, standing)
    waits = {"kept": 0, "waiting": 1_000, "refused": 0, "dropped": 7}
    assert one.peers.outbox.account() == waits
    bench.store.broken = None
    one.peers.round()
    assert len(bench.store.runs("rows", limit=2_000)) == 1_000
    one.peers.keep(rows, standing)
    one.peers.round()
    settled = {"kept": 1_001, "waiting": 0, "refused": 0, "dropped": 7}
    assert one.peers.outbox.account() == settled


def test_a_lock_or_a_store_that_fails_on_leaving_keeps_nothing_from_ending(bench: Bench) -> None:
    rows, fleet = bench.add(), bench.add("fleet", scope="fleet")
    one, two = bench.process("one"), bench.process("two")
    assert (one.holds(rows), one.holds(fleet)) == (True, True)
    bench.store.broken = StoreError("away")
    one.peers.keep(rows, one.results.record(rows, CheckResult.ok()))
    one.peers.leave()
    bench.store.broken = None
    assert (two.holds(rows), two.holds(fleet)) == (True, False)
    left = {"kept": 0, "waiting": 0, "refused": 0, "dropped": 1}
    assert one.peers.outbox.account() == left


def test_who_gives_the_leases_need_not_be_the_store(bench: Bench) -> None:
    fleet = bench.add("fleet", scope="fleet")
    elsewhere = MemoryStore(bench.clock)
    one = bench.process("one", open_leases=lambda: elsewhere)
    assert one.holds(fleet)
    assert isinstance(bench.store.lease("check:fleet", "other", 60), Lease)
    assert elsewhere.lease("check:fleet", "other", 60) is None
    one.peers.leave()
    assert isinstance(elsewhere.lease("check:fleet", "other", 60), Lease)


def test_history_that_is_older_than_it_is_kept_is_forgotten_by_one_process_each_hour(
    bench: Bench,
) -> None:
    rows = bench.add()
    one = bench.process("one", history=7_200.0)
    assert one.holds(rows)
    for _ in range(6):
        one.decide(rows, CheckResult.ok())
        bench.clock.advance(1_800)
    bench.clock.advance(1)
    one.peers.round()
    assert [run.started - BEGINNING for run in bench.store.runs("rows")] == [9_000, 7_200, 5_400]


def test_in_a_forked_child_nothing_is_held_and_nothing_waits(bench: Bench) -> None:
    rows, fleet = bench.add(), bench.add("fleet", scope="fleet")
    one = bench.process("one")
    assert (one.holds(rows), one.holds(fleet)) == (True, True)
    one.peers.keep(rows, one.results.record(rows, CheckResult.ok()))
    one.peers._lock.acquire()  # by a thread that the child does not have
    one.peers.after_fork()
    assert (one.peers.holds(rows), one.peers.holds(fleet)) == (False, False)
    nothing = {"kept": 0, "waiting": 0, "refused": 0, "dropped": 0}
    assert one.peers.outbox.account() == nothing
    assert one.holds(rows)


PROCESS = """
import sys, threading
from pathlib import Path
from obskit import CheckResult, Registry
from obskit.checks.results import Results
from obskit.checks.sharing import Peers, Sharing
from obskit.clock import SYSTEM_CLOCK
from obskit.state.opening import open_store

folder, name = Path(sys.argv[1]), sys.argv[2]
registry = Registry()
rows = registry.add("rows", lambda: None, every=60)
results = Results(SYSTEM_CLOCK)
store = lambda: open_store(f"sqlite:///{folder}/state.sqlite3", "shop")
peers = Peers(Sharing(store, folder / "run", lambda: name), registry, results, SYSTEM_CLOCK)
told = None
while True:
    peers.round()
    found = peers.holds(rows)
    if found is not told:
        told = found
        if found:
            peers.keep(rows, results.record(rows, CheckResult.ok(f"from {name}")))
            peers.round()
        print("holds" if found else f"waits, {results.standing('rows').result.message}", flush=True)
    threading.Event().wait(0.02)
"""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    running: list[subprocess.Popen[str]] = []

    def start(name: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(tmp_path), name], stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait(PATIENCE)
        assert process.stdout is not None
        process.stdout.close()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.skipif(sys.platform == "win32", reason="needs flock")
def test_a_process_that_is_killed_is_followed_by_another(
    started: Callable[[str], subprocess.Popen[str]],
) -> None:
    one = started("one")
    assert line(one) == "holds"
    two = started("two")
    assert line(two) == "waits, from one"
    one.kill()
    assert line(two) == "holds"
    three = started("three")
    assert line(three) == "waits, from two"


FORK = """
import ctypes, os, sys
from pathlib import Path
from obskit import Registry
from obskit.checks.results import Results
from obskit.checks.sharing import Peers, Sharing
from obskit.clock import SYSTEM_CLOCK
from obskit.state.memory import MemoryStore

folder = Path(sys.argv[1])
registry = Registry()
rows = registry.add("rows", lambda: None, every=60)

def peers():
    sharing = Sharing(MemoryStore, folder, lambda: "one")
    return Peers(sharing, registry, Results(SYSTEM_CLOCK), SYSTEM_CLOCK)

one = peers()
one.round()
assert one.holds(rows)
fork = os.fork if sys.argv[2] == "python" else ctypes.PyDLL(None).fork
pid = fork()
if pid == 0:
    one.after_fork()
    one.round()
    os._exit(3 if one.holds(rows) else 0)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
other = peers()
other.round()
print(code, one.holds(rows), other.holds(rows))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.parametrize("how", ["python", "in C"])
def test_a_forked_child_neither_has_its_parents_lock_nor_gives_it_back(
    tmp_path: Path, how: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK, str(tmp_path), how],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("0 True False\n", "", 0)
