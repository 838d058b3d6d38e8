"""The FastAPI service that the servers run. Nothing in it knows of processes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse

import obskit
import obskit.fastapi
from obskit import metrics

obskit.init("shop")
log = obskit.get_logger("shop")


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """What the host does at its ends is told of, too."""
    log.info("begun")
    yield
    log.info("ended")


app = FastAPI(lifespan=lifespan)
obskit.fastapi.init_app(app)


@app.get("/")
async def index() -> PlainTextResponse:
    """Tell of the request in each signal, and answer the process's id."""
    log.info("served")
    metrics.count("served")
    return PlainTextResponse(str(os.getpid()))


@app.get("/boom")
async def boom() -> None:
    """Fail."""
    raise ZeroDivisionError("an empty basket")


@app.get("/stream")
async def stream() -> StreamingResponse:
    """Answer for as long as somebody listens."""

    async def parts() -> AsyncIterator[bytes]:
        while True:
            yield b"part"
            await asyncio.sleep(0.01)

    return StreamingResponse(parts())


@app.get("/stream/in-threads")
async def stream_in_threads() -> StreamingResponse:
    """The same, one thread after the other."""

    def parts() -> Iterator[bytes]:
        while True:
            with obskit.span("part"):
                yield b"part"

    return StreamingResponse(parts())


@app.websocket("/rooms/{room}")
async def enter(websocket: WebSocket, room: int) -> None:
    """Say everything twice."""
    await websocket.accept()
    async for text in websocket.iter_text():
        log.info("heard")
        await websocket.send_text(text * 2)
