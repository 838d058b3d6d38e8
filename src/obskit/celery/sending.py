"""A task on its way to the broker: a span, and headers that take trace and request id along."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind

from obskit import context, default_runtime, names
from obskit.celery import contrib
from obskit.telemetry import traces
from obskit.telemetry.server import Server

#: The header that holds the sender's request id.
REQUEST_ID = "x-request-id"
#: The header that names the entry of the schedule that a task is sent for.
ENTRY = "obskit-beat-entry"
#: The entry that beat sends a task for now, or None.
entry: ContextVar[str | None] = ContextVar("obskit_beat_entry", default=None)

SYSTEM = "celery"
_ACTION = "apply_async"
_at_hand: ContextVar[Span | None] = ContextVar("obskit_sending", default=None)


def observed(send: Callable[..., Any]) -> Callable[..., Any]:
    """What stands in the place of an app's `send_task`.

    Args:
        send: The app's own.
    """

    @functools.wraps(send)
    def send_task(name: Any, *args: Any, **options: Any) -> Any:
        runtime = default_runtime.current()
        if runtime is None or runtime.server is None:
            return send(name, *args, **options)
        span = _start(runtime.server, name)
        before = _at_hand.set(span)
        # Statements of the broker's client stand below it.
        current = otel_context.attach(trace.set_span_in_context(span)) if _is_ours(span) else None
        try:
            return send(name, *args, **options)
        except BaseException as error:
            safely(traces.fail, span, error)
            raise
        finally:
            if current is not None:
                otel_context.detach(current)
            _at_hand.reset(before)
            safely(span.end)

    return send_task


def on_publish(
    headers: Any = None,
    routing_key: Any = None,
    exchange: Any = None,
    properties: Any = None,
    **_: Any,
) -> None:
    """A message is about to be sent: Celery's signal `before_task_publish`."""
    span = _at_hand.get()
    if span is None or not isinstance(headers, dict):
        return  # an app that is not observed
    if _is_ours(span):
        safely(propagate.inject, headers)
        described = _described(headers, routing_key or exchange, properties)
        safely(span.set_attributes, described)
    request_id = context.request_id()
    if request_id:
        headers[REQUEST_ID] = request_id
    if entry.get():
        headers[ENTRY] = entry.get()


def destination(given: object) -> dict[str, str]:
    """The attribute of where a message goes, or none."""
    return {names.MESSAGING_DESTINATION_NAME: given} if isinstance(given, str) and given else {}


def texts(given: Mapping[str, Any]) -> dict[str, str]:
    """What there is of some attributes: text that is not empty."""
    return {name: value for name, value in given.items() if isinstance(value, str) and value}


def safely(do: Callable[..., Any], *arguments: object) -> Any:
    """What a host or its tracer put in place may raise: the task must not fail by it."""
    try:
        return do(*arguments)
    except Exception:
        return None


def _start(server: Server, name: object) -> Span:
    if contrib.is_on():
        return trace.INVALID_SPAN
    attributes = {
        names.MESSAGING_SYSTEM: SYSTEM,
        names.MESSAGING_OPERATION_NAME: _ACTION,
        names.MESSAGING_OPERATION_TYPE: "send",
        names.TASK_NAME: str(name),
    }
    try:
        return server.tracer.start_span(
            f"{_ACTION}/{name}", kind=SpanKind.PRODUCER, attributes=attributes
        )
    except Exception:  # a sampler of the host's own may raise
        return trace.INVALID_SPAN


def _is_ours(span: Span) -> bool:
    return span is not trace.INVALID_SPAN


def _described(headers: Mapping[str, Any], target: object, properties: object) -> dict[str, Any]:
    sent = properties if isinstance(properties, Mapping) else {}
    # Messages of the first protocol hold their id in the body; Celery makes it the correlation id too.
    task_id = headers.get("id") or sent.get("correlation_id")
    found = {
        names.MESSAGING_MESSAGE_ID: task_id,
        names.MESSAGING_CONVERSATION_ID: headers.get("root_id"),
        names.TASK_ETA: headers.get("eta"),
    }
    retries = headers.get("retries")
    tried = {names.TASK_RETRIES: retries} if retries else {}
    return {**texts(found), **destination(target), **tried}
