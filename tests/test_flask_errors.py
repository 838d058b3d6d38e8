"""Errors of Flask apps as JSON: one format, one id, and nothing of the server's insides."""

from __future__ import annotations

from typing import Any

import pytest

from obskit.capture import Capture
from obskit.registry import Registry

pytest.importorskip("flask", reason="Flask is not installed")

import flask
from werkzeug.exceptions import HTTPException, NotFound, TooManyRequests

import obskit.flask

SECRET = "connection to postgres://shop:hunter2@db refused"


class OutOfStockError(Exception):
    pass


class DeclinedError(Exception):
    pass


class GatewayDownError(Exception):
    pass


CLASSES: Any = {
    OutOfStockError: 409,
    DeclinedError: (402, "card_declined"),
    GatewayDownError: 502,
}
RAISED: Any = {
    "stock": OutOfStockError("no more mugs"),
    "card": DeclinedError("ask your bank"),
    "gateway": GatewayDownError(SECRET),
    "boom": ZeroDivisionError(SECRET),
}


def shop(classes: Any = CLASSES) -> flask.Flask:
    app = flask.Flask("shop")
    obskit.flask.init_app(app, registry=Registry())
    obskit.flask.json_errors(app, classes)
    app.config["MAX_CONTENT_LENGTH"] = 10

    @app.get("/raise/<name>")
    def raises(name: str) -> str:
        raise RAISED[name]

    @app.get("/abort/<int:status>")
    def aborts(status: int) -> str:
        flask.abort(status)

    @app.post("/orders")
    def order() -> str:
        return str(flask.request.get_data())

    return app


def asked(app: flask.Flask, path: str, method: str = "GET", **options: Any) -> Any:
    return app.test_client().open(path, method=method, **options)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (
            "/raise/stock",
            {"title": "Conflict", "status": 409, "code": "conflict", "detail": "no more mugs"},
        ),
        (
            "/raise/card",
            {
                "title": "Payment Required",
                "status": 402,
                "code": "card_declined",
                "detail": "ask your bank",
            },
        ),
        ("/raise/gateway", {"title": "Bad Gateway", "status": 502, "code": "bad_gateway"}),
    ],
)
def test_a_class_of_the_apps_own_has_its_status_and_code(
    path: str, told: dict[str, Any], obskit_capture: Capture
) -> None:
    response = asked(shop(), path)
    assert response.status_code == told["status"]
    assert response.content_type == "application/problem+json"
    assert response.json == told | {"request_id": "00000000000000000000000000000001"}


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/nothing", "GET", 404, "not_found"),
        ("/orders", "GET", 405, "method_not_allowed"),
        ("/orders", "POST", 413, "request_entity_too_large"),
        ("/abort/418", "GET", 418, "i_m_a_teapot"),
        ("/abort/429", "GET", 429, "too_many_requests"),
        ("/abort/503", "GET", 503, "service_unavailable"),
    ],
)
def test_what_werkzeug_raises_has_the_same_format(
    path: str, method: str, status: int, code: str, obskit_capture: Capture
) -> None:
    response = asked(shop(), path, method, data=b"x" * 11 if method == "POST" else None)
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert (response.json["status"], response.json["code"]) == (status, code)
    assert response.json["request_id"] == response.headers["X-Request-ID"]
    assert obskit_capture.errors == []


def test_the_headers_that_belong_to_an_error_stay(obskit_capture: Capture) -> None:
    app = shop()

    @app.get("/later")
    def later() -> str:
        raise TooManyRequests(retry_after=30)

    assert sorted(asked(app, "/orders").headers["Allow"].split(", ")) == ["OPTIONS", "POST"]
    assert asked(app, "/later").headers["Retry-After"] == "30"


def test_an_unhandled_exception_is_told_to_us_once_and_to_the_client_not(
    obskit_capture: Capture,
) -> None:
    response = asked(shop(), "/raise/boom")
    assert response.json == {
        "title": "Internal Server Error",
        "status": 500,
        "code": "internal_server_error",
        "detail": "The server encountered an internal error and was unable to complete your request."
        " Either the server is overloaded or there is an error in the application.",
        "request_id": "00000000000000000000000000000001",
    }
    obskit_capture.assert_one_story(response.json["request_id"])
    (event,) = obskit_capture.errors
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is False
    assert [line["event"] for line in obskit_capture.lines if "exception" in line] == [
        "Exception on /raise/boom [GET]"
    ]


