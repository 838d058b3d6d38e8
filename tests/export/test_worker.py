"""The thread that sends."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from obskit.clock import SYSTEM_CLOCK
from obskit.export.worker import Worker

PATIENCE = 60.0


class Task:
    """Something that is to be done each hour."""

    def __init__(self) -> None:
        self.ran = Event()
        self.thread = ""
        self.threads: list[int] = []
        self.forks = 0
        self.due = SYSTEM_CLOCK.monotonic() + 3_600

    def run(self) -> None:
        self.thread = threading.current_thread().name
        self.threads.append(threading.get_ident())
        self.ran.set()

    def after_fork(self) -> None:
        self.forks += 1


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker(SYSTEM_CLOCK)
    yield worker
    worker.stop()


def test_one_thread_runs_every_task(worker: Worker) -> None:
    tasks = [Task(), Task()]
    worker.take(tasks)
    worker.ensure_started()
    worker.ensure_started()
    for _ in range(3):
        for task in tasks:
            assert task.ran.wait(PATIENCE)
            assert task.thread == "obskit-export"
            task.ran.clear()
        worker.wake()
    assert len({*tasks[0].threads, *tasks[1].threads}) == 1


@pytest.mark.parametrize("due", [float("inf"), 1e12])
def test_tasks_that_are_due_never_do_not_end_it(worker: Worker, due: float) -> None:
    task = Task()
    task.due = due
    worker.take([task])
    worker.ensure_started()
    for _ in range(3):
        assert task.ran.wait(PATIENCE)
        task.ran.clear()
        worker.wake()


def test_a_handler_that_raises_does_not_end_it(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Raising(logging.Handler):
        def handle(self, _record: logging.LogRecord) -> bool:
            raise OSError

    monkeypatch.setattr(logging.getLogger("obskit.export"), "handlers", [Raising()])
    monkeypatch.setattr("obskit.export.worker._AFTER_FAILURE", 0.0)
    task = Task()
    task.due = None  # type: ignore[assignment]
    worker.take([task])
    worker.ensure_started()
    for _ in range(3):
        assert task.ran.wait(PATIENCE)
        task.ran.clear()


def test_it_looks_again_when_it_is_woken(worker: Worker) -> None:
    task = Task()
    worker.take([task])
    worker.ensure_started()
    assert task.ran.wait(PATIENCE)
    task.ran.clear()
    worker.wake()
    assert task.ran.wait(PATIENCE)


def test_it_looks_again_when_a_task_is_due(worker: Worker) -> None:
    task = Task()
    task.due = 0.0
    worker.take([task])
    worker.ensure_started()
    for _ in range(3):
        assert task.ran.wait(PATIENCE)
        task.ran.clear()


def test_a_task_that_raises_does_not_end_it(
    worker: Worker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("obskit.export.worker._AFTER_FAILURE", 0.0)
    ended = Event()

    class Broken(Task):
        runs = 0

        def run(self) -> None:
            self.runs += 1
            if self.runs == 1:
                raise MemoryError
            ended.set()

    worker.take([Broken()])
    with caplog.at_level(logging.ERROR):
        worker.ensure_started()
        assert ended.wait(PATIENCE)
    assert "a round of the export failed; it goes on" in caplog.text


def test_a_worker_that_was_stopped_does_not_start(worker: Worker) -> None:
    task = Task()
    worker.take([task])
    worker.stop()
    worker.ensure_started()
    assert not task.ran.wait(0.05)


def test_without_a_thread_the_caller_goes_on_and_the_next_call_tries_again(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    task = Task()
    worker.take([task])
    with monkeypatch.context() as patch:
        patch.setattr("_thread.start_new_thread", refuse)
        worker.ensure_started()
    assert not task.ran.is_set()
    worker.ensure_started()
    assert task.ran.wait(PATIENCE)


def test_a_signal_handler_starts_and_wakes_it_while_a_thread_is_being_started(
    worker: Worker,
) -> None:
    """`Thread.start` holds a lock of the module: whoever takes it again waits for ever."""
    task = Task()
    worker.take([task])

    def handle(*_: object) -> None:
        worker.ensure_started()
        worker.wake()

    before = signal.signal(signal.SIGALRM, handle)
    try:
        with threading._active_limbo_lock:  # type: ignore[attr-defined]
            signal.raise_signal(signal.SIGALRM)
        assert task.ran.wait(PATIENCE)
    finally:
        signal.signal(signal.SIGALRM, before)


_FORK = """
import os, sys, threading
from obskit.clock import SYSTEM_CLOCK
from obskit.export.worker import Worker
from tests.export.test_worker import Task
task, worker = Task(), Worker(SYSTEM_CLOCK)
worker.take([task])
worker.ensure_started()
assert task.ran.wait(60)
task.ran.clear()
pid = os.fork()
if pid:
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    worker.wake()
    assert task.ran.wait(60) and task.forks == 0
    os._exit(0)
if sys.argv[1] == "told":
    worker.after_fork()
    assert task.forks == 1
worker.ensure_started()
assert task.ran.wait(60)
os._exit(0 if task.forks == 1 else 1)
"""


@pytest.mark.parametrize("hook", ["told", "forked in C"])
def test_a_forked_child_has_a_thread_of_its_own(hook: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _FORK, hook],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert (done.stderr, done.returncode) == ("", 0)
