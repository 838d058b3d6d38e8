"""One connection carries all batches, of one process, until it ends or is ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest
from tests import faults
from tests.faults import faulty
from tests.faulty import Behaviour, Peer

from obskit.export.answer import Answer
from obskit.export.transport import Transport

PATIENCE = 30.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
Make = Callable[..., Transport]


def reason_of(answer: Answer) -> tuple[str, str]:
    """The kind and reason of an answer."""
    return answer.kind, answer.reason


def test_one_connection_carries_all_batches(make: Make) -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\x0a\x02\x08\x01\r\n0\r\n\r\n"
    )
    behaviour = faults.raw(chunked, goes_on=True)
    with faulty(faults.accept, behaviour, faults.status(503), faults.accept) as server:
        transport = make(server.url)
        kinds = [transport.post(b"%d" % each, PATIENCE).kind for each in range(5)]
        assert kinds == ["accepted", "accepted", "retry", "accepted", "accepted"]
        assert server.bodies == [b"0", b"1", b"2", b"3", b"4"]
        assert server.connections == 1


def test_a_kept_connection_that_the_server_closes_is_made_anew(make: Make) -> None:
    """It closes it while it is idle, or as the next request comes."""
    with faulty(faults.raw(OK), faults.accept, faults.close, faults.accept) as server:
        transport = make(server.url)
        assert [transport.post(b"%d" % each, PATIENCE).kind for each in range(3)] == [
            "accepted"
        ] * 3
        assert server.bodies == [b"0", b"1", b"2", b"2"]
        assert server.connections == 3


def test_a_kept_connection_on_which_something_came_unasked_is_made_anew(make: Make) -> None:
    """Some servers say 408 before they close what is idle; it is no answer to the next request."""
    read, said = Event(), Event()

    def behave(peer: Peer) -> bool:
        faults.accept(peer)
        read.wait(PATIENCE)
        peer.answer(408)
        said.set()
        return True

    with faulty(behave, faults.accept) as server:
        transport = make(server.url)
        transport.post(b"", PATIENCE)
        read.set()
        assert said.wait(PATIENCE)
        assert transport.post(b"", PATIENCE).kind == "accepted"
        assert server.connections == 2


def test_a_stale_connection_is_made_anew_once(make: Make) -> None:
    with faulty(faults.accept, faults.close) as server:
        transport = make(server.url)
        assert transport.post(b"", PATIENCE).kind == "accepted"
        assert reason_of(transport.post(b"", PATIENCE)) == ("retry", "connection_closed")
        assert (server.connections, len(server.requests)) == (2, 3)


def test_an_answer_that_began_on_a_kept_connection_is_not_asked_for_again(make: Make) -> None:
    with faulty(faults.accept, faults.reset_in_answer(b"HTTP/1.1"), faults.accept) as server:
        transport = make(server.url)
        transport.post(b"", PATIENCE)
        assert reason_of(transport.post(b"", PATIENCE)) == ("retry", "connection_reset")
        assert len(server.requests) == 2


def test_a_server_that_was_away_is_found_again(make: Make) -> None:
    with faulty() as server:
        transport = make(server.url)
        assert transport.post(b"1", PATIENCE).kind == "accepted"
        server.refuse()
        assert reason_of(transport.post(b"2", PATIENCE)) == ("retry", "connection_refused")
        server.listen()
        assert transport.post(b"3", PATIENCE).kind == "accepted"
        assert server.bodies == [b"1", b"3"]


def posted(transport: Transport, answers: list[Answer]) -> Thread:
    """A thread that posts."""
    thread = Thread(target=lambda: answers.append(transport.post(b"", PATIENCE)))
    thread.start()
    return thread


@pytest.mark.parametrize("behaviour", [faults.hang, faults.stall])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_abort_ends_a_post_under_way(behaviour: Behaviour, scheme: str, make: Make) -> None:
    with faulty(faults.stall if scheme == "https" else behaviour) as server:
        transport, answers = make(server.url.replace("http", scheme)), list[Answer]()
        first = posted(transport, answers)
        assert server.held.wait(PATIENCE)
        second = posted(transport, answers)
        while len(transport._own().under_way) < 2:
            second.join(0.01)
        transport.abort()
        first.join(PATIENCE)
        second.join(PATIENCE)
        assert [reason_of(answer) for answer in answers] == [("retry", "aborted")] * 2
        assert server.connections == 1


def test_an_abort_without_a_post_does_nothing(make: Make) -> None:
    with faulty() as server:
        transport = make(server.url)
        transport.abort()
        assert transport.post(b"", PATIENCE).kind == "accepted"
        transport.abort()
        assert transport.post(b"", PATIENCE).kind == "accepted"
        assert server.connections == 1


def test_after_its_end_a_transport_keeps_no_connection(make: Make) -> None:
    with faulty() as server:
        transport = make(server.url)
        transport.close()
        assert [transport.post(b"", PATIENCE).kind for _ in range(2)] == ["accepted"] * 2
        transport.close()
        assert server.connections == 2
        assert transport._own().stream is None


def test_threads_share_one_connection(make: Make) -> None:
    with faulty() as server:
        transport, answers = make(server.url), list[Answer]()
        threads = [posted(transport, answers) for _ in range(8)]
        for thread in threads:
            thread.join(PATIENCE)
        assert [answer.kind for answer in answers] == ["accepted"] * 8
        assert server.connections == 1


def forked(work: Callable[[], bool]) -> int:
    """The status of a child that did this: 0 when it held."""
    child = os.fork()
    if child == 0:
        status = 2
        try:
            status = 0 if work() else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_leaves_its_parents_connection_alone(make: Make) -> None:
    with faulty() as server:
        transport = make(server.url)
        transport.post(b"parent", PATIENCE)
        stream: Any = transport._own().stream

        def work() -> bool:
            kind = transport.post(b"child", PATIENCE).kind
            transport.close()
            return kind == "accepted" and stream._raw.fileno() == -1

        assert forked(work) == 0
        assert transport.post(b"again", PATIENCE).kind == "accepted"
        assert server.bodies == [b"parent", b"child", b"again"]
        assert server.connections == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_forked_while_its_parent_posts_can_post(make: Make) -> None:
    """The lock and the connection are those of a thread that the child does not have."""
    with faulty(faults.hang, faults.accept) as server:
        transport, answers = make(server.url), list[Answer]()
        thread = posted(transport, answers)
        assert server.held.wait(PATIENCE)
        assert forked(lambda: transport.post(b"child", PATIENCE).kind == "accepted") == 0
        transport.abort()
        thread.join(PATIENCE)
        assert [reason_of(answer) for answer in answers] == [("retry", "aborted")]
        assert server.bodies == [b"", b"child"]


def test_a_post_that_waits_for_another_ends_in_time(make: Make) -> None:
    with faulty(faults.hang) as server:
        transport, answers = make(server.url), list[Answer]()
        thread = posted(transport, answers)
        assert server.held.wait(PATIENCE)
        assert reason_of(transport.post(b"", 0.1)) == ("retry", "timeout")
        transport.abort()
        thread.join(PATIENCE)
        assert [answer.reason for answer in answers] == ["aborted"]
