"""Which route a request of a FastAPI or Starlette app is told of under."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.asking import ask, get, scope_of

import obskit
from obskit.capture import Capture

pytest.importorskip("fastapi", reason="FastAPI is not installed")

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from tests.fastapi_app import events, log, names_of, shop

import obskit.fastapi


def test_a_route_names_the_span_the_metric_and_the_line(obskit_capture: Capture) -> None:
    answer = get(shop(), "/products/7")
    obskit_capture.assert_one_story(answer.request_id)
    assert names_of(obskit_capture) == ["GET /products/{number}"]
    assert obskit_capture.lines[-1]["http.route"] == "/products/{number}"
    points = obskit_capture.metrics()["http.server.request.duration"]
    assert [point["attributes"]["http.route"] for point in points] == ["/products/{number}"]


def test_thousands_of_unknown_paths_are_one_series(obskit_capture: Capture) -> None:
    app = shop()

    async def everywhere() -> None:
        for number in range(2_000):
            await ask(app, scope_of(f"/nothing/{number}"))

    asyncio.run(everywhere())
    points = obskit_capture.metrics()["http.server.request.duration"]
    assert [(point["count"], point["attributes"].get("http.route")) for point in points] == [
        (2_000, None)
    ]


def test_a_method_that_a_route_refuses_is_told_of_under_the_route(obskit_capture: Capture) -> None:
    assert get(shop(), "/products/7", method="DELETE").status == 405
    assert names_of(obskit_capture) == ["DELETE /products/{number}"]


def test_a_method_that_nobody_knows_is_named_as_the_conventions_say(
    obskit_capture: Capture,
) -> None:
    get(shop(), "/products/7", method="BREW")
    assert names_of(obskit_capture) == ["HTTP /products/{number}"]


def included() -> FastAPI:
    app, orders, lines = FastAPI(), APIRouter(), APIRouter()

    @lines.get("/lines/{line}")
    async def line(order: int, line: int) -> str:
        return "ok"

    orders.include_router(lines, prefix="/orders/{order}")
    app.include_router(orders, prefix="/v1")
    return app


def mounted() -> FastAPI:
    app, inner = FastAPI(), FastAPI()

    @inner.get("/rooms/{room}")
    async def room(room: int) -> str:
        return "ok"

    app.mount("/hotels/{hotel}", inner)
    return app


def static() -> FastAPI:
    app = FastAPI()
    app.mount("/here", StaticFiles(directory="src/obskit"))
    return app


@pytest.mark.parametrize(
    ("app", "path", "route"),
    [
        (included, "/v1/orders/3/lines/4", "/v1/orders/{order}/lines/{line}"),
        (mounted, "/hotels/3/rooms/4", "/hotels/{hotel}/rooms/{room}"),
        (mounted, "/hotels/3/nothing", "/hotels/{hotel}"),
        (static, "/here/py.typed", "/here"),
    ],
    ids=["included", "mounted", "unknown within a mount", "static files"],
)
def test_routers_and_mounts_show_their_prefix_in_the_route(
    obskit_capture: Capture, app: Any, path: str, route: str
) -> None:
    get(obskit.fastapi.init_app(app()), path)
    assert names_of(obskit_capture) == [f"GET {route}"]


def test_a_proxys_prefix_is_no_part_of_the_route(obskit_capture: Capture) -> None:
    get(shop(), "/behind/products/7", root_path="/behind")
    assert names_of(obskit_capture) == ["GET /products/{number}"]
    assert (obskit_capture.spans[0].attributes or {})["url.path"] == "/behind/products/7"


def test_an_observed_app_in_an_observed_app_is_one_span(obskit_capture: Capture) -> None:
    app = FastAPI()
    app.mount("/inner", shop())
    assert get(obskit.fastapi.init_app(app), "/inner/products/7").status == 200
    assert names_of(obskit_capture) == ["GET /inner/products/{number}"]
    assert events(obskit_capture) == ["product.seen", "GET /inner/products/7 200"]


def test_plain_starlette_is_observed_alike(obskit_capture: Capture) -> None:
    async def seen(_request: Any) -> JSONResponse:
        log.info("seen")
        return JSONResponse({})

    inner = Mount("/inner/{name}", routes=[Route("/things/{thing}", seen)])
    app = obskit.fastapi.init_app(Starlette(routes=[Route("/things/{thing}", seen), inner]))
    answer = get(app, "/things/3")
    obskit_capture.assert_one_story(answer.request_id)
    get(app, "/inner/ann/things/3")
    assert names_of(obskit_capture) == [
        "GET /things/{thing}",
        "GET /inner/{name}/things/{thing}",
    ]
