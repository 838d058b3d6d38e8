"""The account of every record."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from threading import Thread

from obskit.ledger import Ledger

EMPTY = {"accepted": 0, "exported": 0, "dropped": {}, "queued": 0}


def test_every_signal_begins_at_nothing() -> None:
    assert Ledger().snapshot() == {
        "traces": EMPTY,
        "metrics": EMPTY,
        "logs": EMPTY,
        "errors": EMPTY,
    }


def test_what_was_taken_in_is_exported_dropped_by_reason_or_queued() -> None:
    ledger = Ledger()
    ledger.accept("logs", 10)
    ledger.accept("logs")
    ledger.export("logs", 3)
    ledger.drop("logs", "export_failed", 2)
    ledger.drop("logs", "queue_full")
    ledger.refuse("logs", "not_representable", 4)
    assert ledger.snapshot()["logs"] == {
        "accepted": 15,
        "exported": 3,
        "dropped": {"export_failed": 2, "queue_full": 1, "not_representable": 4},
        "queued": 5,
    }
    assert ledger.snapshot()["traces"] == EMPTY


def test_a_reset_forgets_all_of_it() -> None:
    ledger = Ledger()
    ledger.refuse("errors", "x")
    ledger.accept("errors")
    ledger.export("errors", 1)
    ledger.reset()
    assert ledger.snapshot()["errors"] == EMPTY


def test_threads_lose_no_count() -> None:
    ledger = Ledger()

    def work() -> None:
        for _ in range(5_000):
            ledger.accept("traces")
            ledger.refuse("traces", "x")
            ledger.export("traces", 1)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.snapshot()["traces"] == {
        "accepted": 40_000,
        "exported": 20_000,
        "dropped": {"x": 20_000},
        "queued": 0,
    }


INTERRUPTED = """
import signal
from obskit.ledger import Ledger
ledger = Ledger()
signal.signal(signal.SIGALRM, lambda *_: ledger.accept("logs"))
with ledger._lock:
    signal.raise_signal(signal.SIGALRM)
assert ledger.snapshot()["logs"]["accepted"] == 1
"""


def test_a_signal_handler_may_count_while_its_own_thread_counts() -> None:
    subprocess.run([sys.executable, "-c", INTERRUPTED], check=True, timeout=30)


FORKED = """
import os, threading
from obskit.ledger import Ledger
ledger = Ledger()
held, release = threading.Event(), threading.Event()
def hold():
    with ledger._lock:
        held.set()
        release.wait()
threading.Thread(target=hold, daemon=True).start()
held.wait()
child = os.fork()
if child == 0:
    ledger.reset()
    ledger.accept("logs")
    os._exit(ledger.snapshot()["logs"]["accepted"])
_, status = os.waitpid(child, 0)
release.set()
assert os.waitstatus_to_exitcode(status) == 1, status
"""


def test_a_forked_child_counts_although_the_parent_was_counting() -> None:
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED], start_new_session=True
    )
    try:
        assert child.wait(30) == 0
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
