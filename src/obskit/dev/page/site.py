"""Who may see the page of `obskit dev`, and what is shown at which address."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Generator
from importlib.resources import files
from urllib.parse import parse_qs

from obskit.dev.answer import Answer, Headers
from obskit.dev.archive import Archive
from obskit.dev.page import views
from obskit.dev.page.query import Query
from obskit.dev.page.stream import Stream
from obskit.dev.stories import Stories

# A page of the web could give its own name our address; its requests would say that name.
_HOST = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]{1,5})?")
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_ASSETS = {
    "page.css": "text/css; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


class Site:
    """The page of one run of `obskit dev`.

    Args:
        archive: The stories that it shows.
        stories: Where the newest numbers and what was lost are read.
    """

    def __init__(self, archive: Archive, stories: Stories) -> None:
        self._token = secrets.token_urlsafe(18)
        self._views = views.Views(self.path, archive, stories)
        self._stream = Stream(archive, self._views.row, self._views.kept)
        self._pages: dict[str, Callable[[Query], str | None]] = {
            "": self._views.requests,
            "story": self._views.story,
            "error": self._views.error,
            "checks": self._views.checks,
            "metrics": self._views.metrics,
            "loose": self._views.loose,
        }

    @property
    def path(self) -> str:
        """The path of the page. Nobody can guess it."""
        return f"/{self._token}/"

    def answer(self, target: str, headers: Headers) -> Answer:
        """Answer a GET.

        Args:
            target: The path and the query that are asked for.
            headers: The headers of the request.
        """
        if not _HOST.fullmatch(headers.get("Host", "")):
            return _text(403, "The page is at 127.0.0.1 alone.")
        path, _, query = target.partition("?")
        _, token, *rest = [*path.split("/"), ""]
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return _text(404, "Open the link that `obskit dev` printed in its terminal.")
        return self._show("/".join(rest).rstrip("/"), Query(parse_qs(query)), headers)

    def _show(self, page: str, query: Query, headers: Headers) -> Answer:
        if page in _ASSETS:
            body = files("obskit.dev.page").joinpath("static", page).read_bytes()
            return _answer(200, _ASSETS[page], body)
        if page == "events":
            return self._follow(query, headers)
        view = self._pages.get(page)
        html = view(query) if view else None
        if html is None:
            return _text(404, "There is no such page, or the story fell out.")
        return _answer(200, "text/html; charset=utf-8", html.encode())

    def _follow(self, query: Query, headers: Headers) -> Answer:
        last = headers.get("Last-Event-ID", "")
        after = int(last) if re.fullmatch(r"[0-9]{1,15}", last) else query.number("after")
        events = self._stream.follow(query.wanted(), after)
        if events is None:
            return _text(503, "Too many pages follow already: close some.")
        return _answer(200, "text/event-stream", events)


def _text(status: int, text: str) -> Answer:
    return _answer(status, "text/plain; charset=utf-8", f"{text}\n".encode())


def _answer(status: int, content_type: str, body: bytes | Generator[bytes]) -> Answer:
    return Answer(status, content_type, body, _HEADERS)
