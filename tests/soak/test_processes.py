"""Many rounds of children: none waits for ever, nothing is lost, and instances stay few."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.config.child import environment
from tests.config.receiver import Receiver
from tests.processes import arrivals
from tests.processes.test_gunicorn import gunicorn, wait_for

ROUNDS = int(os.environ.get("OBSKIT_SOAK_ROUNDS", "3"))
PATIENCE = 1_800

BEGIN = """
import multiprocessing, os, sys, threading, warnings
import obskit
from obskit import metrics

warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)
rounds = int(sys.argv[1])
obskit.init("soak")

def work():
    with obskit.span("work"):
        obskit.get_logger("soak").info("worked")
    metrics.count("done")

def disturb():
    # Locks of every kind are held as the main thread forks.
    while not ended.wait(0.0005):
        obskit.get_logger("soak").info("disturbs")
        metrics.count("disturbances")

ended = threading.Event()
threads = [threading.Thread(target=disturb) for _ in range(2)]
for thread in threads:
    thread.start()
"""
END = """
ended.set()
for thread in threads:
    thread.join()
"""
FORK = """
for _ in range(rounds):
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0 if obskit.shutdown(60) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
"""
MULTIPROCESSING = """
for _ in range(rounds):
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
    assert child.exitcode == 0
"""


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("script", [FORK, MULTIPROCESSING], ids=["fork", "multiprocessing"])
def test_forks_beside_busy_threads_lose_nothing(script: str, tmp_path: Path) -> None:
    with Receiver() as receiver:
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OBSKIT_LOG_FORMAT": "none",
            "OTEL_BLRP_MAX_QUEUE_SIZE": "1000000",
        }
        done = subprocess.run(
            [sys.executable, "-c", BEGIN + script + END, str(ROUNDS)],
            env=environment(environ, tmp_path),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert arrivals.spans(receiver) == {"work": ROUNDS}
    assert arrivals.lines(receiver, "worked") == ROUNDS
    assert arrivals.total(receiver, "done") == ROUNDS
    assert arrivals.total(receiver, "disturbances") == arrivals.lines(receiver, "disturbs")
    assert sorted(map(len, arrivals.instances(receiver).values())) == [1, ROUNDS]


@pytest.mark.timeout(PATIENCE)
def test_workers_that_are_replaced_all_the_time_lose_nothing(tmp_path: Path) -> None:
    """Each of them serves two requests; two of them serve at once."""
    requests = 2 * ROUNDS
    with Receiver() as receiver:
        with gunicorn(receiver, tmp_path, "--preload", "--max-requests", "2") as server:
            answers = [server.get() for _ in range(requests)]
            wait_for(tmp_path, ROUNDS)
            assert server.end() == 0, server.output
        assert b"" not in answers
        assert arrivals.spans(receiver) == {"GET": requests}
        assert arrivals.lines(receiver, "served") == requests
        assert arrivals.total(receiver, "served") == requests
        assert len(arrivals.instances(receiver)) == 3
