"""TLS over a connection with a deadline."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from obskit.config.otlp import Otlp
from obskit.export.deadline import Deadline, Stream

_Result = TypeVar("_Result")
_PIECE = 64 * 1024


class Trust:
    """Whom a client trusts and who it is, from files. Changed files are read again.

    Args:
        otlp: Names the files.
    """

    def __init__(self, otlp: Otlp) -> None:
        self._authorities = otlp.certificate
        self._certificate = otlp.client_certificate
        # One file may hold both.
        self._key = otlp.client_key or otlp.client_certificate
        self._context: ssl.SSLContext | None = None
        self._stamp: list[int] = []

    def context(self) -> ssl.SSLContext:
        """What a connection is made with.

        Raises:
            ssl.SSLError: A file cannot be read, or does not hold what it should.
        """
        files = [each for each in (self._authorities, self._certificate, self._key) if each]
        try:
            stamp = [Path(each).stat().st_mtime_ns for each in files]
            if self._context is None or self._stamp != stamp:
                self._context, self._stamp = self._read(), stamp
        except ssl.SSLError as error:
            told = f"{', '.join(files)}: {getattr(error, 'reason', None) or error.strerror}"
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, told) from error
        except OSError as error:
            named = error.filename or ", ".join(files)
            told = f"{named}: {error.strerror}"
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, told) from error
        return self._context

    def context_of_proxy(self) -> ssl.SSLContext:
        """What a connection to a proxy is made with: it is another party, which learns less.

        Raises:
            ssl.SSLError: The file of authorities cannot be read.
        """
        self.context()  # tells of a file that cannot be read
        context = ssl.create_default_context()
        if self._authorities:
            context.load_verify_locations(self._authorities)
        return context

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._authorities)
        context.set_alpn_protocols(["http/1.1"])
        if self._certificate:
            # Without a password OpenSSL would ask the terminal for one.
            context.load_cert_chain(self._certificate, self._key, password="")
        return context


class SecureStream(Stream):
    """TLS over another stream.

    Not an `SSLSocket`: its time-out is one of each operation (with gevent even of each part of a
    handshake), and another thread cannot shut it down safely. Closing it sends no `close_notify`,
    which in a forked child would end the parent's connection.

    Args:
        lower: What it goes over.
        context: Whom to trust.
        host: Whose certificate is expected.

    Raises:
        ssl.SSLError: The two could not agree.
        OSError: The connection broke or the deadline came.
    """

    def __init__(self, lower: Stream, context: ssl.SSLContext, host: str) -> None:
        self._lower = lower
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._buffer = bytearray(_PIECE)
        self._run(self._object.do_handshake)

    def begin(self, deadline: Deadline) -> None:
        """Begin an exchange."""
        self.received = 0
        self._lower.begin(deadline)

    def sendall(self, data: bytes | memoryview) -> None:
        """Send all of it."""
        view = memoryview(data)
        while view:
            view = view[self._run(partial(self._object.write, view[:_PIECE])) :]

    def recv_into(self, buffer: bytearray | memoryview) -> int:
        """Read what is there."""
        try:
            read: Any = self._object.read  # into a buffer it gives a size, which stubs do not know
            return int(self._run(partial(read, len(buffer), buffer)))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return 0

    def is_quiet(self) -> bool:
        """Whether the other side has neither closed it nor said anything unasked."""
        return not self._incoming.pending and self._lower.is_quiet()

    def close(self) -> None:
        """Give the descriptor back."""
        self._lower.close()

    def _run(self, step: Callable[[], _Result]) -> _Result:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
                continue
            except ssl.SSLError:
                # It may hold an alert, which tells the server why.
                with suppress(OSError):
                    self._flush()
                raise
            self._flush()
            return result

    def _flush(self) -> None:
        if data := self._outgoing.read():
            self._lower.sendall(data)

    def _fill(self) -> None:
        if size := self._lower.recv_into(self._buffer):
            self._incoming.write(memoryview(self._buffer)[:size])
        else:
            self._incoming.write_eof()
