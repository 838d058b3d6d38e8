"""The kinds of answers, each with the headers that keep a browser from doing more than it should."""

from __future__ import annotations

from typing import Any

from obskit.console import assets, pages
from obskit.console.message import Response

_POLICY = (
    f"default-src 'none'; style-src {assets.style_source()}; script-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    ("Content-Security-Policy", _POLICY),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
)
_NO_STORE = ("Cache-Control", "no-store")
#: nginx would keep what is told until the end.
AT_ONCE = ("X-Accel-Buffering", "no")
_A_YEAR = ("Cache-Control", "public, max-age=31536000, immutable")
# What a browser waits for before it asks again, milliseconds.
_RETRY = 5_000

Header = tuple[str, str]


def html(text: str, status: int = 200, *more: Header) -> Response:
    """A page.

    Args:
        text: Its HTML.
        status: The status of HTTP.
        *more: Further headers.
    """
    kind = ("Content-Type", "text/html; charset=utf-8")
    return Response(status, (kind, *_HEADERS, _NO_STORE, *more), encoded(text))


def encoded(text: str) -> bytes:
    r"""HTML as bytes: what is no text of Unicode's is replaced.

    >>> encoded("no \ud800")
    b'no ?'
    """
    return text.encode("utf-8", "replace")


def bare(status: int, title: str, message: str = "", *more: Header, **given: Any) -> Response:
    """A page that tells nothing of the service.

    Args:
        status: The status of HTTP.
        title: What it is called.
        message: What it says.
        *more: Further headers.
        **given: `base`; `signs_in` and `next` for a form to sign in.
    """
    shown = {"base": "", "signs_in": False, "next": "", **given}
    return html(pages.render("bare", title=title, message=message, **shown), status, *more)


def redirect(location: str, *more: Header) -> Response:
    """Go elsewhere, with a GET.

    Args:
        location: Where.
        *more: Further headers.
    """
    return Response(303, (("Location", location), *_HEADERS, _NO_STORE, *more), b"")


def nothing(status: int) -> Response:
    """A status alone.

    Args:
        status: The status of HTTP.
    """
    return Response(status, (*_HEADERS, _NO_STORE), b"")


def static(name: str) -> Response | None:
    """The script, or None where there is no such.

    Args:
        name: Its name in URLs.
    """
    if name != assets.script_name():
        return None
    kind = ("Content-Type", "text/javascript; charset=utf-8")
    return Response(200, (kind, *_HEADERS, _A_YEAR), assets.script())


def events(digest: str) -> Response:
    """What changes when a page would show something else, as an event.

    Args:
        digest: It.
    """
    kind = ("Content-Type", "text/event-stream; charset=utf-8")
    body = f"retry: {_RETRY}\n{event(digest)}".encode()
    return Response(200, (kind, *_HEADERS, _NO_STORE, AT_ONCE), body, streams=True)


def event(digest: str) -> str:
    r"""One event of a stream.

    >>> event("1f")
    'data: 1f\n\n'
    """
    return f"data: {digest}\n\n"
