"""Signing in and out, and what somebody is told who may see nothing."""

from __future__ import annotations

import math
from urllib.parse import quote

from obskit import security
from obskit.console import answers, csrf
from obskit.console.access import Access, ByToken, cookie, has_bearer
from obskit.console.answers import Header
from obskit.console.message import Request, Response

_MOST_NEXT = 300
_SAFE = "/?=&%+~-._!$'()*,;:@"


def shut(access: Access, request: Request) -> Response:
    """Who asks may see nothing.

    Args:
        access: Says who may.
        request: What was asked.
    """
    if request.path == "/events":
        return answers.nothing(401 if access.signs_in else 403)
    if not access.signs_in:
        return answers.bare(403, "Not allowed", base=request.base)
    if isinstance(access, ByToken) and has_bearer(request) and (seconds := access.wait(request)):
        return _too_many(request, request.path, seconds)
    return _form(request, f"{request.path}?{request.query}" if request.query else request.path)


def sign_in(access: Access, request: Request) -> Response:
    """The answer to the form, or to a link that opens once.

    Args:
        access: Says who may.
        request: The form.
    """
    after = request.filled("next")
    if not isinstance(access, ByToken) or csrf.is_foreign(request):
        return answers.bare(403, "Not allowed", base=request.base)
    seconds = access.wait(request)
    if seconds:
        return _too_many(request, after, seconds)
    if not access.takes(request.filled("token"), request):
        return _form(request, after, "This is not the token.")
    return answers.redirect(_within(request, after), cookie(access.session(), request))


def enter(access: Access, request: Request) -> Response:
    """The answer to a link that signs in once.

    Args:
        access: Says who may.
        request: The link.
    """
    if isinstance(access, ByToken) and access.takes_once(request.asked("key")):
        return answers.redirect(f"{request.base}/", cookie(access.session(), request))
    return shut(access, Request("GET", "/", request.base))


def sign_out(request: Request) -> Response:
    """Have the browser forget its login.

    Args:
        request: The form.
    """
    return answers.redirect(f"{request.base}/", cookie("", request))


def _too_many(request: Request, after: str, seconds: float) -> Response:
    security.rate_limited(None)
    left = math.ceil(seconds)
    told = f"Too many wrong tokens have been tried. Try again in {left} s."
    return _form(request, after, told, 429, ("Retry-After", str(left)))


def _form(
    request: Request, after: str, message: str = "", status: int = 401, *more: Header
) -> Response:
    after = after if _is_path(after) else "/"
    given = {"base": request.base, "signs_in": True, "next": after}
    return answers.bare(status, "Sign in", message, *more, **given)


def _within(request: Request, path: str) -> str:
    return request.base + (quote(path, safe=_SAFE) if _is_path(path) else "/")


def _is_path(path: str) -> bool:
    """Whether it leads nowhere but into the page."""
    plain = path.isprintable() and "\\" not in path and len(path) <= _MOST_NEXT
    return plain and path.startswith("/") and not path.startswith("//")
