"""Streams of the status page over ASGI: who watches is told of each change, until an end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")

from tests.asking import Answer, ask, get, scope_of
from tests.console.browser import console
from tests.console.given import overview, service

from obskit.console import asgi, live
from obskit.console.asgi import Application


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_STEP", 0.005)
    monkeypatch.setattr(live, "_LOOK", 0.01)


class Watching:
    """Somebody who watches, until they leave."""

    def __init__(self, page: Application) -> None:
        self.answer = Answer()
        self._coming = iter([{"type": "http.request", "body": b"", "more_body": False}])
        self.gone = asyncio.Event()
        self._news = asyncio.Event()
        self._task = asyncio.ensure_future(page(scope_of("/events"), self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        for message in self._coming:
            return message
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


def test_while_nothing_changes_comments_keep_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asgi, "_BREATH", 0.001)
    seen = [overview()]
    page = console(of=service(lambda: seen[0]))
    known = page._current()
    assert known is not None

    async def watch() -> None:
        watching = Watching(Application(page))
        await watching.has(b":\n\n")
        seen[0] = replace(overview(), health="healthy")
        known[2].forget()
        digest = known[2].seen().digest.encode()
        await watching.has(b"data: " + digest + b"\n\n:\n\n:\n\n:\n\n")
        watching.gone.set()
        await watching.end()

    asyncio.run(asyncio.wait_for(watch(), 60))


def test_a_stream_ends_when_the_server_does() -> None:
    page = console()

    async def watch() -> None:
        before = asyncio.all_tasks()
        watching = [Watching(Application(page)) for _ in range(3)]
        for each in watching:
            await each.has(b"data: ")
        assert page.live is not None
        page.live._tell("", ending=True)
        for each in watching:
            await each.end()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == before

    asyncio.run(asyncio.wait_for(watch(), 60))


@pytest.mark.parametrize("lasts", [0.0, 0.01])
def test_a_stream_ends_by_itself_and_the_browser_comes_again(
    monkeypatch: pytest.MonkeyPatch, lasts: float
) -> None:
    monkeypatch.setattr(asgi, "_LASTS", lasts)
    monkeypatch.setattr(asgi, "_BREATH", 600.0)
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


def test_who_asks_for_the_head_of_a_stream_has_that_alone() -> None:
    scope = scope_of("/events", method="HEAD")
    answer = asyncio.run(ask(Application(console()), scope))
    assert (answer.status, answer.body) == (200, b"")
    assert len(answer.messages) == 2


def test_strangers_have_no_stream() -> None:
    answer = get(Application(console(None)), "/events")
    assert (answer.status, answer.body) == (403, b"")
