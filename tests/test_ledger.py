"""The account of every record."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_what_a_killed_process_left_is_known_by_number(tmp_path: Path) -> None:
    before, after = Ledger(), Ledger()
    before.accept("logs", 2)
    assert before.keep(tmp_path / "account") is None
    before.accept("logs", 5)
    before.export("logs", 3)
    before.refuse("logs", "queue_full")
    before.accept("traces", 9)
    before.sample_out("traces", 4)
    before.spool("traces", 9)
    assert after.keep(tmp_path / "account") == (os.getpid(), {"logs": 4})
    assert after.snapshot()["logs"] == EMPTY
    assert Ledger().keep(tmp_path / "account") is None  # it had taken nothing in


def test_a_process_that_ended_well_left_nothing(tmp_path: Path) -> None:
    before = Ledger()
    before.keep(tmp_path / "account")
    before.accept("logs", 5)
    before.end()
    assert Ledger().keep(tmp_path / "account") is None


@given(st.binary(max_size=300))
def test_a_file_of_garbage_is_no_account(
    tmp_path_factory: pytest.TempPathFactory, garbage: bytes
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "account"
    path.write_bytes(garbage)
    ledger = Ledger()
    left = ledger.keep(path)
    assert left is None or all(count > 0 for count in left.records.values())
    ledger.accept("logs")
    assert ledger.snapshot()["logs"]["accepted"] == 1


def test_where_no_file_can_be_had_it_counts_in_memory(tmp_path: Path) -> None:
    ledger = Ledger()
    with pytest.raises(IsADirectoryError):
        ledger.keep(tmp_path)
    ledger.accept("logs")
    assert ledger.snapshot()["logs"]["accepted"] == 1


def test_a_forked_child_leaves_its_parents_file_alone(tmp_path: Path) -> None:
    ledger = Ledger()
    ledger.keep(tmp_path / "account")
    ledger.accept("logs")
    ledger.reset()
    ledger.accept("logs", 7)
    assert Ledger().keep(tmp_path / "account") == (os.getpid(), {"logs": 1})


def test_the_balance_is_a_line() -> None:
    ledger = Ledger()
    assert ledger.balance() == ""
    ledger.accept("traces", 6)
    ledger.export("traces", 3)
    ledger.spool("traces", 2)
    ledger.sample_out("traces")
    ledger.refuse("logs", "queue_full", 2)
    ledger.drop("logs", "http_400", 0)
    assert ledger.balance() == (
        "traces 3 exported, 1 sampled out, 2 kept on disk, 1 not settled;"
        " logs 0 exported, 2 dropped (queue_full 2, http_400 0)"
    )
    assert ledger.lost() == 2
