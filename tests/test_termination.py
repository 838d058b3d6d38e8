"""Every way to end a process, beside every way that a receiver fails: nothing is unaccounted for."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.config import child
from tests.config.receiver import Receiver
from tests.faults import blackholed, faulty, hang, refusing, trickle

from obskit.export.spool import Spool
from obskit.termination import Child, on_sigterm

PATIENCE = 90.0
BEGIN = """
import os, signal, sys, threading
import obskit
way = sys.argv[1]
obskit.init(way)
log = obskit.get_logger("t")
for _ in range(3):
    with obskit.span(way):
        log.info(way)
"""
TERMINATED = """
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
threading.Event().wait(60)
"""
THREAD_EXITS = """
thread = threading.Thread(target=sys.exit, args=(5,))
thread.start()
thread.join()
"""
DAEMON = """
def busy():
    while True:
        log.info("busy")
        threading.Event().wait(0.001)
threading.Thread(target=busy, daemon=True).start()
"""
#: How a program goes on, and the exit status that it has without obskit.
WAYS = {
    "comes to its end": ("", 0),
    "exits": ("sys.exit(3)", 3),
    "raises": ("raise KeyError", 1),
    "is terminated": (TERMINATED, -signal.SIGTERM),
    "exits a thread": (THREAD_EXITS, 0),
    "logs in a daemon thread": (DAEMON, 0),
    "leaves after a flush": ("obskit.flush()\nos._exit(4)", 4),
    "leaves after a shutdown": ("obskit.shutdown()\nos._exit(4)", 4),
}
# A receiver that fails makes no difference to the others.
BESIDE_FAILURE = [
    "comes to its end",
    "raises",
    "is terminated",
    "logs in a daemon thread",
    "leaves after a flush",
]


class Run(NamedTuple):
    """A program that has ended: its status, its errors, and what it has sent or kept on disk."""

    status: int
    errors: str
    spans: int
    lines: int


@contextmanager
def hanging() -> Iterator[str]:
    """A receiver that takes everything and never answers."""
    with faulty(hang) as server:
        yield f"http://127.0.0.1:{server.port}"


@contextmanager
def slow() -> Iterator[str]:
    """A receiver that answers one byte a second."""
    with faulty(trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1.0)) as server:
        yield f"http://127.0.0.1:{server.port}"


def run_all(
    ways: Iterable[str], endpoint: str, folder: Path, budget: str
) -> dict[str, tuple[int, str]]:
    """Run the program of each way, all of them at once."""
    started = {}
    for way in ways:
        script, _ = WAYS[way]
        own = folder / way
        own.mkdir()
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OBSKIT_SHUTDOWN_TIMEOUT": budget}
        started[way] = subprocess.Popen(
            [sys.executable, "-c", BEGIN + script, way],
            env=child.environment(environ, own),
            cwd=own,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
    ended = {}
    for way, process in started.items():
        try:
            _, errors = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        ended[way] = process.returncode, errors
    return ended


def kept(folder: Path, kind: str) -> int:
    """How many records of a signal wait in the spool of a program."""
    waiting = Spool(folder / "spool", 2**30, 86_400).snapshot()["signals"]
    return int(waiting.get(kind, {"records": 0})["records"])


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """What became of each program beside a receiver that takes everything."""
    folder = tmp_path_factory.mktemp("healthy")
    with Receiver() as receiver:
        ended = run_all(WAYS, receiver.url, folder, "30")
    spans = [span.name for batch in receiver.span_batches() for span in batch]
    lines = [one.body.string_value for batch in receiver.record_batches() for one in batch]
    return {way: Run(*ended[way], spans.count(way), lines.count(way)) for way in WAYS}


@pytest.fixture(scope="module", params=[refusing, blackholed, hanging, slow])
def failing(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Run]:
    """What became of each program beside a receiver that fails."""
    folder = tmp_path_factory.mktemp("failing")
    with request.param() as endpoint:
        ended = run_all(BESIDE_FAILURE, endpoint, folder, "1.5")
    return {
        way: Run(*ended[way], kept(folder / way, "traces"), kept(folder / way, "logs"))
        for way in BESIDE_FAILURE
    }


@pytest.mark.parametrize("way", WAYS)
def test_everything_arrives_and_the_status_is_what_it_always_is(
    healthy: dict[str, Run], way: str
) -> None:
    run = healthy[way]
    assert (run.status, run.spans, run.lines) == (WAYS[way][1], 3, 3), run.errors


@pytest.mark.parametrize("way", BESIDE_FAILURE)
def test_what_cannot_be_sent_waits_on_disk_and_the_status_is_what_it_always_is(
    failing: dict[str, Run], way: str
) -> None:
    run = failing[way]
    assert (run.status, run.spans) == (WAYS[way][1], 3), run.errors
    assert run.lines >= 3, run.errors  # more where another thread goes on


def test_a_handler_is_set_over_the_default_one() -> None:
    assert on_sigterm(bool) is True
    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL


@pytest.mark.parametrize("own", [signal.SIG_IGN, lambda *_: None], ids=["ignores", "handles"])
def test_the_handler_of_the_host_stays(own: signal.Handlers) -> None:
    signal.signal(signal.SIGTERM, own)
    assert on_sigterm(bool) is False
    assert signal.getsignal(signal.SIGTERM) is own


def test_outside_the_main_thread_no_handler_is_set() -> None:
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(on_sigterm(bool)))
    thread.start()
    thread.join(PATIENCE)
    assert answers == [False]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_an_end_that_raises_does_not_keep_the_process_alive(tmp_path: Path) -> None:
    script = """
