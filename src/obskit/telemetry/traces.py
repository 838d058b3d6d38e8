"""Spans: the provider, and `obskit.span`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar, cast

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.trace import Span, Status, StatusCode, Tracer

from obskit import context, names
from obskit.config import Config
from obskit.redaction import name_of, plain, safe_repr
from obskit.telemetry import failure, loggers, sampling

Function = TypeVar("Function", bound=Callable[..., Any])

# Before `init` this is the API's proxy, which finds whatever provider the host sets.
_tracer: Tracer = trace.get_tracer("obskit")
_events_too = True
_INNERMOST = otel_context.create_key("obskit-span")


def build(config: Config, resource: Resource) -> TracerProvider:
    """The tracer provider of a configuration, without processors.

    Args:
        config: The configuration.
        resource: What the spans are of.
    """
    from obskit.telemetry.spans import LeanProvider  # imports the export

    return LeanProvider(
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
    if failure.claim(error, "log", context.number()):
        loggers.active().emit(logger, 40, event, {}, error)


class _Opened:
    """A span that is open, and what was current before it.

    OpenTelemetry's own token restores whatever was current before, right or wrong: a generator that
    is closed late would make its old surroundings current in the middle of another request, and one
    that is still open would stay current after the block that called it
    (open-telemetry/opentelemetry-python#2606).
    """

    __slots__ = ("_before", "_context", "_ended", "_outermost", "span")

    def __init__(self, name: str, given: dict[str, object]) -> None:
        before = otel_context.get_current()
        above: _Opened | None = before.get(_INNERMOST)  # type: ignore[assignment]
        parent = trace.get_current_span(before).get_span_context()
        self._before = before
        self._ended = False
        self._outermost = above is None and (not parent.is_valid or parent.is_remote)
        self.span = _start(name, given)
        context_of_span = trace.set_span_in_context(self.span, before)
        self._context = otel_context.set_value(_INNERMOST, self, context_of_span)
        otel_context.attach(self._context)

    def tell(self, error: BaseException, event: str) -> None:
        """An exception leaves the span."""
        with suppress(Exception):  # a span of the host's own making may refuse it
            fail(self.span, error)
        if self._outermost and issubclass(type(error), Exception) and not context.is_told_above():
            log_once(error, event, "obskit.span")

    def close(self, *, late: bool) -> None:
        """End the span, and make current what was so before it, unless that is somebody else's."""
        self._ended = True
        self._before = _living(self._before)
        current = otel_context.get_current()
        if current is self._context or (not late and self in _chain(current)):
            otel_context.attach(self._before)
        with suppress(Exception):  # a processor of the host's own making may raise
            self.span.end()


def _start(name: str, given: dict[str, object]) -> Span:
    named = [(name_of(key), value) for key, value in given.items()]
    attributes = {key: context.attribute(plain(value, key)) for key, value in named}
    try:
        return _tracer.start_span(name, attributes=attributes)
    except Exception:  # a sampler or a processor of the host's own making may raise
        return trace.INVALID_SPAN


def _chain(current: Context) -> Iterator[_Opened]:
    """What is open in a context, the innermost first."""
    while (opened := cast("_Opened | None", current.get(_INNERMOST))) is not None:
        yield opened
        current = opened._before


def _living(current: Context) -> Context:
    """The nearest context, outwards, whose span has not ended."""
    for opened in _chain(current):
        if not opened._ended or opened._context is not current:
            break
        current = opened._before
    return current


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

    __slots__ = ("_attributes", "_name", "_opened")

    def __init__(self, name: str, /, **attributes: object) -> None:
        self._name = name_of(name)
        self._attributes = attributes
        self._opened: list[_Opened] = []

    def __enter__(self) -> Span:
        opened = _Opened(self._name, self._attributes)
        self._opened.append(opened)
        return opened.span

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        opened = self._closing()
        late = issubclass(type(error), GeneratorExit)
        if error is not None and not late:
            opened.tell(error, f"{self._name} failed")
        opened.close(late=late)

    def _closing(self) -> _Opened:
        """Threads may share one object: each closes what is open in its own context."""
        here = _chain(otel_context.get_current())
        found = next((one for one in here if one in self._opened), self._opened[-1])
        self._opened.remove(found)
        return found

    async def __aenter__(self) -> Span:
        return self.__enter__()

    async def __aexit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self.__exit__(kind, error, traceback)

    def __call__(self, function: Function) -> Function:
        """Decorate a function: each call has a span of its own.

        Raises:
            TypeError: It is a generator. A span that stays current across a `yield` would be the
                parent of whatever its consumer does.
        """
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"obskit.span cannot decorate the generator {safe_repr(function)}:"
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
