"""One request of a server: context, span, duration, access line. WSGI and ASGI feed it alike."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from typing import Any
from uuid import uuid4

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
    Span,
    SpanKind,
    Status,
    StatusCode,
    format_span_id,
    format_trace_id,
)

from obskit import context, names
from obskit.context import Scope
from obskit.redaction import plain, redact_query
from obskit.telemetry import failure, traces
from obskit.telemetry.pipeline import PlainFields
from obskit.telemetry.server import Incoming, Server

ACCESS_LOGGER = "obskit.access"

# RFC 9110 section 9 and RFC 5789; anything else would make a series for each word that comes.
_METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
)
# The same holds for what a proxy hands over of its client.
_SCHEMES = frozenset(("http", "https"))
_VERSIONS = frozenset(("1.0", "1.1", "2", "3"))
# Of websockets, which last for as long as both sides like: no duration of a request.
_CONNECTIONS = frozenset(("ws", "wss"))
_MAX_HEADER = 256


class Exchange:
    """One request, from its first byte in to its last byte out.

    `enter` and `leave` stand around every step in which the app runs: it may run in several, as a
    streamed response does, and nothing stays current in between.

    Args:
        server: What outlives it.
        incoming: What the request says of itself.
        adopted: The span that an instrumentation of the host's own has made for it, if there is one:
            it is told of the request's id, and stays otherwise that instrumentation's, as the
            measuring does.

    Attributes:
        route: The template of the route that matched, as soon as the framework knows it.
        error: The exception that nobody handled, or None.
        adopted: Whether the span is another's.
    """

    __slots__ = (
        "_ended",
        "_incoming",
        "_measured",
        "_method",
        "_otel_context",
        "_otel_token",
        "_scheme",
        "_scope_token",
        "_server",
        "_started",
        "_transaction",
        "adopted",
        "error",
        "route",
        "scope",
        "span",
    )

    def __init__(self, server: Server, incoming: Incoming, adopted: Span | None = None) -> None:
        self._server = server
        self._incoming = incoming
        self._started = server.clock.monotonic()
        self._ended = False
        self.adopted = adopted is not None
        self._measured = adopted is None and incoming.scheme not in _CONNECTIONS
        self._method = incoming.method if incoming.method in _METHODS else names.UNKNOWN_METHOD
        self._scheme = incoming.scheme if incoming.scheme in _SCHEMES else names.UNKNOWN_METHOD
        self.error: BaseException | None = None
        self.route: str | None = None
        inbound = server.inbound.read(
            incoming.header, incoming.getter, incoming.carrier, incoming.peer
        )
        # A context of its own: whatever a request before left current in this thread ends here.
        base = inbound.context if inbound.context is not None else Context()
        self.span: Span = adopted or server.tracer.start_span(
            self._verb(),
            base,
            SpanKind.SERVER,
            self._attributes(),
            inbound.links,
        )
        # Where the span is another's, so is the rest of what is current.
        self._otel_context = (
            otel_context.get_current() if adopted else trace.set_span_in_context(self.span, base)
        )
        request_id = inbound.request_id or own_request_id(self.span, continued=inbound.continued)
        self.scope = Scope(request_id, self.span, self._snapshot)
        self._scope_token: Token[Scope | None] | None = None
        self._otel_token: Any = None
        self._transaction = self._start_transaction()
        if self.adopted:
            self.span.set_attribute(names.REQUEST_ID, request_id)
        if self._measured:
            server.count_active((self._method, self._scheme), 1)

    @property
    def request_id(self) -> str:
        """The request's id, as it goes into the response's header."""
        return str(self.scope.request_id)

    def enter(self) -> None:
        """Make this request the current one. Never raises."""
        self._otel_token = None
        try:
            self._scope_token = context.enter(self.scope)
            self._otel_token = otel_context.attach(self._otel_context)
        except Exception:  # hardly any stack is left
            return

    def leave(self) -> None:
        """Make what was current before `enter` current again."""
        if self._scope_token is not None:
            if self._otel_token is not None:
                otel_context.detach(self._otel_token)
            context.leave(self._scope_token)
            self._scope_token = None

    def failed(self, error: BaseException, *, handled: bool = False) -> None:
        """The app did not handle an exception. Called once for each, inside `enter`. Never raises.

        Args:
            error: The exception.
            handled: Whether it was turned into a response on purpose.
        """
        if self.error is not error:
            self.error = error
            if not self.adopted:
                _safely(traces.fail, self.span, error)
        if self._server.errors:
            self._server.errors.capture(error, handled=handled)

    def finish(self, status: int | None, body_size: int, client: str) -> None:
        """The last byte has left, or the exchange has broken off. Called inside `enter`. Never raises.

        Args:
            status: The response's status; None when the app failed before there was one.
            body_size: Bytes of the response's body.
            client: The client's address.
        """
        if self._ended:
            return
        self._ended = True
        server = self._server
        code = 500 if status is None else status
        elapsed = max(0.0, server.clock.monotonic() - self._started)
        if self.error is not None:
            what = f"Unhandled exception on {self._incoming.path}"
            _safely(traces.log_once, self.error, what, "obskit")
        if self._measured:
            _safely(self._record, code, elapsed)
            _safely(server.count_active, (self._method, self._scheme), -1)
        _safely(self._access_line, code, elapsed, body_size, client)
        if not self.adopted:
            _safely(self._end_span, code, body_size, client)
        if self._transaction is not None:
            _safely(self._end_transaction, code)
        if server.errors and self.scope.errors:
            _safely(server.errors.finish, self.scope)
        self.scope.errors = None  # what is captured from now on, nothing waits for

    def _verb(self) -> str:
        # Semantic conventions, "HTTP spans": the names of spans say so of what is no known method.
        return "HTTP" if self._method == names.UNKNOWN_METHOD else self._method

    def _snapshot(self) -> dict[str, Any]:
        return {**self._incoming.snapshot(), "route": self.route}

    def _attributes(self) -> dict[str, Any]:
        incoming = self._incoming
        attributes: dict[str, Any] = {
            names.HTTP_REQUEST_METHOD: self._method,
            names.URL_SCHEME: incoming.scheme,
            names.URL_PATH: incoming.path,
            names.NETWORK_PROTOCOL_VERSION: incoming.protocol_version,
        }
        if self._method == names.UNKNOWN_METHOD:
            attributes[names.HTTP_REQUEST_METHOD_ORIGINAL] = incoming.method[:_MAX_HEADER]
        if incoming.query:
            attributes[names.URL_QUERY] = redact_query(incoming.query)
        if incoming.user_agent:
            attributes[names.USER_AGENT_ORIGINAL] = incoming.user_agent[:_MAX_HEADER]
        if incoming.host:
            address, port = _host_and_port(incoming.host)
            attributes[names.SERVER_ADDRESS] = address
            if port is not None:
                attributes[names.SERVER_PORT] = port
        return attributes

    def _record(self, code: int, elapsed: float) -> None:
        version = self._incoming.protocol_version
        version = version if version in _VERSIONS else ""
        error = None if self.error is None else failure.type_name(self.error)
        if error is None and code >= 500:  # noqa: PLR2004 - semantic conventions: only these are errors
            error = str(code)
        key = self._method, self._scheme, code, version, self.route, error
        self._server.record(elapsed, key, self._otel_context)

    def _access_line(self, code: int, elapsed: float, body_size: int, client: str) -> None:
        level = 40 if code >= 500 else 30 if code >= 400 else 20  # noqa: PLR2004
        path = plain(self._incoming.path, names.URL_PATH)
        fields = PlainFields(
            {
                names.HTTP_REQUEST_METHOD: self._method,
                names.URL_PATH: path,
                names.HTTP_RESPONSE_STATUS_CODE: code,
                names.HTTP_SERVER_REQUEST_DURATION.name: round(elapsed, 6),
                names.HTTP_RESPONSE_BODY_SIZE: body_size,
            }
        )
        if self.route:
            fields[names.HTTP_ROUTE] = plain(self.route, names.HTTP_ROUTE)
        if client:
            fields[names.CLIENT_ADDRESS] = plain(client, names.CLIENT_ADDRESS)
        self._server.pipeline.emit(
            ACCESS_LOGGER,
            level,
            f"{self._method} {path} {code}",
            fields,
            event_name=names.EVENT_ACCESS,
        )

    def _end_span(self, code: int, body_size: int, client: str) -> None:
        span = self.span
        attributes: dict[str, Any] = {
            names.REQUEST_ID: self.scope.request_id,
            names.HTTP_RESPONSE_STATUS_CODE: code,
            names.HTTP_RESPONSE_BODY_SIZE: body_size,
        }
        if self.route:
            attributes[names.HTTP_ROUTE] = self.route
        if client:
            attributes[names.CLIENT_ADDRESS] = client
        if code >= 500 and self.error is None:  # noqa: PLR2004
            attributes[names.ERROR_TYPE] = str(code)
            span.set_status(Status(StatusCode.ERROR))
        if span.is_recording():
            if self.route:
                span.update_name(f"{self._verb()} {self.route}")
            span.set_attributes(attributes)
        span.end()

    def _start_transaction(self) -> Any:
        found = self.span.get_span_context()
        if self._server.errors is None or not found.is_valid:
            return None
        return self._server.errors.reporter.start_transaction(self._verb(), found)

    def _end_transaction(self, code: int) -> None:
        transaction = self._transaction
        if self.route:
            transaction.name, transaction.source = f"{self._verb()} {self.route}", "route"
        transaction.set_http_status(code)
        transaction.__exit__(None, None, None)


def _safely(do: Callable[..., object], *arguments: object) -> None:
    """A processor of the host's own may raise, or no stack be left: the request must not fail by it."""
    try:
        do(*arguments)
    except Exception:
        return


def own_request_id(span: Span, *, continued: bool) -> str:
    """The id of a request whose caller has sent none."""
    found = span.get_span_context()
    if not found.is_valid:  # the SDK is disabled: there is still an id to find the lines by
        return uuid4().hex
    trace_id = format_trace_id(found.trace_id)
    return f"{trace_id}-{format_span_id(found.span_id)}" if continued else trace_id


def _host_and_port(host: str) -> tuple[str, int | None]:
    address, colon, port = host[:_MAX_HEADER].rpartition(":")
    if colon and port.isascii() and port.isdigit() and len(port) <= 5:  # noqa: PLR2004
        return address.strip("[]"), int(port)
    return host[:_MAX_HEADER].strip("[]"), None
