"""The event loop of the host, watched from a thread: how late it is, and what blocks it."""

from __future__ import annotations

import sys
import sysconfig
import threading
from asyncio import AbstractEventLoop
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from types import FrameType
from typing import Any, NamedTuple

from opentelemetry.metrics import Meter

from obskit import hosting, names
from obskit.telemetry.instruments import instrument
from obskit.telemetry.pipeline import Pipeline

LOGGER = "obskit.event_loop"
_PAUSE = 0.25
# What asyncio's debug mode calls slow.
_SLOW = 0.1
_QUIET = 60.0
_MOST_TOLD = 100
_WARNING = 30
_LIBRARIES = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
# Where asyncio hands over to what it runs. uvloop has no frames of its own.
_ASYNCIO = str(Path(str(sys.modules["asyncio"].__file__)).parent)
_RUNNERS = frozenset(("_run", "_run_once", "run_forever", "run_until_complete", "run"))


class Place(NamedTuple):
    """Where code runs.

    Attributes:
        function: The function with its module.
        file: The file.
        line: The line.
    """

    function: str
    file: str
    line: int


class EventLoop:
    """Measures how late the loop comes to what is asked of it, and names what it is late by.

    A daemon thread asks it four times a second. No callback of the host's pays for it, and a loop
    that never comes back is told of, too.

    Args:
        meter: Makes the instrument.
        pipeline: Takes the lines.
    """

    def __init__(self, meter: Meter, pipeline: Pipeline) -> None:
        self._meter = meter
        self._pipeline = pipeline
        self._lag: Any = None
        self._loop: AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._told: dict[str, float] = {}

    def watch(self, loop: AbstractEventLoop) -> None:
        """Watch a loop until it stops. Called on it, as often as you like.

        Args:
            loop: The loop that runs in this thread.
        """
        alive = self._thread is not None and self._thread.is_alive()
        if (alive and loop is self._loop) or hosting.is_patched():
            return
        if self._lag is None:
            self._lag = instrument(self._meter, names.EVENT_LOOP_LAG)
        self._loop = loop
        self._thread = threading.Thread(
            target=self._ask, args=(loop, threading.get_ident()), name=LOGGER, daemon=True
        )
        try:
            self._thread.start()
        except RuntimeError:  # the interpreter is ending, or the host has too many
            self._thread = None

    def _ask(self, loop: AbstractEventLoop, thread: int) -> None:
        while loop.is_running() and loop is self._loop:
            asked, arrived, answered = monotonic(), threading.Event(), list[float]()

            def answer(arrived: threading.Event = arrived, at: list[float] = answered) -> None:
                at.append(monotonic())
                arrived.set()

            try:
                loop.call_soon_threadsafe(answer)
            except RuntimeError:  # closed
                return
            if not arrived.wait(_SLOW):
                self._tell(thread)
            while not arrived.wait(1.0):
                if not loop.is_running():
                    return
            self._lag.record(answered[0] - asked)
            sleep(_PAUSE)

    def _tell(self, thread: int) -> None:
        place = _place(sys._current_frames().get(thread))
        now = monotonic()
        if place is None or now - self._told.get(place.function, -_QUIET) < _QUIET:
            return
        if len(self._told) >= _MOST_TOLD:
            self._told.clear()
        self._told[place.function] = now
        self._pipeline.emit(
            LOGGER,
            _WARNING,
            f"{place.function} blocks the event loop: every request waits for it."
            " Await instead, or call it by asyncio.to_thread",
            {
                names.CODE_FUNCTION_NAME: place.function,
                names.CODE_FILE_PATH: place.file,
                names.CODE_LINE_NUMBER: place.line,
            },
        )


def _place(frame: FrameType | None) -> Place | None:
    """What a loop is busy with: the innermost code of the host's own; None where it waits."""
    frames = list(_called(frame))
    if not frames:
        return None
    own = (one for one in frames if not one.f_code.co_filename.startswith(_LIBRARIES))
    found = next(own, frames[0])
    code = found.f_code
    function = getattr(code, "co_qualname", code.co_name)  # since Python 3.11
    module = found.f_globals.get("__name__", "")
    return Place(f"{module}.{function}", code.co_filename, found.f_lineno)


def _called(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames that the loop has called, the innermost first."""
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(_ASYNCIO) and code.co_name in _RUNNERS:
            return
        # A loop that has nothing to do waits here.
        if code.co_name == "select" and frame.f_globals.get("__name__") == "selectors":
            return
        yield frame
        frame = frame.f_back
