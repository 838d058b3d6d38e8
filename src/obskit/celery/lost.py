"""Tasks that no process can tell of: theirs was killed, or they were revoked. The worker does it."""

from __future__ import annotations

from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from opentelemetry import context as otel_context
from opentelemetry import trace

from obskit import context, names
from obskit.celery import contrib, telling
from obskit.celery.sending import safely
from obskit.context import Scope
from obskit.redaction import message_of
from obskit.telemetry import traces
from obskit.telemetry.histogram import KeyedHistogram
from obskit.telemetry.server import Server

#: How a task ended whose process a worker was told to end.
TERMINATED = "TERMINATED"
# What a worker says of tasks whose process is gone.
_LOST = frozenset(("WorkerLostError", "TimeLimitExceeded"))
# Stands in what it says of a process that left no word; one that leaves by `sys.exit` has told itself.
_WORDLESS = "Job:"

# The messages that this worker holds. Celery signals a task that its time limit ends twice, and the
# first time without its message.
_received: WeakValueDictionary[str, Any] = WeakValueDictionary()


class Lost(NamedTuple):
    """A task that ended without a word.

    Attributes:
        task: The task.
        request: Its message.
        state: How it ended: LOST, TERMINATED, REVOKED, EXPIRED.
        error: What Celery says of it, or None where nothing failed.
    """

    task: Any
    request: Any
    state: str
    error: BaseException | None


def on_received(request: Any = None, **_: Any) -> None:
    """A worker has a message: Celery's signal `task_received`."""
    _received[request.id] = request


def is_loss(error: BaseException) -> bool:
    """Whether a worker says so of a task whose process is gone."""
    return type(error).__name__ in _LOST


def killed(task: Any, task_id: str, error: BaseException) -> Lost | None:
    """A task whose process is gone; None where it is told of already."""
    received = _received.pop(task_id, None)
    left = type(error).__name__ == "WorkerLostError" and _WORDLESS not in message_of(error)
    if received is None or left:
        return None
    return Lost(task, type(task.request)(received.request_dict), "LOST", error)


def revoked(task: Any, request: Any, *, signum: object, expired: bool) -> Lost | None:
    """A task that was revoked; None where it is told of already.

    Args:
        task: The task.
        request: Its message.
        signum: The signal that ends its process, or None where it had not begun.
        expired: Whether nobody revoked it: it came too late.
    """
    if signum is None:
        return Lost(task, request, "EXPIRED" if expired else "REVOKED", None)
    known = _received.pop(request.id, None) is not None
    return Lost(task, request, TERMINATED, None) if known else None


def tell(server: Server, durations: KeyedHistogram, lost: Lost) -> None:
    """Tell of such a task what its own process would have told.

    Args:
        server: What requests need.
        durations: The histogram of tasks.
        lost: The task.
    """
    task, request, error = lost.task, lost.request, lost.error
    headers = telling.headers(request)
    base = telling.extracted(headers)
    made = not contrib.is_on()
    span = telling.start(server, base, task, request) if made else trace.INVALID_SPAN
    scope = Scope(telling.request_id(headers, span, base), span, lambda: {"task": task.name})
    scope.fields.update(telling.fields(task, request))
    current = trace.set_span_in_context(span, base) if made else base
    token = otel_context.attach(current)
    try:
        with context.entered(scope):
            if error is not None:
                _tell_error(server, task, span, error)
            # Nobody knows when it ended; that it did has to be counted.
            safely(telling.record, durations, 0.0, task, lost.state, error, current)
            if server.errors and scope.errors:
                safely(server.errors.finish, scope)
    finally:
        otel_context.detach(token)
    told = {names.TASK_STATE: lost.state, names.REQUEST_ID: str(scope.request_id)}
    safely(span.set_attributes, told)
    safely(span.end)


def _tell_error(server: Server, task: Any, span: trace.Span, error: BaseException) -> None:
    safely(traces.fail, span, error)
    if server.errors:
        server.errors.capture(error, handled=False, logger=telling.LOGGER)
    safely(traces.log_once, error, f"{task.name} has failed", telling.LOGGER)
