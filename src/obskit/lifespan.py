"""The lifespan of an ASGI process: checks begin when it serves, and what waits leaves when it ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from obskit import default_runtime
from obskit.probes import Probes
from obskit.runtime import Runtime
from obskit.telemetry.server import Server

Message = MutableMapping[str, Any]
_ENDED = frozenset(("lifespan.shutdown.complete", "lifespan.shutdown.failed"))


class Lifespan:
    """Passes the messages of a lifespan on between the server and the app.

    Args:
        probes: Of the app.
        serving: Called when the app is ready to serve.
        receive: The server's.
        send: The server's.
    """

    def __init__(
        self,
        probes: Probes | None,
        serving: Callable[[Runtime, Server], None],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        self._probes = probes
        self._serving = serving
        self._receive = receive
        self._send = send

    async def receive(self) -> Message:
        """What the server says: when it wants the app to end, the app is not ready any more."""
        message = await self._receive()
        if message["type"] == "lifespan.shutdown":
            self._tell(ending=True)
        return message

    async def send(self, message: Message) -> None:
        """What the app says: it has begun, so its checks may; it has ended, so all is told."""
        runtime = default_runtime.current()
        if runtime is not None and runtime.server is not None:
            if message["type"] == "lifespan.startup.complete":
                self._tell(ending=False)
                runtime.hosting.spent = 0.0
                self._serving(runtime, runtime.server)
            elif message["type"] in _ENDED:
                await _flush(runtime)
        await self._send(message)

    def _tell(self, *, ending: bool) -> None:
        runtime = default_runtime.current()
        if runtime is not None and self._probes is not None:
            self._probes.mark(runtime, ending=ending)


async def _flush(runtime: Runtime) -> None:
    """Send what waits, on a thread of its own: neither the loop nor its executor waits for it.

    The process has the rest of its budget when it ends.
    """
    loop, begun = asyncio.get_running_loop(), runtime.clock.monotonic()
    half, done = runtime.config.shutdown_timeout / 2, asyncio.Event()

    def flush() -> None:
        runtime.flush(half)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(done.set)

    try:
        threading.Thread(target=flush, name="obskit-flush", daemon=True).start()
    except RuntimeError:  # no more threads: the end of the process sends it
        return
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(done.wait(), half)
    runtime.hosting.spent = min(half, runtime.clock.monotonic() - begun)
