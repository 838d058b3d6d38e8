"""The WSGI path: any WSGI app, observed. Flask and Django stand on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from opentelemetry import context as otel_context
from opentelemetry.trace import Span

from obskit import default_runtime
from obskit.context import accepted_request_id
from obskit.environ import body_of, incoming_of, url_of
from obskit.probes import Probe, Probes, caching, written
from obskit.telemetry import levels
from obskit.telemetry.adoption import span_around_wsgi
from obskit.telemetry.exchange import Exchange
from obskit.telemetry.pages import Pages
from obskit.telemetry.server import Server, unobserved
from obskit.telemetry.slow_request import sampled

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ExcInfo = tuple[type[BaseException], BaseException, TracebackType]
#: Gives the route's template of a request whose response begins, or None.
RouteOf = Callable[[Mapping[str, Any]], str | None]
#: Where the exchange lies in the environ, for what a framework knows and WSGI does not.
EXCHANGE = "obskit.exchange"


class ObskitMiddleware:
    """WSGI middleware: context, span, metrics, access line and the header `X-Request-ID`.

    Before `obskit.init` it passes everything on untouched.

    Args:
        app: The WSGI app.
        route: How to find the route's template. Without it spans and metrics carry none: a raw path
            would make a series for each URL.
        probes: Answers health paths; without it there are none.
        is_route: Whether the app has a route for a health path: then the app answers.
        span_of: Finds the span that an instrumentation of the host's own makes of the request.

    >>> def app(environ, start_response):
    ...     start_response("200 OK", [])
    ...     return [b"hello"]
    >>> app = ObskitMiddleware(app)
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        route: RouteOf = lambda _environ: None,
        probes: Probes | None = None,
        is_route: Callable[[str], bool] = lambda _path: False,
        span_of: Callable[[], Span | None] = span_around_wsgi,
    ) -> None:
        self.app = app
        self._route = route
        self._probes = probes
        self._is_route = is_route
        self._span_of = span_of
        if probes is not None:
            probes.start_when_served()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        runtime = default_runtime.current()
        if runtime is None or runtime.server is None:
            return self.app(environ, start_response)
        levels.refresh()
        if self._probes is not None:
            self._probes.start(runtime)
            path = environ.get("PATH_INFO", "")
            if self._probes.takes(runtime, path) and not self._is_route(path):
                answer = self._probes.answer(runtime, _probe(environ, path))
                return _answered(environ, _named(environ, start_response), *answer)
        if "HTTP_UPGRADE" in environ and environ["HTTP_UPGRADE"].lower() == "websocket":
            return self.app(environ, start_response)  # the socket outlives what a request is
        if runtime.server.excludes_any and runtime.server.excludes(url_of(environ)):
            return self._unobserved(environ, start_response)
        try:
            exchange = Exchange(runtime.server, incoming_of(environ), self._span_of())
        except Exception:  # a sampler of the host's own may raise, or hardly any stack be left
            runtime.ledger.refuse("traces", "not_begun")
            return self.app(environ, _named(environ, start_response))
        environ[EXCHANGE] = exchange
        response = _Response(exchange, environ, self._route, runtime.server)
        return response.begin(self.app, start_response)

    def _unobserved(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        token = otel_context.attach(unobserved())
        try:
            return self.app(environ, _named(environ, start_response))
        finally:
            otel_context.detach(token)


class _Response:
    """The response on its way out: counts its bytes, and ends the exchange when it ends."""

    def __init__(
        self, exchange: Exchange, environ: WSGIEnvironment, route: RouteOf, server: Server
    ) -> None:
        self._exchange = exchange
        self._server = server
        self._environ = environ
        self._route = route
        self._status: int | None = None
        self._size = 0
        self._length = -1
        self._iterable: Iterable[bytes] = ()
        self._iterator: Iterator[bytes] = iter(())

    def begin(self, app: WSGIApplication, start_response: StartResponse) -> _Response:
        """Call the app. What it raises goes on to the server."""

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
        ) -> Callable[[bytes], object]:
            self._status = _status_code(status)
            # Asked now: a framework may forget the request before it returns.
            self._exchange.route = _found(self._route, self._environ) or self._exchange.route
            self._length = _content_length(headers)
            sent = _with_request_id(headers, self._exchange.request_id)
            if self._server.pages is not None:
                self._head(self._server.pages, sent)
            write = start_response(status, sent, exc_info)

            def counted(data: bytes) -> object:
                self._size += len(data)
                return write(data)

            return counted

        self._exchange.enter()
        method = str(self._environ.get("REQUEST_METHOD"))
        end_sample = sampled(self._server, self._exchange, method)
        try:
            self._iterable = app(self._environ, start)
            self._iterator = iter(self._iterable)
        except BaseException as error:
            self._break_off(error)
            raise
        finally:
            end_sample()
            self._exchange.leave()
        return self

    def __iter__(self) -> _Response:
        return self

    def __next__(self) -> bytes:
        self._exchange.enter()
        try:
            data = next(self._iterator)
            self._size += len(data)
            # The last byte is known: who never asks for more, as test clients do, ends it too.
            if self._size == self._length:
                self._finish(self._status)
        except StopIteration:
            self._finish(self._status)
            raise
        except BaseException as error:
            self._break_off(error)
            raise
        finally:
            self._exchange.leave()
        return data

    def close(self) -> None:
        """The server is done, or the client is gone."""
        self._exchange.enter()
        try:
            close = getattr(self._iterable, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            self._break_off(error)
            raise
        finally:
            self._finish(self._status)
            self._exchange.leave()

    def _head(self, pages: Pages, headers: list[tuple[str, str]]) -> None:
        kind = next((value for name, value in headers if name.lower() == "content-type"), None)
        told = pages.heading(kind, self._exchange.span, self._exchange.route)
        if told:
            headers.append(("Server-Timing", told))

    def _break_off(self, error: BaseException) -> None:
        # Whatever the app has left current is not this request's.
        self._exchange.leave()
        self._exchange.enter()
        if isinstance(error, Exception):
            with suppress(Exception):  # what the app raised must reach the server, and nothing else
                self._exchange.failed(error)
        self._finish(None)

    def _finish(self, status: int | None) -> None:
        # Read late: a proxy fix inside the app may have put the client's own address there.
        client = str(self._environ.get("REMOTE_ADDR", ""))
        with suppress(Exception):  # no stack is left, even to say so
            self._exchange.finish(status, self._size, client)


def _named(environ: WSGIEnvironment, start_response: StartResponse) -> StartResponse:
    """For requests that leave no trace: they have an id all the same."""
    request_id = accepted_request_id(environ.get("HTTP_X_REQUEST_ID")) or uuid4().hex

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Any:
        return start_response(status, _with_request_id(headers, request_id), exc_info)

    return start


def _with_request_id(headers: list[tuple[str, str]], request_id: str) -> list[tuple[str, str]]:
    kept = [pair for pair in headers if pair[0].lower() != "x-request-id"]
    kept.append(("X-Request-ID", request_id))
    return kept


def _found(route: RouteOf, environ: WSGIEnvironment) -> str | None:
    try:
        return route(environ)
    except Exception:  # the host's own code
        return None


def _content_length(headers: list[tuple[str, str]]) -> int:
    for name, value in headers:
        # No longer than what `int` reads in any case.
        if name.lower() == "content-length" and value[:99].isascii() and value[:99].isdigit():
            return int(value[:99])
    return -1


def _status_code(status: str) -> int:
    code = status[:3]
    return int(code) if code.isascii() and code.isdigit() else 500


def _probe(environ: WSGIEnvironment, path: str) -> Probe:
    return Probe(
        path,
        environ.get("QUERY_STRING", ""),
        lambda name: environ.get("HTTP_" + name.upper().replace("-", "_")),
        environ.get("REMOTE_ADDR", ""),
        environ,
        environ.get("REQUEST_METHOD", "GET"),
        lambda most: body_of(environ, most),
    )


def _answered(
    environ: WSGIEnvironment,
    start_response: StartResponse,
    status: int,
    body: dict[str, Any] | str | bytes,
) -> list[bytes]:
    content_type, content = written(body)
    phrase = HTTPStatus(status).phrase
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(content))),
        ("Cache-Control", caching(body)),
    ]
    start_response(f"{status} {phrase}", headers)
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [content]
