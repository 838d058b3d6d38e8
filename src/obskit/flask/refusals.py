"""Requests that are refused for want of a CSRF token, or for being too many."""

from __future__ import annotations

import sys
from functools import wraps

from flask import Flask, request
from werkzeug.exceptions import TooManyRequests

from obskit import security


def watch(app: Flask) -> None:
    """Tell of them from now on, whoever answers them: for that Flask has no signal.

    Args:
        app: The app.
    """
    # Asked of each HTTP exception that is raised. It returns, and so stands in no stack of the host's.
    is_trapped = app.trap_http_exception

    @wraps(is_trapped)
    def asked(e: Exception) -> bool:
        _tell(e)
        return is_trapped(e)

    app.trap_http_exception = asked  # type: ignore[method-assign]


def _tell(error: object) -> None:
    try:
        csrf_error = getattr(sys.modules.get("flask_wtf.csrf"), "CSRFError", ())
        if isinstance(error, csrf_error):
            security.csrf_failed(_route())
        elif isinstance(error, TooManyRequests):
            security.rate_limited(_route())
    except Exception:  # a request of the host's own making
        return


def _route() -> str | None:
    rule = request.url_rule
    return None if rule is None else str(rule.rule)
