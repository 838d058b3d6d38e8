"""An app of a few lines behind the middleware."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.test import Client

from obskit.wsgi import ObskitMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def serving(body: Callable[[], Any] = lambda: None, status: str = "200 OK") -> Client:
    """A client of an app that runs `body` and answers with two bytes."""

    def app(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body()
        start_response(status, [("Content-Length", "2")])
        return [b"ok"]

    return Client(ObskitMiddleware(app))
