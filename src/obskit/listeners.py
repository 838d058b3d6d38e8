"""Who hears the log lines of this process beside the sinks: checks that count them. Mostly nobody."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Protocol
from weakref import ref


class Failure(Protocol):
    """An exception, written down."""

    @property
    def type(self) -> str:
        """Its class."""

    @property
    def message(self) -> str:
        """Its text."""


class Line(Protocol):
    """A log line, plain and redacted."""

    @property
    def timestamp(self) -> float:
        """Seconds since the Unix epoch."""

    @property
    def request_id(self) -> str | None:
        """The request's id, if there is one."""

    @property
    def trace_id(self) -> str | None:
        """The trace's id, if there is a span."""

    @property
    def level(self) -> int:
        """The number of its level."""

    @property
    def level_name(self) -> str:
        """Its level in a word."""

    @property
    def logger(self) -> str:
        """The logger's name."""

    @property
    def event(self) -> str:
        """What happened."""

    @property
    def fields(self) -> Mapping[str, object]:
        """Its fields."""

    @property
    def failure(self) -> Failure | None:
        """The exception, if there is one."""

    @property
    def event_name(self) -> str | None:
        """The kind of event by its standard name, if it has one."""


class Listener(Protocol):
    """Hears every line, in the thread that logs it."""

    def hear(self, line: Line) -> None:
        """Take a line. Must neither raise nor wait."""

    def after_fork(self) -> None:
        """In a forked child: what was heard is the parent's."""


_listening: tuple[ref[Listener], ...] = ()
_lock = Lock()


def add(listener: Listener) -> None:
    """Let somebody hear each line from now on, for as long as others hold it.

    Args:
        listener: Who.
    """
    global _listening
    with _lock:
        _listening = (*(one for one in _listening if one() is not None), ref(listener))


def tell(line: Line) -> None:
    """Let everybody hear a line.

    Args:
        line: The line.
    """
    for reference in _listening:
        listener = reference()
        if listener is not None:
            listener.hear(line)


def after_fork() -> None:
    """In a forked child: everybody begins anew, and no thread holds a lock."""
    global _lock
    _lock = Lock()
    for reference in _listening:
        listener = reference()
        if listener is not None:
            listener.after_fork()
