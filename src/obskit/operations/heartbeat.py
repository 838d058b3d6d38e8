"""Says of a run, now and then, that it is alive and how far it is: from a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

# However often it is woken, it says so no more often than this, seconds.
_LEAST_BETWEEN = 1.0


class Heartbeat:
    """Calls something again and again until it is stopped.

    Args:
        beat: What is called. Must not raise.
        seconds: How long it waits in between, unless it is woken.
    """

    def __init__(self, beat: Callable[[], object], seconds: float) -> None:
        self._beat = beat
        self._seconds = seconds
        self._woken, self._stopped = Event(), Event()
        self._thread = Thread(target=self._go_on, name="obskit-heartbeat", daemon=True)
        with suppress(RuntimeError):  # the process may have no more threads, or is ending
            self._thread.start()

    def wake(self) -> None:
        """There is news: do not wait so long."""
        self._woken.set()

    def stop(self) -> None:
        """Call it no more. One call may still be under way."""
        self._stopped.set()
        self._woken.set()

    def _go_on(self) -> None:
        while not self._stopped.is_set():
            self._woken.wait(self._seconds)
            self._woken.clear()
            if not self._stopped.is_set():
                self._beat()
                self._stopped.wait(_LEAST_BETWEEN)
