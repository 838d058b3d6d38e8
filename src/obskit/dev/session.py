"""Runs a command, or waits for what others send, and tells the stories of what happens."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext

from obskit.dev.archive import Archive
from obskit.dev.child import Child, child_environment, signals_caught
from obskit.dev.page.site import Site
from obskit.dev.printer import Printer
from obskit.dev.receiver import Receiver, Sink
from obskit.dev.stories import Stories
from obskit.stories.signals import Signal

# Where senders look for a receiver that nobody told them of.
_HTTP_PORT = 4318
_GRPC_PORT = 4317
# Between looking for news.
_TICK_S = 0.1
# What the command has to end itself when we cannot go on.
_GRACE_S = 5.0


class Session:
    """One run of `obskit dev`.

    Args:
        command: The program and its arguments; without it only what others send is received.
        port: Where to receive; 0 asks the system for a free port. Without it, a free one for a
            command, and 4318 for others.
        environ: The environment to start from; our own without it.
        printer: Where stories are shown; standard output without it.

    Attributes:
        stories: What was received so far. May be read from any thread.
    """

    def __init__(
        self,
        command: Sequence[str] = (),
        *,
        port: int | None = None,
        environ: Mapping[str, str] | None = None,
        printer: Printer | None = None,
    ) -> None:
        self.stories = Stories()
        self._command = tuple(command)
        self._port = port if port is not None else 0 if command else _HTTP_PORT
        self._environ = os.environ if environ is None else environ
        self._printer = printer or Printer()
        self._asked: list[int] = []

    def run(self) -> int:
        """Run to the end. Call it from the main thread, because it handles signals.

        Returns:
            The exit code of the command, 128 + n when it died of the signal n; 0 without a command.

        Raises:
            OSError: The port is taken, or the command cannot be started.
        """
        with signals_caught(self._asked, shared=bool(self._command)):
            with self._receiver() as receiver:
                code = self._run_command(receiver) if self._command else self._wait(receiver)
            self._printer.show(self.stories.rest())
            self._printer.summary(self.stories)
        return code

    def stop(self) -> None:
        """Ask the command to end, as SIGTERM does. May be called from any thread."""
        self._asked.append(signal.SIGTERM)

    @contextmanager
    def _receiver(self) -> Iterator[Receiver]:
        with closing(Archive()) as archive:

            def take(signals: Sequence[Signal]) -> None:
                self.stories.receive(signals)
                archive.take(signals)

            site = Site(archive, self.stories)
            with Receiver(take, port=self._port, page=site.answer) as receiver:
                self._printer.say(
                    f"obskit dev receives on {receiver.endpoint}\n"
                    f"in the browser: {receiver.endpoint}{site.path}"
                )
                with nullcontext() if self._command else _grpc_refused(take):
                    yield receiver

    def _run_command(self, receiver: Receiver) -> int:
        environ = child_environment(receiver.endpoint, receiver.dsn, self._environ)
        child = Child(self._command, environ)
        try:
            return self._follow(child)
        finally:
            child.end(_GRACE_S)

    def _follow(self, child: Child) -> int:
        while (code := child.wait(_TICK_S)) is None:
            while self._asked:
                child.send(self._asked.pop(0))
            self._printer.show(self.stories.due())
        return code

    def _wait(self, receiver: Receiver) -> int:
        self._printer.say("set where the service starts:")
        for name, value in (
            ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("SENTRY_DSN", receiver.dsn),
        ):
            self._printer.say(f"  export {name}={value}", "bold")
        while not self._asked:
            time.sleep(_TICK_S)
            self._printer.show(self.stories.due())
        return 0


@contextmanager
def _grpc_refused(sink: Sink) -> Iterator[None]:
    """Tell what comes to the port of gRPC that it is not spoken, unless somebody is there."""
    try:
        receiver = Receiver(sink, port=_GRPC_PORT)
    except OSError:
        yield
        return
    with receiver:
        yield
