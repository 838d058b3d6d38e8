"""The status page as an ASGI app. FastAPI and Starlette mount it: `app.mount("/status", Application(console))`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar

from opentelemetry import context as otel_context

from obskit.asgi import EXCHANGE
from obskit.asgi_scope import AsgiScope, client_of
from obskit.console.answers import event
from obskit.console.console import Console
from obskit.console.live import Live
from obskit.console.message import MOST_BODY, Request, Response
from obskit.conversation import Message, Receive, Send
from obskit.telemetry.hidden import hide
from obskit.telemetry.server import unobserved

T = TypeVar("T")
# A comment goes out so often, so that proxies keep the connection, seconds.
_BREATH = 15.0
# A stream ends by itself after so long, and the browser comes again: a server of which nobody can
# tell that it is about to end waits for no longer. Seconds.
_LASTS = 120.0


class Application:
    """An ASGI app of the status page alone. Each who watches has a stream of their own.

    Args:
        console: The status page. What it is asked is answered on a thread: the host's access function
            is called there too, with the scope, and not awaited.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await _live_on(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        hide(scope.get(EXCHANGE))
        body = await _body(receive) if scope["method"] == "POST" else b""
        request = _request(scope, body)
        found = await _on_a_thread(lambda: self._console.answer(request))
        live = self._console.live if found.streams and request.method == "GET" else None
        await send(_start(found, is_whole=live is None and found.rest is None))
        if live is not None:
            await _stream(live, found.body, receive, send)
        elif found.rest is not None:
            await send(_part(found.body))
            await send(_last(await _on_a_thread(found.rest)))
        else:
            await send(_last(found.body))


async def _on_a_thread(call: Callable[[], T]) -> T:
    """What a call gives, on a daemon thread: the loop goes on, and an exit does not wait for it."""
    loop, context = asyncio.get_running_loop(), copy_context()
    context.run(otel_context.attach, unobserved())
    told: asyncio.Future[T] = loop.create_future()

    def tell(found: T) -> None:
        if not told.done():
            told.set_result(found)

    def work() -> None:
        found = context.run(call)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, found)

    try:
        threading.Thread(target=work, name="obskit-console-page", daemon=True).start()
    except RuntimeError:  # no more threads
        return context.run(call)
    return await told


async def _stream(live: Live, first: bytes, receive: Receive, send: Send) -> None:
    """Tell what changes, until the client is gone, the server ends, or it has lasted long enough."""
    loop, woken = asyncio.get_running_loop(), asyncio.Event()
    gone = asyncio.ensure_future(_gone(receive))
    gone.add_done_callback(lambda _: woken.set())
    until, told = loop.time() + _LASTS, ""
    try:
        with live.watched(lambda: loop.call_soon_threadsafe(woken.set)) as taken:
            await send(_part(first))
            while taken and not gone.done() and not live.ending and loop.time() < until:
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(woken.wait(), min(_BREATH, until - loop.time()))
                woken.clear()
                text = event(live.latest) if live.latest != told else ":\n\n"
                told = live.latest
                if not gone.done():
                    await send(_part(text.encode()))
        await send(_last(b""))
    except OSError:  # ASGI 2.4: so a server tells that the client is gone
        return
    finally:
        gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _part(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


def _last(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body}


def _start(found: Response, *, is_whole: bool) -> Message:
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in found.headers]
    if is_whole:
        headers.append((b"content-length", str(len(found.body)).encode()))
    return {"type": "http.response.start", "status": found.status, "headers": headers}


def _request(scope: AsgiScope, body: bytes) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    root, path = str(scope.get("root_path", "")).rstrip("/"), str(scope.get("path", ""))
    # Servers differ in whether the path has the prefix; the specification says it has.
    within = path[len(root) :] if root and (path == root or path.startswith(f"{root}/")) else path
    return Request(
        scope["method"],
        within,
        root,
        scope.get("query_string", b"").decode("latin-1"),
        headers,
        body,
        str(scope.get("scheme") or "http"),
        scope,
        client_of(scope),
    )


async def _body(receive: Receive) -> bytes:
    """The body, or as much of one that is too large as is read."""
    found, more = b"", True
    while more and len(found) < MOST_BODY:
        message = await receive()
        found += message.get("body", b"")
        more = message.get("more_body", False)
    return found[:MOST_BODY]


async def _live_on(receive: Receive, send: Send) -> None:
    """The lifespan of a server that serves nothing else."""
    while True:
        kind = (await receive())["type"].removeprefix("lifespan.")
        await send({"type": f"lifespan.{kind}.complete"})
        if kind == "shutdown":
            return
