"""Errors of late of one process: a few, in memory, each with what it is found by elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from obskit import context, names
from obskit.checks import report
from obskit.listeners import Line
from obskit.overview.model import ErrorView
from obskit.redaction import message_of
from obskit.telemetry import failure

#: So many are remembered; the oldest is forgotten first.
MOST = 50

_ERROR = 40
# The type, the message and the request.
_Key = tuple[str, str, str]


class Lately:
    """Hears lines of level ERROR and above, in the threads that log them. Takes no lock.

    A request's exception that is logged on several levels is one error.
    """

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        """In a forked child: what happened is the parent's."""
        self._errors: deque[ErrorView] = deque(maxlen=MOST)
        # What was sent, beside it: sending is the end of a request, and others may go on meanwhile.
        self._events: deque[tuple[_Key, str]] = deque(maxlen=MOST)

    def read(self) -> list[ErrorView]:
        """The errors, the oldest first."""
        events = dict(list(self._events))
        return [replace(one, event_id=events.get(_key(one), "")) for one in list(self._errors)]

    def hear(self, line: Line) -> None:
        """Take a line. Access lines and checks are told of elsewhere."""
        if line.level < _ERROR or line.event_name == names.EVENT_ACCESS:
            return
        if line.logger == report.LOGGER:
            return
        with suppress(Exception):  # the request that logs it must not fail
            self._put(_error_of(line))

    def sent(self, error: BaseException, request_id: str | None, event_id: str) -> None:
        """The report of an exception was taken.

        Args:
            error: The exception.
            request_id: Its request, or None.
            event_id: What the report is called.
        """
        with suppress(Exception):
            told = failure.type_name(error), message_of(error), request_id or ""
            self._events.append((told, event_id))

    def _put(self, error: ErrorView) -> None:
        known = error.request_id and any(_key(one) == _key(error) for one in list(self._errors))
        if not known:
            self._errors.append(error)


def _key(error: ErrorView) -> _Key:
    return error.type, error.message, error.request_id


def _error_of(line: Line) -> ErrorView:
    raised = line.failure
    return ErrorView(
        time=line.timestamp,
        type=raised.type if raised else line.event_name or line.logger,
        message=raised.message if raised else line.event,
        where=_where(line),
        request_id=line.request_id or "",
        trace_id=line.trace_id or "",
    )


def _where(line: Line) -> str:
    """The route, the task or the job that it happened in; else who told of it."""
    asked = _asked()
    known = (
        asked.get("route"),
        asked.get("task"),
        line.fields.get(names.HTTP_ROUTE),
        line.fields.get(names.JOB_NAME),
    )
    return str(next(filter(None, known), line.logger))


def _asked() -> Mapping[str, object]:
    scope = context.current()
    if scope is not None and scope.request is not None:
        with suppress(Exception):  # the framework's own
            found: Mapping[str, object] = scope.request()
            return found
    return {}
