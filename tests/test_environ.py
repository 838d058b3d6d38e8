"""What is told of a request, as a WSGI server gives it."""

from __future__ import annotations

import pytest
from tests.serving import serving

import obskit
from obskit.capture import Capture
from obskit.environ import incoming_of, url_of

ENVIRON = {
    "REQUEST_METHOD": "PUT",
    "wsgi.url_scheme": "https",
    "SCRIPT_NAME": "/shop",
    "PATH_INFO": "/orders",
    "QUERY_STRING": "page=2",
    "HTTP_HOST": "shop.example:8443",
    "SERVER_NAME": "10.0.0.7",
    "SERVER_PROTOCOL": "HTTP/2",
    "HTTP_USER_AGENT": "curl/8",
    "REMOTE_ADDR": "203.0.113.9",
    "HTTP_X_REQUEST_ID": "caller-1",
}


def test_all_that_a_server_gives_is_taken() -> None:
    incoming = incoming_of(ENVIRON)
    assert (incoming.method, incoming.scheme, incoming.path) == ("PUT", "https", "/shop/orders")
    assert (incoming.query, incoming.host) == ("page=2", "shop.example:8443")
    assert (incoming.protocol_version, incoming.user_agent) == ("2", "curl/8")
    assert incoming.peer == "203.0.113.9"
    assert incoming.header("x-request-id") == "caller-1"
    assert incoming.header("x-other") is None
    assert incoming.getter.get(incoming.carrier, "X-Request-Id") == ["caller-1"]
    assert incoming.getter.get(incoming.carrier, "traceparent") is None
    assert incoming.getter.keys(incoming.carrier) == ["host", "user-agent", "x-request-id"]
    assert incoming.snapshot() == {
        "method": "PUT",
        "url": "https://shop.example:8443/shop/orders",
        "path": "/shop/orders",
        "query": "page=2",
        "headers": {
            "Host": "shop.example:8443",
            "User-Agent": "curl/8",
            "X-Request-Id": "caller-1",
        },
        "client": "203.0.113.9",
    }


def test_what_a_server_does_not_give_is_left_empty() -> None:
    incoming = incoming_of({})
    assert (incoming.method, incoming.scheme, incoming.path) == ("GET", "http", "")
    assert (incoming.query, incoming.host, incoming.user_agent, incoming.peer) == ("", "", "", "")
    assert incoming.protocol_version == "1.1"
    assert incoming.snapshot() == {
        "method": "GET",
        "url": "http://",
        "path": "",
        "query": "",
        "headers": {},
        "client": "",
    }


def test_without_a_host_header_the_servers_name_is_the_host() -> None:
    environ = {"SERVER_NAME": "shop.internal", "PATH_INFO": "/stra\xc3\x9fe"}
    assert incoming_of(environ).host == "shop.internal"
    assert url_of(environ) == "http://shop.internal/straße"


def test_the_error_tells_of_the_request_without_its_secrets(obskit_capture: Capture) -> None:
    def fail() -> None:
        obskit.bind(user_id=42)
        obskit.get_logger("shop").info("about to fail")
        billing_password = "hunter" + "2"
        raise ValueError(len(billing_password))

    with pytest.raises(ValueError, match="7"):
        serving(fail).post(
            "/pay?token=abc", headers={"Authorization": "Bearer abc", "Accept": "text/html"}
        )
    event = obskit_capture.errors[0]
    assert event["request"]["method"] == "POST"
    assert event["request"]["url"] == "http://localhost/pay"
    assert event["request"]["query_string"] == "token=[redacted]"
    assert event["request"]["headers"]["Authorization"] == "[Filtered]"  # by sentry-sdk, after us
    assert event["request"]["headers"]["Accept"] == "text/html"
    assert event["user"] == {"id": "42"}
    assert [crumb["message"] for crumb in event["breadcrumbs"]["values"]] == ["about to fail"]
    assert event["exception"]["values"][0]["stacktrace"]["frames"][-1]["vars"] == {
        "billing_password": "[redacted]"
    }
    assert "hunter2" not in str(event)


def test_an_unknown_method_makes_no_series_of_its_own(obskit_capture: Capture) -> None:
    client = serving()
    for method in ("BREW", "FROB"):
        client.open("/", method=method)
    points = obskit_capture.metrics()["http.server.request.duration"]
    assert [(point["attributes"]["http.request.method"], point["count"]) for point in points] == [
        ("_OTHER", 2)
    ]
    assert (obskit_capture.spans[0].attributes or {})["http.request.method_original"] == "BREW"
    assert obskit_capture.spans[0].name == "HTTP"


def test_a_path_that_is_not_ascii_is_told_as_it_was_sent(obskit_capture: Capture) -> None:
    serving().get("/straße")
    assert (obskit_capture.spans[0].attributes or {})["url.path"] == "/straße"
