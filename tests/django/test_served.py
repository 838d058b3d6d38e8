"""Requests that end as few do, through the middleware alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpResponse
from django.test import AsyncClient, AsyncRequestFactory, Client, RequestFactory
from tests.asking import get
from tests.running import running

import obskit.asgi
from obskit import context, default_runtime
from obskit.capture import Capture, capturing
from obskit.django.middleware import Middleware


def statuses(capture: Capture) -> list[int]:
    """What the access lines say."""
    return [line["http.response.status_code"] for line in capture.lines]


async def _never(_request: Any) -> HttpResponse:
    await asyncio.Event().wait()
    raise AssertionError


def test_a_client_that_leaves_is_no_error(obskit_capture: Capture) -> None:
    async def leave() -> None:
        task = asyncio.ensure_future(Middleware(_never)(AsyncRequestFactory().get("/")))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())
    assert statuses(obskit_capture) == [499]
    assert obskit_capture.errors == []


def test_a_request_that_is_closed_from_elsewhere_raises_nothing(obskit_capture: Capture) -> None:
    async def close() -> None:
        serving = Middleware(_never)(AsyncRequestFactory().get("/"))
        copy_context().run(serving.send, None)
        serving.close()

    asyncio.run(close())
    assert statuses(obskit_capture) == [499]
    assert context.current() is None


class _Broken:
    @property
    def is_authenticated(self) -> bool:
        raise ZeroDivisionError("no such user")


def _with_broken_user(request: Any) -> HttpResponse:
    request.user = _Broken()
    return HttpResponse("ok")


@pytest.mark.parametrize(
    "respond",
    [
        _with_broken_user,
        lambda _request: SimpleNamespace(status_code=200),
        lambda _request: SimpleNamespace(status_code=200, streaming=True),
    ],
    ids=["user", "response", "stream"],
)
def test_what_is_of_the_hosts_own_making_is_handed_on(
    respond: Callable[[Any], Any], obskit_capture: Capture
) -> None:
    assert Middleware(respond)(RequestFactory().get("/")).status_code == 200
    assert len(obskit_capture.lines) == 1
    assert len(obskit_capture.spans) == 1
    assert context.current() is None


def test_a_url_that_is_excluded_has_an_id_and_leaves_no_trace(client: Client) -> None:
    with running(excluded_urls=["/filled/"]) as runtime:
        default_runtime.replace(runtime)
        with capturing() as capture:
            response = client.get("/filled/", headers={"X-Request-ID": "b7c2-1"})
            default_runtime.replace(None)
    assert response.headers["X-Request-ID"] == "b7c2-1"
    assert capture.spans == []
    assert [line["event"] for line in capture.lines] == ["filled by 7"]


def test_asgi_middleware_of_ours_around_django_tells_once(obskit_capture: Capture) -> None:
    answer = get(obskit.asgi.ObskitMiddleware(ASGIHandler()), "/waits/", {"Host": "testserver"})
    assert answer.body == b"ok"
    assert answer.request_id is not None
    obskit_capture.assert_one_story(answer.request_id)
    assert [line["event"] for line in obskit_capture.lines] == ["waited", "GET /waits/ 200"]
    assert [span.name for span in obskit_capture.spans] == ["GET /waits/"]


def test_an_asynchronous_check_runs_on_the_loop_that_serves(obskit_capture: Capture) -> None:
    from obskit.registry import default_registry

    async def ask() -> None:
        async def respond(_request: Any) -> HttpResponse:
            return HttpResponse("ok")

        await Middleware(respond)(AsyncRequestFactory().get("/"))
        assert default_registry.loop is asyncio.get_running_loop()

    asyncio.run(ask())
    default_registry.loop = None


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_page_view_is_taken_and_a_page_tells_its_route(
    asynchronous: bool, client: Client
) -> None:
    with running(beacon_path="/-/page-views") as runtime:
        default_runtime.replace(runtime)
        with capturing() as capture:
            asked: Any = AsyncClient() if asynchronous else client
            ask: Any = _waiting(asked.get) if asynchronous else asked.get
            send: Any = _waiting(asked.post) if asynchronous else asked.post
            page = ask("/admin/login/")
            sent = send(
                "/-/page-views",
                '{"values":{"lcp":1200}}',
                content_type="text/plain",
                headers={"Sec-Fetch-Site": "same-origin"},
            )
            timing = capture.metrics()["obskit.page.timing"]
        default_runtime.replace(None)
    assert page.headers["Server-Timing"].endswith('route;desc="/admin/login/"')
    assert (sent.status_code, sent.json()) == (202, {"status": "taken"})
    assert [point["sum"] for point in timing] == [1.2]


def _waiting(ask: Callable[..., Any]) -> Callable[..., Any]:
    async def asked(*args: Any, **options: Any) -> Any:
        return await ask(*args, **options)

    return async_to_sync(asked)
