"""The end of an exchange: nothing that a server does, or leaves undone, lasts longer."""

from __future__ import annotations

import io
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from obskit.clock import SYSTEM_CLOCK

# Bytes of an answer at most, headers and all; the rest is not read.
_LONGEST_ANSWER = 2 * 1024 * 1024
# Sockets take no time-out of centuries.
_LONGEST = 86_400.0


class Deadline:
    """When an exchange ends: at a moment, or before, when somebody aborts it.

    Args:
        seconds: From now.
    """

    def __init__(self, seconds: float) -> None:
        self.aborted = False
        self._end = SYSTEM_CLOCK.monotonic() + min(seconds, _LONGEST)
        # It is taken twice by one thread when a signal's handler aborts what it interrupted.
        self._lock = threading.RLock()
        self._wake: Callable[[], object] | None = None

    def left(self) -> float:
        """Seconds left, more than none.

        Raises:
            ConnectionAbortedError: It was aborted.
            TimeoutError: None are left.
        """
        if self.aborted:
            raise ConnectionAbortedError("aborted")
        left = self._end - SYSTEM_CLOCK.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def watch(self, wake: Callable[[], object] | None) -> None:
        """Say what an abort has to wake, or, with None, that it is no more.

        Args:
            wake: Must not block. It is not running any more when this returns.
        """
        with self._lock:
            self._wake = wake

    def abort(self) -> None:
        """End it now. From any thread."""
        with self._lock:
            self.aborted = True
            if self._wake is not None:
                self._wake()


class Stream(ABC):
    """A connection as `http.client.HTTPResponse` reads it."""

    #: Bytes that were read since the exchange began.
    received = 0

    @abstractmethod
    def begin(self, deadline: Deadline) -> None:
        """Begin an exchange."""

    @abstractmethod
    def sendall(self, data: bytes | memoryview) -> None:
        """Send all of it."""

    @abstractmethod
    def recv_into(self, buffer: bytearray | memoryview) -> int:
        """Read what is there, at least a byte; none at the end."""

    @abstractmethod
    def is_quiet(self) -> bool:
        """Whether the other side has neither closed it nor said anything unasked."""

    @abstractmethod
    def close(self) -> None:
        """Give the descriptor back. Says nothing to the other side that a process may not say."""

    def makefile(self, _mode: str = "rb") -> io.BufferedReader:
        """What comes, as a file. Closing it does not close the connection."""
        return io.BufferedReader(_Reader(self))


class DeadlineSocket(Stream):
    """A connected socket, each operation of which ends with the deadline.

    A time-out of a socket is one of each operation: a byte a second would keep it for ever.

    Args:
        raw: The socket. It is closed with this.
        deadline: Of the first exchange.
    """

    def __init__(self, raw: socket.socket, deadline: Deadline) -> None:
        self._raw = raw
        self.begin(deadline)

    def begin(self, deadline: Deadline) -> None:
        """Begin an exchange."""
        self.received = 0
        self._deadline = deadline
        deadline.watch(self._shut_down)

    def sendall(self, data: bytes | memoryview) -> None:
        """Send all of it."""
        view = memoryview(data)
        while view:
            self._raw.settimeout(self._deadline.left())
            view = view[self._raw.send(view) :]

    def recv_into(self, buffer: bytearray | memoryview) -> int:
        """Read what is there."""
        self._raw.settimeout(self._deadline.left())
        return self._raw.recv_into(buffer)

    def is_quiet(self) -> bool:
        """Whether the other side has neither closed it nor said anything unasked."""
        try:
            self._raw.settimeout(0)
            self._raw.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def close(self) -> None:
        """Give the descriptor back, without a shutdown: a parent may use the connection."""
        # First: else an abort could shut down whatever has got the descriptor's number since.
        self._deadline.watch(None)
        self._raw.close()

    def _shut_down(self) -> None:
        with suppress(OSError):
            self._raw.shutdown(socket.SHUT_RDWR)


class _Reader(io.RawIOBase):
    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._stream.received >= _LONGEST_ANSWER:
            return 0
        size = self._stream.recv_into(buffer)
        self._stream.received += size
        return size
