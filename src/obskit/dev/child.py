"""The command that `obskit dev` runs: its environment, the signals for it, its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

# Ours, whatever the user has set: they say where telemetry goes.
_SIGNAL_SETTINGS = tuple(
    f"OTEL_EXPORTER_OTLP_{signal_name}_{setting}"
    for signal_name in ("TRACES", "METRICS", "LOGS")
    for setting in ("ENDPOINT", "PROTOCOL")
)
# The user's own setting stays. Short intervals, so that a story is told while one remembers it.
_DEFAULTS = {
    "OTEL_BSP_SCHEDULE_DELAY": "200",
    "OTEL_BLRP_SCHEDULE_DELAY": "200",
    "OTEL_METRIC_EXPORT_INTERVAL": "1000",
    "OBSKIT_LOG_FORMAT": "none",  # else every line would be shown twice
    "PYTHONUNBUFFERED": "1",
}
_PASSED = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)
_FROM_KEYBOARD = (signal.SIGINT, getattr(signal, "SIGQUIT", None))


def child_environment(endpoint: str, dsn: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a program whose telemetry is to come here.

    Args:
        endpoint: Where OTLP goes.
        dsn: Where Sentry events go.
        environ: The environment that `obskit dev` itself has.
    """
    child = {**_DEFAULTS, **environ}
    for name in _SIGNAL_SETTINGS:
        child.pop(name, None)
    child["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
    child["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf"
    child["SENTRY_DSN"] = dsn
    # Without this, exporters would ask the proxy for our loopback address.
    for name in ("NO_PROXY", "no_proxy"):
        child[name] = ",".join(filter(None, (environ.get(name), "127.0.0.1")))
    return child


class Child:
    """Runs a command with our own standard streams, and passes signals on to it.

    Args:
        command: The program and its arguments.
        environ: Its whole environment.

    Raises:
        OSError: The program cannot be started.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(command, env=environ)  # noqa: S603  # what the user asked to run

    def wait(self, timeout: float) -> int | None:
        """Wait for the end of the command.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Its exit code, 128 + n when it died of the signal n; None while it runs.
        """
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        return code if code >= 0 else 128 - code

    def send(self, number: int) -> None:
        """Send a signal to the command, if it still runs."""
        self._process.send_signal(number)

    def end(self, timeout: float) -> None:
        """End the command if it still runs: politely, after `timeout` seconds by force."""
        if self._process.poll() is None:
            self._process.terminate()
            if self.wait(timeout) is None:
                self._process.kill()
                self._process.wait()


@contextmanager
def signals_caught(caught: list[int], *, shared: bool = True) -> Iterator[None]:
    """Catch the signals that are meant for the command.

    Args:
        caught: Each signal is appended to it. A signal that was ignored stays ignored, as the
            command inherits that.
        shared: Whether there is a command, which hears the keyboard itself.
    """

    def catch(number: int, _: FrameType | None) -> None:
        if not (shared and number in _FROM_KEYBOARD and _keyboard_reaches_both()):
            caught.append(number)

    before = {
        number: signal.signal(number, catch)
        for number in _PASSED
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _keyboard_reaches_both() -> bool:
    # The terminal sends Ctrl-C to the whole foreground group, and so to the command: a second one
    # from us would make servers give up their graceful end.
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        return False
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:  # a terminal that is not ours
        return False
