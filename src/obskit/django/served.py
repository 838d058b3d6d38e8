"""One request in the middleware: its exchange, from what comes after to the last byte."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.utils.log import log_response
from opentelemetry import context as otel_context

from obskit import context
from obskit.context import accepted_request_id
from obskit.django import queries, routes, users
from obskit.django.request import environ_of, exchange_of, span_of_others
from obskit.django.streams import AsyncStream, Ending, Stream
from obskit.environ import incoming_of, url_of
from obskit.runtime import Runtime
from obskit.telemetry.exchange import Exchange
from obskit.telemetry.server import unobserved
from obskit.telemetry.slow_request import sampled
from obskit.wsgi import EXCHANGE

if TYPE_CHECKING:
    from typing_extensions import Self

_HEADER = "X-Request-ID"
_REFUSED = 400  # of these and those above Django writes a line
_LEFT = 499  # nginx's, for a client that is gone: there is no standard one


class Served:
    """A request while the rest of Django serves it.

    Where a middleware of ours around Django observes the request already, that one's exchange is
    told of the route and the user, and nothing doubles.

    Args:
        runtime: Whose request it is.
        request: The request, as Django has it.
    """

    def __init__(self, runtime: Runtime, request: Any) -> None:
        self._runtime = runtime
        self._request = request
        self._exchange: Exchange | None = None
        self._around: Any = exchange_of(request)
        self._unobserved: Any = None
        self._status: int | None = None
        self._size = 0
        self._streams = False
        self._queries = queries.Told()
        self._end_sample: Callable[[], object] = bool

    def __enter__(self) -> Self:
        if self._around is None:
            self._begin()
        self._queries.begin()
        if self._exchange is not None and self._runtime.server is not None:
            method = str(self._request.method)
            self._end_sample = sampled(self._runtime.server, self._exchange, method)
        return self

    def __exit__(
        self, _type: object, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self._status = None if isinstance(error, Exception) else _LEFT
        self._end_sample()
        exchange = self._exchange
        if isinstance(error, Exception) and exchange is not None:
            exchange.failed(error)
        self._tell_last(exchange or self._around)
        self._queries.end()
        if exchange is not None:
            if not self._streams:
                self._ending(exchange).finish(self._size)
            # A coroutine that is closed from elsewhere ends in a context that is not its own.
            if context.current() is exchange.scope:
                exchange.leave()
        elif self._unobserved is not None:
            otel_context.detach(self._unobserved)

    def is_to_log(self, response: Any) -> bool:
        """Whether `log` has anything to say: else Django says it, once the request is over."""
        return self._exchange is not None and response.status_code >= _REFUSED

    def log(self, response: Any) -> None:
        """Have Django write its line of a response now, so that the line is the request's.

        Args:
            response: The response. Django writes no second line of it.
        """
        told = response.reason_phrase, self._request.path
        log_response("%s: %s", *told, response=response, request=self._request)

    def answered(self, response: Any) -> None:
        """There is a response. One that is not streamed is all there, and ends the exchange."""
        if self._around is not None:
            return
        exchange = self._exchange
        if exchange is None:
            given = self._request.META.get("HTTP_X_REQUEST_ID")
            response[_HEADER] = accepted_request_id(given) or uuid4().hex
            return
        response[_HEADER] = exchange.request_id
        self._head(exchange, response)
        self._status = response.status_code
        if not response.streaming:
            self._size = len(response.content)
        elif getattr(response, "file_to_stream", None) is not None:
            self._size = _length(response)  # the server may send the file by itself
        else:
            kind = AsyncStream if response.is_async else Stream
            parts = kind(response.streaming_content, self._ending(exchange))
            response.streaming_content = parts
            self._streams = True

    def _head(self, exchange: Exchange, response: Any) -> None:
        server = self._runtime.server
        if server is None or server.pages is None:
            return
        kind, given = response.get("Content-Type"), response.get("Server-Timing")
        told = server.pages.heading(kind, exchange.span, exchange.route)
        if told:
            response["Server-Timing"] = f"{given}, {told}" if given else told

    def _begin(self) -> None:
        server = self._runtime.server
        if server is None:
            return
        environ = environ_of(self._request)
        if server.excludes_any and server.excludes(url_of(environ)):
            self._unobserved = otel_context.attach(unobserved())
            return
        try:
            exchange = Exchange(server, incoming_of(environ), span_of_others(self._request))
        except Exception:  # a sampler of the host's own may raise, or hardly any stack be left
            self._runtime.ledger.refuse("traces", "not_begun")
            return
        self._exchange = self._request.META[EXCHANGE] = exchange
        exchange.enter()

    def _tell_last(self, exchange: Any) -> None:
        if exchange is not None:
            with suppress(Exception):  # the host's own user, or a route that nobody has foreseen
                users.bind_known(self._request)
                exchange.route = routes.route_of(self._request)
        self._queries.tell()

    def _ending(self, exchange: Exchange) -> Ending:
        return Ending(exchange, str(self._request.META.get("REMOTE_ADDR", "")), self._status)


def _length(response: Any) -> int:
    given = str(response.get("Content-Length", ""))
    return int(given[:19]) if given.isascii() and given.isdigit() else 0
