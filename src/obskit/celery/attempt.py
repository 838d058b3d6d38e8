"""One try of a task, in the process that runs it: context, span, scope, duration, error."""

from __future__ import annotations

import sys
from contextvars import ContextVar, Token
from functools import partial
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace

from obskit import context, names
from obskit.celery import contrib, lost, telling
from obskit.celery.sending import safely, texts
from obskit.context import Scope
from obskit.operations.execution import Execution
from obskit.redaction import plain
from obskit.telemetry import failure, traces
from obskit.telemetry.histogram import KeyedHistogram
from obskit.telemetry.server import Server

# Of a task that its process left by `sys.exit`, say.
_ABORTED = "ABORTED"
# What the process of a task exits with that its worker ends by a signal: 256 less the signal, negative.
_TERMINATED = range(-255, -191)

_at_hand: ContextVar[Attempt | None] = ContextVar("obskit_celery_attempt", default=None)


class Attempt:
    """One try of a task, from its begin to its end, which are in one thread.

    Args:
        server: What requests need; tasks need the same.
        durations: The histogram of tasks.
        task: The task. What Celery knows of the message is in its `request`.
        task_id: Its id.
        run: The run of the job that the task is sent for, or None.

    Attributes:
        task_id: The task's id.
        span: Its span; an invalid one where the contrib instrumentation makes it.
    """

    def __init__(
        self,
        server: Server,
        durations: KeyedHistogram,
        task: Any,
        task_id: str,
        run: Execution | None = None,
    ) -> None:
        self.task_id = task_id
        self._server, self._durations, self._task, self._run = server, durations, task, run
        self._started = server.clock.monotonic()
        self._error: BaseException | None = None
        self._shown: BaseException | None = None
        self._expected = False
        self._made = not contrib.is_on()
        request = task.request
        headers = telling.headers(request)
        # A task that runs where it is called is part of what calls it.
        base = otel_context.get_current() if request.is_eager else telling.extracted(headers)
        self.span = (
            telling.start(server, base, task, request) if self._made else trace.get_current_span()
        )
        self._otel_context = trace.set_span_in_context(self.span, base)
        self.scope: Scope | None = None
        if not (request.is_eager and context.is_told_above()):
            given = telling.request_id(headers, self.span, base)
            self.scope = Scope(given, self.span, lambda: {"task": task.name})
            self.scope.fields.update(telling.fields(task, request))
        self._tokens: tuple[Any, Token[Scope | None] | None] = (None, None)

    def begin(self) -> None:
        """The task's own code begins."""
        self._above = _at_hand.set(self)
        current = otel_context.attach(self._otel_context) if self._made else None
        self._tokens = current, context.enter(self.scope) if self.scope else None
        if self._run is not None:
            self._run.__enter__()

    def failed(self, error: BaseException, shown: BaseException, *, expected: bool) -> None:
        """The task has failed, for good.

        Args:
            error: What it raised.
            shown: What Celery is about to log: a copy, where the exception cannot be pickled.
            expected: Whether the task declares it in `throws`: then nobody has to act.
        """
        self._error, self._shown, self._expected = error, shown, expected
        if shown is not error:
            failure.claim(shown, "capture", context.number())
        if expected:
            safely(self.span.set_attribute, names.ERROR_TYPE, failure.type_name(error))
            return
        if self._made:
            safely(traces.fail, self.span, error)
        if self._server.errors:
            self._server.errors.capture(error, handled=False, logger=telling.LOGGER)

    def retried(self, reason: object) -> None:
        """The task is to be tried again, which is no error."""
        said = plain(str(getattr(reason, "exc", None) or reason))
        safely(self.span.set_attribute, names.TASK_RETRY_REASON, said)
        if self._run is not None:
            self._run.run.nothing_to_do(f"it is tried again: {said}")

    def end(self, state: str | None) -> None:
        """It has ended, and Celery has logged how. Never raises.

        Args:
            state: What it has come to, in Celery's word; None where it was torn off.
        """
        state = state or self._torn_off(sys.exc_info()[1])
        if state != lost.TERMINATED:  # the worker that ends this process tells why
            self._tell(state)
        if self._run is not None:
            safely(self._end_run, self._run, state)
        if self._server.errors and self.scope is not None and self.scope.errors:
            safely(self._server.errors.finish, self.scope)
        safely(self._leave)

    def _tell(self, state: str) -> None:
        elapsed = max(0.0, self._server.clock.monotonic() - self._started)
        if self._shown is not None and not self._expected:
            safely(traces.log_once, self._shown, f"{self._task.name} has failed", telling.LOGGER)
        safely(
            partial(telling.record, self._durations, elapsed, self._task, state),
            self._error,
            self._otel_context,
        )
        safely(self.span.set_attributes, self._told(state))
        if self._made:
            safely(self.span.end)

    def _torn_off(self, error: BaseException | None) -> str:
        """What a try has come to that an exception leaves, on its way to whoever called the task."""
        if type(error).__name__ == "Retry":
            return "RETRY"
        if isinstance(error, SystemExit) and error.code in _TERMINATED:
            return lost.TERMINATED
        self._error = self._shown = error
        if error is not None and self._made:
            safely(traces.fail, self.span, error)
        if not isinstance(error, Exception):
            return _ABORTED
        # Where it is part of a request, that tells of what nobody handles.
        self._expected = self.scope is None
        if self.scope is not None and self._server.errors:
            self._server.errors.capture(error, handled=False, logger=telling.LOGGER)
        return "FAILURE"

    def _leave(self) -> None:
        current, scope = self._tokens
        if scope is not None:
            context.leave(scope)
        if current is not None:
            otel_context.detach(current)
        _at_hand.reset(self._above)

    def _end_run(self, run: Execution, state: str) -> None:
        if state == "IGNORED":
            run.run.nothing_to_do("the task ignored it")
        elif state not in {"SUCCESS", "FAILURE", "RETRY"}:
            run.run.fail(f"the task ended as {state}")
        error = self._error
        run.__exit__(type(error) if error else None, error, None)

    def _told(self, state: str) -> dict[str, Any]:
        request_id = context.request_id() if self.scope is None else self.scope.request_id
        return texts({names.TASK_STATE: state, names.REQUEST_ID: request_id})


def at_hand(task_id: object) -> Attempt | None:
    """The try of a task that goes on here, or None.

    Args:
        task_id: The task's id.
    """
    found = _at_hand.get()
    return found if found is not None and found.task_id == task_id else None
