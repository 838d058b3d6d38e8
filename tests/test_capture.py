"""The fixture that holds every signal, as a host's tests use it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import obskit
from obskit import default_runtime
from obskit.capture import Capture, capturing

HOST = """
import obskit
import obskit.flask
from flask import Flask

obskit.init("shop", endpoint="http://127.0.0.1:9")
app = Flask(__name__)
obskit.flask.init_app(app)
log = obskit.get_logger("shop")

@app.get("/")
def index():
    log.info("seen")
    return "ok"
"""

HOSTS_TESTS = """
from shop import app

def test_first(obskit_capture):
    response = app.test_client().get("/")
    assert response.headers["X-Request-ID"] == "0" * 31 + "1"
    obskit_capture.assert_one_story(response.headers["X-Request-ID"])
    obskit_capture.clock.advance(5)
    assert obskit_capture.lines[0]["timestamp"] == "2026-01-01T00:00:00.000000Z"

def test_second_begins_anew(obskit_capture):
    assert (obskit_capture.spans, obskit_capture.lines, obskit_capture.errors) == ([], [], [])
    response = app.test_client().get("/")
    assert response.headers["X-Request-ID"] == "0" * 31 + "1"
    (point,) = obskit_capture.metrics()["http.server.request.duration"]
    assert point["count"] == 1
"""


def test_it_works_for_an_app_that_called_init_when_it_was_imported(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(HOST)
    (tmp_path / "test_shop.py").write_text(HOSTS_TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--rootdir=."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_without_init_a_runtime_stands_in_and_goes_again() -> None:
    with capturing() as capture:
        assert default_runtime.current() is not None
        obskit.get_logger("shop").info("hello")
        assert [line["event"] for line in capture.lines] == ["hello"]
    assert default_runtime.current() is None


def test_init_does_nothing_meanwhile(obskit_capture: Capture) -> None:
    before = default_runtime.current()
    obskit.init("another", endpoint="http://127.0.0.1:9")
    assert default_runtime.current() is before


def test_the_hosts_metrics_are_seen(obskit_capture: Capture) -> None:
    obskit.metrics.count("orders", 2, unit="{order}", plan="free")
    obskit.metrics.histogram("size", 3.5, unit="By")
    metrics = obskit_capture.metrics()
    assert metrics["orders"] == [{"attributes": {"plan": "free"}, "value": 2}]
    assert metrics["size"] == [{"attributes": {}, "count": 1, "sum": 3.5}]


def test_a_span_lasts_as_long_as_the_test_says(obskit_capture: Capture) -> None:
    with obskit.span("work"):
        obskit_capture.clock.advance(1.5)
    span = obskit_capture.spans[0]
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.end_time - span.start_time == 1_500_000_000


def test_a_story_without_a_request_is_no_story(obskit_capture: Capture) -> None:
    with pytest.raises(AssertionError, match="0 server spans with request id nothing"):
        obskit_capture.assert_one_story("nothing")


def test_a_logged_exception_is_an_error_of_the_capture(obskit_capture: Capture) -> None:
    try:
        raise ValueError("no such row")
    except ValueError:
        obskit.get_logger("shop").exception("lookup.failed")
    (event,) = obskit_capture.errors
    (value,) = event["exception"]["values"]
    assert (value["type"], value["value"]) == ("ValueError", "no such row")


def test_what_is_kept_meanwhile_is_in_memory_alone(obskit_capture: Capture) -> None:
    runtime = default_runtime.current()
    assert runtime is not None
    assert runtime.config.state_url == "memory:"
