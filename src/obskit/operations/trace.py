"""The trace of a job's run, and the scope that its lines and errors stand in."""

from __future__ import annotations

from contextlib import suppress
from contextvars import Token
from uuid import uuid4

from opentelemetry import trace
from opentelemetry.trace import Span, Status, StatusCode, format_span_id, format_trace_id

from obskit import context, names
from obskit.context import Scope
from obskit.telemetry import traces


class RunTrace:
    """The span of a run: a root of its own, or below the request or task that the run is part of.

    Args:
        job: The job's name.
        run_id: The run's.

    Attributes:
        scope: The scope of the run; None where that of a request is at hand, which tells of all.
        trace_id: The trace, or None.
    """

    def __init__(self, job: str, run_id: str) -> None:
        continued = trace.get_current_span().get_span_context().is_valid
        self._opened = traces._Opened(f"job {job}", {names.JOB_NAME: job, names.JOB_RUN_ID: run_id})
        found = self._opened.span.get_span_context()
        self.trace_id = format_trace_id(found.trace_id) if found.is_valid else None
        self.scope: Scope | None = None
        self._token: Token[Scope | None] | None = None
        if not context.is_told_above():
            self._enter(_request_id(self._opened.span, continued=continued))

    def _enter(self, request_id: str) -> None:
        bound = context.current()
        self.scope = Scope(request_id, self._opened.span)
        if bound is not None:
            self.scope.fields.update(bound.fields)
        self._token = context.enter(self.scope)

    def failed(self, error: BaseException | None, message: str) -> None:
        """The run has failed: by an exception, or by its own word."""
        if error is not None:
            traces.fail(self._opened.span, error)
        else:
            self._opened.span.set_status(Status(StatusCode.ERROR, message))

    def close(self, outcome: str, *, late: bool) -> None:
        """End the span, and make current what was so before it, unless that is somebody else's.

        Args:
            outcome: What the run came to.
            late: Whether a generator is closed, in whatever surroundings.
        """
        if self._token is not None and context.current() is self.scope:
            with suppress(
                ValueError
            ):  # the block is left in another context than it was entered in
                context.leave(self._token)
        with suppress(Exception):  # a span of the host's own making may refuse it
            self._opened.span.set_attribute(names.JOB_OUTCOME, outcome)
        self._opened.close(late=late)


def _request_id(span: Span, *, continued: bool) -> str:
    found = span.get_span_context()
    if not found.is_valid:  # the SDK is disabled: there is still an id to find the lines by
        return uuid4().hex
    trace_id = format_trace_id(found.trace_id)
    return f"{trace_id}-{format_span_id(found.span_id)}" if continued else trace_id
