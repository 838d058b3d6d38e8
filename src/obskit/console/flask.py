"""The status page in a Flask app: `init_console(app, access=…)`.

>>> from flask import Flask
>>> from obskit.console import Viewer
>>> app = init_console(Flask("shop"), access=lambda environ: Viewer("ann"))
>>> [rule.rule for rule in app.url_map.iter_rules() if rule.endpoint == "obskit_console.page"]
['/status/<path:path>', '/status/']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from obskit.console.access import Viewer
from obskit.console.console import Console
from obskit.console.wsgi import answered, checked, moved, parts
from obskit.exceptions import MissingExtra
from obskit.registry import Registry, default_registry

if TYPE_CHECKING:
    from flask import Blueprint, Flask, Response


def init_console(
    app: Flask,
    *,
    url_prefix: str = "/status",
    access: Callable[[Mapping[str, Any]], Viewer | None] | str | None = None,
    registry: Registry | None = None,
) -> Flask:
    """Put the status page into a Flask app. It is called where the app's login works: `current_user` too.

    With Flask-WTF's `CSRFProtect`, call this after it: the page protects its forms by itself.

    Args:
        app: The app.
        url_prefix: Where the page is.
        access: Who may see it: a function of the request, given as WSGI's environ, or a token. Without
            it the page is there only where `OBSKIT_CONSOLE` says so.
        registry: What the app has declared; that of `obskit.flask.init_app` by default.

    Returns:
        The same app.

    Raises:
        MissingExtra: Flask or Jinja is not installed.
        ValueError: The prefix is none, or the token is empty.
    """
    try:
        import flask  # noqa: F401 - is it there?
    except ModuleNotFoundError as error:
        raise MissingExtra("flask", "obskit.console.flask") from error
    found = getattr(app.extensions.get("obskit"), "registry", default_registry)
    console = Console(found if registry is None else registry, access=access)
    blueprint = _blueprint(console, checked(url_prefix))
    app.register_blueprint(blueprint)
    protection = app.extensions.get("csrf")
    if protection is not None:
        protection.exempt(blueprint)
    return app


def _blueprint(console: Console, prefix: str) -> Blueprint:
    from flask import Blueprint, make_response, request

    def page(path: str = "") -> Response:
        environ = moved(request.environ, request.script_root + prefix, path)
        told = answered(console, environ, request.environ)
        body = told.body if told.rest is None else parts(told)
        return make_response(body, told.status, list(told.headers))

    made = Blueprint("obskit_console", __name__, url_prefix=prefix)
    for rule in ("/", "/<path:path>"):
        made.add_url_rule(rule, "page", page, methods=["GET", "POST"])
    return made
