"""The status page in a Flask app."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")
pytest.importorskip("flask", reason="Flask is not installed")

from flask import Flask

import obskit.flask
from obskit import Registry
from obskit.capture import Capture
from obskit.console import Viewer
from obskit.console.flask import init_console
from obskit.exceptions import MissingExtra


def ann(_environ: Mapping[str, Any]) -> Viewer:
    return Viewer("ann", may_act=True)


def shop(**options: Any) -> Flask:
    app, registry = Flask("shop"), Registry()
    registry.add("rows", lambda: 3, on="job:import", scope="process")
    obskit.flask.init_app(app, registry=registry)
    init_console(app, **{"access": ann, **options})

    @app.get("/")
    def index() -> str:
        return "shop"

    return app


def test_the_page_tells_of_the_apps_registry_under_its_prefix(obskit_capture: Capture) -> None:
    client = shop(url_prefix="/ops/status").test_client()
    assert "rows" in client.get("/ops/status/").text
    assert client.get("/ops/status/check/rows").status_code == 200
    assert client.get("/ops/status").status_code == 308
    assert client.get("/").text == "shop"


def test_a_page_that_is_kept_is_sent_at_once(obskit_capture: Capture) -> None:
    client = shop().test_client()
    made = client.get("/status/")
    assert ("Content-Length" in made.headers, made.text.endswith("</html>")) == (False, True)
    kept = client.get("/status/")
    assert kept.headers["Content-Length"] == str(len(kept.data))
    assert "rows" in kept.text


def test_a_registry_that_is_given_is_shown(obskit_capture: Capture) -> None:
    others = Registry()
    others.add("disk", lambda: 3, on="job:import", scope="process")
    page = shop(registry=others).test_client().get("/status/").text
    assert "/status/check/disk" in page


def test_the_access_of_the_host_is_asked_with_its_own_request(obskit_capture: Capture) -> None:
    asked: list[tuple[str, str]] = []

    def look(environ: Mapping[str, Any]) -> Viewer:
        asked.append((environ["SCRIPT_NAME"], environ["PATH_INFO"]))
        return Viewer("ann")

    client = shop(access=look).test_client()
    assert client.get("/status/check/rows", base_url="http://x/deep").status_code == 200
    assert asked == [("/deep", "/status/check/rows")]


def test_where_the_app_is_mounted_links_lead_there(obskit_capture: Capture) -> None:
    page = shop().test_client().get("/status/", base_url="http://x/deep")
    assert 'href="/deep/status/check/rows"' in page.text


def test_requests_of_the_page_leave_no_telemetry(obskit_capture: Capture) -> None:
    client = shop().test_client()
    assert "X-Request-ID" in client.get("/status/").headers
    assert (list(obskit_capture.spans), list(obskit_capture.lines)) == ([], [])
    client.get("/")
    assert [each.name for each in obskit_capture.spans] == ["GET /"]


def test_what_somebody_does_is_a_line_with_their_name(obskit_capture: Capture) -> None:
    client = shop().test_client()
    page = client.get("/status/check/rows").text
    token = page.partition('name="csrf" value="')[2].partition('"')[0]
    form = {"csrf": token, "reason": "we move it", "span": "2h"}
    assert client.post("/status/check/rows/silence", data=form).status_code == 303
    (line,) = [each for each in obskit_capture.lines if each["event"] == "check.silenced"]
    assert (line["actor"], line["target"], line["reason"]) == ("ann", "rows", "we move it")
    assert "Silenced, ends" in client.get("/status/check/rows").text
    assert client.post("/status/check/rows/run", data={"csrf": token}).status_code == 303
    assert "3" in client.get("/status/check/rows").text


def test_the_login_of_the_app_lets_in(obskit_capture: Capture) -> None:
    login = pytest.importorskip("flask_login", reason="Flask-Login is not installed")

    class User(login.UserMixin):  # type: ignore[misc,name-defined]
        id = "eve"

    def known(_environ: Mapping[str, Any]) -> Viewer | None:
        user = login.current_user
        return Viewer(user.id) if user.is_authenticated else None

    app = shop(access=known)
    app.secret_key = "only-for-tests"
    manager = login.LoginManager(app)
    manager.user_loader(lambda _id: User())

    @app.get("/login")
    def sign_in() -> str:
        login.login_user(User())
        return "in"

    client = app.test_client()
    assert client.get("/status/").status_code == 403
    client.get("/login")
    page = client.get("/status/")
    assert (page.status_code, "eve" in page.text) == (200, True)


def test_the_protection_of_the_apps_own_forms_leaves_those_of_the_page(
    obskit_capture: Capture,
) -> None:
    wtf = pytest.importorskip("flask_wtf", reason="Flask-WTF is not installed")
    app = Flask("shop")
    app.secret_key = "only-for-tests"
    wtf.CSRFProtect(app)
    init_console(app, access="s3cret")
    client = app.test_client()
    assert client.post("/status/login", data={"token": "s3cret"}).status_code == 303
    assert client.get("/status/").status_code == 200


def test_without_flask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Flask("shop")
    monkeypatch.setitem(sys.modules, "flask", None)
    with pytest.raises(MissingExtra, match=r"pip install 'obskit-otel\[flask\]'"):
        init_console(app, access="s3cret")


def test_a_prefix_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="the prefix of the console is 'status'"):
        init_console(Flask("shop"), url_prefix="status", access="s3cret")
