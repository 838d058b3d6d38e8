"""The status page as an ASGI app."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")

from tests.asking import Answer, ask, get, scope_of
from tests.checks.given import eventually
from tests.console.browser import console
from tests.console.given import ANN, BOB, overview, service

from obskit.asgi import ObskitMiddleware
from obskit.capture import Capture
from obskit.console import Console, asgi, live
from obskit.console.asgi import Application


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_STEP", 0.005)
    monkeypatch.setattr(live, "_LOOK", 0.01)


@pytest.mark.parametrize("path", ["/status/", "/"], ids=["whole", "within"])
def test_the_page_is_answered_whether_or_not_the_path_has_its_prefix(path: str) -> None:
    answer = get(Application(console()), path, root_path="/status")
    assert answer.error is None
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-length"] == str(len(answer.body))
    assert b'href="/status/check/rows"' in answer.body


def test_a_form_is_read_in_its_parts() -> None:
    shown = service()
    page = Application(Console(access="s3cret", service=lambda: shown))
    parts: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"token=s3", "more_body": True},
        {"type": "http.request", "body": b"cret"},
    ]
    answer = asyncio.run(ask(page, scope_of("/login", method="POST"), *parts))
    assert answer.status == 303


def test_who_tries_too_often_is_known_by_the_address() -> None:
    shown = service()
    page = Application(Console(access="s3cret", service=lambda: shown))

    def guess(address: str) -> int:
        scope = {**scope_of("/login", method="POST"), "client": (address, 7)}
        body = {"type": "http.request", "body": b"token=x"}
        return asyncio.run(ask(page, scope, body)).status

    assert [guess("192.0.2.1") for _ in range(11)] == [401] * 10 + [429]
    assert guess("192.0.2.2") == 401


def test_of_a_form_that_is_too_large_no_more_is_read() -> None:
    asked: list[int] = []

    async def receive() -> dict[str, Any]:
        asked.append(1)
        return {"type": "http.request", "body": b"x" * 8_192, "more_body": True}

    async def send(_message: Any) -> None: ...

    asyncio.run(Application(console())(scope_of("/login", method="POST"), receive, send))
    assert len(asked) == 2


class Watching:
    """Somebody who watches, until they leave."""

    def __init__(self, page: Application) -> None:
        self.answer = Answer()
        self.gone = asyncio.Event()
        self._news = asyncio.Event()
        self._task = asyncio.ensure_future(page(scope_of("/events"), self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.answer.messages.append(dict(message))
        self._news.set()

    async def has(self, part: bytes) -> None:
        while part not in self.answer.body:
            self._news.clear()
            await self._news.wait()

    async def end(self) -> None:
        await asyncio.wait_for(self._task, 60)


def test_who_watches_is_told_of_each_change_until_they_leave() -> None:
    seen = [overview()]
    page = console(of=service(lambda: seen[0]))
    known = page._current()
    assert known is not None
    looking = known[2]

    async def watch() -> Answer:
        watching = Watching(Application(page))
        await watching.has(b"data: " + looking.seen().digest.encode())
        seen[0] = replace(overview(), health="healthy")
        looking.forget()
        await watching.has(b"data: " + looking.seen().digest.encode())
        watching.gone.set()
        await watching.end()
        return watching.answer

    answer = asyncio.run(asyncio.wait_for(watch(), 60))
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-length" not in answer.headers
    assert answer.messages[-1] == {"type": "http.response.body", "body": b""}
    assert page.live is not None
    assert len(page.live) == 0


def test_a_stream_ends_when_the_server_does() -> None:
    page = console()

    async def watch() -> None:
        watching = [Watching(Application(page)) for _ in range(3)]
        for each in watching:
            await each.has(b"data: ")
        assert page.live is not None
        page.live._tell("", ending=True)
        for each in watching:
            await each.end()

    asyncio.run(asyncio.wait_for(watch(), 60))


def test_a_stream_ends_by_itself_and_the_browser_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asgi, "_LASTS", 0.0)
    answer = get(Application(console()), "/events")
    assert (answer.error, answer.messages[-1]) == (
        None,
        {"type": "http.response.body", "body": b""},
    )


def test_with_no_room_a_stream_is_one_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST", 0)
    answer = get(Application(console()), "/events")
    assert answer.body.count(b"data: ") == 1
    assert answer.messages[-1] == {"type": "http.response.body", "body": b""}


def test_a_client_that_is_gone_is_no_error() -> None:
    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise OSError("gone")

    asyncio.run(Application(console())(scope_of("/events"), receive, send))


def test_strangers_have_no_stream() -> None:
    answer = get(Application(console(None)), "/events")
    assert (answer.status, answer.body) == (403, b"")


def test_the_access_of_the_host_is_asked_off_the_loop_with_the_scope() -> None:
    asked: list[tuple[str, str]] = []

    def look(scope: Any) -> Any:
        asked.append((scope["path"], threading.current_thread().name))
        return ANN

    shown = service()
    get(Application(Console(access=look, service=lambda: shown)), "/")
    assert asked == [("/", "obskit-console-page")]
    eventually(lambda: "obskit-console-page" not in {each.name for each in threading.enumerate()})


def test_requests_of_the_page_leave_no_telemetry(obskit_capture: Capture) -> None:
    app = ObskitMiddleware(Application(console(BOB)))
    for path in ("/", "/nowhere", "/check/rows"):
        assert get(app, path).request_id
    assert (list(obskit_capture.spans), list(obskit_capture.lines)) == ([], [])


def test_a_websocket_is_refused() -> None:
    scope = scope_of("/events", kind="websocket")
    answer = asyncio.run(ask(Application(console()), scope, {"type": "websocket.connect"}))
    assert answer.messages == [{"type": "websocket.close", "code": 1000}]


def test_alone_it_answers_the_lifespan_of_its_server() -> None:
    incoming = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    answer = asyncio.run(ask(Application(console()), {"type": "lifespan"}, *incoming))
    assert [each["type"] for each in answer.messages] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
