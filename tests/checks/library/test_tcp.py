"""Ports of real listeners."""

from __future__ import annotations

import gc
import socket
import threading

import psutil
import pytest
from tests.checks.library.listener import closed_port, listening

from obskit.checks.library.tcp import Connects


def silent(connection: socket.socket) -> None:
    connection.recv(1)


def ping(connection: socket.socket) -> None:
    if connection.recv(64) == b"PING\r\n":
        connection.sendall(b"+PONG\r\n")


def test_it_measures_how_long_a_connection_takes() -> None:
    with listening(silent) as port:
        found = Connects("localhost", port)()
    assert isinstance(found.value, float)
    assert found.value > 0
    assert found.unit == "s"


def test_it_turns_when_nobody_listens_and_recovers_when_somebody_does() -> None:
    port = closed_port()
    check = Connects("127.0.0.1", port)
    with pytest.raises(ConnectionError) as failed:
        check()
    assert str(failed.value) == (
        f"127.0.0.1:{port} cannot be reached: Connection refused;"
        " see that the server is up, and that name, port and firewall are right"
    )
    with listening(silent, port):
        check()
    with pytest.raises(ConnectionError):
        check()


def test_it_hears_the_banner_that_is_expected() -> None:
    def greet(connection: socket.socket) -> None:
        for piece in b"SSH-2", b".0-Open", b"SSH\r\n":  # in pieces, as networks deliver
            connection.sendall(piece)

    with listening(greet) as port:
        found = Connects("localhost", port, expect="SSH-2.0")()
    assert str(found.details["said"]).startswith("SSH-2.0")


def test_it_sends_what_is_answered() -> None:
    with listening(ping) as port:
        assert Connects("localhost", port, send="PING\r\n", expect="+PONG")().details == {
            "said": "+PONG\r\n"
        }


def test_another_banner_turns_it() -> None:
    with listening(lambda connection: connection.sendall(b"HTTP/1.0 400\r\n")) as port:
        with pytest.raises(ConnectionError) as failed:
            Connects("localhost", port, expect="SSH-2.0")()
    assert str(failed.value) == (
        f"localhost:{port} did not say 'SSH-2.0': it closed the connection;"
        " it said 'HTTP/1.0 400\\r\\n'"
    )


def test_silence_turns_it_at_the_time_out() -> None:
    with listening(silent) as port, pytest.raises(ConnectionError) as failed:
        Connects("localhost", port, expect="SSH-2.0", timeout="100ms")()
    assert str(failed.value).startswith(f"localhost:{port} did not say 'SSH-2.0': ")
    assert str(failed.value).endswith("; it said ''")


def test_of_an_endless_answer_64_kib_are_read() -> None:
    def endless(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"x" * 65_536)

    with listening(endless) as port, pytest.raises(ConnectionError, match="it said enough"):
        Connects("localhost", port, expect="SSH-2.0")()


def test_a_name_that_does_not_exist_turns_it() -> None:
    with pytest.raises(ConnectionError, match=r"^shop\.invalid:80 cannot be reached: "):
        Connects("shop.invalid", 80)()


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_what_is_no_port_is_refused_where_it_is_declared(port: int) -> None:
    with pytest.raises(ValueError, match=f"the port is {port}: use 1 to 65535"):
        Connects("localhost", port)


def test_many_runs_leave_nothing_open() -> None:
    with listening(silent) as port:
        check = Connects("127.0.0.1", port)
        check()
        process = psutil.Process()
        gc.collect()  # what other tests left is closed now, not while it is counted
        before, threads = process.num_fds(), threading.active_count()
        for _ in range(500):
            check()
        assert process.num_fds() <= before + 1
        assert threading.active_count() == threads
