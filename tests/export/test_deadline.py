"""Nothing lasts longer than the deadline."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Event, Thread
from time import sleep

import pytest

from obskit.export.deadline import Deadline, DeadlineSocket

Pair = tuple[DeadlineSocket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A stream with a long deadline, and the socket at its other end."""
    ours, theirs = socket.socketpair()
    stream = DeadlineSocket(ours, Deadline(60))
    with theirs:
        yield stream, theirs
        stream.close()


def test_a_deadline_that_has_passed_leaves_no_time() -> None:
    with pytest.raises(TimeoutError):
        Deadline(0).left()
    with pytest.raises(TimeoutError):
        Deadline(-1).left()


def test_a_deadline_that_was_aborted_leaves_none_either() -> None:
    deadline = Deadline(60)
    deadline.abort()
    with pytest.raises(ConnectionAbortedError):
        deadline.left()


def test_a_deadline_without_end_is_one_that_sockets_can_take(pair: Pair) -> None:
    stream, theirs = pair
    stream.begin(Deadline(float("inf")))
    theirs.sendall(b"x")
    assert stream.recv_into(bytearray(9)) == 1


def test_an_abort_wakes_what_was_watched_last() -> None:
    deadline, woken = Deadline(60), []
    deadline.watch(lambda: woken.append("first"))
    deadline.watch(lambda: woken.append("second"))
    deadline.abort()
    deadline.watch(None)
    deadline.abort()
    assert woken == ["second"]


def test_what_was_sent_arrives_and_what_comes_is_read(pair: Pair) -> None:
    stream, theirs = pair
    stream.sendall(b"question")
    assert theirs.recv(99) == b"question"
    theirs.sendall(b"first\nsecond")
    theirs.shutdown(socket.SHUT_WR)
    file = stream.makefile()
    assert (file.readline(), file.read()) == (b"first\n", b"second")
    assert stream.received == 12
    stream.begin(Deadline(60))
    assert stream.received == 0


def test_a_file_that_is_closed_leaves_the_connection(pair: Pair) -> None:
    stream, theirs = pair
    stream.makefile().close()
    stream.sendall(b"x")
    assert theirs.recv(9) == b"x"


def test_a_reader_gives_up_although_a_byte_comes_now_and_then(pair: Pair) -> None:
    """Each byte is in time for itself; all of them together are not."""
    stream, theirs = pair
    stream.begin(Deadline(0.3))
    goes_on = [True]
    thread = Thread(target=_trickle, args=(theirs, goes_on))
    thread.start()
    with pytest.raises(TimeoutError):
        stream.makefile().readline()
    goes_on.clear()
    thread.join()
    assert stream.received >= 1


def test_a_writer_gives_up_when_nobody_reads(pair: Pair) -> None:
    stream, _ = pair
    stream.begin(Deadline(0.1))
    with pytest.raises(TimeoutError):
        stream.sendall(bytes(50_000_000))


def test_an_abort_ends_a_read_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    deadline = Deadline(60)
    stream = DeadlineSocket(ours, deadline)
    left, begun = deadline.left, Event()

    def begin() -> float:
        seconds = left()
        begun.set()
        return seconds

    def abort() -> None:
        begun.wait(60)
        deadline.abort()

    monkeypatch.setattr(deadline, "left", begin)
    with theirs:
        thread = Thread(target=abort)
        thread.start()
        # The other side sees it too: it is a shutdown.
        assert stream.recv_into(bytearray(9)) == 0
        thread.join()
        assert theirs.recv(9) == b""
        with pytest.raises(ConnectionAbortedError):
            stream.recv_into(bytearray(9))
        stream.close()


def test_an_abort_after_the_end_does_nothing(pair: Pair) -> None:
    stream, _ = pair
    deadline = Deadline(60)
    stream.begin(deadline)
    stream.close()
    deadline.abort()
    assert deadline.aborted


def test_a_connection_is_quiet_until_something_comes_or_it_ends(pair: Pair) -> None:
    stream, theirs = pair
    assert stream.is_quiet()
    theirs.sendall(b"x")
    assert not stream.is_quiet()
    assert stream.recv_into(bytearray(9)) == 1
    assert stream.is_quiet()
    theirs.close()
    assert not stream.is_quiet()
    stream.close()
    assert not stream.is_quiet()


def test_closing_gives_back_the_descriptor_and_ends_no_other_copy_of_it(pair: Pair) -> None:
    """A forked child closes its copy; the parent's connection goes on."""
    stream, theirs = pair
    with socket.socket(fileno=socket.dup(stream._raw.fileno())) as parents:
        stream.close()
        theirs.sendall(b"x")
        assert parents.recv(9) == b"x"


def test_an_answer_without_end_is_read_to_a_bound(pair: Pair) -> None:
    stream, theirs = pair
    thread = Thread(target=_flood, args=(theirs,))
    thread.start()
    assert len(stream.makefile().read()) <= 2 * 1024 * 1024 + 65_536
    stream.close()
    thread.join()


def _flood(target: socket.socket) -> None:
    try:
        for _ in range(200):
            target.sendall(bytes(65_536))
    except OSError:
        pass


def _trickle(target: socket.socket, goes_on: list[bool]) -> None:
    while goes_on:
        target.sendall(b"x")
        sleep(0.02)
