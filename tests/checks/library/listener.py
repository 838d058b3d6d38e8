"""A server of a test's own: what it does with a connection is the test's to say."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread


@contextmanager
def listening(serve: Callable[[socket.socket], object], port: int = 0) -> Iterator[int]:
    """A port of the loopback interface where each connection is served, one after another."""
    listener = socket.create_server(("127.0.0.1", port))

    def accept() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:  # closed
                return
            # The client may go whenever it likes.
            with connection, suppress(OSError):
                connection.settimeout(10)
                serve(connection)

    thread = Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(30)


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
