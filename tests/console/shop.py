"""A service with the status page, for servers that run in processes of their own.

`application` is a Flask app, `wsgi` any WSGI app, `api` a FastAPI app, `asgi` the page alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from flask import Flask

import obskit
import obskit.console.asgi
import obskit.console.flask
import obskit.console.wsgi
import obskit.fastapi
import obskit.flask
from obskit import check
from obskit.console import Console, Viewer
from obskit.wsgi import ObskitMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

obskit.init("shop", log_format="json")


@check("rows", on="job:import", scope="process")
def rows() -> int:
    """Rows."""
    return 3


def known(request: Mapping[str, Any]) -> Viewer | None:
    """Whoever says who they are; for WSGI and ASGI alike."""
    if "HTTP_X_USER" in request:
        return Viewer(str(request["HTTP_X_USER"]), may_act=True)
    name = dict(request.get("headers", ())).get(b"x-user")
    return None if name is None else Viewer(name.decode(), may_act=True)


application = Flask("shop")
obskit.flask.init_app(application)
obskit.console.flask.init_console(application, access=known)


@application.get("/")
def index() -> str:
    """The shop."""
    return "shop"


def shop(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "4")])
    return [b"shop"]


wsgi = ObskitMiddleware(obskit.console.wsgi.Mount(shop, Console(access=known), "/ops/status"))

api = FastAPI()
obskit.fastapi.init_app(api)
api.mount("/status", obskit.console.asgi.Application(Console(access=known)))


@api.get("/")
async def front() -> str:
    """The shop."""
    return "shop"


asgi = obskit.console.asgi.Application(Console(access=known))
