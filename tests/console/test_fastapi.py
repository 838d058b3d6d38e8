"""The status page in a FastAPI app, mounted as any ASGI app is."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")
pytest.importorskip("fastapi", reason="FastAPI is not installed")

from fastapi import FastAPI
from tests.asking import get

import obskit.fastapi
from obskit import Registry
from obskit.capture import Capture
from obskit.console import Console, Viewer
from obskit.console.asgi import Application


def shop() -> FastAPI:
    app, registry = FastAPI(), Registry()
    registry.add("rows", lambda: 3, on="job:import", scope="process")
    obskit.fastapi.init_app(app, registry=registry)

    def ann(_scope: Any) -> Viewer:
        return Viewer("ann")

    app.mount("/status", Application(Console(registry, access=ann)))

    @app.get("/")
    async def front() -> str:
        return "shop"

    return app


@pytest.mark.parametrize("root", ["", "/deep"])
def test_the_page_is_where_it_is_mounted(obskit_capture: Capture, root: str) -> None:
    answer = get(shop(), f"{root}/status/", root_path=root)
    assert answer.status == 200
    assert f'href="{root}/status/check/rows"'.encode() in answer.body
    assert get(shop(), f"{root}/status/check/rows", root_path=root).status == 200


def test_requests_of_the_page_leave_no_telemetry(obskit_capture: Capture) -> None:
    app = shop()
    assert get(app, "/status/").request_id
    assert (list(obskit_capture.spans), list(obskit_capture.lines)) == ([], [])
    get(app, "/")
    assert [each.name for each in obskit_capture.spans] == ["GET /"]
