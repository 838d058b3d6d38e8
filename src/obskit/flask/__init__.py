"""Flask: `init_app` makes an app observable, `json_errors` answers its errors as JSON.

>>> from flask import Flask
>>> app = init_app(Flask("shop"))
>>> sorted(app.extensions["obskit"].registry.checks)
[]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from obskit import default_runtime
from obskit.exceptions import MissingExtra
from obskit.probes import Probes
from obskit.registry import Registry, default_registry
from obskit.wsgi import EXCHANGE, ObskitMiddleware

if TYPE_CHECKING:
    from flask import Flask

    from obskit.flask.errors import Answer

_EXTENSION = "obskit"


@dataclass(frozen=True)
class Extension:
    """What an app keeps in `app.extensions["obskit"]`.

    Attributes:
        registry: The checks that its health endpoints tell of.
    """

    registry: Registry


def init_app(
    app: Flask,
    *,
    registry: Registry | None = None,
    prefix: str = "",
    aliases: Mapping[str, str] | None = None,
    health_access: Callable[[Mapping[str, Any]], bool] | None = None,
) -> Flask:
    """Make a Flask app observable: request ids, spans, metrics, access lines, errors, health.

    Order does not matter: it may be called before `obskit.init` or after, for several apps in one
    process, and in a factory. A second call for the same app does nothing.

    Args:
        app: The app.
        registry: Its checks; those of the module-level decorators by default.
        prefix: What stands before `/livez`, `/readyz`, `/health` and `/metrics`, such as `"/-"`. A path that
            the app itself has a route for is left to the app.
        aliases: Further paths, each with what it stands for (`livez`, `readyz`, `health`, `metrics` or
            `health/` and a group), such as `{"/api/health": "health"}`.
        health_access: Says of a request, given as WSGI's environ, whether it may see what the checks
            say. Others are told the status alone, unless they bring the token or come from a network
            of the configuration.

    Returns:
        The same app.

    Raises:
        MissingExtra: Flask is not installed.
        ValueError: The prefix or an alias is none.
    """
    try:
        from flask import got_request_exception, request_started

        from obskit.flask import contrib, refusals
    except ModuleNotFoundError as error:
        raise MissingExtra("flask", "obskit.flask") from error
    if _EXTENSION in app.extensions:
        return app
    checks = default_registry if registry is None else registry
    if checks.entry is None:
        checks.entry = app.app_context
    app.extensions[_EXTENSION] = Extension(checks)
    app.wsgi_app = ObskitMiddleware(  # type: ignore[method-assign]
        app.wsgi_app,
        route=_route,
        probes=Probes(checks, prefix, aliases=aliases, access=health_access),
        is_route=lambda path: _has_route(app, path),
        span_of=lambda: contrib.span_of(app),
    )
    got_request_exception.connect(_on_exception, app)
    request_started.connect(_on_first_request, app)
    refusals.watch(app)
    _mute_reloader()
    return app


def json_errors(app: Flask, classes: Mapping[type[Exception], Answer] | None = None) -> Flask:
    """Answer every error as JSON by RFC 9457, with the request's id, where the app has no handler.

    The message of a class that is answered with 4xx is told to the client. Of what fails in the server
    it learns the id, unless the app is in debug mode.

    Args:
        app: The app.
        classes: Exceptions of the app's own, each with its status, such as `{OutOfStock: 409}`, or with
            its status and a code that clients tell it by: `{Declined: (402, "card_declined")}`. Without
            one the code is made of the status's name.

    Returns:
        The same app.

    Raises:
        MissingExtra: Flask is not installed.
        ValueError: A class has a status already, or is given that of no error.

    >>> from flask import Flask
    >>> app = json_errors(Flask("shop"), {KeyError: 404})
    >>> response = app.test_client().get("/nothing")
    >>> response.content_type, response.json["code"]
    ('application/problem+json', 'not_found')
    """
    try:
        from obskit.flask import errors
    except ModuleNotFoundError as error:
        raise MissingExtra("flask", "obskit.flask") from error
    errors.answer(app, classes or {})
    return app


def _route(environ: Mapping[str, Any]) -> str | None:
    # Werkzeug leaves the request in the environ, so that asking costs nothing on the way in.
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
    return None if rule is None else str(rule.rule)


def _has_route(app: Flask, path: str) -> bool:
    return any(rule.rule == path for rule in app.url_map.iter_rules())


def _on_first_request(app: Flask, **_: Any) -> None:
    """By now the host has imported what it uses, and other instrumentations are in place."""
    from flask import request_started

    from obskit.flask import contrib, users

    request_started.disconnect(_on_first_request, app)
    users.watch()
    contrib.watch(app)


def _on_exception(_app: Flask, *, exception: BaseException, **_: Any) -> None:
    from flask import request

    exchange = request.environ.get(EXCHANGE)
    if exchange is not None:
        exchange.route = _route(request.environ)
        exchange.failed(exception)


def _mute_reloader() -> None:
    """The parent of Werkzeug's reloader imports the app too, and serves nothing: it sends nothing."""
    from werkzeug import _reloader

    loop = _reloader.ReloaderLoop
    if getattr(loop.restart_with_reloader, "_obskit", False):
        return
    restart = loop.restart_with_reloader

    def muted(self: Any) -> int:
        current = default_runtime.current()
        if current is not None:
            current.discard()
        return restart(self)

    muted._obskit = True  # type: ignore[attr-defined]
    loop.restart_with_reloader = muted  # type: ignore[method-assign]
