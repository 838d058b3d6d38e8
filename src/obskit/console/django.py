"""The status page in a Django project: `path("status/", include(obskit.console.django.urls(access=staff)))`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from obskit.console.access import Viewer
from obskit.console.console import Console
from obskit.console.wsgi import answered, moved
from obskit.exceptions import MissingExtra
from obskit.registry import Registry, default_registry
from obskit.telemetry.hidden import hide


def staff(request: Any) -> Viewer | None:
    """Django's own login: staff may look, superusers may act.

    Args:
        request: The request.
    """
    user = request.user
    if not (user.is_active and user.is_staff):
        return None
    return Viewer(user.get_username(), may_act=bool(user.is_superuser))


def urls(
    *,
    access: Callable[[Any], Viewer | None] | str | None = None,
    registry: Registry = default_registry,
) -> list[Any]:
    """The paths of the status page, for `include`.

    Args:
        access: Who may see it: a function of the request, such as `staff`, or a token. Without it the
            page is there only where `OBSKIT_CONSOLE` says so.
        registry: What the project has declared.

    Raises:
        MissingExtra: Django or Jinja is not installed.
        ValueError: The token is empty.
    """
    try:
        from django.urls import re_path
    except ModuleNotFoundError as error:
        raise MissingExtra("django", "obskit.console.django") from error
    page = _view(Console(registry, access=access))
    return [re_path(r"^(?P<path>.*)$", page, name="obskit-console")]


def _view(console: Console) -> Any:
    from django.http import HttpResponse
    from django.views.decorators.csrf import csrf_exempt

    from obskit.django.request import environ_of, exchange_of

    @csrf_exempt  # type: ignore[untyped-decorator]  # the page protects its forms by itself
    def page(request: Any, path: str = "") -> Any:
        hide(exchange_of(request))
        base = request.path[: len(request.path) - len(path)].rstrip("/")
        environ = {**moved(environ_of(request), base, path), "wsgi.input": request}
        told = answered(console, environ, request)
        headers = dict(told.headers)
        cookie = headers.pop("Set-Cookie", "")
        response = HttpResponse(told.whole, status=told.status, headers=headers)
        response.cookies.load(cookie)
        # Django would write a line of each page that is not there, and of each stranger.
        response._has_been_logged = True
        return response

    return page
