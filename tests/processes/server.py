"""A real application server in processes of its own, and requests to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.config.child import environment
from tests.config.receiver import Receiver

_PATIENCE = 60.0
_ROOT = Path(__file__).parents[2]


class Server:
    """A server that runs.

    Args:
        command: Starts it.
        port: Where it listens.
        environ: Its variables.
        folder: Where it runs, and where its output is written.

    Attributes:
        process: Its first process.
        output: What it has written; whole when it has ended.
    """

    def __init__(
        self, command: Sequence[str], port: int, environ: Mapping[str, str], folder: Path
    ) -> None:
        self._port = port
        self._file = folder / "output"
        with self._file.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=dict(environ),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it has written."""
        return self._file.read_text(errors="replace")

    def get(self, path: str = "/") -> bytes:
        """Ask on a connection of its own; an empty answer where the server ended it."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            return connection.getresponse().read()
        except (ConnectionError, HTTPException):
            return b""
        finally:
            connection.close()

    def wait(self) -> None:
        """Wait until it takes connections."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.output
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
                return
            time.sleep(0.05)
        raise AssertionError(self.output)

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it as an operator does, and give its exit status."""
        self.process.send_signal(number)
        return self.process.wait(_PATIENCE)

    def kill(self) -> None:
        """Leave no process of it behind."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(_PATIENCE)


@contextmanager
def running(
    command: Sequence[str], port: int, receiver: Receiver, folder: Path, **variables: str
) -> Iterator[Server]:
    """A server that sends to a receiver, from when it takes connections on.

    Args:
        command: Starts it.
        port: Where it listens.
        receiver: Where its telemetry goes.
        folder: Where it runs.
        **variables: More variables for it.
    """
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "PYTHONPATH": str(_ROOT),
        **variables,
    }
    folder.mkdir(exist_ok=True)
    server = Server(command, port, environment(environ, folder), folder)
    try:
        server.wait()
        yield server
    finally:
        server.kill()


def free_port() -> int:
    """A port of the system's choice, that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
