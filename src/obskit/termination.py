"""Ends telemetry in processes that would not run their exit hooks: ended by a signal, or forked."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

# What ends forked children without their exit hooks: `os._exit` after finalizers of its own.
_FORKERS = ("multiprocessing.util", "billiard.util")
_CELERY = "celery.signals"
_AFTER_SIGTERM = 0.03
# Gunicorn's workers that set the default handlers again after they were forked, and end by them.
_RESETTING = ("uvicorn.workers", "uvicorn_worker._workers")


def on_sigterm(end: Callable[[], object]) -> bool:
    """Have SIGTERM end telemetry first, then the process, with the exit status that it always has.

    Nothing is done where the host handles the signal, or outside the main thread, where Python
    allows no handler.

    Args:
        end: Ends telemetry, in bounded time.

    Returns:
        Whether a handler was set.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        try:
            end()
        finally:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    if threading.current_thread() is not threading.main_thread():
        return False
    handler = signal.getsignal(signal.SIGTERM)
    if handler is not signal.SIG_DFL:
        return _after_uvicorn(handler, end)
    try:
        signal.signal(signal.SIGTERM, handle)
    except ValueError:  # a subinterpreter's main thread
        return False
    return True


def _after_uvicorn(handler: Any, end: Callable[[], object]) -> bool:
    # Its server loads the app with handlers of its own set; it ends with those from before.
    server = getattr(handler, "__self__", None)
    captured = getattr(server, "_captured_signals", None)
    if server is None or type(captured) is not list:
        return False
    server._captured_signals = _Captured(captured, end)
    return True


class _Captured(list[int]):
    """The signals that Uvicorn raises again, the last first, when it has set the old handlers."""

    def __init__(self, captured: list[int], end: Callable[[], object]) -> None:
        super().__init__(captured)
        self._end = end

    def __reversed__(self) -> Iterator[int]:
        on_sigterm(self._end)
        return super().__reversed__()


class Child:
    """In a forked child: what its forker calls before it ends the process.

    `multiprocessing` and Celery end their children by `os._exit`, so that nothing else would be sent
    (open-telemetry/opentelemetry-python-contrib#4916).

    Args:
        end: Ends telemetry, in so many seconds at most, or in what is configured.
    """

    def __init__(self, end: Callable[..., object]) -> None:
        self._end = end
        for name in _FORKERS:
            util: Any = sys.modules.get(name)
            if util is not None:
                # The forker forgets the parent's finalizers first, and calls this afterwards.
                util.register_after_fork(self, lambda child, util=util: child._finalize(util))
        celery: Any = sys.modules.get(_CELERY)
        if celery is not None:
            celery.worker_process_shutdown.connect(self._ended, weak=False)
        for name in _RESETTING:
            worker: Any = getattr(sys.modules.get(name), "UvicornWorker", None)
            if worker is not None:
                self._handle_after_reset(worker)

    def finalize_now(self) -> None:
        """This process is a child already, and its forker has begun."""
        process: Any = sys.modules.get("multiprocessing.process")
        if process is not None and process.parent_process() is not None:
            self._finalize(sys.modules["multiprocessing.util"])

    def _handle_after_reset(self, worker: Any) -> None:
        reset = worker.init_signals

        def init_signals(one: Any) -> None:
            reset(one)
            on_sigterm(self._end)

        worker.init_signals = init_signals

    def _finalize(self, util: Any) -> None:
        util.Finalize(self, self._end, exitpriority=0)

    def _ended(self, *, exitcode: int | None = None, **_options: object) -> None:
        # A negative one is that of SIGTERM, as at a time limit: the child tells its pool, sleeps for a second
        # and ends. As it tells, the pool sends SIGTERM again, from which billiard shields the main thread
        # alone: another one would take it, and the process would be gone with the queue's lock, for ever.
        if exitcode is not None and exitcode < 0:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            # A tenth of a second after the first SIGTERM comes SIGKILL: it must have told by then.
            end = threading.Thread(
                target=self._end, args=(_AFTER_SIGTERM,), name="obskit-end", daemon=True
            )
            end.start()
        else:
            self._end()
