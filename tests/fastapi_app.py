"""A FastAPI app with a few routes, and what was told of it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, HTTPException

import obskit
import obskit.fastapi
from obskit.capture import Capture
from obskit.registry import Registry

log = obskit.get_logger("shop")


def shop(registry: Registry | None = None, **options: Any) -> FastAPI:
    """An app with a few routes."""
    app = FastAPI()
    obskit.fastapi.init_app(app, registry=Registry() if registry is None else registry, **options)

    @app.get("/products/{number}")
    async def product(number: int) -> str:
        log.info("product.seen", number=number)
        return "ok"

    @app.get("/threaded")
    def threaded() -> str:
        log.info("in a thread")
        return "ok"

    @app.get("/boom")
    async def boom() -> str:
        raise ZeroDivisionError("an empty basket")

    @app.get("/gone")
    async def gone() -> str:
        raise HTTPException(410)

    @app.get("/oops")
    async def oops() -> str:
        raise HTTPException(500)

    return app


def names_of(capture: Capture) -> list[str]:
    return [span.name for span in capture.spans]


def events(capture: Capture) -> list[str]:
    return [line["event"] for line in capture.lines]
