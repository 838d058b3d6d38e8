"""Results on their way into the store: what becomes of each is counted, and a loss is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.state.contract import RUN

from obskit.checks.outbox import Outbox
from obskit.state.memory import MemoryStore


def test_what_became_of_each_result_is_counted() -> None:
    outbox, store = Outbox(), MemoryStore()
    lost: list[str] = []
    for lease in (8, 7, 8):
        outbox.put(replace(RUN, lease=lease))
    assert outbox.account() == {"kept": 0, "waiting": 3, "refused": 0, "dropped": 0}
    outbox.write(store, lost.append)
    assert outbox.account() == {"kept": 2, "waiting": 0, "refused": 1, "dropped": 0}
    assert lost == ["database"]
    assert [run.lease for run in store.runs("database")] == [8, 8]


def test_who_puts_much_into_it_learns_that_it_should_be_written() -> None:
    outbox = Outbox()
    assert [outbox.put(RUN) for _ in range(201)] == [False] * 199 + [True] * 2


def test_what_did_not_fit_is_told_once_when_the_store_is_there_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outbox = Outbox()
    for _ in range(1_007):
        outbox.put(RUN)
    for _ in range(3):
        outbox.write(MemoryStore(), print)
    assert [record.getMessage() for record in caplog.records] == [
        "7 results of checks are missing in history: the store could not be used"
    ]


def test_what_waits_when_the_process_ends_is_told(caplog: pytest.LogCaptureFixture) -> None:
    outbox = Outbox()
    outbox.give_up()
    for _ in range(2):
        outbox.put(RUN)
    outbox.give_up()
    assert outbox.account() == {"kept": 0, "waiting": 0, "refused": 0, "dropped": 2}
    assert [record.getMessage() for record in caplog.records] == [
        "2 results of checks are missing in history: the store could not be used"
    ]