import signal
from obskit.termination import Child, on_sigterm

def end():
    print("ends", flush=True)
    raise ValueError

on_sigterm(end)
signal.raise_signal(signal.SIGTERM)
print("goes on")
"""
    ended = child.run(script, {}, tmp_path)
    assert (ended.status, ended.output) == (-signal.SIGTERM, "ends\n")


def test_the_host_ends_the_process_as_it_wants_and_everything_arrives(tmp_path: Path) -> None:
    script = """
import signal, sys, obskit
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
obskit.init("t")
with obskit.span("work"):
    pass
signal.raise_signal(signal.SIGTERM)
"""
    with Receiver() as receiver:
        ended = child.run(script, {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}, tmp_path)
    assert ended.status == 7
    assert list(receiver.spans()) == ["work"]


def test_init_in_another_thread_leaves_sigterm_alone(tmp_path: Path) -> None:
    script = """
import json, signal, threading, obskit
thread = threading.Thread(target=obskit.init, args=("t",))
thread.start()
thread.join()
print(json.dumps(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL))
"""
    with Receiver() as receiver:
        ended = child.run(script, {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}, tmp_path)
    assert ended.status == 0, ended.errors
    assert ended.answer is True


def test_a_process_that_sends_nothing_has_no_handler(tmp_path: Path) -> None:
    script = "import signal\nprint(json.dumps(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL))"
    assert child.serve(script, {}, tmp_path) is True


@pytest.mark.parametrize("exitcode", [0, 0x9B, 3])
def test_a_child_of_celery_ends_telemetry_before_it_tells_its_pool(exitcode: int) -> None:
    signals = pytest.importorskip("celery.signals")
    given: list[tuple[float, ...]] = []
    child = Child(lambda *seconds: given.append(seconds))
    try:
        signals.worker_process_shutdown.send(sender="a host", pid=7, exitcode=exitcode)
    finally:
        signals.worker_process_shutdown.disconnect(child._ended)
    assert given == [()]


def test_a_child_of_celery_that_got_sigterm_tells_its_pool_at_once() -> None:
    signals = pytest.importorskip("celery.signals")
    told, given = threading.Event(), queue.Queue[tuple[float, ...]]()

    def end(*seconds: float) -> None:
        told.wait(60)
        given.put(seconds)

    child = Child(end)
    try:
        signals.worker_process_shutdown.send(sender="a host", pid=7, exitcode=-241)
    finally:
        signals.worker_process_shutdown.disconnect(child._ended)
    told.set()  # which the pool's own code does now
    assert given.get(timeout=60) == (0.03,)
