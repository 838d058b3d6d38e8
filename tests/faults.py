"""Faults of receivers: what a scripted server does with each request."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from threading import Thread

import trustme
from tests.faulty import Behaviour, Faulty, Peer

_PATIENCE = 30.0


@contextmanager
def faulty(*script: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Faulty]:
    """A server that does as its script says, and accepts everything when there is none.

    Args:
        script: What is done with each request, in order; the last with all that follow.
        tls: Speak TLS.
    """
    server = Faulty(script or (accept,), tls)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def refusing() -> Iterator[str]:
    """A port where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@contextmanager
def blackholed() -> Iterator[str]:
    """A port where connections are neither taken nor refused."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):  # more than wait in the queue: the kernel drops who comes next
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def accept(peer: Peer) -> bool:
    """Take the batch."""
    peer.take()
    peer.answer(200)
    return True


def hang(peer: Peer) -> bool:
    """Take the batch and never answer."""
    peer.take()
    peer.server.hang()
    return False


def stall(peer: Peer) -> bool:
    """Never read anything, and never answer."""
    peer.server.hang()
    return False


def close(peer: Peer) -> bool:
    """Take the batch, and end the connection without an answer."""
    peer.take()
    return False


def reset(peer: Peer) -> bool:
    """Reset the connection in the middle of the request."""
    peer.reset()
    return False


def garbage(peer: Peer) -> bool:
    """Answer in no HTTP."""
    peer.take()
    peer.send(b"\x15\x03\x01\x00\x02\x02\x16 SSH-2.0-OpenSSH\r\n\r\n")
    return False


def gzip_garbage(peer: Peer) -> bool:
    """Take the batch, and say that the answer is compressed, which it is not."""
    peer.take()
    peer.answer(200, {"Content-Encoding": "gzip"}, b"\x1f\x8bno gzip at all")
    return True


def status(number: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Behaviour:
    """Answer with a status.

    Args:
        number: The status.
        headers: More headers, such as Retry-After.
        body: Of the answer.
    """

    def behave(peer: Peer) -> bool:
        peer.take()
        peer.answer(number, headers, body)
        return True

    return behave


def redirect(to: str) -> Behaviour:
    """Answer with a redirect to a URL."""
    return status(307, {"Location": to})


def raw(data: bytes, *, goes_on: bool = False) -> Behaviour:
    """Take the batch and answer with these bytes; unless it goes on, end the connection."""

    def behave(peer: Peer) -> bool:
        peer.take()
        peer.send(data)
        return goes_on

    return behave


def reset_in_answer(begun: bytes) -> Behaviour:
    """Reset the connection after the beginning of an answer."""

    def behave(peer: Peer) -> bool:
        peer.take()
        peer.send(begun)
        # Else the reset could overtake what was sent.
        peer.server.ended.wait(0.2)
        peer.reset()
        return False

    return behave


def too_large_above(size: int) -> Behaviour:
    """Take batches of at most so many bytes, and answer 413 to others."""

    def behave(peer: Peer) -> bool:
        request = peer.take()
        peer.answer(413 if len(request.body) > size else 200)
        return True

    return behave


def too_large_early(peer: Peer) -> bool:
    """Answer 413 when the headers are there, read no more, and end the connection."""
    peer.socket.recv(1)
    peer.answer(413)
    return False


def trickle(data: bytes, seconds: float = 0.02) -> Behaviour:
    """Answer with these bytes, one at a time, without reading the request.

    Args:
        data: An answer, or what is to look like one.
        seconds: Between two bytes.
    """

    def behave(peer: Peer) -> bool:
        for byte in data:
            peer.send(bytes([byte]))
            if peer.server.ended.wait(seconds):
                break
        return False

    return behave


def tunnel(peer: Peer) -> bool:
    """Be a proxy: take a CONNECT, and carry bytes to where it goes."""
    host, _, port = peer.take().path.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), _PATIENCE) as further:
        peer.answer(200)
        back = Thread(target=_carry, args=(further, peer.socket), daemon=True)
        back.start()
        _carry(peer.socket, further)
        back.join(_PATIENCE)
    return False


def strange_tls(host: str = "localhost") -> ssl.SSLContext:
    """TLS with a certificate that nobody has a reason to trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(host).configure_cert(context)
    return context


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
