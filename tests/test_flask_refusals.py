"""Requests that a Flask app refuses as an attack would make them: counted, and told of."""

from __future__ import annotations

from typing import Any

import pytest

from obskit import security
from obskit.capture import Capture
from obskit.registry import Registry

pytest.importorskip("flask", reason="Flask is not installed")

import flask
from werkzeug.exceptions import TooManyRequests

import obskit.flask


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other test has written a line."""
    monkeypatch.setattr(security, "_lines", {})


def shop() -> flask.Flask:
    app = flask.Flask("shop")
    app.secret_key = "not a secret"
    obskit.flask.init_app(app, registry=Registry())
    app.add_url_rule("/form/<int:number>", "form", lambda number: "ok", methods=["POST"])
    app.add_url_rule("/busy", "busy", lambda: flask.abort(429))
    return app


def told(capture: Capture) -> list[tuple[str, str, object]]:
    return [(line["level"], line["event"], line["http.route"]) for line in capture.lines]


def test_a_request_without_its_token_is_counted_and_told(obskit_capture: Capture) -> None:
    flask_wtf: Any = pytest.importorskip("flask_wtf", reason="Flask-WTF is not installed")
    app = shop()
    flask_wtf.CSRFProtect(app)
    response = app.test_client().post("/form/7")
    assert response.status_code == 400
    (point,) = obskit_capture.metrics()["obskit.security.csrf_failures"]
    assert point == {"attributes": {"http.route": "/form/<int:number>"}, "value": 1}
    assert told(obskit_capture)[-2:] == [
        ("warning", "csrf.failed", "/form/<int:number>"),
        ("warning", "POST /form/7 400", "/form/<int:number>"),
    ]
    ids = {line["request_id"] for line in obskit_capture.lines}
    assert ids == {response.headers["X-Request-ID"]}


def test_a_handler_of_the_apps_own_for_it_changes_nothing(obskit_capture: Capture) -> None:
    flask_wtf: Any = pytest.importorskip("flask_wtf", reason="Flask-WTF is not installed")
    app = shop()
    flask_wtf.CSRFProtect(app)
    app.register_error_handler(flask_wtf.csrf.CSRFError, lambda _: ("mine", 403))
    assert app.test_client().post("/form/7").text == "mine"
    (point,) = obskit_capture.metrics()["obskit.security.csrf_failures"]
    assert point["value"] == 1


def test_a_limit_of_flask_limiter_that_is_hit_is_counted_by_its_route(
    obskit_capture: Capture,
) -> None:
    flask_limiter: Any = pytest.importorskip("flask_limiter", reason="it is not installed")
    app = shop()
    limiter = flask_limiter.Limiter(lambda: "one", app=app, storage_uri="memory://")
    app.add_url_rule("/limited", "limited", limiter.limit("2/hour")(lambda: "ok"))
    client = app.test_client()
    assert [client.get("/limited").status_code for _ in range(16)] == [200] * 2 + [429] * 14
    (point,) = obskit_capture.metrics()["obskit.security.rate_limit_hits"]
    assert point == {"attributes": {"http.route": "/limited"}, "value": 14}
    hits = [one for one in told(obskit_capture) if one[1] == "rate_limit.exceeded"]
    assert hits == [("warning", "rate_limit.exceeded", "/limited")] * 10


def test_a_limit_of_the_apps_own_is_one_too(obskit_capture: Capture) -> None:
    assert shop().test_client().get("/busy").status_code == 429
    (point,) = obskit_capture.metrics()["obskit.security.rate_limit_hits"]
    assert point == {"attributes": {"http.route": "/busy"}, "value": 1}


def test_other_errors_are_neither(obskit_capture: Capture) -> None:
    client = shop().test_client()
    assert client.get("/nothing").status_code == 404
    assert client.get("/form/7").status_code == 405
    assert not {name for name in obskit_capture.metrics() if name.startswith("obskit.security")}


def test_nothing_of_ours_stands_in_a_stack_of_the_hosts(obskit_capture: Capture) -> None:
    app = shop()
    app.add_url_rule("/boom", "boom", lambda: str(1 // 0))
    app.test_client().get("/boom")
    (stack,) = [line["exception"] for line in obskit_capture.lines if "exception" in line]
    assert "ZeroDivisionError" in stack["stacktrace"]
    assert "obskit" not in stack["stacktrace"]


def test_an_app_that_traps_http_exceptions_does_so_still(obskit_capture: Capture) -> None:
    app = shop()
    app.config.update(TRAP_HTTP_EXCEPTIONS=True, PROPAGATE_EXCEPTIONS=True)
    with pytest.raises(TooManyRequests):
        app.test_client().get("/busy")
    (point,) = obskit_capture.metrics()["obskit.security.rate_limit_hits"]
    assert point["value"] == 1
