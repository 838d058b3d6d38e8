"""What becomes of a batch when its receiver has faults."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from tests import faults
from tests.faults import faulty
from tests.faulty import Behaviour

from obskit.export.answer import Answer
from obskit.export.transport import Transport

PATIENCE = 30.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
Make = Callable[..., Transport]


def reason_of(answer: Answer) -> tuple[str, str]:
    """The kind and reason of an answer."""
    return answer.kind, answer.reason


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (faults.close, "connection_closed"),
        (faults.reset, "connection_reset"),
        (faults.reset_in_answer(b"HTTP/1.1 2"), "connection_reset"),
        (faults.garbage, "garbage"),
        (faults.raw(b"HTTP/9.9 200 OK\r\n\r\n"), "garbage"),
        (faults.raw(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1_000 + b"\r\n"), "garbage"),
    ],
)
def test_without_an_answer_a_batch_is_to_be_sent_again(
    behaviour: Behaviour, reason: str, make: Make
) -> None:
    with faulty(behaviour) as server:
        answer = make(server.url).post(b"", PATIENCE)
        assert reason_of(answer) == ("retry", reason)
        # Only a connection that was kept may be stale.
        assert server.connections == 1


@pytest.mark.parametrize(
    "behaviour",
    [
        faults.hang,
        faults.stall,
        faults.trickle(OK * 100),
        faults.trickle(OK[:-4] + b"\r\nx: " * 999),
    ],
    ids=["hang", "stall", "a byte now and then", "headers without end"],
)
def test_a_server_that_takes_too_long_is_given_up(behaviour: Behaviour, make: Make) -> None:
    """However busy it seems meanwhile."""
    with faulty(behaviour) as server:
        transport = make(server.url)
        assert reason_of(transport.post(b"", 0.3)) == ("retry", "timeout")
        server.behaviour = faults.accept
        assert transport.post(b"", PATIENCE) == Answer("accepted")
        assert server.connections == 2


def test_a_server_that_does_not_read_is_given_up(make: Make) -> None:
    with faulty(faults.stall) as server:
        transport = make(server.url, compression="none")
        assert reason_of(transport.post(bytes(50_000_000), 0.3)) == ("retry", "timeout")


def test_no_time_is_no_attempt(make: Make) -> None:
    with faulty() as server:
        assert reason_of(make(server.url).post(b"", 0)) == ("retry", "timeout")
        assert server.connections == 0


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (faults.status(429, {"Retry-After": "9"}), Answer("retry", 0, 9.0, "http_429", "HTTP 429")),
        (faults.status(503), Answer("retry", 0, None, "http_503", "HTTP 503")),
        (faults.status(500), Answer("refused", 0, None, "http_500", "HTTP 500")),
        (faults.too_large_above(4), Answer("too_large", 0, None, "http_413", "HTTP 413")),
        (faults.raw(b"HTTP/1.0 200 OK\r\n\r\n\x0a\x02\x08\x02"), Answer(
            "accepted", 2, None, "rejected", "2 records were rejected"
        )),
        (faults.raw(b"HTTP/1.1 100 Continue\r\n\r\n" + OK), Answer("accepted")),
    ],
)  # fmt: skip
def test_what_the_receiver_says_is_the_answer(
    behaviour: Behaviour, expected: Answer, make: Make
) -> None:
    with faulty(behaviour) as server:
        assert make(server.url).post(b"batch", PATIENCE) == expected


def test_a_redirect_is_not_followed(make: Make) -> None:
    with faulty() as other, faulty(faults.redirect(other.url)) as server:
        answer = make(server.url, headers={"api-key": "hunter2"}).post(b"", PATIENCE)
        assert reason_of(answer) == ("refused", "redirect")
        assert other.url in answer.message
        assert other.connections == 0


def test_an_answer_that_breaks_after_its_status_holds(make: Make) -> None:
    """To send again what was accepted would double it."""
    begun = b"HTTP/1.1 %d X\r\nContent-Length: 99\r\n\r\n\x0a"
    script = [faults.reset_in_answer(begun % status) for status in (200, 503)]
    with faulty(*script, faults.accept) as server:
        transport = make(server.url)
        answers = [transport.post(b"", PATIENCE) for _ in range(3)]
        assert [answer.kind for answer in answers] == ["accepted", "retry", "accepted"]
        assert server.connections == 3


def test_an_answer_that_comes_before_the_batch_is_sent_counts(make: Make) -> None:
    with faulty(faults.too_large_early) as server:
        answer = make(server.url, compression="none").post(bytes(5_000_000), PATIENCE)
        assert answer == Answer("too_large", 0, None, "http_413", "HTTP 413")


@pytest.mark.parametrize(
    "head",
    [b"Content-Length: 9000000", b"Transfer-Encoding: chunked\r\n\r\n-1", b"Connection: close"],
)
def test_an_answer_without_end_is_not_read_to_its_end(head: bytes, make: Make) -> None:
    flood = b"HTTP/1.1 400 No\r\n" + head + b"\r\n\r\n" + b"no " * 3_000_000
    with faulty(faults.raw(flood)) as server:
        answer = make(server.url).post(b"", PATIENCE)
        assert reason_of(answer) == ("refused", "http_400")
        assert len(answer.message) <= 300


def test_a_lookup_that_hangs_ends_in_time(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver has its own idea of time."""
    with faulty() as server:
        looked_up: list[str] = []

        def getaddrinfo(host: str, *_: object, flags: int = 0, **__: object) -> list[Any]:
            if flags:
                raise socket.gaierror
            looked_up.append(host)
            server.ended.wait(PATIENCE)
            return []

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        answer = make("http://slow.test/").post(b"", 0.2)
        assert (reason_of(answer), looked_up) == (("retry", "timeout"), ["slow.test"])
