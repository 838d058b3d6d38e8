"""Exceptions that end a program or a thread: told before Python prints them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from obskit import context
from obskit.telemetry import failure, loggers
from obskit.telemetry.errors import Errors

_LOGGER = "obskit.uncaught"

# Ours, and those that they stand before.
_hooks: tuple[Any, Any] | None = None
_before: tuple[Any, Any]
_errors: Callable[[], Errors | None]


def listen(errors: Callable[[], Errors | None]) -> None:
    """Tell of exceptions that nobody catches, from now on. The hooks before are called as ever.

    Args:
        errors: Gives what takes exceptions, where there is a Sentry.
    """
    global _errors, _hooks, _before
    _errors = errors
    if _hooks is not None:
        return
    of_program, of_threads = _before = sys.excepthook, threading.excepthook

    def end_of_program(
        kind: type[BaseException], error: BaseException, stack: TracebackType | None
    ) -> None:
        _tell(error, "The program ends by an exception")
        of_program(kind, error, stack)

    def end_of_thread(args: threading.ExceptHookArgs) -> None:
        _tell(args.exc_value, "A thread ends by an exception")
        of_threads(args)

    _hooks = end_of_program, end_of_thread
    sys.excepthook, threading.excepthook = _hooks


def stop() -> None:
    """Put the hooks before back, unless somebody has put others over ours."""
    global _hooks
    if _hooks is not None and _hooks == (sys.excepthook, threading.excepthook):
        sys.excepthook, threading.excepthook = _before
        _hooks = None


def _tell(error: BaseException | None, event: str) -> None:
    try:
        # What ends it on purpose, Ctrl-C too, is no `Exception`.
        if isinstance(error, Exception) and failure.claim(error, "log", context.number()):
            errors = _errors()
            if errors is not None:
                errors.capture(error, handled=False, logger=_LOGGER)
            # Python prints it on the console.
            loggers.active().emit(_LOGGER, 50, event, {}, error, on_console=False)
    except Exception:  # hardly any stack is left, say
        return
