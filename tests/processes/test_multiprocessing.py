"""Children of a process: what each tells arrives once, under a name of its own, without any hook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.config.receiver import Receiver
from tests.processes import arrivals, program

#: Takes a program, how often the work is done, and by how many processes that tell.
Told = Callable[[str, int, range], None]
# A pool replaces what has ended, and may find that one child is enough.
SOME = range(2, 9)

BEGIN = """
import multiprocessing, os, sys, threading, warnings
from concurrent.futures import ProcessPoolExecutor
import obskit
from obskit import default_runtime, metrics

warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)

def work(number=0):
    with obskit.span("work"):
        obskit.get_logger("child").info("worked")
    metrics.count("done")
    return os.getpid()

def wait(pid):
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

def fork(job):
    pid = os.fork()
    if pid == 0:
        job()
        os._exit(0 if obskit.shutdown(30) else 1)
    return pid
"""
INIT = "obskit.init('children')\n"


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """Runs a program, and looks at what arrived."""

    def run(script: str, work: int, processes: range) -> None:
        with Receiver() as receiver:
            environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
            ended = program.run(BEGIN + script, environ, tmp_path)
        assert ended.status == 0, ended.errors
        assert "Traceback" not in ended.errors, ended.errors
        assert arrivals.spans(receiver) == {"work": work}, ended.errors
        assert len(arrivals.traces(receiver)) == work
        assert arrivals.lines(receiver, "worked") == work
        assert arrivals.total(receiver, "done") == work
        assert len(set().union(*arrivals.instances(receiver).values())) in processes
        assert arrivals.unended(receiver) == set()

    return run


POOL = """
if __name__ == "__main__":
    work()
    with multiprocessing.get_context({kind!r}).Pool(2, maxtasksperchild=3) as pool:
        pool.map(work, range(6), chunksize=1)
        pool.close()
        pool.join()
"""


def test_children_that_multiprocessing_forks(told: Told) -> None:
    """Also those that are forked while others are alive, in the place of those that have ended."""
    told(INIT + POOL.format(kind="fork"), 7, SOME)


def test_children_that_multiprocessing_spawns(told: Told) -> None:
    told(INIT + POOL.format(kind="spawn"), 7, SOME)


def test_children_of_the_fork_server(told: Told) -> None:
    told(INIT + POOL.format(kind="forkserver"), 7, SOME)


def test_children_that_begin_by_themselves(told: Told) -> None:
    script = """
def begin(number):
    obskit.init("children")
    work()

if __name__ == "__main__":
    for kind in ("fork", "spawn"):
        child = multiprocessing.get_context(kind).Process(target=begin, args=(1,))
        child.start()
        child.join()
        assert child.exitcode == 0
"""
    told(script, 2, range(2, 3))


def test_a_child_that_multiprocessing_terminates_tells_what_it_has(told: Told) -> None:
    script = """
def begin(ready):
    work()
    ready.set()
    threading.Event().wait(60)

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    child = context.Process(target=begin, args=(ready,))
    child.start()
    assert ready.wait(60)
    child.terminate()
    child.join()
    assert child.exitcode == -15, child.exitcode
"""
    told(INIT + script, 1, range(2, 3))


def test_the_pool_of_concurrent_futures(told: Told) -> None:
    script = """
if __name__ == "__main__":
    work()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
        assert len(list(pool.map(work, range(8)))) == 8
    for child in multiprocessing.active_children():
        child.join()
"""
    told(INIT + script, 9, SOME)


def test_a_fork_while_another_thread_sends(told: Told) -> None:
    """The locks of the senders and of the metrics are held, by a thread that the child has not."""
    script = """
work()
export = default_runtime.current()._export
locks = [way.sender._lock for way in export[:3]]
storage = next(iter(default_runtime.current().providers.meter._measurement_consumer._reader_storages.values()))
locks += [storage._lock, default_runtime.current().providers.meter._measurement_consumer._lock]
held, ended = threading.Event(), threading.Event()
def hold():
    for lock in locks:
        lock.acquire()
    held.set()
    ended.wait(60)
    for lock in locks:
        lock.release()
thread = threading.Thread(target=hold)
thread.start()
held.wait(60)
pid = fork(work)
wait(pid)
ended.set()
thread.join()
"""
    told(INIT + script, 2, range(2, 3))


def test_forks_from_a_thread(told: Told) -> None:
    script = """
def begin():
    for _ in range(3):
        wait(fork(work))
    work()
threads = [threading.Thread(target=begin) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
    told(INIT + script, 8, range(7, 8))


def test_children_of_children(told: Told) -> None:
    script = """
def begin():
    work()
    wait(fork(lambda: (work(), wait(fork(work)))))
work()
wait(fork(begin))
"""
    told(INIT + script, 4, range(4, 5))


def test_a_thread_that_outlives_the_main_one(told: Told) -> None:
    script = """
def late():
    threading.main_thread().join()
    work()
threading.Thread(target=late).start()
"""
    told(INIT + script, 1, range(1, 2))


def test_a_flush_before_os_exit_sends_everything(told: Told) -> None:
    script = """
pid = os.fork()
if pid == 0:
    work()
    assert obskit.flush(30)
    obskit.shutdown(30)
    os._exit(0)
wait(pid)
"""
    told(INIT + script, 1, range(2, 3))


def test_ended_children_leave_their_instances_to_the_next(tmp_path: Path) -> None:
    script = """
for _ in range(5):
    wait(fork(work))
"""
    with Receiver() as receiver:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        ended = program.run(BEGIN + INIT + script, environ, tmp_path)
    assert ended.status == 0, ended.errors
    found = arrivals.instances(receiver)
    assert sorted(map(len, found.values())) == [1, 5]
    assert arrivals.total(receiver, "done") == 5


@pytest.mark.parametrize("counted", [(3, 2), (1, 1), (1, 4)])
def test_a_backend_that_knows_values_only_sees_that_a_series_begins_again(
    counted: tuple[int, int], tmp_path: Path
) -> None:
    """A value below the one before says so: the same instance counts from 0 again."""
    script = f"""
for times in {counted}:
    wait(fork(lambda: [work() for _ in range(times)]))
"""
    with Receiver() as receiver:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        ended = program.run(BEGIN + INIT + script, environ, tmp_path)
    assert ended.status == 0, ended.errors
    assert sorted(map(len, arrivals.instances(receiver).values())) == [1, 2]
    assert arrivals.increase(receiver, "done") == sum(counted)
