"""A service whose developers have never heard of obskit."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask

app = Flask(__name__)

if "ASGI" in os.environ:
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def item(request: Any) -> PlainTextResponse:
        return PlainTextResponse(f"item {request.path_params['number']}")

    asgi = Starlette(routes=[Route("/items/{number}", item)])

if "OWN" in os.environ:
    import obskit
    import obskit.flask

    obskit.init("own")
    obskit.flask.init_app(app, prefix="/-")


@app.route("/items/<int:number>")
def show(number: int) -> str:
    return f"item {number}"


@app.route("/boom")
def boom() -> str:
    raise ZeroDivisionError("an empty basket")
