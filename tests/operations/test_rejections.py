"""Responses 401 and 429, counted where real clients are given them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from obskit.capture import Capture
from obskit.operations import rejections
from obskit.operations.rejections import count_rejections
from obskit.operations.surroundings import Surroundings

httpx = pytest.importorskip("httpx")
requests = pytest.importorskip("requests")


class Answering(BaseHTTPRequestHandler):
    """Answers with the status that the path says."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def provider(
    install: Callable[..., Surroundings], monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    install()
    monkeypatch.setattr(rejections, "_hosts", set())
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def counted(capture: Capture) -> dict[tuple[str, int], float]:
    points = capture.metrics().get("obskit.http.client.rejections", [])
    return {
        (
            point["attributes"]["server.address"],
            point["attributes"]["http.response.status_code"],
        ): point["value"]
        for point in points
    }


def test_a_client_of_httpx(provider: str, obskit_capture: Capture) -> None:
    seen: list[int] = []
    hooks = {"response": [lambda response: seen.append(response.status_code)]}
    with httpx.Client(event_hooks=hooks) as client:
        assert count_rejections(count_rejections(client)) is client
        for status in (200, 401, 429, 429, 500):
            client.get(f"{provider}/{status}")
    assert counted(obskit_capture) == {("127.0.0.1", 401): 1, ("127.0.0.1", 429): 2}
    assert seen == [200, 401, 429, 429, 500]


def test_an_asynchronous_client_of_httpx(provider: str, obskit_capture: Capture) -> None:
    async def ask() -> None:
        async with httpx.AsyncClient() as client:
            count_rejections(client)
            await client.get(f"{provider}/429")
            await client.get(f"{provider}/204")

    asyncio.run(ask())
    assert counted(obskit_capture) == {("127.0.0.1", 429): 1}


def test_a_session_of_requests(provider: str, obskit_capture: Capture) -> None:
    with requests.Session() as session:
        assert count_rejections(count_rejections(session)) is session
        assert session.get(f"{provider}/401").status_code == 401
        session.get(f"{provider}/200")
    assert counted(obskit_capture) == {("127.0.0.1", 401): 1}


def test_hosts_are_bounded(
    install: Callable[..., Surroundings],
    obskit_capture: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install()
    monkeypatch.setattr(rejections, "_hosts", set())
    transport = httpx.MockTransport(lambda _: httpx.Response(429))
    with httpx.Client(transport=transport) as client:
        count_rejections(client)
        for number in range(105):
            client.get(f"http://host-{number}.example/")
    found = counted(obskit_capture)
    assert len(found) == 101
    assert found["other", 429] == 5


def test_another_thing_is_refused() -> None:
    with pytest.raises(TypeError, match="count_rejections was given a dict: give it a Client"):
        count_rejections({})
