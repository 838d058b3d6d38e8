"""A client of ASGI apps, in the same process: every message can be seen; and an app of two bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from obskit.asgi import ObskitMiddleware

App = Callable[..., Awaitable[None]]
Message = dict[str, Any]


class Answer:
    """What came back.

    Attributes:
        messages: What the app has sent, in order.
        error: What it raised.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.error: BaseException | None = None

    @property
    def status(self) -> int:
        """Of the response."""
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        """Of the response, or of the opened websocket."""
        return {name.decode(): value.decode() for name, value in self.messages[0]["headers"]}

    @property
    def request_id(self) -> str:
        """What its header says."""
        return self.headers["x-request-id"]

    @property
    def body(self) -> bytes:
        """All of it."""
        return b"".join(message.get("body", b"") for message in self.messages)


def scope_of(
    path: str, headers: Mapping[str, str] | None = None, kind: str = "http", **more: Any
) -> dict[str, Any]:
    """A request as a server tells of it."""
    given = {"host": "shop.example", "user-agent": "test", **(headers or {})}
    path, _, query = path.partition("?")
    own: dict[str, Any] = {"method": "GET"} if kind == "http" else {"subprotocols": []}
    return {
        **own,
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "http" if kind == "http" else "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (key.lower().encode(), value.encode("latin-1")) for key, value in given.items()
        ],
        "client": ("192.0.2.7", 4711),
        "server": ("127.0.0.1", 8000),
        "state": {},
        **more,
    }


async def ask(app: App, scope: dict[str, Any], *incoming: Message) -> Answer:
    """Call the app once; what it raises is in the answer.

    Args:
        app: The app.
        scope: The request.
        *incoming: What it receives, in order; afterwards nothing ever comes.
    """
    answer, waiting = Answer(), list(incoming)

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    async def send(message: Message) -> None:
        answer.messages.append(message)

    try:
        await app(scope, receive, send)
    except Exception as error:
        answer.error = error
    return answer


def get(app: App, path: str = "/", headers: Mapping[str, str] | None = None, **more: Any) -> Answer:
    """Ask for a path, on a loop of its own."""
    scope = scope_of(path, headers, **more)
    return asyncio.run(ask(app, scope, {"type": "http.request", "body": b""}))


def connect(app: App, path: str, messages: Sequence[Message]) -> Answer:
    """Open a websocket, and let the app receive these."""
    scope = scope_of(path, kind="websocket")
    return asyncio.run(ask(app, scope, {"type": "websocket.connect"}, *messages))


def serving(body: Callable[[], Any] = lambda: None, status: int = 200, **options: Any) -> App:
    """An app that runs `body` and answers with two bytes."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        body()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    return ObskitMiddleware(app, **options)


def raising(error: Exception) -> Callable[[], None]:
    """A body that fails."""

    def fail() -> None:
        raise error

    return fail
