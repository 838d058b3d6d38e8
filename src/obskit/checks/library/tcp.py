"""TCP: something listens on a port."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass

from obskit.checks.library.connection import Deadline, connect
from obskit.checks.measurement import Measurement
from obskit.duration import Duration, parse_duration
from obskit.redaction import safe_repr

_MAX_ANSWER = 65_536
_PIECE = 4_096
_SHOWN = 200


@dataclass(frozen=True)
class Connects:
    r"""A port accepts connections, and says what is expected.

    Its value is how long that takes, in seconds.

    Args:
        host: The name or address.
        port: The port, 1 to 65535.
        expect: A text among the first 64 KiB that it says.
        send: What is sent first, such as `"PING\r\n"`.
        timeout: How long the whole run may take. A look-up of the name cannot be interrupted.

    Raises:
        ValueError: The port is none, or the time-out no span of time.

    >>> Connects("cache.example", 6379, send="PING\r\n", expect="+PONG").port
    6379
    """

    host: str
    port: int
    expect: str = ""
    send: str = ""
    timeout: Duration = 5.0

    def __post_init__(self) -> None:
        """Refuse what could never be reached."""
        if not 0 < self.port < 1 << 16:
            raise ValueError(f"the port is {self.port!r}: use 1 to 65535")
        parse_duration(self.timeout)

    def __call__(self) -> Measurement:
        """Connect once, and listen where something is expected.

        Returns:
            The seconds that it took.

        Raises:
            ConnectionError: Nobody listens, or something else is said, or nothing in time.
        """
        deadline = Deadline(self.timeout)
        started = time.perf_counter()
        with connect(self.host, self.port, deadline) as stream:
            if self.send:
                stream.sendall(self.send.encode())
            said = self._heard(stream, deadline)
        seconds = time.perf_counter() - started
        return Measurement(seconds, "s", details={"said": said[:_SHOWN]} if said else {})

    def _heard(self, stream: socket.socket, deadline: Deadline) -> str:
        """What is said, to the expected text.

        Raises:
            ConnectionError: It does not come.
        """
        expected, heard, end = self.expect.encode(), b"", "it said no more"
        try:
            while expected not in heard:
                stream.settimeout(deadline.left())
                piece = stream.recv(_PIECE)
                heard += piece
                if not piece or len(heard) > _MAX_ANSWER:
                    end = "it said enough" if piece else "it closed the connection"
                    break
        except OSError as error:
            end = str(error)
        if expected not in heard:
            raise ConnectionError(
                f"{self.host}:{self.port} did not say {self.expect!r}: {end};"
                f" it said {safe_repr(_text(heard[:_SHOWN]))}"
            )
        return _text(heard)


def _text(said: bytes) -> str:
    return said.decode("utf-8", "replace")