def test_an_error_of_the_server_that_is_named_is_one_error_with_its_stack(
    obskit_capture: Capture,
) -> None:
    response = asked(shop(), "/raise/gateway")
    assert "hunter2" not in response.text
    assert "refused" not in response.text
    obskit_capture.assert_one_story(response.json["request_id"])
    (event,) = obskit_capture.errors
    assert event["exception"]["values"][-1]["mechanism"]["handled"] is True
    assert [
        (line["level"], line["event"], line.get("obskit.error.code"), "exception" in line)
        for line in obskit_capture.lines
    ] == [
        ("error", "GatewayDownError on /raise/gateway [GET]", "bad_gateway", True),
        ("error", "GET /raise/gateway 502", "bad_gateway", False),
    ]
    (span,) = obskit_capture.spans
    assert (span.attributes or {})["error.type"] == "tests.test_flask_errors.GatewayDownError"
    (point,) = obskit_capture.metrics()["http.server.request.duration"]
    assert point["attributes"]["http.response.status_code"] == 502


def test_an_error_of_the_client_is_one_warning_that_says_what_it_was_told(
    obskit_capture: Capture,
) -> None:
    asked(shop(), "/raise/stock", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    (line,) = obskit_capture.lines
    assert (line["level"], line["event"]) == ("warning", "GET /raise/stock 409")
    assert line["obskit.error.code"] == "conflict"
    assert line["obskit.error.detail"] == "no more mugs"
    assert (line["url.path"], line["client.address"]) == ("/raise/stock", "192.0.2.7")
    assert obskit_capture.errors == []
    (span,) = obskit_capture.spans
    assert (span.attributes or {})["obskit.error.code"] == "conflict"
    assert span.status.is_unset


def test_a_path_that_nobody_serves_is_the_access_line_alone(obskit_capture: Capture) -> None:
    asked(shop(), "/nothing")
    (line,) = obskit_capture.lines
    assert (line["level"], line["event"]) == ("warning", "GET /nothing 404")
    assert "obskit.error.code" not in line


@pytest.mark.parametrize("name", ["boom", "gateway"])
def test_in_debug_mode_the_client_sees_the_exception(name: str, obskit_capture: Capture) -> None:
    app = shop()
    app.debug = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    told = asked(app, f"/raise/{name}").json["exception"]
    assert told["message"] == "connection to postgres://shop:[redacted]@db refused"
    assert told["stacktrace"].startswith("Traceback")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "path", "status"),
    [
        (404, "/nothing", 404),
        (NotFound, "/nothing", 404),
        (HTTPException, "/abort/410", 410),
        (Exception, "/abort/410", 410),
        (Exception, "/raise/boom", 410),
        (OutOfStockError, "/raise/stock", 410),
        (500, "/raise/boom", 500),
    ],
)
def test_a_handler_of_the_apps_own_stays(
    kind: Any, path: str, status: int, when: str, obskit_capture: Capture
) -> None:
    app = flask.Flask("shop")
    if when == "before":
        app.register_error_handler(kind, lambda _: ("mine", status))
    obskit.flask.json_errors(app, CLASSES)
    if when == "after":
        app.register_error_handler(kind, lambda _: ("mine", status))
    app.add_url_rule("/abort/<int:status>", "abort", flask.abort)
    app.add_url_rule("/raise/<name>", "raise", _raise)
    response = asked(app, path)
    assert (response.text, response.status_code) == ("mine", status)


def _raise(name: str) -> str:
    raise RAISED[name]


def test_a_handler_of_a_blueprint_stays(obskit_capture: Capture) -> None:
    app, pages = shop(), flask.Blueprint("pages", "pages")
    pages.add_url_rule("/page", "page", lambda: flask.abort(410))
    pages.register_error_handler(Exception, lambda _: ("<p>gone", 410))
    app.register_blueprint(pages)
    assert asked(app, "/page").text == "<p>gone"


def test_a_response_that_the_app_has_made_stays(obskit_capture: Capture) -> None:
    app = shop()
    made = flask.Response("slow down", 429)

    @app.get("/made")
    def own() -> str:
        raise TooManyRequests(response=made)

    assert asked(app, "/made").text == "slow down"


def test_a_message_that_cannot_be_written_costs_no_answer(obskit_capture: Capture) -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    app = shop({Broken: 400})
    app.add_url_rule("/broken", "broken", lambda: (_ for _ in ()).throw(Broken()))
    response = asked(app, "/broken")
    assert response.status_code == 400
    assert response.json["detail"] == "<Broken: RuntimeError when written>"


def test_without_init_the_format_is_the_same_and_there_is_no_id() -> None:
    app = obskit.flask.json_errors(flask.Flask("shop"))
    assert asked(app, "/nothing").json == {
        "title": "Not Found",
        "status": 404,
        "code": "not_found",
        "detail": "The requested URL was not found on the server. If you entered the URL manually"
        " please check your spelling and try again.",
    }


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ({NotFound: 410}, "NotFound has a status without being named: leave it out"),
        ({Exception: 500}, "Exception has a status without being named: leave it out"),
        ({KeyError: 200}, "KeyError is answered with 200: give a status from 400 to 599"),
        ({KeyError: ("404", "x")}, "KeyError is answered with '404': give a status"),
    ],
)
def test_a_class_that_cannot_be_named_is_refused(classes: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        obskit.flask.json_errors(flask.Flask("shop"), classes)
