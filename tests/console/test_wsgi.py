"""The status page as a WSGI app."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")
pytest.importorskip("werkzeug", reason="Werkzeug is not installed")

from tests.console.browser import console
from tests.console.given import ANN, BOB, service
from werkzeug.test import Client

from obskit import Registry
from obskit.capture import Capture
from obskit.console import Console
from obskit.console.wsgi import Application, Mount
from obskit.wsgi import ObskitMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def shop(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "4")])
    return [b"shop"]


@pytest.mark.parametrize("prefix", ["/status", "/status/", "/ops/status"])
def test_the_page_stands_under_its_prefix_and_the_rest_is_the_apps(prefix: str) -> None:
    client, base = Client(Mount(shop, console(), prefix)), prefix.rstrip("/")
    assert client.get(f"{base}/").status_code == 200
    assert client.get(base).headers["Location"] == f"{base}/"
    assert f'href="{base}/check/rows"' in client.get(f"{base}/").text
    assert [client.get(path).data for path in ("/", f"{base}x", "/other")] == [b"shop"] * 3


def test_where_something_else_mounts_it_links_lead_there() -> None:
    client = Client(Application(console()))
    assert 'href="/deep/check/rows"' in client.get("/", "http://x/deep/").text


@pytest.mark.parametrize("prefix", ["status", "", "/"])
def test_a_prefix_that_is_none_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="the prefix of the console is"):
        Mount(shop, console(), prefix)


def test_a_form_is_read() -> None:
    shown = service()
    client = Client(Mount(shop, Console(access="s3cret", service=lambda: shown)))
    assert client.post("/status/login", data={"token": "s3cret"}).status_code == 303
    assert client.get("/status/").status_code == 200


def test_who_tries_too_often_is_known_by_the_address() -> None:
    shown = service()
    client = Client(Mount(shop, Console(access="s3cret", service=lambda: shown)))

    def guess(address: str) -> int:
        found = client.post(
            "/status/login", data={"token": "x"}, environ_base={"REMOTE_ADDR": address}
        )
        return found.status_code

    assert [guess("192.0.2.1") for _ in range(11)] == [401] * 10 + [429]
    assert guess("192.0.2.2") == 401


def test_a_stream_is_one_event_and_the_end() -> None:
    response = Client(Mount(shop, console())).get("/status/events")
    assert response.headers["Content-Length"] == str(len(response.data))
    assert response.data.startswith(b"retry: 5000\ndata: ")
    assert response.data.endswith(b"\n\n")


def test_requests_of_the_page_leave_no_telemetry(obskit_capture: Capture) -> None:
    client = Client(ObskitMiddleware(Mount(shop, console(BOB))))
    for path in ("/status/", "/status/events", "/status/nowhere", "/status/check/rows"):
        assert "X-Request-ID" in client.get(path).headers
    assert (list(obskit_capture.spans), list(obskit_capture.lines)) == ([], [])
    client.get("/")
    assert [each.name for each in obskit_capture.spans] == ["GET"]


def test_the_page_shows_what_the_process_has_found(obskit_capture: Capture) -> None:
    registry = Registry()
    registry.add("rows", lambda: 3, every="1h", scope="process")
    client = Client(Mount(shop, Console(registry, access=lambda _environ: ANN)))
    page = client.get("/status/")
    assert (page.status_code, "rows" in page.text) == (200, True)
    assert client.get("/status/check/rows").status_code == 200
    assert client.get("/status/request/0123456789abcdef0123456789abcdef").status_code == 404


def test_paths_that_are_no_ascii_are_read() -> None:
    assert "Not found" in Client(Mount(shop, console())).get("/status/check/größe").text
