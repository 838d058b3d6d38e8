"""The account of every record."""

from __future__ import annotations

import signal
import sys
from threading import Thread

from obskit.ledger import Ledger

EMPTY = {
    "accepted": 0,
    "exported": 0,
    "sampled_out": 0,
    "dropped": {},
    "spooled": 0,
    "queued": 0,
}


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
        "sampled_out": 0,
        "spooled": 0,
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

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert ledger.snapshot()["traces"] == {
        "accepted": 40_000,
        "exported": 20_000,
        "dropped": {"x": 20_000},
        "sampled_out": 0,
        "spooled": 0,
        "queued": 0,
    }


def test_a_signal_handler_counts_in_the_middle_of_counting_and_loses_nothing() -> None:
    ledger, handled = Ledger(), 0

    def handle(*_: object) -> None:
        nonlocal handled
        handled += 1
        ledger.accept("logs")
        ledger.drop("logs", "x")

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        for _ in range(100_000):
            ledger.accept("logs")
            ledger.drop("logs", "x")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    account = ledger.snapshot()["logs"]
    assert (account["accepted"], account["dropped"]) == (
        100_000 + handled,
        {"x": 100_000 + handled},
    )


def test_what_was_sampled_out_is_accounted_for() -> None:
    ledger = Ledger()
    ledger.sample_out("traces", 3)
    assert ledger.snapshot()["traces"] == {**EMPTY, "accepted": 3, "sampled_out": 3}


def test_what_is_taken_from_the_disk_is_first_what_this_process_put_there() -> None:
    ledger = Ledger()
    ledger.accept("logs", 5)
    ledger.spool("logs", 5)
    ledger.unspool("logs", 3)
    ledger.export("logs", 3)
    assert ledger.snapshot()["logs"] == {**EMPTY, "accepted": 5, "exported": 3, "spooled": 2}
    ledger.unspool("logs", 4)
    ledger.drop("logs", "spool_age", 4)
    assert ledger.snapshot()["logs"] == {
        **EMPTY,
        "accepted": 7,
        "exported": 3,
        "dropped": {"spool_age": 4},
    }


def test_a_queue_that_counts_itself_is_believed_over_the_account() -> None:
    ledger = Ledger()
    ledger.measure("logs", lambda: 7)
    assert ledger.snapshot()["logs"] == {**EMPTY, "queued": 7}
    ledger.reset()
    assert ledger.snapshot()["logs"] == {**EMPTY, "queued": 7}
