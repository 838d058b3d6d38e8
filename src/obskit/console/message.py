"""What the status page is asked and what it answers, whichever server it came by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl

#: Bytes of a form that are read.
MOST_BODY = 16_384
_MOST_FIELDS = 50


@dataclass(frozen=True)
class Request:
    """A request for the status page.

    Attributes:
        method: The method.
        path: The path within the page, with a slash first.
        base: What stands before each path: where the page is mounted.
        query: The query without the question mark.
        headers: The headers by their names in lower case.
        body: The beginning of the body.
        scheme: `http` or `https`.
        host: What the host's own access function is given: WSGI's environ, ASGI's scope, Django's
            request.
        peer: The address of the socket's other end; empty where there is none.
    """

    method: str
    path: str
    base: str = ""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    scheme: str = "http"
    host: Any = None
    peer: str = ""

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies by name."""
        try:
            found = SimpleCookie(self.headers.get("cookie", ""))
        except CookieError:
            return {}
        return {name: morsel.value for name, morsel in found.items()}

    def asked(self, name: str) -> str:
        """What the query says under a name; of several the first, and empty where it says nothing.

        >>> Request("GET", "/", query="page=2&q=crm+sync").asked("q")
        'crm sync'
        """
        return _first(self.query, name)

    def filled(self, name: str) -> str:
        """What the form says under a name; empty where it says nothing."""
        return _first(self.body.decode("utf-8", "replace"), name)


@dataclass(frozen=True)
class Response:
    """An answer.

    Attributes:
        status: The status of HTTP.
        headers: Names and values.
        body: The body.
        streams: Whether events follow the body for as long as the server can keep the connection.
        rest: Makes what follows the body, which is sent before; never raises. None where the body is all.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    streams: bool = False
    rest: Callable[[], bytes] | None = None

    @property
    def whole(self) -> bytes:
        """The body with what follows, for a server that sends everything at once."""
        return self.body + (self.rest() if self.rest else b"")


def _first(text: str, name: str) -> str:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:  # more fields than any form of ours has
        return ""
    return next((value for key, value in pairs if key == name), "")
