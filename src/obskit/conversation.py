"""One request or one websocket of an ASGI app, on its way in and out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from contextvars import copy_context
from typing import Any

from obskit import context, names
from obskit.asgi_scope import AsgiScope, client_of
from obskit.telemetry import traces
from obskit.telemetry.exchange import Exchange
from obskit.telemetry.pages import Pages
from obskit.telemetry.server import Server
from obskit.telemetry.slow_request import sampled

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[AsgiScope, Receive, Send], Awaitable[None]]
#: Gives the route's template of a request whose response begins, or None.
RouteOf = Callable[[AsgiScope], str | None]

_HEADER = b"x-request-id"
_SWITCHED = 101  # RFC 9110: the websocket is open
_REFUSED = 403  # what servers answer for a websocket that the app closes without accepting it
_LEFT = 499  # nginx's, for a client that is gone: there is no standard one
_FAILED = 500
# What Starlette raises into the app when the client is gone. Named, as it may not be installed.
_CLIENT_GONE = frozenset(("ClientDisconnect", "WebSocketDisconnect"))


class Conversation:
    """Passes messages on between the server and the app, and ends the exchange when the last is sent.

    The app may go on afterwards, as background tasks do: that is no longer the response's time.

    Args:
        exchange: What the messages are of.
        scope: The request or connection, as an ASGI server gives it.
        receive: The server's.
        send: The server's.
        route: How to find the route's template.
        server: What takes page views and samples, where those are wanted.
    """

    def __init__(
        self,
        exchange: Exchange,
        scope: AsgiScope,
        receive: Receive,
        send: Send,
        route: RouteOf,
        server: Server,
    ) -> None:
        self._server = server
        self._exchange = exchange
        self._scope = scope
        self._receive = receive
        self._send = send
        self._route = route
        self._status: int | None = None
        self._size = 0
        self._trailers = False
        self._left = False
        self._finished = False
        self._end_sample: Callable[[], object] = bool
        if scope["type"] == "websocket":
            exchange.scope.errors = None  # nothing waits for the end, which may be hours away

    async def run(self, app: App) -> None:
        """Call the app. What it raises goes on to the server."""
        exchange = self._exchange
        exchange.enter()
        # The last message may be sent from another task, with something else current.
        self._context = copy_context()
        if self._scope["type"] == "http":
            self._end_sample = sampled(self._server, exchange, self._scope["method"])
        try:
            await app(self._scope, self._received, self._sent)
        except BaseException as error:
            self._break_off(error)
            raise
        finally:
            self._end_sample()
            self._finish(self._status or (_LEFT if self._left else _FAILED))
            # A coroutine that is closed from elsewhere ends in a context that is not its own.
            if context.current() is exchange.scope:
                exchange.leave()

    async def _received(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._left = True
        elif message["type"] == "websocket.disconnect":
            self._left = True
            self._close_code(message)
        return message

    async def _sent(self, message: Message) -> None:
        see = _SEEN.get(message["type"])
        if see is not None:
            message = see(self, message)
        try:
            await self._send(message)
        except OSError:  # ASGI 2.4: so a server tells that the client is gone
            self._left = True
            raise
        # Who sends a 5xx may raise next, as Starlette does: what it raises belongs to the request.
        if self._is_last(message) and self._status is not None and self._status < _FAILED:
            self._finish(self._status)

    def _start(self, message: Message) -> Message:
        self._status = message["status"]
        self._trailers = bool(message.get("trailers", False))
        return self._named(message)

    def _body(self, message: Message) -> Message:
        self._size += len(message.get("body", b""))
        return message

    def _accept(self, message: Message) -> Message:
        self._status = _SWITCHED
        return self._named(message)

    def _close(self, message: Message) -> Message:
        if self._status is None:
            self._status = _REFUSED
        self._close_code(message)
        return message

    def _named(self, message: Message) -> Message:
        # Asked now: what answers without a route, as a 404 does, has set none.
        with suppress(Exception):  # the host's own code
            self._exchange.route = self._route(self._scope) or self._exchange.route
        self._end_sample()  # a stream lasts for as long as both sides like
        named = with_request_id(message, self._exchange.request_id)
        if self._server.pages is not None:
            self._head(self._server.pages, named["headers"])
        return named

    def _head(self, pages: Pages, headers: list[tuple[bytes, bytes]]) -> None:
        kind = dict(headers).get(b"content-type", b"").decode("latin-1")
        told = pages.heading(kind, self._exchange.span, self._exchange.route)
        if told:
            headers.append((b"server-timing", told.encode()))

    def _close_code(self, message: Message) -> None:
        fields = self._exchange.scope.fields
        if names.WEBSOCKET_CLOSE_CODE not in fields:
            fields[names.WEBSOCKET_CLOSE_CODE] = code = message.get("code", 1000)
            with suppress(Exception):  # a span of the host's own making may refuse it
                self._exchange.span.set_attribute(names.WEBSOCKET_CLOSE_CODE, code)

    def _is_last(self, message: Message) -> bool:
        kind = message["type"]
        if kind in {"http.response.body", "http.response.zerocopysend"}:
            return not message.get("more_body", False) and not self._trailers
        if kind == "http.response.trailers":
            return not message.get("more_trailers", False)
        return bool(kind == "http.response.pathsend") and not self._trailers

    def _break_off(self, error: BaseException) -> None:
        """What the app raised must reach the server, and nothing else."""
        if not isinstance(error, Exception):  # cancelled: the server has given up on the client
            self._left = True
        elif not self._is_of_client(error):
            with suppress(Exception):
                self._exchange.failed(error)
            if self._finished:
                what = f"Unhandled exception after the response of {self._scope.get('path', '')}"
                with suppress(Exception):
                    traces.log_once(error, what, "obskit")
            self._finish(None)

    def _is_of_client(self, error: Exception) -> bool:
        return self._left and (isinstance(error, OSError) or type(error).__name__ in _CLIENT_GONE)

    def _finish(self, status: int | None) -> None:
        if self._finished:
            return
        self._finished = True
        # Read late: a middleware inside the app may have put the client's own address there.
        client = client_of(self._scope)
        with suppress(Exception):  # no stack is left, even to say so
            self._context.run(self._exchange.finish, status, self._size, client)


_SEEN: dict[str, Callable[[Conversation, Message], Message]] = {
    "http.response.start": Conversation._start,
    "http.response.body": Conversation._body,
    "websocket.accept": Conversation._accept,
    "websocket.close": Conversation._close,
    "websocket.http.response.start": Conversation._start,
    "websocket.http.response.body": Conversation._body,
}


def with_request_id(message: Message, request_id: str) -> Message:
    """A message that begins a response, with the header `X-Request-ID`: a copy.

    Args:
        message: It; an app may send one object many times.
        request_id: The header's value.
    """
    given: Iterable[tuple[bytes, bytes]] = message.get("headers") or ()
    headers = [pair for pair in given if pair[0].lower() != _HEADER]
    headers.append((_HEADER, request_id.encode("latin-1")))
    return {**message, "headers": headers}
