"""Who watches the page, and is told when it would show something else."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread

#: So many may watch at once; more ask again and again instead.
MOST = 500
# How often it is looked whether something has changed, or the server is about to end, seconds.
_STEP = 0.25
_LOOK = 2.0


class Live:
    """Those who watch. While there are any, one thread looks for all of them.

    Args:
        digest: Gives what changes when the page would show something else. May raise.
    """

    def __init__(self, digest: Callable[[], str]) -> None:
        self._digest = digest
        self._lock = Lock()
        self._watching: dict[int, Callable[[], object]] = {}
        self._next = 0
        self._thread: Thread | None = None
        self._pause = Event()
        #: What they were told last.
        self.latest = ""
        #: Whether the server is about to end: it waits for its connections.
        self.ending = False

    @contextmanager
    def watched(self, tell: Callable[[], object]) -> Iterator[bool]:
        """While it lasts somebody watches.

        Args:
            tell: Called from another thread when something has changed; must not raise.

        Returns:
            Whether there was room.
        """
        with self._lock:
            taken = len(self._watching) < MOST
            self._next += 1
            number = self._next
            if taken:
                self._watching[number] = tell
                self._ensure_started()
        try:
            yield taken
        finally:
            with self._lock:
                self._watching.pop(number, None)

    def __len__(self) -> int:
        return len(self._watching)

    def _ensure_started(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            thread = Thread(target=self._work, name="obskit-console", daemon=True)
            with suppress(RuntimeError):  # no more threads: they are told nothing, and come again
                thread.start()
                self._thread = thread

    def _work(self) -> None:
        wait, self.latest = 0.0, ""
        while True:
            with self._lock:
                if not self._watching:
                    self._thread = None
                    return
            if wait <= 0:
                wait = _LOOK
                with suppress(Exception):  # what cannot be seen now is seen later
                    self._tell(self._digest(), ending=False)
            if not self.ending and is_ending():
                self._tell(self.latest, ending=True)
            self._pause.wait(_STEP)
            wait -= _STEP

    def _tell(self, digest: str, *, ending: bool) -> None:
        if digest == self.latest and not ending:
            return
        self.latest, self.ending = digest, self.ending or ending
        with self._lock:
            told = tuple(self._watching.values())
        for tell in told:
            with suppress(Exception):  # a loop that has ended meanwhile
                tell()


def is_ending() -> bool:
    """Whether the server of this process was told to end: Uvicorn waits for its connections then.

    It tells nobody but itself: what handles its signals is a method of its own.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return getattr(server, "should_exit", False) is True
