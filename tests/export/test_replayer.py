"""What waits on disk leaves when the receiver is back."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.export.scripted import AWAY, Line

from obskit.export.replayer import Replayer


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """A sender with three batches on disk, whose receiver is back."""
    line = Line(AWAY, AWAY, AWAY, spool=tmp_path)
    for record in (b"a", b"b", b"c"):
        line.put(record)
        line.sender.flush(line.clock.monotonic() + 1)
    line.put(b"new")
    line.sender.flush(line.clock.monotonic() + 1)
    return line


def replayer(line: Line) -> Replayer:
    assert line.spool is not None
    return Replayer(line.spool, {"logs": line.sender}, line.ledger, line.clock)


def test_the_oldest_goes_first_and_one_at_a_time(line: Line) -> None:
    task = replayer(line)
    task.run()
    assert len(line.transport.bodies) == 1  # the first look is not at once
    for count in (2, 3, 4):
        line.clock.advance(task.due - line.clock.monotonic())
        task.run()
        assert len(line.transport.bodies) == count
    assert [body[-1:] for body in line.transport.bodies] == [b"w", b"a", b"b", b"c"]
    assert (line.account["spooled"], line.account["exported"]) == (0, 4)


def test_batches_are_a_tenth_of_a_second_apart_and_looks_half_a_minute(line: Line) -> None:
    task, pauses = replayer(line), []
    for _ in range(5):
        pauses.append(round(task.due - line.clock.monotonic(), 3))
        line.clock.advance(task.due - line.clock.monotonic())
        task.run()
    assert pauses == [5.0, 0.1, 0.1, 0.1, 30.0]


def test_while_the_receiver_is_away_nothing_is_tried(line: Line) -> None:
    line.transport.answers = [AWAY]
    line.put(b"x")
    line.run()
    task = replayer(line)
    line.clock.advance(5)
    task.run()
    assert len(line.transport.bodies) == 1
    assert task.due == line.clock.monotonic() + 1


def test_a_batch_that_cannot_be_sent_stays(line: Line) -> None:
    line.transport.answers = [AWAY]
    task = replayer(line)
    line.clock.advance(5)
    task.run()
    assert line.account["spooled"] == 3
    assert line.sender.away


def test_one_process_at_a_time_replays(line: Line) -> None:
    assert line.spool is not None
    task = replayer(line)
    line.clock.advance(5)
    with line.spool.replaying() as mine:
        assert mine
        task.run()
    assert line.account["spooled"] == 3


def test_what_is_lost_on_disk_is_counted(line: Line) -> None:
    assert line.spool is not None
    torn = min(line.spool.directory.glob("*.logs"))
    torn.write_bytes(b"")
    task = replayer(line)
    line.clock.advance(5)
    task.run()
    assert line.account["dropped"] == {"spool_torn": 1}
    assert line.balanced


def test_a_forked_child_looks_anew(line: Line) -> None:
    task = replayer(line)
    line.clock.advance(100)
    task.after_fork()
    assert task.due == line.clock.monotonic() + 5
