"""What every request of a server needs and what outlives it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any
from uuid import uuid4

from opentelemetry import trace
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, Context
from opentelemetry.metrics import Meter, Observation
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import NonRecordingSpan, SpanContext, Tracer

from obskit import names
from obskit.clock import Clock
from obskit.config import Config
from obskit.telemetry.errors import Errors
from obskit.telemetry.event_loop import EventLoop
from obskit.telemetry.histogram import KeyedHistogram
from obskit.telemetry.inbound import InboundPolicy
from obskit.telemetry.instruments import instrument, observe
from obskit.telemetry.pages import Pages
from obskit.telemetry.pipeline import Pipeline

#: Method, scheme, status, version of the protocol, route, type of the error.
Measured = tuple[str, str, int, str, str | None, str | None]


class Incoming:
    """What a request says of itself, as the server's interface tells it.

    Attributes:
        method: The method, as sent.
        scheme: `http` or `https`.
        path: The path, with the prefix that the app is mounted at.
        query: The query without its question mark.
        host: The name that the client asked for, perhaps with a port.
        protocol_version: `1.1`, `2`, …
        user_agent: The header of that name.
        peer: The address of the socket's other end.
        header: Gives a header's value by its name in lower case.
        getter: Reads headers for propagators.
        carrier: What `getter` reads from.
        snapshot: What only an error asks for.
    """

    __slots__ = (
        "carrier",
        "getter",
        "header",
        "host",
        "method",
        "path",
        "peer",
        "protocol_version",
        "query",
        "scheme",
        "snapshot",
        "user_agent",
    )

    method: str
    scheme: str
    path: str
    query: str
    host: str
    protocol_version: str
    user_agent: str
    peer: str
    header: Callable[[str], str | None]
    getter: Getter[Any]
    carrier: Any
    snapshot: Callable[[], Mapping[str, Any]]


class Server:
    """Everything that a request needs and that outlives it.

    Args:
        config: The configuration.
        tracer: Makes the spans.
        meter: Makes the instruments.
        pipeline: Takes the access lines.
        errors: Takes the exceptions, where there is a Sentry.
        clock: The time.

    Attributes:
        event_loop: Watches the host's event loop, where it has one.
        pages: Takes page views, where that is wanted.
        slow_request: From how many seconds on a request is profiled; None for no profiles.
        excludes_any: Whether `excludes` could be true of any URL.
    """

    def __init__(
        self,
        config: Config,
        tracer: Tracer,
        meter: Meter,
        pipeline: Pipeline,
        errors: Errors | None,
        clock: Clock,
    ) -> None:
        self.tracer = tracer
        self.pipeline = pipeline
        self.errors = errors
        self.clock = clock
        self.event_loop = EventLoop(meter, pipeline)
        self.inbound = InboundPolicy(config)
        self.pages = Pages(meter, pipeline, clock) if config.beacon_path else None
        self.slow_request = config.profile_slow_requests
        if self.slow_request is not None:
            import_module("obskit.telemetry.stacks")  # told now if it is not installed
        self.duration = KeyedHistogram(instrument(meter, names.HTTP_SERVER_REQUEST_DURATION))
        self._excluded = [re.compile(pattern) for pattern in config.excluded_urls]
        self.excludes_any = bool(self._excluded)
        # Without a lock, as the ledger: a forked child could inherit a held one.
        self._active: dict[tuple[str, str], int] = {}
        observe(meter, names.HTTP_SERVER_ACTIVE_REQUESTS, self._active_requests)

    def excludes(self, url: str) -> bool:
        """Whether a URL leaves no trace, no metric and no access line."""
        return any(pattern.search(url) for pattern in self._excluded)

    def record(self, elapsed: float, key: Measured, context: Context) -> None:
        """A request has ended.

        Args:
            elapsed: How long it took, seconds.
            key: What it was.
            context: Whose trace an exemplar is of.
        """
        self.duration.record(elapsed, key, lambda: _attributes(*key), context)

    def count_active(self, key: tuple[str, str], change: int) -> None:
        """A request of this method and scheme has begun, or ended."""
        try:
            self._active[key] += change
        except KeyError:
            self._active.setdefault(key, 0)
            self._active[key] += change

    def _active_requests(self) -> Iterable[Observation]:
        for (method, scheme), count in self._active.copy().items():
            attributes = {names.HTTP_REQUEST_METHOD: method, names.URL_SCHEME: scheme}
            yield Observation(count, attributes)


def unobserved() -> Context:
    """A context in which nothing is recorded, for URLs that are excluded; its children too."""
    span = NonRecordingSpan(SpanContext(uuid4().int, uuid4().int >> 64, is_remote=False))
    return trace.set_span_in_context(span, Context({_SUPPRESS_INSTRUMENTATION_KEY: True}))


def _attributes(
    method: str, scheme: str, code: int, version: str, route: str | None, error: str | None
) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        names.HTTP_REQUEST_METHOD: method,
        names.URL_SCHEME: scheme,
        names.HTTP_RESPONSE_STATUS_CODE: code,
    }
    if version:
        attributes[names.NETWORK_PROTOCOL_VERSION] = version
    if route:
        attributes[names.HTTP_ROUTE] = route
    if error:
        attributes[names.ERROR_TYPE] = error
    return attributes
