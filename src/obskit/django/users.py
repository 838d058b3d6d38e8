"""The user of a request: told when the host looks for it, never looked for by us."""

from __future__ import annotations

from typing import Any

from django.utils.functional import SimpleLazyObject, empty

from obskit import context

#: Where Django keeps the user of a request that somebody has looked up.
_KNOWN = ("_cached_user", "_acached_user")


def watch(request: Any) -> None:
    """Bind `user_id` as soon as the host looks the user up, so that each later line has it.

    Args:
        request: The request, after the host's middleware has seen it.
    """
    user = vars(request).get("user")
    if type(user) is not SimpleLazyObject or vars(user)["_wrapped"] is not empty:
        _bind(user)
        return
    look_up = vars(user)["_setupfunc"]

    def looked_up() -> Any:
        found = look_up()
        _bind(found)
        return found

    vars(user)["_setupfunc"] = looked_up


def bind_known(request: Any) -> None:
    """Bind `user_id` where somebody has found out who it is, by whichever way.

    Args:
        request: The request, at its end.
    """
    held = vars(request)
    for name in _KNOWN:
        _bind(held.get(name))
    user = held.get("user")
    if type(user) is not SimpleLazyObject or vars(user)["_wrapped"] is not empty:
        _bind(user)


def _bind(user: Any) -> None:
    try:
        if user is not None and user.is_authenticated:
            context.bind(user_id=user.pk)
    except Exception:  # the host's own class of users
        return
