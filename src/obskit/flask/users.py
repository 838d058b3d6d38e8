"""The user of a request: told when the host looks for it with Flask-Login, never looked for by us."""

from __future__ import annotations

import sys
from functools import wraps
from typing import Any

from flask import request

from obskit import context
from obskit.wsgi import EXCHANGE


def watch() -> None:
    """Bind `user_id` as soon as Flask-Login knows a user, where the host uses it. Once a process."""
    manager: Any = getattr(sys.modules.get("flask_login"), "LoginManager", None)
    # Where it puts users that are loaded, and those that log in; there is a signal for neither.
    keep = getattr(manager, "_update_request_context_with_user", None)
    if keep is None or getattr(keep, "_obskit", False):
        return

    @wraps(keep)
    def kept(self: Any, user: Any = None) -> Any:
        result = keep(self, user)
        _bind(user)
        return result

    kept._obskit = True  # type: ignore[attr-defined]
    manager._update_request_context_with_user = kept


def _bind(user: Any) -> None:
    try:
        exchange = request.environ.get(EXCHANGE)
        if exchange is None or user is None or not user.is_authenticated:
            return
        # `get_id` may be a token that stands for the user, where the host can revoke sessions.
        found = getattr(user, "id", None)
        with context.entered(exchange.scope):
            context.bind(user_id=user.get_id() if found is None else found)
    except Exception:  # the host's own class of users
        return
