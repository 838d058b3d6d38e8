"""The status page as a WSGI app."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")
pytest.importorskip("werkzeug", reason="Werkzeug is not installed")

from opentelemetry import context, trace
from tests.console.browser import console
from tests.console.given import ANN, BOB, overview, rows, service
from werkzeug.test import Client, EnvironBuilder, create_environ, run_wsgi_app

from obskit import Registry
from obskit.capture import Capture
from obskit.console import Console
from obskit.console.wsgi import Application, Mount
from obskit.overview.model import Overview
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


def test_the_top_is_sent_while_nobody_has_looked_yet_and_a_page_that_is_kept_at_once() -> None:
    looks: list[Overview] = []

    def look() -> Overview:
        looks.append(overview())
        return looks[-1]

    page = Application(console(of=service(look)))
    parts, headers = _asked(page)
    top = next(parts)
    assert (looks, "Content-Length" in headers) == ([], False)
    assert top.endswith(b'<p class="brand"><a href="/">shop</a></p>')
    rest = b"".join(parts)
    assert (len(looks), rest.endswith(b"</html>")) == (1, True)
    parts, headers = _asked(page)
    assert list(parts) == [top + rest]
    assert (headers["Content-Length"], len(looks)) == (str(len(top + rest)), 1)


def _asked(page: Application) -> tuple[Iterator[bytes], dict[str, str]]:
    told: dict[str, str] = {}

    def start(_status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
        told.update(headers)

    # The same cookie each time: the forms of the page hold what it says.
    environ = create_environ("/", headers={"Cookie": "obskit_console=0123"})
    return iter(page(environ, start)), told


@pytest.mark.parametrize("base", ["/deep", "/deep/"])
def test_where_something_else_mounts_it_links_lead_there(base: str) -> None:
    client, given = Client(Application(console())), {"SCRIPT_NAME": base}
    assert 'href="/deep/check/rows"' in client.get("/", environ_overrides=given).text
    client = Client(Mount(shop, console()))
    assert 'href="/deep/status/check/rows"' in client.get("/status/", "http://x/deep/").text


def test_the_query_is_read() -> None:
    found = Client(Mount(shop, console())).get("/status/request?id=r-1")
    assert (found.status_code, found.headers["Location"]) == (303, "/status/request/r-1")


def test_the_access_of_the_host_is_asked_with_the_environ() -> None:
    asked: list[tuple[str, str]] = []

    def look(environ: Any) -> Any:
        asked.append((environ["SCRIPT_NAME"], environ["HTTP_X_USER"]))
        return ANN

    shown = service()
    page = Mount(shop, Console(access=look, service=lambda: shown))
    assert Client(page).get("/status/", headers={"X-User": "ann"}).status_code == 200
    assert asked == [("/status", "ann")]


@pytest.mark.parametrize("prefix", ["status", "", "/"])
def test_a_prefix_that_is_none_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="the prefix of the console is"):
        Mount(shop, console(), prefix)


def test_a_form_is_read() -> None:
    shown = service()
    client = Client(Mount(shop, Console(access="s3cret", service=lambda: shown)))
    assert client.post("/status/login", data={"token": "s3cret"}).status_code == 303
    assert client.get("/status/").status_code == 200


def test_the_cookie_of_a_login_over_https_never_travels_without() -> None:
    shown = service()
    client = Client(Mount(shop, Console(access="s3cret", service=lambda: shown)))
    for scheme, is_secure in (("https", True), ("http", False)):
        found = client.post("/status/login", f"{scheme}://x/", data={"token": "s3cret"})
        assert (found.status_code, "; Secure" in found.headers["Set-Cookie"]) == (303, is_secure)


@pytest.mark.parametrize(
    ("origin", "status"), [("http://shop.example", 303), ("https://evil.example", 403)]
)
@pytest.mark.parametrize("host", ["shop.example", None], ids=["host", "no host"])
def test_nobody_signs_in_from_another_site(origin: str, status: int, host: str | None) -> None:
    shown = service()
    page = Mount(shop, Console(access="s3cret", service=lambda: shown))
    form = EnvironBuilder(
        "/status/login", "http://shop.example", method="POST", data={"token": "s3cret"}
    )
    environ = {**form.get_environ(), "HTTP_ORIGIN": origin, "HTTP_HOST": host}
    if host is None:  # HTTP/1.0 has none
        del environ["HTTP_HOST"]
    assert run_wsgi_app(page, environ)[1].startswith(f"{status} ")


def test_only_the_body_of_a_form_is_read() -> None:
    class Unread:
        def read(self, _most: int) -> bytes:
            raise AssertionError

    given = {"wsgi.input": Unread(), "CONTENT_LENGTH": "5"}
    page = Mount(shop, console())
    assert Client(page).get("/status/", environ_overrides=given).status_code == 200


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


def test_what_the_login_of_the_host_does_leaves_no_telemetry(obskit_capture: Capture) -> None:
    def look(_environ: Any) -> Any:
        with trace.get_tracer("host").start_as_current_span("SELECT user"):
            return ANN

    shown, before = service(), context.get_current()
    page = Mount(shop, Console(access=look, service=lambda: shown))
    assert Client(ObskitMiddleware(page)).get("/status/").status_code == 200
    assert Client(page).get("/status/").status_code == 200
    assert list(obskit_capture.spans) == []
    assert context.get_current() == before


def test_what_is_read_for_the_page_leaves_no_telemetry(obskit_capture: Capture) -> None:
    def look() -> Overview:
        with trace.get_tracer("host").start_as_current_span("SELECT latest"):
            return overview()

    page = Application(console(of=service(look)))
    assert "shop is unhealthy" in Client(page).get("/").text
    assert list(obskit_capture.spans) == []


def test_the_page_shows_what_the_process_has_found(obskit_capture: Capture) -> None:
    registry = Registry()
    registry.add("rows", lambda: 3, every="1h", scope="process")
    client = Client(Mount(shop, Console(registry, access=lambda _environ: ANN)))
    page = client.get("/status/")
    assert (page.status_code, "rows" in page.text) == (200, True)
    assert client.get("/status/check/rows").status_code == 200
    assert client.get("/status/request/0123456789abcdef0123456789abcdef").status_code == 404


def test_paths_that_are_no_ascii_are_read() -> None:
    seen = replace(overview(), checks=[replace(rows(), name="größe")])
    client = Client(Mount(shop, console(of=service(lambda: seen))))
    assert client.get("/status/check/größe").status_code == 200
    assert "Not found" in client.get("/status/check/größer").text
    broken = {"PATH_INFO": "/status/check/\xff"}
    assert client.get("/", environ_overrides=broken).status_code == 404
