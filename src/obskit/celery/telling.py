"""What is told of a try of a task, whoever tells it: its span, its duration, its ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext, SpanKind, format_span_id, format_trace_id

from obskit import names
from obskit.celery.sending import REQUEST_ID, SYSTEM, destination, texts
from obskit.context import accepted_request_id
from obskit.redaction import Plain, plain
from obskit.telemetry import failure
from obskit.telemetry.histogram import KeyedHistogram
from obskit.telemetry.inbound import HeaderGetter
from obskit.telemetry.server import Server

LOGGER = "obskit.celery"
_ACTION = "run"


def start(server: Server, base: Context, task: Any, request: Any) -> Span:
    """The span of a try.

    Args:
        server: What makes it.
        base: What it is part of.
        task: The task.
        request: What Celery knows of its message.
    """
    told = {
        **texts(
            {
                names.MESSAGING_SYSTEM: SYSTEM,
                names.MESSAGING_OPERATION_NAME: _ACTION,
                names.MESSAGING_OPERATION_TYPE: "process",
                names.TASK_NAME: task.name,
                names.MESSAGING_MESSAGE_ID: request.id,
                names.MESSAGING_CONVERSATION_ID: request.root_id,
                names.TASK_WORKER: request.hostname,
                names.TASK_ETA: request.eta,
            }
        ),
        **destination((request.delivery_info or {}).get("routing_key")),
    }
    if request.retries:
        told[names.TASK_RETRIES] = request.retries
    return server.tracer.start_span(f"{_ACTION}/{task.name}", base, SpanKind.CONSUMER, told)


def record(
    durations: KeyedHistogram,
    elapsed: float,
    task: Any,
    state: str,
    error: BaseException | None,
    current: Context,
) -> None:
    """Record how long a try took.

    Args:
        durations: The histogram.
        elapsed: Seconds.
        task: The task: one of those that the app has, so that there are no more series.
        state: What it has come to.
        error: What it raised, or None.
        current: Whose trace an exemplar is of.
    """
    kind = None if error is None else failure.type_name(error)
    key = task.name, state, kind
    read: Callable[[], dict[str, Any]] = lambda: texts(  # noqa: E731
        {names.TASK_NAME: task.name, names.TASK_STATE: state, names.ERROR_TYPE: kind}
    )
    durations.record(elapsed, key, read, current)


def fields(task: Any, request: Any) -> dict[str, Plain]:
    """What stands on each log line of a try, and on its error."""
    told = {names.TASK_NAME: task.name, names.MESSAGING_MESSAGE_ID: request.id}
    return {name: plain(value, name) for name, value in told.items()}


def headers(request: Any) -> dict[str, str]:
    """Those of the message: Celery makes attributes of them, or keeps them apart."""
    kept: Mapping[str, Any] = request.headers if isinstance(request.headers, Mapping) else {}
    return texts({**kept, **vars(request)})


def extracted(given: Mapping[str, str]) -> Context:
    """The context that a message's headers tell of, or an empty one."""
    try:
        return propagate.extract(given, Context(), HeaderGetter())
    except Exception:  # a propagator of the host's own choice
        return Context()


def request_id(given: Mapping[str, str], span: Span, base: Context) -> str:
    """The sender's request id, or where there is none an id of the try's own.

    Args:
        given: The headers of its message.
        span: Its span.
        base: What the span is part of.
    """
    accepted = accepted_request_id(given.get(REQUEST_ID))
    return accepted or _own_id(span, trace.get_current_span(base).get_span_context())


def _own_id(span: Span, caller: SpanContext) -> str:
    found = span.get_span_context()
    if not found.is_valid:
        return uuid4().hex
    trace_id = format_trace_id(found.trace_id)
    return f"{trace_id}-{format_span_id(found.span_id)}" if caller.is_valid else trace_id
