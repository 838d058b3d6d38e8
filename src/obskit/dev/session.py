"""Runs a command and tells the stories of what it does."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence

from obskit.dev.child import Child, child_environment, signals_caught
from obskit.dev.printer import Printer
from obskit.dev.receiver import Receiver
from obskit.dev.stories import Stories

# Between looking for news.
_TICK_S = 0.1
# What the command has to end itself when we cannot go on.
_GRACE_S = 5.0


class Session:
    """One run of a command under `obskit dev`.

    Args:
        command: The program and its arguments.
        port: Where to receive; 0 asks the system for a free port.
        environ: The environment to start from; our own without it.
        printer: Where stories are shown; standard output without it.

    Attributes:
        stories: What was received so far. May be read from any thread.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        port: int = 0,
        environ: Mapping[str, str] | None = None,
        printer: Printer | None = None,
    ) -> None:
        self.stories = Stories()
        self._command = tuple(command)
        self._port = port
        self._environ = os.environ if environ is None else environ
        self._printer = printer or Printer()
        self._asked: list[int] = []

    def run(self) -> int:
        """Run the command to its end. Call it from the main thread, because it handles signals.

        Returns:
            The exit code of the command, 128 + n when it died of the signal n.

        Raises:
            OSError: The port is taken, or the command cannot be started.
        """
        with signals_caught(self._asked):
            with Receiver(self.stories.receive, port=self._port) as receiver:
                self._printer.say(f"obskit dev receives on {receiver.endpoint}")
                environ = child_environment(receiver.endpoint, receiver.dsn, self._environ)
                child = Child(self._command, environ)
                try:
                    code = self._follow(child)
                finally:
                    child.end(_GRACE_S)
            self._printer.show(self.stories.rest())
            self._printer.summary(self.stories)
        return code

    def stop(self) -> None:
        """Ask the command to end, as SIGTERM does. May be called from any thread."""
        self._asked.append(signal.SIGTERM)

    def _follow(self, child: Child) -> int:
        while (code := child.wait(_TICK_S)) is None:
            while self._asked:
                child.send(self._asked.pop(0))
            self._printer.show(self.stories.due())
        return code
