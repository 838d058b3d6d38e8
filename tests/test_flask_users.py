"""Whose request it is, by Flask-Login: told from when the host looks, and never looked for by us."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import obskit
from obskit import context
from obskit.capture import Capture
from obskit.registry import Registry

pytest.importorskip("flask", reason="Flask is not installed")

import flask

import obskit.flask

flask_login: Any = pytest.importorskip("flask_login", reason="Flask-Login is not installed")


class User:
    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, number: int) -> None:
        self.id = number
        self.email = "ann@shop.example"

    def get_id(self) -> str:
        """As Flask-Login's documents have it, for sessions that can be revoked."""
        return f"token-{self.id}"


class TokenUser(User):
    def __init__(self, number: int) -> None:
        self.number = number

    def get_id(self) -> str:
        return f"t{self.number}"


def shop(kind: type[User] = User) -> tuple[flask.Flask, list[str]]:
    """An app, and the ids of the users that were loaded."""
    app, loaded = flask.Flask("shop"), list[str]()
    app.secret_key = "not a secret"
    obskit.flask.init_app(app, registry=Registry())
    manager = flask_login.LoginManager(app)
    log = obskit.get_logger("shop")

    @manager.user_loader  # type: ignore[untyped-decorator]
    def load(found: str) -> User:
        loaded.append(found)
        return kind(7)

    @app.get("/login")
    def login() -> str:
        flask_login.login_user(kind(7))
        log.info("in")
        return "ok"

    @app.get("/who")
    def who() -> str:
        log.info("before")
        told = flask_login.current_user.is_authenticated
        log.info("after")
        return str(told)

    @app.get("/nobody-asks")
    def nobody_asks() -> str:
        return "ok"

    @app.get("/fails")
    def fails() -> str:
        raise ZeroDivisionError(flask_login.current_user.is_authenticated)

    return app, loaded


def users(capture: Capture) -> list[tuple[str, object]]:
    return [(line["event"], line.get("user_id")) for line in capture.lines]


def test_the_user_is_told_from_when_the_host_looks(obskit_capture: Capture) -> None:
    app, _ = shop()
    client = app.test_client()
    client.get("/login")
    client.get("/who")
    assert users(obskit_capture) == [
        ("in", 7),
        ("GET /login 200", 7),
        ("before", None),
        ("after", 7),
        ("GET /who 200", 7),
    ]
    assert [(span.attributes or {})["user.id"] for span in obskit_capture.spans] == [7, 7]


def test_nothing_but_the_id_is_told(obskit_capture: Capture) -> None:
    app, _ = shop()
    client = app.test_client()
    client.get("/login")
    client.get("/fails")
    told = str([obskit_capture.lines, [dict(s.attributes or {}) for s in obskit_capture.spans]])
    assert "ann@" not in told
    assert "token-" not in told


def test_a_user_whom_nobody_asks_for_is_not_loaded(obskit_capture: Capture) -> None:
    app, loaded = shop()
    client = app.test_client()
    client.get("/login")
    client.get("/nobody-asks")
    assert loaded == []
    assert users(obskit_capture)[-1] == ("GET /nobody-asks 200", None)


def test_a_user_is_loaded_no_oftener_than_without_us(obskit_capture: Capture) -> None:
    app, loaded = shop()
    client = app.test_client()
    client.get("/login")
    client.get("/who")
    assert loaded == ["token-7"]


def test_nobody_is_told_where_nobody_is_logged_in(obskit_capture: Capture) -> None:
    app, _ = shop()
    assert app.test_client().get("/who").text == "False"
    assert users(obskit_capture) == [("before", None), ("after", None), ("GET /who 200", None)]


def test_an_error_has_its_user(obskit_capture: Capture) -> None:
    app, _ = shop()
    client = app.test_client()
    client.get("/login")
    client.get("/fails")
    (event,) = obskit_capture.errors
    assert event["user"]["id"] == "7"


def test_a_user_without_an_id_is_told_by_what_the_session_holds(obskit_capture: Capture) -> None:
    app, _ = shop(TokenUser)
    app.test_client().get("/login")
    assert users(obskit_capture)[0] == ("in", "t7")


def test_a_user_that_raises_costs_the_host_nothing(obskit_capture: Capture) -> None:
    class Broken(User):
        def __init__(self, number: int) -> None:
            """Without an id."""

        @property
        def id(self) -> int:  # type: ignore[override]
            raise RuntimeError

    app, _ = shop(Broken)
    app.add_url_rule("/keep", "keep", lambda: flask_login.current_user.get_id.__name__)
    with app.test_client() as client:
        with client.session_transaction() as session:
            session["_user_id"] = "7"
        assert client.get("/keep").text == "get_id"
    assert users(obskit_capture) == [("GET /keep 200", None)]


def test_before_init_nothing_is_bound() -> None:
    app, _ = shop()
    assert app.test_client().get("/login").status_code == 200
    assert context.current() is None


LATE = """
import flask, obskit.flask
from obskit.capture import capturing
app = flask.Flask("shop")
app.secret_key = "not a secret"
obskit.flask.init_app(app)
import sys
assert "flask_login" not in sys.modules
import flask_login
manager = flask_login.LoginManager(app)

class User(flask_login.UserMixin):
    id = 7

@app.get("/login")
def login():
    flask_login.login_user(User())
    return "ok"

with capturing() as capture:
    app.test_client().get("/login")
    print(capture.lines[-1].get("user_id"))
"""


def test_it_may_be_imported_after_init_app_and_is_never_imported_by_us() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LATE], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "7\n", done.stderr
