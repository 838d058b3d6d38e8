"""Flask apps, as their developers write them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

import obskit
from obskit.capture import Capture, capturing
from obskit.dev import Receiver
from obskit.registry import Registry
from obskit.stories.signals import Line

pytest.importorskip("flask", reason="Flask is not installed")

import flask

import obskit.flask


def shop(registry: Registry | None = None, **options: Any) -> flask.Flask:
    """An app with a few routes."""
    app = flask.Flask("shop")
    obskit.flask.init_app(app, registry=Registry() if registry is None else registry, **options)
    log = obskit.get_logger("shop")

    @app.get("/products/<int:number>")
    def product(number: int) -> str:
        log.info("product.seen", number=number)
        return "ok"

    @app.get("/boom")
    def boom() -> str:
        raise ZeroDivisionError("an empty basket")

    @app.get("/gone")
    def gone() -> str:
        flask.abort(410)

    @app.get("/oops")
    def oops() -> str:
        flask.abort(500)

    @app.get("/stream")
    def stream() -> Any:
        def parts() -> Iterator[str]:
            for number in range(2):
                log.info("part", number=number)
                yield "part"

        return flask.Response(flask.stream_with_context(parts()))

    return app


def test_a_route_names_the_span_the_metric_and_the_line(obskit_capture: Capture) -> None:
    response = shop().test_client().get("/products/7")
    obskit_capture.assert_one_story(response.headers["X-Request-ID"])
    assert [span.name for span in obskit_capture.spans] == ["GET /products/<int:number>"]
    assert obskit_capture.lines[-1]["http.route"] == "/products/<int:number>"
    points = obskit_capture.metrics()["http.server.request.duration"]
    assert [point["attributes"]["http.route"] for point in points] == ["/products/<int:number>"]


def test_thousands_of_unknown_paths_are_one_series(obskit_capture: Capture) -> None:
    client = shop().test_client()
    for number in range(2_000):
        client.get(f"/nothing/{number}")
    points = obskit_capture.metrics()["http.server.request.duration"]
    assert [(point["count"], point["attributes"].get("http.route")) for point in points] == [
        (2_000, None)
    ]


def test_an_unhandled_exception_is_one_error_one_event_and_a_500_with_its_id(
    obskit_capture: Capture,
) -> None:
    response = shop().test_client().get("/boom")
    assert response.status_code == 500
    request_id = response.headers["X-Request-ID"]
    obskit_capture.assert_one_story(request_id)
    assert len(obskit_capture.errors) == 1
    event = obskit_capture.errors[0]
    assert event["transaction"] == "GET /boom"
    assert event["transaction_info"] == {"source": "route"}
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is False
    told = [line["event"] for line in obskit_capture.lines if "exception" in line]
    assert told == ["Exception on /boom [GET]"]
    assert obskit_capture.spans[0].name == "GET /boom"


def test_an_exception_in_debug_mode_goes_to_the_debugger_and_is_told_once(
    obskit_capture: Capture,
) -> None:
    app = shop()
    app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/boom")
    assert len(obskit_capture.errors) == 1
    assert [line["event"] for line in obskit_capture.lines if "exception" in line] == [
        "Unhandled exception on /boom"
    ]
    assert obskit_capture.spans[0].name == "GET /boom"


@pytest.mark.parametrize(("path", "status"), [("/gone", 410), ("/nothing", 404), ("/oops", 500)])
def test_abort_is_no_error_event(obskit_capture: Capture, path: str, status: int) -> None:
    response = shop().test_client().get(path)
    assert response.status_code == status
    assert "X-Request-ID" in response.headers
    assert obskit_capture.errors == []


def test_an_exception_that_the_app_handles_is_no_error_event(obskit_capture: Capture) -> None:
    app = shop()
    app.register_error_handler(ZeroDivisionError, lambda _: ("no division", 422))
    assert app.test_client().get("/boom").status_code == 422
    assert obskit_capture.errors == []


def test_an_error_page_can_show_the_id(obskit_capture: Capture) -> None:
    app = shop()
    app.register_error_handler(500, lambda _: ({"request_id": obskit.request_id()}, 500))
    response = app.test_client().get("/boom")
    assert response.json == {"request_id": response.headers["X-Request-ID"]}


def test_a_streamed_response_keeps_its_id_to_the_end(obskit_capture: Capture) -> None:
    response = shop().test_client().get("/stream")
    assert response.data == b"partpart"
    response.close()
    obskit_capture.assert_one_story(response.headers["X-Request-ID"])
    assert [line["event"] for line in obskit_capture.lines] == ["part", "part", "GET /stream 200"]


def test_a_blueprint_shows_its_prefix_in_the_route(obskit_capture: Capture) -> None:
    app = shop()
    blueprint = flask.Blueprint("admin", "admin")
    blueprint.add_url_rule("/users/<name>", "user", lambda name: name)
    app.register_blueprint(blueprint, url_prefix="/admin")
    app.test_client().get("/admin/users/ann")
    assert obskit_capture.spans[0].name == "GET /admin/users/<name>"


def test_init_app_twice_makes_one_span(obskit_capture: Capture) -> None:
    app = shop()
    assert obskit.flask.init_app(app) is app
    app.test_client().get("/products/1")
    assert len(obskit_capture.spans) == 1


def test_two_apps_of_one_process_tell_of_their_own_checks(obskit_capture: Capture) -> None:
    first, second = Registry(), Registry()
    first.add("first", lambda: True, every="1h")
    second.add("second", lambda: True, every="1h")
    everybody: dict[str, Any] = {"health_access": lambda _environ: True}
    one = shop(first, **everybody).test_client()
    two = shop(second, **everybody).test_client()
    assert list(one.get("/health").get_json()["checks"]) == ["first"]
    assert list(two.get("/health").get_json()["checks"]) == ["second"]


def test_probes_leave_no_trace_no_metric_and_no_line(obskit_capture: Capture) -> None:
    client = shop().test_client()
    answers = [client.get(path).status_code for path in ("/livez", "/readyz", "/health")]
    assert answers == [200, 200, 200]
    assert obskit_capture.spans == []
    assert obskit_capture.lines == []
    assert "http.server.request.duration" not in obskit_capture.metrics()


def test_a_health_route_of_the_apps_own_stays_the_apps(obskit_capture: Capture) -> None:
    app = shop()
    app.add_url_rule("/health", "mine", lambda: "mine")
    assert app.test_client().get("/health").data == b"mine"


def test_health_paths_move_behind_a_prefix(obskit_capture: Capture) -> None:
    client = shop(prefix="/-").test_client()
    assert client.get("/-/livez").status_code == 200
    assert client.get("/livez").status_code == 404


def test_a_prefix_without_a_slash_is_refused() -> None:
    with pytest.raises(ValueError, match="the prefix is 'ops': begin it with a slash"):
        shop(prefix="ops")


def test_the_order_of_init_and_init_app_does_not_matter() -> None:
    app = shop()
    assert "X-Request-ID" not in app.test_client().get("/products/1").headers
    with capturing() as capture:
        response = app.test_client().get("/products/1")
        capture.assert_one_story(response.headers["X-Request-ID"])


RELOADED = """
import flask, obskit, obskit.flask, os, sys
obskit.init("reloaded", log_format="json")
app = flask.Flask("reloaded")
obskit.flask.init_app(app)
obskit.get_logger().info("imported")
app.add_url_rule("/", "index", lambda: "ok")
if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), debug=True)
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_the_reloaders_parent_sends_nothing(tmp_path: Path) -> None:
    """Both processes import the app; only the one that serves may tell of it."""
    (tmp_path / "reloaded.py").write_text(RELOADED)
    port = free_port()
    received: list[Any] = []
    with Receiver(received.extend) as receiver:
        environment = {
            **os.environ,
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "OTEL_BLRP_SCHEDULE_DELAY": "60000",
            "OBSKIT_RUN_DIR": str(tmp_path),
        }
        process = subprocess.Popen(
            [sys.executable, "reloaded.py", str(port)],
            cwd=tmp_path,
            env=environment,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_until(lambda: urlopen(f"http://127.0.0.1:{port}/").read() == b"ok")
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(20)
        wait_until(lambda: "GET / 200" in bodies(received))
        assert bodies(received).count("imported") == 1


def bodies(received: list[Any]) -> list[str]:
    """The texts of the log lines that were received."""
    return [signal.body for signal in received if isinstance(signal, Line)]


def wait_until(probe: Callable[[], bool]) -> None:
    """Ask until it is so, for 30 seconds at most."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(OSError):
            if probe():
                return
        time.sleep(0.05)
    raise AssertionError("not within 30 s")
