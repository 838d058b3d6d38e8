"""What becomes of records, whatever their receiver does."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.export.scripted import AWAY, REFUSED, TAKEN, TOO_LARGE, Line

from obskit.export.answer import Answer


def test_a_round_sends_what_waits_in_batches() -> None:
    line = Line()
    line.put(b"a", b"b", b"c", b"d", b"e")
    line.run(1.0)
    assert [body[-4:] for body in line.transport.bodies] == [b"abcd", b"\n\x03\x12\x01e"[-4:]]
    assert (line.account["exported"], line.account["queued"]) == (5, 0)


def test_between_two_rounds_it_waits_unless_a_batch_is_full() -> None:
    line = Line()
    line.put(b"a")
    line.run(0.5)
    assert line.transport.bodies == []
    assert line.sender.due == line.clock.monotonic() + 0.5
    line.put(b"b", b"c", b"d")
    line.run(0.1)
    assert line.account["exported"] == 4


def test_each_round_collects_first() -> None:
    rounds: list[int] = []
    line = Line(collect=lambda: rounds.append(1))
    line.run(0.5)
    line.run(0.5)
    line.run(1.0)
    assert len(rounds) == 2


def test_what_a_receiver_rejects_of_a_batch_is_dropped_by_number() -> None:
    line = Line(Answer("accepted", rejected=2, reason="rejected", message="too old"))
    line.put(b"a", b"b", b"c")
    line.run()
    assert (line.account["exported"], line.account["dropped"]) == (1, {"rejected": 2})


def test_a_receiver_cannot_reject_more_than_it_got() -> None:
    line = Line(Answer("accepted", rejected=9, reason="rejected"))
    line.put(b"a")
    line.run()
    assert (line.account["exported"], line.account["dropped"]) == (0, {"rejected": 1})


def test_what_is_refused_is_dropped_with_its_reason_and_never_sent_again() -> None:
    line = Line(REFUSED)
    line.put(b"a", b"b")
    line.run()
    line.run(100)
    assert line.account["dropped"] == {"http_400": 2}
    assert line.transport.bodies == []
    assert [(error.reason, error.records, error.kept) for error in line.errors] == [
        ("http_400", 2, False)
    ]


def test_what_is_too_large_is_sent_in_halves() -> None:
    line = Line(TOO_LARGE, TOO_LARGE)
    line.put(b"a", b"b", b"c", b"d")
    line.run()
    assert [body[-1:] for body in line.transport.bodies] == [b"a", b"b", b"d"]
    assert line.account["exported"] == 4


def test_one_record_that_is_too_large_is_dropped() -> None:
    line = Line(TOO_LARGE, TOO_LARGE)
    line.put(b"a", b"b")
    line.run()
    assert (line.account["exported"], line.account["dropped"]) == (1, {"http_413": 1})


def test_while_the_receiver_is_away_pauses_grow_and_nothing_is_lost() -> None:
    line, attempts = Line(*[AWAY] * 8), list[float]()
    line.transport.meanwhile = lambda: attempts.append(line.clock.monotonic())
    line.put(b"a")
    while line.account["queued"]:
        line.run(max(0.0, line.sender.due - line.clock.monotonic()))
    least = (0.5, 1, 2, 4, 8, 16, 30, 30)
    for one, (before, after) in zip(least, pairwise(attempts), strict=True):
        assert one <= after - before <= 2 * one
    assert (line.account["exported"], len(line.transport.bodies)) == (1, 1)
    assert not line.sender.away


def test_a_receiver_that_names_a_time_is_not_asked_before() -> None:
    line = Line(Answer("retry", reason="http_429", retry_after=300.0))
    line.put(b"a")
    line.run()
    line.run(299)
    assert line.transport.bodies == []
    line.run(1)
    assert len(line.transport.bodies) == 1


def test_with_a_spool_a_batch_that_could_not_be_sent_waits_on_disk(tmp_path: Path) -> None:
    line = Line(AWAY, spool=tmp_path)
    line.put(b"a", b"b")
    line.run()
    assert (line.account["spooled"], line.account["queued"]) == (2, 0)
    assert line.spool is not None
    batch = line.spool.oldest("logs")
    assert batch is not None
    assert line.sender.resend(batch)
    assert (line.account["spooled"], line.account["exported"]) == (0, 2)
    assert line.transport.bodies == [batch.body]


def test_while_the_receiver_is_away_full_batches_go_to_disk_before_memory_is_full(
    tmp_path: Path,
) -> None:
    line = Line(Answer("retry", reason="http_503", retry_after=600.0), spool=tmp_path, most=6)
    for _ in range(20):
        line.put(b"a", b"b", b"c")
        line.run(0.1)
    assert line.account["dropped"] == {}
    assert line.account["spooled"] >= 56


def test_a_batch_from_disk_that_cannot_be_sent_stays_there(tmp_path: Path) -> None:
    line = Line(AWAY, AWAY, spool=tmp_path)
    line.put(b"a")
    line.run()
    assert line.spool is not None
    batch = line.spool.oldest("logs")
    assert batch is not None
    assert not line.sender.resend(batch)
    assert line.account["spooled"] == 1


def test_without_a_spool_what_no_longer_fits_is_dropped_and_counted() -> None:
    line = Line(*[AWAY] * 3)
    line.put(*[b"x"] * 4)
    line.run()
    line.put(*[b"y"] * 12)
    assert line.account["dropped"] == {"queue_full": 2}
    assert line.account["queued"] == 14
    assert line.balanced


def test_a_flush_does_not_wait_for_the_next_attempt() -> None:
    line = Line(AWAY)
    line.put(b"a")
    line.run()
    assert line.sender.flush(line.clock.monotonic() + 1)
    assert line.account["exported"] == 1


def test_a_flush_says_whether_something_still_waits() -> None:
    line = Line(AWAY)
    line.put(b"a")
    assert not line.sender.flush(line.clock.monotonic() + 1)
    assert not line.sender.flush(line.clock.monotonic())
    assert line.sender.flush(line.clock.monotonic() + 1)


def test_a_flush_puts_on_disk_what_cannot_be_sent(tmp_path: Path) -> None:
    line = Line(AWAY, spool=tmp_path)
    line.put(*[b"x"] * 9)
    assert line.sender.flush(line.clock.monotonic() + 1)
    assert (line.account["spooled"], line.account["queued"]) == (9, 0)


def test_the_end_sends_what_waits_and_takes_no_more() -> None:
    line: Line = Line(last=lambda: line.put(b"last"))
    line.put(b"a")
    line.sender.finish(line.clock.monotonic() + 3)
    assert line.account["exported"] == 2
    line.put(b"late")
    assert line.account["dropped"] == {"shut_down": 1}
    assert line.transport.closed
    assert line.sender.due == float("inf")
    line.sender.finish(line.clock.monotonic() + 3)
    assert line.sender.flush(line.clock.monotonic() + 3)
    assert line.account["exported"] == 2


@pytest.mark.parametrize("spooled", [True, False])
def test_the_end_leaves_nothing_without_a_number(spooled: bool, tmp_path: Path) -> None:
    line = Line(*[AWAY] * 9, spool=tmp_path if spooled else None)
    line.put(*[b"x"] * 9)
    line.sender.finish(line.clock.monotonic() + 3)
    assert line.account["queued"] == 0
    assert line.account["spooled"] == (9 if spooled else 0)
    assert line.account["dropped"] == ({} if spooled else {"shutdown": 9})


def test_the_end_does_not_wait_for_a_request_that_does_not_come_back() -> None:
    line = Line()
    line.put(b"a")
    line.sender._lock.acquire()
    Thread(target=line.sender.finish, args=(line.clock.monotonic(),)).run()
    assert line.transport.aborted


def test_what_is_discarded_is_counted() -> None:
    line = Line()
    line.put(b"a", b"b")
    line.sender.discard()
    assert line.account["dropped"] == {"discarded": 2}
    assert line.transport.closed


def test_a_forked_child_has_nothing_of_its_parent() -> None:
    line = Line(AWAY, AWAY)
    line.put(*[b"x"] * 9)
    line.run()
    line.sender._lock.acquire()  # by a thread that the child does not have
    line.sender.after_fork()
    line.ledger.reset()
    assert line.account["queued"] == 0
    assert not line.sender.away
    line.put(b"a")
    line.run()
    assert line.account == {**line.account, "accepted": 1, "exported": 0, "queued": 1}


def test_an_outage_is_told_once_when_it_begins_and_once_when_it_ends(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.INFO)
    line = Line(*[AWAY] * 5, spool=tmp_path)
    for _ in range(6):
        line.put(b"a")
        line.run(100)
    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        ("WARNING", f"telemetry cannot be sent to http://there: no connection; {_KEPT}"),
        ("INFO", f"telemetry is sent to http://there again, after 8m20s; {_BALANCE}"),
    ]
    assert all(each.exc_info is None for each in caplog.records)


def test_a_receiver_that_refuses_everything_is_told_of_once_an_hour(
    caplog: pytest.LogCaptureFixture,
) -> None:
    line = Line(*[REFUSED] * 100)
    for _ in range(100):
        line.put(b"a")
        line.run(60)
    assert [each.getMessage() for each in caplog.records] == [
        "http://there refuses logs: bad data; what it refuses is dropped, and counted as http_400"
    ] * 2


_KEPT = "it is kept, as far as there is room"
_BALANCE = "5 records wait on disk, 0 were lost"
_ANSWERS = st.sampled_from([TAKEN, AWAY, REFUSED, TOO_LARGE, Answer("accepted", rejected=1)])
_STEPS = st.one_of(
    st.tuples(st.just("put"), st.integers(1, 12)),
    st.tuples(st.just("answers"), st.lists(_ANSWERS, max_size=6)),
    st.tuples(st.just("run"), st.sampled_from([0.1, 1.0, 70.0])),
    st.tuples(st.sampled_from(["flush", "replay", "fork", "restart", "tear", "age", "end"])),
)


@settings(max_examples=60)
@given(st.booleans(), st.lists(_STEPS, max_size=40))
def test_the_account_balances_at_every_step(
    tmp_path_factory: pytest.TempPathFactory, spooled: bool, steps: list[tuple[object, ...]]
) -> None:
    """Over faults, forks, restarts, torn files and old ones."""
    folder = tmp_path_factory.mktemp("spool") if spooled else None
    line = Line(spool=folder)
    for name, *arguments in steps:
        if name == "restart":
            line.sender.finish(line.clock.monotonic() + 3)
            assert line.account["queued"] == 0
            assert line.balanced
            line = Line(spool=folder)
        else:
            _STEP[str(name)](line, *arguments)
        assert line.balanced, (name, line.account)
        assert min(line.account["queued"], line.account["spooled"], line.account["exported"]) >= 0


def _replay(line: Line) -> None:
    if line.spool is None:
        return
    with line.spool.replaying() as mine:
        assert mine
        while (batch := line.spool.oldest()) and line.sender.resend(batch):
            line.spool.done(batch)
    line.ledger.lose_spooled(line.spool.take_losses())


def _tear(line: Line) -> None:
    if line.spool is not None and line.spool.directory.exists():
        for file in list(line.spool.directory.glob("*.logs"))[:1]:
            file.write_bytes(file.read_bytes()[:-1])


def _fork(line: Line) -> None:
    line.sender.after_fork()
    line.ledger.reset()


_STEP: dict[str, Callable[..., object]] = {
    "put": lambda line, count: line.put(*[b"x"] * count),
    "answers": lambda line, answers: line.transport.answers.extend(answers),
    "run": lambda line, seconds: line.run(seconds),
    "flush": lambda line: line.sender.flush(line.clock.monotonic() + 1),
    "replay": _replay,
    "fork": _fork,
    "tear": _tear,
    "age": lambda line: line.clock.advance(30_000),
    "end": lambda line: line.sender.finish(line.clock.monotonic() + 3),
}


def test_each_body_is_kept_once_as_it_is_taken_whatever_becomes_of_it() -> None:
    kept: list[bytes] = []
    line = Line(AWAY, TAKEN, kept=kept.append)
    line.put(b"a", b"b", b"c", b"d", b"e")
    line.run()
    assert [body[-4:] for body in kept] == [b"abcd"]
    line.run(60.0)
    assert kept == line.transport.bodies
    assert len(kept) == 2


def test_what_a_process_forgets_is_not_kept() -> None:
    kept: list[bytes] = []
    line = Line(kept=kept.append)
    line.put(b"a")
    line.sender.discard()
    assert kept == []


def test_what_waits_at_the_end_is_kept() -> None:
    kept: list[bytes] = []
    line = Line(kept=kept.append)
    line.put(b"a")
    line.sender.finish(line.clock.monotonic() + 10)
    assert kept == line.transport.bodies
    assert len(kept) == 1
