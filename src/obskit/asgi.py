"""The ASGI path: any ASGI app, observed. FastAPI and Starlette stand on it."""

from __future__ import annotations

import sys
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from opentelemetry import context as otel_context
from opentelemetry.trace import Span

from obskit import beacon, default_runtime
from obskit.asgi_scope import AsgiScope, client_of, header_of, incoming_of, path_of, url_of
from obskit.context import accepted_request_id
from obskit.conversation import App, Conversation, Message, Receive, RouteOf, Send, with_request_id
from obskit.lifespan import Lifespan
from obskit.probes import Probe, Probes, caching, written
from obskit.runtime import Runtime
from obskit.telemetry import levels
from obskit.telemetry.adoption import current_server_span
from obskit.telemetry.exchange import Exchange
from obskit.telemetry.server import Server, unobserved

#: Where the exchange lies in the scope, for what a framework knows and ASGI does not.
EXCHANGE = "obskit.exchange"
# FastAPI makes a span of its own for each app, those mounted in it too, where it finds no such key.
_FASTAPI = "fastapi.telemetry"
# The names under which others make spans of requests: FastAPI itself, and the contrib packages.
_OTHERS = ("fastapi", "opentelemetry.instrumentation.")
_CONTRIB = "opentelemetry.instrumentation.asgi"
_KINDS = frozenset(("http", "websocket"))
_BEGINNINGS = frozenset(
    ("http.response.start", "websocket.accept", "websocket.http.response.start")
)


class ObskitMiddleware:
    """ASGI middleware: context, span, metrics, access line and the header `X-Request-ID`.

    Before `obskit.init` it passes everything on untouched. It wants to be the outermost one, so that
    an answer of 500 has its id too. A websocket is one span and one line, whatever is sent over it.

    Args:
        app: The ASGI app.
        route: How to find the route's template. Without it spans and metrics carry none: a raw path
            would make a series for each URL.
        probes: Answers health paths; without it there are none.
        is_route: Whether the app has a route for a health path: then the app answers.

    >>> async def app(scope, receive, send):
    ...     await send({"type": "http.response.start", "status": 200})
    ...     await send({"type": "http.response.body", "body": b"hello"})
    >>> app = ObskitMiddleware(app)
    """

    def __init__(
        self,
        app: App,
        *,
        route: RouteOf = lambda _scope: None,
        probes: Probes | None = None,
        is_route: Callable[[str], bool] = lambda _path: False,
    ) -> None:
        self.app = app
        self._route = route
        self._probes = probes
        self._is_route = is_route
        self._known: tuple[AbstractEventLoop, Runtime] | None = None

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Serve one request, one websocket, or the lifespan of the process."""
        if scope["type"] == "lifespan":
            lifespan = Lifespan(self._probes, self._serving, receive, send)
            await self.app(scope, lifespan.receive, lifespan.send)
            return
        runtime = default_runtime.current()
        if runtime is None or runtime.server is None or scope["type"] not in _KINDS:
            await self.app(scope, receive, send)
            return
        self._serving(runtime, runtime.server)
        if self._probes is not None and scope["type"] == "http":
            path = path_of(scope)
            if self._probes.takes(runtime, path) and not self._is_route(path):
                body = await _body(receive) if scope["method"] == "POST" else b""
                answer = self._probes.answer(runtime, _probe(scope, path, body))
                await _answer(scope, _naming(scope, send), *answer)
                return
        if EXCHANGE in scope:  # an app within an app, both of them observed
            await self.app(scope, receive, send)
            return
        levels.refresh()
        await self._observed(runtime, runtime.server, scope, receive, send)

    def _serving(self, runtime: Runtime, server: Server) -> None:
        """This process serves. Costs little: called often."""
        loop = _loop()
        if self._probes is not None:
            self._probes.start(runtime, loop)
        if loop is not None and (loop, runtime) != self._known:
            self._known = loop, runtime
            if runtime.sends or runtime.scraped is not None:
                server.event_loop.watch(loop)

    async def _observed(
        self, runtime: Runtime, server: Server, scope: AsgiScope, receive: Receive, send: Send
    ) -> None:
        scope.setdefault(_FASTAPI, None)
        if server.excludes_any and server.excludes(url_of(scope)):
            await self._unobserved(scope, receive, send)
            return
        try:
            exchange = Exchange(server, incoming_of(scope), _span_of_others(scope))
        except Exception:  # a sampler of the host's own may raise, or hardly any stack be left
            runtime.ledger.refuse("traces", "not_begun")
            await self.app(scope, receive, _naming(scope, send))
            return
        scope[EXCHANGE] = exchange
        conversation = Conversation(exchange, scope, receive, send, self._route, server)
        await conversation.run(self.app)

    async def _unobserved(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        scope[EXCHANGE] = None
        before, hidden = otel_context.get_current(), unobserved()
        otel_context.attach(hidden)
        try:
            await self.app(scope, receive, _naming(scope, send))
        finally:
            # Not `detach`: a coroutine that is closed from elsewhere cannot give its token back.
            if otel_context.get_current() is hidden:
                otel_context.attach(before)


def _loop() -> AbstractEventLoop | None:
    try:
        return get_running_loop()
    except RuntimeError:  # a server on trio
        return None


def _span_of_others(scope: AsgiScope) -> Span | None:
    """The span that an instrumentation of the host's own has made for this request."""
    not_kept = scope[_FASTAPI] is not None or _CONTRIB in sys.modules
    return current_server_span(_OTHERS, or_not_kept=not_kept)


def _naming(scope: AsgiScope, send: Send) -> Send:
    """For requests that leave no trace: they have an id all the same."""
    request_id = accepted_request_id(header_of(scope, "x-request-id")) or uuid4().hex

    async def named(message: Message) -> None:
        begins = message["type"] in _BEGINNINGS
        await send(with_request_id(message, request_id) if begins else message)

    return named


def _probe(scope: AsgiScope, path: str, body: bytes) -> Probe:
    return Probe(
        path,
        scope.get("query_string", b"").decode("latin-1"),
        lambda name: header_of(scope, name),
        client_of(scope),
        scope,
        scope["method"],
        lambda most: body[:most],
    )


async def _body(receive: Receive) -> bytes:
    """The body, or as much of one that is too large as shows that."""
    found, more = b"", True
    while more and len(found) <= beacon.MOST:
        message = await receive()
        found += message.get("body", b"")
        more = message.get("more_body", False)
    return found


async def _answer(
    scope: AsgiScope, send: Send, status: int, body: dict[str, Any] | str | bytes
) -> None:
    content_type, content = written(body)
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", caching(body).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    content = b"" if scope["method"] == "HEAD" else content
    await send({"type": "http.response.body", "body": content})


def contrib_of(app: Any) -> Any:
    """The middleware of the contrib package that an app is already wrapped in, or None.

    Args:
        app: The outermost middleware of an app.
    """
    while app is not None:
        kind = type(app)
        if kind.__module__ == _CONTRIB and kind.__name__ == "OpenTelemetryMiddleware":
            return app
        app = getattr(app, "app", None)
    return None
