"""What is told of a request, as a WSGI server gives it."""

from __future__ import annotations

import pytest
from tests.serving import serving

import obskit
from obskit.capture import Capture


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
