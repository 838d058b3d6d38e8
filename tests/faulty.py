"""A receiver with faults: a real socket that does as it is told, and keeps what arrives."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from threading import BoundedSemaphore, Event, Lock, Thread
from typing import NamedTuple

from obskit.dev.bodies import decompress

_PATIENCE = 30.0
_MOST_CONNECTIONS = 32
_POLL = 0.05
_RESET = struct.pack("ii", 1, 0)

#: What is done with a request. Returns whether the connection goes on. `Peer.take` reads the request.
Behaviour = Callable[["Peer"], bool]


class Request(NamedTuple):
    """What arrived: how, where, with which headers (names in lower case), and the body, unpacked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Peer:
    """One connection of a client.

    Attributes:
        socket: The connection.
        certificate: The common name of the client's certificate.
    """

    def __init__(self, server: Faulty, connection: socket.socket) -> None:
        self.server = server
        self.socket = connection
        self._file = connection.makefile("rb")

    def has_more(self) -> bool:
        """Wait for the first byte of a request."""
        return bool(self._file.peek(1))

    def take(self) -> Request:
        """Read a request whole, and keep it."""
        method, path, _ = self._line().split(" ")
        headers = {}
        while line := self._line():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = self._file.read(int(headers.get("content-length", "0")))
        body = decompress(body, headers.get("content-encoding", ""))
        request = Request(method, path, headers, body)
        self.server.requests.append(request)
        return request

    def send(self, data: bytes) -> None:
        """Send as it is."""
        self.socket.sendall(data)

    def answer(
        self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> None:
        """Send an answer as it should be."""
        given = {"Content-Length": str(len(body)), **(headers or {})}
        lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in given.items())]
        self.send("".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body)

    def reset(self) -> None:
        """End the connection with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def close(self) -> None:
        """End the connection."""
        with suppress(OSError):
            self._file.close()
        self.socket.close()

    def _line(self) -> str:
        return self._file.readline(65_536).decode("latin-1").rstrip("\r\n")


class Faulty:
    """A server that does as its script says.

    Args:
        script: What is done with each request, in order; the last with all that follow.
        tls: Speak TLS.

    Attributes:
        requests: What arrived, in order.
        connections: How many there were.
        tls: What the next connections speak; None for plain text.
        held: Set when a request hangs.
    """

    def __init__(self, script: Sequence[Behaviour], tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.held = Event()
        self.ended = Event()
        self._script = list(script)
        self.tls = tls
        self._lock = Lock()
        self._room = BoundedSemaphore(_MOST_CONNECTIONS)
        self._threads: list[Thread] = []
        self._peers: list[socket.socket] = []
        self._listening = Event()
        self.port = 0
        self.listen()

    @property
    def url(self) -> str:
        """Where traces are sent. With TLS by the name localhost, else by address."""
        host = "http://127.0.0.1" if self.tls is None else "https://localhost"
        return f"{host}:{self.port}/v1/traces"

    @property
    def behaviour(self) -> Behaviour:
        """What is done with the next request. Setting it ends the script."""
        return self._script[0]

    @behaviour.setter
    def behaviour(self, given: Behaviour) -> None:
        with self._lock:
            self._script = [given]

    @property
    def bodies(self) -> list[bytes]:
        """What was sent, unpacked."""
        return [request.body for request in self.requests]

    def listen(self) -> None:
        """Take connections, after `refuse` on the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listener.settimeout(_POLL)
        self.port = self._listener.getsockname()[1]
        self._listening.set()
        self._start(self._accept, self._listener)

    def refuse(self) -> None:
        """Close the port, and what is connected."""
        self._listening.clear()
        self._threads[0].join(_PATIENCE)
        del self._threads[0]
        self._disconnect()

    def close(self) -> None:
        """End everything."""
        self.ended.set()
        if self._listening.is_set():
            self.refuse()
        for thread in self._threads:
            thread.join(_PATIENCE)
            assert not thread.is_alive(), "a connection does not end"

    def hang(self) -> None:
        """Wait until the server ends."""
        self.held.set()
        self.ended.wait(_PATIENCE)

    def _accept(self, listener: socket.socket) -> None:
        with listener:
            while self._listening.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                if not self._room.acquire(blocking=False):
                    connection.close()
                    continue
                with self._lock:
                    self.connections += 1
                    self._peers.append(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            # A client that gives up, or that TLS refuses, is what tests are about.
            with connection, suppress(OSError, ValueError):
                connection.settimeout(_PATIENCE)
                if self.tls is None:
                    self._talk(Peer(self, connection))
                else:
                    with self.tls.wrap_socket(connection, server_side=True) as secured:
                        with self._lock:
                            self._peers.append(secured)
                        self._talk(Peer(self, secured))
        finally:
            self._room.release()

    def _talk(self, peer: Peer) -> None:
        try:
            while peer.has_more() and self._next()(peer):
                pass
        finally:
            peer.close()

    def _next(self) -> Behaviour:
        with self._lock:
            return self._script.pop(0) if len(self._script) > 1 else self._script[0]

    def _disconnect(self) -> None:
        with self._lock:
            peers, self._peers = self._peers, []
        for peer in peers:
            with suppress(OSError):
                # Not the SSLSocket's own, which would let its thread go on in plain text.
                socket.socket.shutdown(peer, socket.SHUT_RDWR)

    def _start(self, target: Callable[[socket.socket], None], given: socket.socket) -> None:
        thread = Thread(target=target, args=(given,), name="faulty", daemon=True)
        place = 0 if target == self._accept else len(self._threads)
        self._threads.insert(place, thread)
        thread.start()
