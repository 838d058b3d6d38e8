"""Mail servers: aiosmtpd, over real sockets."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import trustme

pytest.importorskip("aiosmtpd", reason="aiosmtpd is not installed")

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult, LoginPassword
from tests.checks.library.listener import closed_port, listening

from obskit.checks.library.smtp import Greets


def allowed(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and data.password == b"hunter2"
    return AuthResult(success=right, handled=False)


@contextmanager
def serving(port: int = 0, **options: Any) -> Iterator[int]:
    """A mail server; its port."""
    controller = Controller(Sink(), hostname="127.0.0.1", port=port or closed_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@pytest.fixture
def authority(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """TLS of a server, and the authority to trust."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context, tmp_path / "ca.pem"


def test_it_measures_how_long_a_greeting_takes() -> None:
    with serving(ident="shop's mail") as port:
        found = Greets("localhost", port)()
    assert isinstance(found.value, float)
    assert found.value > 0
    assert found.unit == "s"
    assert found.message.endswith("shop's mail")
    assert found.details["encrypted"] is False
    assert "size" in str(found.details["offers"])


def test_it_turns_when_the_server_stops_and_recovers_when_it_is_back() -> None:
    with serving() as port:
        check = Greets("localhost", port)
        check()
    with pytest.raises(ConnectionError, match=f"localhost:{port} cannot be reached: "):
        check()
    with serving(port):
        check()


def test_starttls_is_begun_with_a_certificate_that_is_valid(
    authority: tuple[ssl.SSLContext, Path],
) -> None:
    context, ca_file = authority
    with serving(tls_context=context) as port:
        found = Greets("localhost", port, starttls=True, ca_file=ca_file)()
        assert found.details["encrypted"] is True
        Greets("localhost", port, starttls=True, verify=False)()
        with pytest.raises(ConnectionError, match="certificate verify failed"):
            Greets("localhost", port, starttls=True)()
        with pytest.raises(ConnectionError, match=r"not valid for '127\.0\.0\.1'"):
            Greets("127.0.0.1", port, starttls=True, ca_file=ca_file)()


def test_a_server_that_offers_no_starttls_turns_it() -> None:
    with serving() as port, pytest.raises(ConnectionError) as failed:
        Greets("localhost", port, starttls=True)()
    assert str(failed.value) == f"localhost:{port}: STARTTLS extension not supported by server."


def test_tls_is_begun_at_once_where_it_is_asked_for(
    authority: tuple[ssl.SSLContext, Path],
) -> None:
    context, ca_file = authority
    port = closed_port()
    # What the controller sends itself at the start needs the authority too.
    controller = Controller(Sink(), hostname="localhost", port=port, ssl_context=context)
    context.load_verify_locations(ca_file)
    controller.start()
    try:
        assert Greets("localhost", port, tls=True, ca_file=ca_file)().details["encrypted"] is True
        with pytest.raises(ConnectionError, match="certificate verify failed"):
            Greets("localhost", port, tls=True)()
    finally:
        controller.stop()


def test_a_login_that_is_refused_turns_it_without_telling_the_password() -> None:
    with serving(authenticator=allowed, auth_require_tls=False) as port:
        Greets("localhost", port, username="shop", password="hunter2")()
        wrong = Greets("localhost", port, username="shop", password="hunter3")
        with pytest.raises(ConnectionError) as failed:
            wrong()
    assert f"localhost:{port}: refused with 535: " in str(failed.value)
    assert "hunter3" not in str(failed.value)
    assert "hunter3" not in repr(wrong)


def test_a_server_that_refuses_to_serve_turns_it() -> None:
    with listening(lambda connection: connection.sendall(b"554 go away\r\n")) as port:
        with pytest.raises(ConnectionError) as failed:
            Greets("localhost", port)()
    assert str(failed.value) == f"localhost:{port}: refused with 554: go away"


def test_a_server_that_says_nothing_turns_it_at_the_time_out() -> None:
    with listening(lambda connection: connection.recv(1)) as port:
        with pytest.raises(ConnectionError, match="no answer within 100ms"):
            Greets("localhost", port, timeout="100ms")()


def test_of_an_endless_greeting_64_kib_are_read() -> None:
    def endless(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"220-welcome\r\n" * 1_000)

    with listening(endless) as port:
        with pytest.raises(ConnectionError, match="more was sent than is ever read"):
            Greets("localhost", port)()


def test_a_server_that_hangs_up_after_all_is_said_is_well() -> None:
    def abrupt(connection: socket.socket) -> None:
        connection.sendall(b"220 mail\r\n")
        connection.recv(64)
        connection.sendall(b"250 mail\r\n")

    with listening(abrupt) as port:
        assert Greets("localhost", port)().message == "mail"


def test_both_kinds_of_tls_at_once_are_refused_where_it_is_declared() -> None:
    with pytest.raises(ValueError, match="starttls and tls are both True"):
        Greets("localhost", tls=True, starttls=True)


def test_many_runs_leave_nothing_open() -> None:
    with serving() as port:
        check = Greets("localhost", port)
        check()
        process = psutil.Process()
        before = process.num_fds()
        for _ in range(50):
            check()
        assert process.num_fds() <= before + 3
