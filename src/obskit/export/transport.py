"""How one request goes out, over a connection that is kept for the next.

Requests are written by hand: the instrumentations of HTTP clients, that of Sentry for `http.client`
among them, would make telemetry of the telemetry's own way out.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import threading
import zlib
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

from obskit.config.otlp import Otlp
from obskit.export.answer import Answer, line, read_answer
from obskit.export.deadline import Deadline, Stream
from obskit.export.dial import dial
from obskit.export.failure import ProxyError, no_answer
from obskit.export.route import Route, route
from obskit.export.tls import Trust
from obskit.redaction.sensitive import MASK

# Shorter bodies gain nothing by it.
_COMPRESSED_ABOVE = 1_024
_LEVEL = 1
_MAX_ANSWER = 1024 * 1024
# What says where a request ends, or what it is, is not a user's.
_OURS = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# Shorter values cannot be told from words that a message happens to have.
_SHORTEST_SECRET = 6


@dataclass
class _Line:
    """What one process has: a forked child begins with another."""

    # Looked up late: gevent may have put its own in its place.
    lock: Any = field(default_factory=lambda: threading.Lock())  # noqa: PLW0108
    under_way: set[Deadline] = field(default_factory=set)
    #: The connection, in use by the post that has the lock, or kept for the next.
    stream: Stream | None = None
    closed: bool = False


class Transport:
    """Carries batches to one endpoint. Any thread may use it; requests go one by one.

    Args:
        otlp: The endpoint, headers, compression and certificates.
        user_agent: The header of that name.

    Raises:
        ValueError: The endpoint is no URL, or a header cannot be sent.
    """

    def __init__(self, otlp: Otlp, user_agent: str) -> None:
        self._trust = Trust(otlp)
        self._compresses = otlp.compression == "gzip"
        self._endpoint = line(otlp.endpoint or "the endpoint")
        self._fault: Answer | None = None
        try:
            self._route = route(otlp.endpoint or "")
            self._endpoint = str(self._route)
        except ProxyError as error:
            # The environment stays as it is, so waiting would not help.
            self._fault = replace(no_answer(error, self._endpoint), kind="refused")
        else:
            self._head = _head(self._route, {"user-agent": user_agent, **otlp.headers})
        self._secrets = [value for value in otlp.headers.values() if len(value) >= _SHORTEST_SECRET]
        self._lines: dict[int, _Line] = {}

    def post(self, body: bytes, timeout: float) -> Answer:
        """Send a batch and say what became of it. Never raises.

        Args:
            body: The message, in protobuf.
            timeout: Seconds at most for all of it, from the lookup of the name to the answer's end.

        Returns:
            The receiver's answer; one that says `retry` where none came. A batch may have arrived
            although no answer did.
        """
        if self._fault is not None:
            return self._fault
        deadline = Deadline(timeout)
        current = self._own()
        current.under_way.add(deadline)
        try:
            answer = self._post(current, body, deadline)
        except Exception as error:  # telemetry must not raise where it is sent
            cause = ConnectionAbortedError("aborted") if deadline.aborted else error
            answer = no_answer(cause, self._endpoint)
        finally:
            current.under_way.discard(deadline)
        return replace(answer, message=self._masked(answer.message))

    def abort(self) -> None:
        """End the posts that are under way, from another thread: they answer `aborted`."""
        current = self._own()
        for deadline in tuple(current.under_way):
            deadline.abort()

    def close(self) -> None:
        """Close the connection. What is posted later gets one of its own each time."""
        current = self._own()
        current.closed = True
        _drop_idle(current)

    def _own(self) -> _Line:
        pid = os.getpid()
        current = self._lines.get(pid)
        if current is None:
            # In one step: two threads may both be the first of their process.
            current = self._lines.setdefault(pid, _Line())
            for other in [each for each in list(self._lines) if each != pid]:
                _leave(self._lines.pop(other, None))
        return current

    def _post(self, current: _Line, body: bytes, deadline: Deadline) -> Answer:
        request = self._request(body)
        if not current.lock.acquire(timeout=deadline.left()):
            raise TimeoutError("timed out")
        try:
            deadline.left()  # raises if it was aborted while it waited
            answer = self._post_on_kept(current, request, deadline)
            if answer is None:
                current.stream = dial(self._route, self._trust, deadline)
                answer = _exchange(current, current.stream, request, deadline)
        finally:
            current.lock.release()
        if current.closed:
            _drop_idle(current)
        return answer

    def _post_on_kept(self, current: _Line, request: bytes, deadline: Deadline) -> Answer | None:
        """None where there is no connection that still holds."""
        stream = current.stream
        if stream is None:
            return None
        if not stream.is_quiet():
            current.stream = None
            stream.close()
            return None
        stream.begin(deadline)
        try:
            return _exchange(current, stream, request, deadline)
        except ConnectionError:
            # The server closed it as we wrote. Once an answer has begun, that is its answer.
            if stream.received or deadline.aborted:
                raise
            return None

    def _request(self, body: bytes) -> bytes:
        encoding = ""
        if self._compresses and len(body) > _COMPRESSED_ABOVE:
            # Not gzip.compress: before Python 3.11 it takes a slower way.
            packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
            body = packer.compress(body) + packer.flush()
            encoding = "Content-Encoding: gzip\r\n"
        end = f"{encoding}Content-Length: {len(body)}\r\n\r\n"
        return b"".join((self._head, end.encode("latin-1"), body))

    def _masked(self, message: str) -> str:
        """A message without what the receiver repeats of our headers."""
        for secret in self._secrets:
            for part in (secret, *secret.split()):
                if len(part) >= _SHORTEST_SECRET:
                    message = message.replace(part, MASK)
        return line(message)


def _leave(inherited: _Line | None) -> None:
    if inherited is not None and inherited.stream is not None:
        # A deadline of ours: the lock of the parent's may have been held as it forked.
        inherited.stream.begin(Deadline(0))
        # Our copy of the descriptor only: the parent goes on with its own.
        inherited.stream.close()


def _drop_idle(current: _Line) -> None:
    # A post that is under way drops the connection itself when it ends.
    if current.lock.acquire(blocking=False):
        stream, current.stream = current.stream, None
        current.lock.release()
        if stream is not None:
            stream.close()


def _exchange(current: _Line, stream: Stream, request: bytes, deadline: Deadline) -> Answer:
    whole = False
    try:
        sent = False
        # A server that refuses early (413) answers and reads no more; the answer is still there.
        with suppress(ConnectionError):
            stream.sendall(request)
            sent = True
        response = http.client.HTTPResponse(cast("socket.socket", stream), method="POST")
        try:
            response.begin()
            # From here on the receiver has spoken: what follows may break, the answer holds.
            body, whole = _read(response)
            whole = whole and sent
        finally:
            response.close()
        return read_answer(response.status, dict(response.headers.items()), body)
    finally:
        if whole and not deadline.aborted:
            deadline.watch(None)
        else:
            current.stream = None
            stream.close()


def _read(response: http.client.HTTPResponse) -> tuple[bytes, bool]:
    """The body, and whether the connection can carry another exchange after it."""
    body = b""
    try:
        while len(body) < _MAX_ANSWER and (part := response.read(_MAX_ANSWER - len(body))):
            body += part
    except (OSError, ValueError, http.client.HTTPException):
        return body, False
    ended = response.isclosed() and not response.length
    return body, ended and not response.will_close


def _head(way: Route, given: dict[str, str]) -> bytes:
    headers = {"host": way.endpoint.authority}
    if way.endpoint.authorization:
        headers["authorization"] = way.endpoint.authorization
    if way.proxy is not None and way.proxy.authorization and not way.endpoint.is_secure:
        headers["proxy-authorization"] = way.proxy.authorization
    for name, value in given.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name!r} has characters that a header cannot have")
        if name.lower() not in _OURS:
            headers[name.lower()] = value
    headers["accept-encoding"] = "identity"
    headers["content-type"] = "application/x-protobuf"
    lines = [f"POST {way.target} HTTP/1.1"]
    lines += [f"{name.title()}: {value}" for name, value in headers.items()]
    return "".join(f"{each}\r\n" for each in lines).encode("latin-1")
