"""What is asked from outside: a page over TLS, and a name server that may lose a name."""

from __future__ import annotations

import socketserver
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import trustme
from dns import flags, message, rcode, rrset
from tests.e2e.services import LOOPBACK
from tests.e2e.test_outside import Page


@contextmanager
def secure_page(
    authority: trustme.CA, folder: Path, days: int
) -> Iterator[tuple[int, Callable[[int], None]]]:
    """A page over TLS, its port, and what gives it a certificate that ends in so many days."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def certify(left: int) -> None:
        ends = datetime.now(timezone.utc) + timedelta(days=left)
        authority.issue_cert("localhost", not_after=ends).configure_cert(context)

    certify(days)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    server = ThreadingHTTPServer((LOOPBACK, 0), Page)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_port, certify
    finally:
        server.shutdown()
        server.server_close()


class Names(socketserver.UDPServer):
    """Knows every name, unless it has lost them."""

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), _Asked)
        self.lost = False
        self.port = self.server_address[1]

    def lose(self) -> None:
        """Know none from now on."""
        self.lost = True


class _Asked(socketserver.BaseRequestHandler):
    server: Names

    def handle(self) -> None:
        """Answer in the form of RFC 1035."""
        data, socket = self.request
        asked = message.from_wire(data)
        answer = message.make_response(asked)
        answer.flags |= flags.AA
        if self.server.lost:
            answer.set_rcode(rcode.NXDOMAIN)
        else:
            answer.answer.append(rrset.from_text(asked.question[0].name, 60, "IN", "A", LOOPBACK))
        socket.sendto(answer.to_wire(), self.client_address)


@contextmanager
def naming() -> Iterator[Names]:
    """A name server while the block lasts."""
    with Names() as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()
