"""What waits to leave."""

from __future__ import annotations

import sys
from threading import Thread

from hypothesis import given
from hypothesis import strategies as st
from tests.export.scripted import SCOPE

from obskit.export.queue import Queue
from obskit.ledger import Ledger


def made(**limits: int) -> tuple[Queue, Ledger, list[int]]:
    ledger, wakes = Ledger(), list[int]()
    limits = {"max_records": 5, "max_bytes": 100, "wake_at": 3, **limits}
    queue = Queue("logs", ledger, wake=lambda: wakes.append(1), **limits)
    return queue, ledger, wakes


def put(queue: Queue, *records: bytes) -> None:
    for record in records:
        queue.put(SCOPE, record)


def test_what_was_put_in_is_taken_in_order() -> None:
    queue, _, _ = made()
    put(queue, b"a", b"b", b"c")
    assert [part.data for part in queue.take(2, 100)] == [b"a", b"b"]
    assert [part.data for part in queue.take(2, 100)] == [b"c"]
    assert queue.take(2, 100) == []
    assert (queue.records, queue.bytes) == (0, 0)


def test_more_records_than_may_wait_are_dropped_and_counted() -> None:
    queue, ledger, _ = made(max_records=2)
    put(queue, b"a", b"b", b"c")
    assert [part.data for part in queue.take(9, 100)] == [b"a", b"b"]
    account = ledger.snapshot()["logs"]
    assert (account["accepted"], account["dropped"]) == (3, {"queue_full": 1})
    put(queue, b"d")
    assert ledger.snapshot()["logs"]["dropped"] == {"queue_full": 1}


def test_more_bytes_than_may_wait_are_dropped_and_counted() -> None:
    queue, ledger, _ = made(max_bytes=10)
    put(queue, b"12345", b"123456", b"12345")
    assert queue.bytes == 10
    assert ledger.snapshot()["logs"]["dropped"] == {"queue_full": 1}


def test_it_wakes_when_a_batch_waits() -> None:
    queue, _, wakes = made()
    put(queue, b"a", b"b")
    assert (wakes, queue.is_filling) == ([], False)
    put(queue, b"c")
    assert (wakes, queue.is_filling) == ([1], True)


def test_it_wakes_when_half_of_the_bytes_wait() -> None:
    queue, _, wakes = made()
    put(queue, b"x" * 49)
    assert wakes == []
    put(queue, b"x")
    assert wakes == [1]


def test_a_batch_is_bounded_in_bytes_but_holds_at_least_one() -> None:
    queue, _, _ = made()
    put(queue, b"x" * 30, b"y" * 5, b"z")
    assert [len(part.data) for part in queue.take(9, 20)] == [30]
    assert [len(part.data) for part in queue.take(9, 6)] == [5, 1]


def test_parts_of_many_records_count_as_many() -> None:
    queue, ledger, _ = made()
    queue.put(SCOPE, b"a", 3)
    queue.put(SCOPE, b"b", 3)
    assert queue.records == 3
    assert ledger.snapshot()["logs"]["dropped"] == {"queue_full": 3}


def test_a_closed_queue_takes_no_more() -> None:
    queue, ledger, _ = made()
    queue.close()
    put(queue, b"a")
    assert queue.records == 0
    assert ledger.snapshot()["logs"]["dropped"] == {"shut_down": 1}
    queue.clear()
    put(queue, b"a")
    assert queue.records == 1


def test_threads_that_put_and_one_that_takes_lose_nothing() -> None:
    queue, ledger, _ = made(max_records=1_000_000, max_bytes=10**9)
    taken = 0

    def work() -> None:
        for _ in range(5_000):
            queue.put(SCOPE, b"abc")

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads) or queue.records:
            taken += len(queue.take(100, 10**6))
    finally:
        sys.setswitchinterval(interval)
    assert (taken, queue.records, queue.bytes) == (20_000, 0, 0)
    assert ledger.snapshot()["logs"]["accepted"] == 20_000


@given(st.lists(st.one_of(st.binary(max_size=40), st.integers(1, 4))))
def test_what_it_says_of_itself_is_always_true(steps: list[bytes | int]) -> None:
    queue, ledger, _ = made()
    inside: list[bytes] = []
    for step in steps:
        if isinstance(step, int):
            taken = [part.data for part in queue.take(step, 60)]
            assert taken == inside[: len(taken)]
            inside = inside[len(taken) :]
        else:
            fits = len(inside) < 5 and sum(map(len, inside)) + len(step) <= 100
            put(queue, step)
            inside += [step] if fits else []
        assert (queue.records, queue.bytes) == (len(inside), sum(map(len, inside)))
    account = ledger.snapshot()["logs"]
    assert account["accepted"] == sum(isinstance(step, bytes) for step in steps)
