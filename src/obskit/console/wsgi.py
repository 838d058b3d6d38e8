"""The status page as a WSGI app, for any server and any framework that mounts one.

>>> from obskit.console import Console, Viewer
>>> from obskit.console.wsgi import Application
>>> page = Application(Console(access=lambda environ: Viewer("ann")))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from opentelemetry import context as otel_context

from obskit.console.console import Console
from obskit.console.message import MOST_BODY, Request, Response
from obskit.environ import body_of
from obskit.telemetry.hidden import hide
from obskit.telemetry.server import unobserved
from obskit.wsgi import EXCHANGE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


T = TypeVar("T")


class Application:
    """A WSGI app of the status page alone. A stream is one event: no worker is held by who watches.

    Args:
        console: The status page.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        found = answered(self._console, environ)
        length = [] if found.rest else [("Content-Length", str(len(found.body)))]
        start_response(reason(found.status), [*found.headers, *length])
        return parts(found)


class Mount:
    """A WSGI app with the status page under a prefix.

    Args:
        app: The app.
        console: The status page.
        prefix: Where it is, such as `/status`.

    Raises:
        ValueError: The prefix has no slash first, or nothing behind it.
    """

    def __init__(self, app: WSGIApplication, console: Console, prefix: str = "/status") -> None:
        self._prefix = checked(prefix)
        self.app = app
        self._page = Application(console)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or let the app do it."""
        path = environ.get("PATH_INFO", "")
        if path != self._prefix and not path.startswith(f"{self._prefix}/"):
            return self.app(environ, start_response)
        base, rest = environ.get("SCRIPT_NAME", "") + self._prefix, path[len(self._prefix) :]
        within = {**environ, "SCRIPT_NAME": base, "PATH_INFO": rest}
        return self._page(within, start_response)


def answered(console: Console, environ: Mapping[str, Any], host: Any = None) -> Response:
    """The answer to a request of WSGI's; it leaves no telemetry.

    Args:
        console: The status page.
        environ: The request; `SCRIPT_NAME` says where the page is mounted.
        host: What the host's access function is given; the environ by default.
    """
    hide(environ.get(EXCHANGE))
    return _unobserved(lambda: console.answer(_request(environ, host)))


def parts(found: Response) -> Iterator[bytes]:
    """The body of an answer, and then what follows it.

    Args:
        found: The answer.
    """
    yield found.body
    if found.rest is not None:
        yield _unobserved(found.rest)


def _unobserved(call: Callable[[], T]) -> T:
    token = otel_context.attach(unobserved())
    try:
        return call()
    finally:
        otel_context.detach(token)


def _request(environ: Mapping[str, Any], host: Any) -> Request:
    headers = {
        key[5:].lower().replace("_", "-"): str(value)
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    headers.setdefault("host", str(environ.get("SERVER_NAME", "")))
    method = str(environ.get("REQUEST_METHOD", "GET"))
    return Request(
        method,
        _text(environ.get("PATH_INFO", "")),
        _text(environ.get("SCRIPT_NAME", "")).rstrip("/"),
        str(environ.get("QUERY_STRING", "")),
        headers,
        body_of(environ, MOST_BODY) if method == "POST" else b"",
        str(environ.get("wsgi.url_scheme", "http")),
        environ if host is None else host,
        str(environ.get("REMOTE_ADDR") or ""),
    )


def _text(given: object) -> str:
    # PEP 3333, "Unicode issues": bytes as Latin-1.
    raw = str(given)
    return raw if raw.isascii() else raw.encode("latin-1", "replace").decode(errors="replace")


def moved(environ: Mapping[str, Any], base: str, path: str) -> dict[str, Any]:
    """A request as it would be if the page were mounted where a framework has its routes.

    Args:
        environ: The request.
        base: What stands before the page's paths.
        path: The path within the page, as the framework has read it.
    """
    names = {"SCRIPT_NAME": base, "PATH_INFO": f"/{path}"}
    return {**environ, **{key: text.encode().decode("latin-1") for key, text in names.items()}}


def reason(status: int) -> str:
    """A status as WSGI wants it, with its reason."""
    return f"{status} {HTTPStatus(status).phrase}"


def checked(prefix: str) -> str:
    """A prefix without its last slash.

    Raises:
        ValueError: It has no slash first, or nothing behind it.
    """
    if not prefix.startswith("/") or not prefix.strip("/"):
        raise ValueError(f"the prefix of the console is {prefix!r}: use a path such as /status")
    return prefix.rstrip("/")
