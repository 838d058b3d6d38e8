"""A request that is hidden leaves nothing, and keeps its id."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("werkzeug", reason="Werkzeug is not installed")

from werkzeug.test import Client

import obskit
from obskit.capture import Capture
from obskit.telemetry.hidden import hide
from obskit.wsgi import EXCHANGE, ObskitMiddleware


def client(*, hidden: bool) -> Client:
    """An app of two bytes that logs a line."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        if hidden:
            hide(environ[EXCHANGE])
            hide(environ[EXCHANGE])
        obskit.get_logger().info("seen")
        if environ["PATH_INFO"] == "/boom":
            raise ZeroDivisionError
        start_response("200 OK", [])
        return [b"ok"]

    return Client(ObskitMiddleware(app))


@pytest.mark.parametrize("hidden", [True, False])
def test_a_hidden_request_has_no_span_no_access_line_and_no_duration(
    obskit_capture: Capture, hidden: bool
) -> None:
    answer = client(hidden=hidden).get("/", buffered=True)
    assert len(answer.headers["X-Request-ID"]) == 32
    assert len(obskit_capture.spans) == (not hidden)
    events = [each["event"] for each in obskit_capture.lines]
    assert events == (["seen"] if hidden else ["seen", "GET / 200"])
    metrics = obskit_capture.metrics()
    assert ("http.server.request.duration" in metrics) is not hidden
    (active,) = metrics["http.server.active_requests"]
    assert active["value"] == 0


def test_what_is_logged_within_has_the_requests_id(obskit_capture: Capture) -> None:
    answer = client(hidden=True).get("/")
    (line,) = obskit_capture.lines
    assert line["request_id"] == answer.headers["X-Request-ID"]


def test_where_nothing_observes_there_is_nothing_to_hide() -> None:
    hide(None)


def test_an_error_within_is_told_all_the_same(obskit_capture: Capture) -> None:
    with pytest.raises(ZeroDivisionError):
        client(hidden=True).get("/boom")
    assert len(obskit_capture.errors) == 1
