"""The service that the application servers run. Nothing in it knows of processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from typing import Any

import obskit
from obskit import Registry, metrics
from obskit.probes import Probes
from obskit.wsgi import ObskitMiddleware

obskit.init("shop")
log = obskit.get_logger("shop")


def respond(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Tell of the request in each signal, and answer the process's id."""
    log.info("served")
    metrics.count("served")
    if environ["PATH_INFO"] == "/slow":
        time.sleep(60)
    if environ["PATH_INFO"] == "/killed":
        os.kill(os.getpid(), signal.SIGKILL)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]


application = ObskitMiddleware(respond)
probed = ObskitMiddleware(respond, probes=Probes(Registry()))


async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The same as an ASGI app."""
    if scope["type"] != "http":
        return
    with obskit.span("GET"):
        log.info("served")
        metrics.count("served")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
