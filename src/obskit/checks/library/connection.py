"""A connection that is given up at a deadline, however slowly the other side speaks."""

from __future__ import annotations

import io
import socket
import time
from typing import Any

from obskit.duration import Duration, format_duration, parse_duration


class Deadline:
    """When a run gives up. Made when it begins.

    Args:
        given: How long the whole run may take.

    Raises:
        ValueError: It is no span of time.
    """

    def __init__(self, given: Duration) -> None:
        self.seconds = parse_duration(given)
        self._end = time.monotonic() + self.seconds

    def left(self) -> float:
        """Seconds that are left, more than none.

        Raises:
            TimeoutError: None are.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer within {format_duration(self.seconds)}")
        return left


def connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first address of a host that answers.

    The time that is left is shared among its addresses, so that one that is silent hides none.

    Raises:
        ConnectionError: None answers, or the host has none.
    """
    reason: OSError | None = None
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for tried, (family, kind, protocol, _name, address) in enumerate(addresses):
            found = socket.socket(family, kind, protocol)
            try:
                found.settimeout(deadline.left() / (len(addresses) - tried))
                found.connect(address)
                found.settimeout(deadline.left())
            except OSError as error:
                found.close()
                reason = error
            else:
                return found
    except OSError as error:
        reason = error
    raise ConnectionError(
        f"{host}:{port} cannot be reached: {_words(reason, deadline)};"
        " see that the server is up, and that name, port and firewall are right"
    ) from reason


def reading(
    file: io.BufferedReader, stream: socket.socket, deadline: Deadline, most: int
) -> io.BufferedReader:
    """The same file, read until a deadline and to a limit.

    Args:
        file: What the socket's `makefile` made.
        stream: The socket.
        deadline: When reading ends in a `TimeoutError`.
        most: The bytes after which it ends in a `ConnectionError`.
    """
    return io.BufferedReader(_Bounded(file.detach(), stream, deadline, most))


class _Bounded(io.RawIOBase):
    """A socket's raw file. Its socket waits for each piece no longer than is left."""

    def __init__(self, raw: Any, stream: socket.socket, deadline: Deadline, most: int) -> None:
        self._raw, self._stream, self._deadline = raw, stream, deadline
        self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._stream.settimeout(self._deadline.left())
        try:
            read = int(self._raw.readinto(buffer))
        except TimeoutError:
            self._deadline.left()  # says it better
            raise
        self._left -= read
        if self._left < 0:
            raise ConnectionError("the answer does not end: more was sent than is ever read")
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


def _words(error: OSError | None, deadline: Deadline) -> str:
    if isinstance(error, TimeoutError):
        return f"no connection within {format_duration(deadline.seconds)}"
    return error.strerror or str(error) if error else "it has no address"
