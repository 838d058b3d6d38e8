"""Spans: the provider, and `obskit.span`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.trace import Span, Status, StatusCode, Tracer

from obskit import context, names
from obskit.config import Config
from obskit.redaction import plain
from obskit.telemetry import failure, loggers, sampling

Function = TypeVar("Function", bound=Callable[..., Any])

# Before `init` this is the API's proxy, which finds whatever provider the host sets.
_tracer: Tracer = trace.get_tracer("obskit")
_events_too = True


def build(config: Config, resource: Resource) -> TracerProvider:
    """The tracer provider of a configuration, without processors.

    Args:
        config: The configuration.
        resource: What the spans are of.
    """
    return TracerProvider(
        sampler=sampling.build(config),
        resource=resource,
        shutdown_on_exit=False,
        span_limits=SpanLimits(
            max_attributes=config.attribute_count_limit,
            max_attribute_length=config.attribute_length_limit,
            max_span_attributes=config.span_attribute_count_limit,
            max_span_attribute_length=config.span_attribute_length_limit,
            max_events=config.span_event_count_limit,
            max_links=config.span_link_count_limit,
            max_event_attributes=config.event_attribute_count_limit,
            max_link_attributes=config.link_attribute_count_limit,
        ),
    )


def install(tracer: Tracer | None, *, exception_events: bool = True) -> None:
    """Make a tracer the one of `obskit.span`.

    Args:
        tracer: The tracer, or None for the API's own.
        exception_events: Whether an exception is a span event beside its log record
            (`OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN`).
    """
    global _tracer, _events_too
    _tracer, _events_too = tracer or trace.get_tracer("obskit"), exception_events


def fail(span: Span, error: BaseException) -> None:
    """Mark a span as failed by an exception: status, `error.type`, and a span event.

    Args:
        span: The span.
        error: The exception that left it.
    """
    if not span.is_recording():
        return
    told = failure.of(error)
    span.set_status(Status(StatusCode.ERROR, told.message))
    span.set_attribute(names.ERROR_TYPE, told.type)
    if _events_too:
        span.add_event(
            names.EVENT_EXCEPTION,
            {
                names.EXCEPTION_TYPE: told.type,
                names.EXCEPTION_MESSAGE: told.message,
                names.EXCEPTION_STACKTRACE: told.stacktrace,
            },
        )


def log_once(error: BaseException, event: str, logger: str) -> None:
    """Log an exception that nobody will handle, unless somebody has logged it already."""
    if failure.claim(error, "log", context.request_id()):
        loggers.active().emit(logger, 40, event, {}, error)


class span:  # noqa: N801 - it is used as a verb, like `contextlib.suppress`
    """A span around a block or a function, synchronous or not.

    An exception that leaves it marks the span as failed and goes on. Where the span is the outermost
    one, so that nothing above tells of it, it is logged as well.

    Args:
        name: The span's name: what is done, without ids.
        **attributes: Attributes of the span. Values may be anything; what stands under a sensitive
            name is masked.

    >>> with span("price.calculate", items=3) as current:
    ...     current.set_attribute("total", 12.5)
    >>> @span("report.build")
    ... def build() -> int:
    ...     return 1
    >>> build()
    1
    """

    __slots__ = ("_attributes", "_context", "_name", "_span", "_token")

    def __init__(self, name: str, /, **attributes: object) -> None:
        self._name = name
        self._attributes = attributes
        self._span: Span = trace.INVALID_SPAN
        self._token: Any = None
        self._context: Any = None

    def __enter__(self) -> Span:
        attributes = {
            name: context.attribute(plain(value, name)) for name, value in self._attributes.items()
        }
        self._span = _tracer.start_span(self._name, attributes=attributes)
        self._context = trace.set_span_in_context(self._span)
        self._token = otel_context.attach(self._context)
        return self._span

    def __exit__(
        self, _type: object, error: BaseException | None, _traceback: object
    ) -> None:
        try:
            if error is not None and not isinstance(error, GeneratorExit):
                fail(self._span, error)
                if _is_outermost(self._span) and isinstance(error, Exception):
                    log_once(error, f"{self._name} failed", "obskit.span")
        finally:
            # A generator that is closed late leaves its block in somebody else's context, which
            # must stay as it is (open-telemetry/opentelemetry-python#2606).
            if otel_context.get_current() is self._context:
                otel_context.detach(self._token)
            self._span.end()

    async def __aenter__(self) -> Span:
        return self.__enter__()

    async def __aexit__(
        self, kind: object, error: BaseException | None, traceback: object
    ) -> None:
        self.__exit__(kind, error, traceback)

    def __call__(self, function: Function) -> Function:
        """Decorate a function: each call has a span of its own.

        Raises:
            TypeError: It is a generator. A span that stays current across a `yield` would be the
                parent of whatever its consumer does.
        """
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"obskit.span cannot decorate the generator {function.__qualname__}:"
                " open the span inside it, around what does not yield"
            )
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def asynchronous(*args: Any, **kwargs: Any) -> Any:
                with span(self._name, **self._attributes):
                    return await function(*args, **kwargs)

            return cast("Function", asynchronous)

        @functools.wraps(function)
        def synchronous(*args: Any, **kwargs: Any) -> Any:
            with span(self._name, **self._attributes):
                return function(*args, **kwargs)

        return cast("Function", synchronous)


def _is_outermost(one: Span) -> bool:
    return context.current() is None and getattr(one, "parent", None) is None
