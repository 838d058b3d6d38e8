"""Whether a form was sent from the page itself, and not from somebody else's."""

from __future__ import annotations

import hmac
from hashlib import sha256
from urllib.parse import urlsplit

from obskit.console.access import COOKIE, Viewer
from obskit.console.message import Request

#: The name of the field.
FIELD = "csrf"


def token(secret: str, viewer: Viewer) -> str:
    """What a form holds: nobody can tell it who does not read the browser's cookie.

    Args:
        secret: The cookie that the browser keeps.
        viewer: Whom the form was made for.
    """
    return hmac.new(secret.encode(), b"csrf\0" + viewer.name.encode(), sha256).hexdigest()


def refusal(request: Request, viewer: Viewer) -> str:
    """Why a form is not taken, in words; empty where it is.

    Args:
        request: The request that brings it.
        viewer: Who asks.
    """
    if is_foreign(request):
        return "The form was sent from another site."
    secret, given = request.cookies.get(COOKIE, ""), request.filled(FIELD)
    wanted = token(secret, viewer)
    if not secret or not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
        return "The form is too old, or of another login. Load the page again and repeat it."
    return ""


def is_foreign(request: Request) -> bool:
    """Whether a browser says that another site has made it ask.

    Args:
        request: The request.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:  # a browser that says so cannot be made to lie; proxies change hosts
        return site != "same-origin"
    origin = request.headers.get("origin")
    if origin is None:
        return False
    try:
        named = urlsplit(origin).netloc
    except ValueError:
        return True
    return not named or named.lower() != request.headers.get("host", "").lower()
