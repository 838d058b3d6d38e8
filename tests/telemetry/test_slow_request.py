"""Of requests that are slow it is told where their time went, by WSGI and by ASGI."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator
from time import thread_time
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client

import obskit
from obskit import default_runtime
from obskit.asgi import ObskitMiddleware as ObskitAsgi
from obskit.asgi_scope import AsgiScope
from obskit.capture import Capture, capturing
from obskit.clock import SYSTEM_CLOCK
from obskit.conversation import Message, Receive, Send
from obskit.wsgi import ObskitMiddleware

pytest.importorskip("pyinstrument", reason="the extra is not installed")

from obskit.telemetry import stacks

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def look_for_a_seat() -> None:
    """Long enough to be seen some times."""
    end = thread_time() + 0.2
    while thread_time() < end:
        sum(range(100))


def clean_the_hall() -> None:
    look_for_a_seat()


def told(capture: Capture) -> list[dict[str, Any]]:
    return [line for line in capture.lines if line["logger"] == "obskit.profile"]


@pytest.fixture
def slow_requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[Capture]:
    """What is told where requests of more than 50 ms are profiled, by a clock that runs."""
    monkeypatch.setenv("OBSKIT_PROFILE_SLOW_REQUESTS", "0.05")
    obskit.init("shop", log_format="none")
    runtime = default_runtime.current()
    assert runtime is not None
    with capturing() as capture:
        monkeypatch.setattr(runtime.server, "clock", SYSTEM_CLOCK)
        yield capture


def client() -> Client:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/seats":
            look_for_a_seat()
        if environ["PATH_INFO"] == "/fails":
            look_for_a_seat()
            raise KeyError("row")
        start_response("200 OK", [])
        return [b"ok"]

    return Client(ObskitMiddleware(app, route=lambda environ: environ["PATH_INFO"]))


def test_a_slow_request_keeps_its_profile_in_its_trace(slow_requests: Capture) -> None:
    response = client().get("/seats", buffered=True)
    client().get("/", buffered=True)
    with pytest.raises(KeyError):
        client().get("/fails", buffered=True)
    first, second = told(slow_requests)
    assert (first["event"], second["event"]) == ("profile of GET /seats", "profile of GET")
    assert first["request_id"] == response.headers["X-Request-ID"]
    assert "look_for_a_seat" in first["obskit.profile.tree"]
    assert sys.getprofile() is None


async def hall(scope: AsgiScope, receive: Receive, send: Send) -> None:
    """An ASGI app: its paths are what is done before the response begins, and after."""
    if scope["type"] == "websocket":
        look_for_a_seat()
        await send({"type": "websocket.close"})
        return
    if scope["path"] == "/seats":
        look_for_a_seat()
        await asyncio.sleep(0.3)
    if scope["path"] == "/hall":
        await asyncio.sleep(0.02)
        clean_the_hall()
    if scope["path"] == "/fails":
        look_for_a_seat()
        raise KeyError("row")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/late":
        look_for_a_seat()
    await send({"type": "http.response.body", "body": b"ok"})


async def ask(path: str, kind: str = "http") -> str:
    """Ask the hall; gives the id of the request."""
    found: list[Message] = []

    async def receive() -> Message:
        return {"type": f"{kind}.disconnect"}

    async def send(message: Message) -> None:
        found.append(message)

    app = ObskitAsgi(hall, route=lambda scope: scope["path"])
    scope = {"type": kind, "method": "GET", "path": path, "scheme": "http", "headers": []}
    await app(scope, receive, send)
    return str(dict(found[0].get("headers", ())).get(b"x-request-id", b"").decode())


def test_a_slow_request_of_an_event_loop_keeps_its_own_profile_in_its_trace(
    slow_requests: Capture,
) -> None:
    async def both() -> tuple[str, str, str]:
        return await asyncio.gather(ask("/seats"), ask("/hall"), ask("/"))

    seats, hall, _ = asyncio.run(both())
    trees = {line["request_id"]: line for line in told(slow_requests)}
    assert trees[seats]["event"] == "profile of GET /seats"
    assert "look_for_a_seat" in trees[seats]["obskit.profile.tree"]
    assert "sleep  asyncio" in trees[seats]["obskit.profile.tree"]
    assert "clean_the_hall" not in trees[seats]["obskit.profile.tree"]
    assert "clean_the_hall" in trees[hall]["obskit.profile.tree"]
    assert sys.getprofile() is None


def test_a_request_of_an_event_loop_that_fails_keeps_its_profile(slow_requests: Capture) -> None:
    with pytest.raises(KeyError):
        asyncio.run(ask("/fails"))
    (line,) = told(slow_requests)
    assert "look_for_a_seat" in line["obskit.profile.tree"]
    assert sys.getprofile() is None


@pytest.mark.parametrize(("path", "kind"), [("/late", "http"), ("/", "websocket")])
def test_what_goes_on_for_long_is_not_sampled(path: str, kind: str, slow_requests: Capture) -> None:
    """A stream after its beginning, and a websocket: a few of them would sample a whole loop."""
    asyncio.run(ask(path, kind))
    assert told(slow_requests) == []
    assert sys.getprofile() is None


def test_of_many_requests_at_once_some_are_sampled_and_the_others_counted(
    slow_requests: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacks, "_MOST_AT_ONCE", 2)

    async def all_at_once() -> None:
        await asyncio.gather(*(ask("/seats") for _ in range(5)))
        await ask("/seats")

    asyncio.run(all_at_once())
    assert len(told(slow_requests)) == 3
    assert obskit.status()["ledger"]["logs"]["dropped"] == {"profile_not_begun": 3}


def test_without_the_option_no_request_is_sampled() -> None:
    obskit.init("shop", log_format="none")
    with capturing() as capture:
        client().get("/seats", buffered=True)
    assert told(capture) == []
