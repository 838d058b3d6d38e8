"""Requests through Django, as its own test client sends them."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIHandler
from django.test import AsyncClient, Client, override_settings

import obskit
from obskit.capture import Capture
from obskit.registry import default_registry


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("/products/7/", "/products/<int:number>/"),
        ("/archive/2026/", "/archive/<year>/"),
        ("/de/basket/red/", "/de/basket/<slug:name>/"),
        ("/gone/", "/gone/"),
    ],
)
def test_a_route_names_the_span_the_metric_and_the_line(
    path: str, route: str, client: Client, obskit_capture: Capture
) -> None:
    response = client.get(path)
    obskit_capture.assert_one_story(response.headers["X-Request-ID"])
    assert [span.name for span in obskit_capture.spans] == [f"GET {route}"]
    assert obskit_capture.lines[-1]["http.route"] == route
    points = obskit_capture.metrics()["http.server.request.duration"]
    assert [point["attributes"]["http.route"] for point in points] == [route]


def test_thousands_of_unknown_paths_are_one_series(client: Client, obskit_capture: Capture) -> None:
    for number in range(200):
        client.get(f"/nothing/{number}")
    points = obskit_capture.metrics()["http.server.request.duration"]
    assert [(point["count"], point["attributes"].get("http.route")) for point in points] == [
        (200, None)
    ]


@pytest.mark.parametrize("debug", [False, True])
def test_an_unhandled_exception_is_one_error_one_event_and_a_500_with_its_id(
    debug: bool, client: Client, obskit_capture: Capture
) -> None:
    with override_settings(DEBUG=debug):
        response = client.get("/shop/old-boom/")
    assert response.status_code == 500
    assert (b"an empty basket" in response.content) is debug
    obskit_capture.assert_one_story(response.headers["X-Request-ID"])
    (event,) = obskit_capture.errors
    assert event["transaction"] == "GET /shop/old-boom/"
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is False
    told = [line["event"] for line in obskit_capture.lines if "exception" in line]
    assert told == ["Internal Server Error: /shop/old-boom/"]
    (span,) = obskit_capture.spans
    assert span.name == "GET /shop/old-boom/"
    assert [one.name for one in span.events] == ["exception"]


def test_an_exception_that_django_lets_through_is_told_once(obskit_capture: Capture) -> None:
    with override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True), pytest.raises(ZeroDivisionError):
        Client().get("/shop/boom/")
    assert len(obskit_capture.errors) == 1
    assert [line["event"] for line in obskit_capture.lines if "exception" in line] == [
        "Unhandled exception on /shop/boom/"
    ]
    assert obskit_capture.lines[-1]["http.response.status_code"] == 500


@pytest.mark.parametrize(("path", "status"), [("/gone/", 410), ("/nothing", 404), ("/oops/", 500)])
def test_a_status_alone_is_no_error_event(
    path: str, status: int, client: Client, obskit_capture: Capture
) -> None:
    response = client.get(path)
    assert response.status_code == status
    assert "X-Request-ID" in response.headers
    assert obskit_capture.errors == []


def test_a_streamed_response_keeps_its_id_to_the_end(
    client: Client, obskit_capture: Capture
) -> None:
    response = client.get("/stream/")
    assert response.getvalue() == b"partpart"
    obskit_capture.assert_one_story(response.headers["X-Request-ID"])
    assert [line["event"] for line in obskit_capture.lines] == ["part", "part", "GET /stream/ 200"]
    assert obskit_capture.lines[-1]["http.response.body.size"] == 8


def test_a_stream_that_nobody_reads_ends_when_it_is_closed(
    client: Client, obskit_capture: Capture
) -> None:
    client.get("/stream/").close()
    assert [line["event"] for line in obskit_capture.lines] == ["GET /stream/ 200"]


def test_a_stream_that_breaks_is_told_with_its_exception(
    client: Client, obskit_capture: Capture
) -> None:
    response = client.get("/torn/")
    with pytest.raises(ZeroDivisionError):
        response.getvalue()
    assert len(obskit_capture.errors) == 1
    assert [line["event"] for line in obskit_capture.lines] == [
        "Unhandled exception on /torn/",
        "GET /torn/ 500",
    ]


def test_a_file_is_told_with_its_size(client: Client, obskit_capture: Capture) -> None:
    response = client.get("/file/")
    size = len(response.getvalue())
    assert obskit_capture.lines[-1]["http.response.body.size"] == size
    obskit_capture.assert_one_story(response.headers["X-Request-ID"])


def test_the_callers_id_is_kept(client: Client, obskit_capture: Capture) -> None:
    response = client.get("/products/7/", headers={"X-Request-ID": "b7c2-1"})
    assert response.headers["X-Request-ID"] == "b7c2-1"
    assert {line["request_id"] for line in obskit_capture.lines} == {"b7c2-1"}


def test_before_init_everything_is_passed_on(client: Client) -> None:
    response = client.get("/products/7/")
    assert response.content == b"ok"
    assert "X-Request-ID" not in response.headers


def test_a_probe_of_a_service_that_is_not_ready_writes_no_line(
    client: Client, obskit_capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(default_registry._checks, "held", {})
    default_registry.add("stock", lambda: True, on="job:import", readiness=True)
    assert client.get("/readyz").status_code == 503
    assert obskit_capture.lines == []


def test_probes_are_answered_whatever_the_host_and_leave_no_trace(
    client: Client, obskit_capture: Capture
) -> None:
    answers = [client.get(f"/{one}", headers={"Host": "10.0.0.7"}) for one in ("livez", "health")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == {"status": "alive"}
    assert obskit_capture.spans == []
    assert obskit_capture.lines == []


def test_health_tells_of_the_checks_by_name(
    client: Client, obskit_capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from obskit.django import settings

    settings.current.cache_clear()
    monkeypatch.setattr(default_registry._checks, "held", {})
    default_registry.add("stock", lambda: True, every="1h")
    with override_settings(OBSKIT={"prefix": "/-", "health_access": lambda request: True}):
        found = Client().get("/-/health").json()
    settings.current.cache_clear()
    assert list(found["checks"]) == ["stock"]


def test_a_route_of_the_hosts_own_stays_the_hosts(obskit_capture: Capture) -> None:
    from obskit.django import settings

    settings.current.cache_clear()
    with override_settings(OBSKIT={"aliases": {"/gone/": "livez", "/up": "livez"}}):
        found = [Client().get(path).status_code for path in ("/gone/", "/up")]
    settings.current.cache_clear()
    assert found == [410, 200]


def asgi(path: str, client: AsyncClient | None = None) -> Any:
    """The answer of Django over ASGI."""
    asked = client or AsyncClient(raise_request_exception=False)

    async def ask() -> Any:
        response = await asked.get(path)
        if response.streaming:
            response.all = b"".join([part async for part in response.streaming_content])
        return response

    return async_to_sync(ask)()


def test_an_asynchronous_view_keeps_its_id(obskit_capture: Capture) -> None:
    response = asgi("/waits/")
    obskit_capture.assert_one_story(response.headers["X-Request-ID"])
    assert [line["event"] for line in obskit_capture.lines] == ["waited", "GET /waits/ 200"]
    assert [span.name for span in obskit_capture.spans] == ["GET /waits/"]


def test_a_synchronous_view_keeps_its_id_behind_asgi(obskit_capture: Capture) -> None:
    response = asgi("/products/7/")
    obskit_capture.assert_one_story(response.headers["X-Request-ID"])
    assert [span.name for span in obskit_capture.spans] == ["GET /products/<int:number>/"]
    assert obskit_capture.lines[-1]["url.path"] == "/products/7/"


@pytest.mark.parametrize("path", ["/waits-and-fails/", "/shop/boom/"])
def test_an_exception_behind_asgi_is_told_once(path: str, obskit_capture: Capture) -> None:
    response = asgi(path)
    assert response.status_code == 500
    obskit_capture.assert_one_story(response.headers["X-Request-ID"])
    assert len(obskit_capture.errors) == 1
    assert len([line for line in obskit_capture.lines if "exception" in line]) == 1


def test_an_asynchronous_stream_keeps_its_id_to_the_end(obskit_capture: Capture) -> None:
    response = asgi("/waits-and-streams/")
    assert response.all == b"partpart"
    obskit_capture.assert_one_story(response.headers["X-Request-ID"])
    assert [line["event"] for line in obskit_capture.lines] == [
        "part",
        "part",
        "GET /waits-and-streams/ 200",
    ]


def test_a_path_beyond_ascii_is_told_as_it_was_asked_for(
    client: Client, obskit_capture: Capture
) -> None:
    client.get("/größe/")
    assert [line["url.path"] for line in obskit_capture.lines[-1:]] == ["/größe/"]


def test_an_error_page_can_show_the_id(client: Client, obskit_capture: Capture) -> None:
    from django.core.handlers import exception
    from django.http import HttpResponse

    def page(_resolver: Any, _exc_info: Any) -> HttpResponse:
        return HttpResponse(obskit.request_id(), status=500)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(exception, "handle_uncaught_exception", lambda _r, *given: page(*given))
        response = client.get("/shop/boom/")
    assert response.content.decode() == response.headers["X-Request-ID"]


def test_a_middleware_of_ours_around_django_tells_once(obskit_capture: Capture) -> None:
    from django.core.handlers.wsgi import WSGIHandler
    from werkzeug.test import Client as Werkzeug

    from obskit.wsgi import ObskitMiddleware

    response = Werkzeug(ObskitMiddleware(WSGIHandler())).get(
        "/products/7/", headers={"Host": "testserver"}
    )
    assert response.data == b"ok"
    obskit_capture.assert_one_story(response.headers["X-Request-ID"])
    assert [line["event"] for line in obskit_capture.lines] == [
        "product.seen",
        "GET /products/7/ 200",
    ]
    assert [span.name for span in obskit_capture.spans] == ["GET /products/<int:number>/"]


def test_djangos_own_handlers_take_it() -> None:
    """Both kinds load the middleware without adapting it."""
    handler = ASGIHandler()
    assert handler._middleware_chain is not None
