"""A browser of the status page in the same process, and what it reads of pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import urlencode

from tests.console.given import ANN, service

from obskit.console import Console, Viewer
from obskit.console.message import Request, Response
from obskit.console.service import Service


class Browser:
    """Keeps its cookies, and follows no redirect by itself.

    Args:
        console: What it asks.
        base: Where that is mounted.
    """

    def __init__(self, console: Console, base: str = "/status") -> None:
        self._console = console
        self._base = base
        self.cookies: dict[str, str] = {}
        self.peer = "192.0.2.1"

    def get(self, target: str = "/", **headers: str) -> Response:
        """Ask for a path with its query."""
        return self._ask("GET", target, b"", headers)

    def post(self, target: str, form: dict[str, str], **headers: str) -> Response:
        """Send a form."""
        return self._ask("POST", target, urlencode(form).encode(), headers)

    def csrf(self, target: str = "/check/rows") -> str:
        """What the forms of a page hold."""
        page = parsed(self.get(target))
        return next(
            str(each.get("value")) for tag, each in page.elements if each.get("name") == "csrf"
        )

    def _ask(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> Response:
        path, _, query = target.partition("?")
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given.setdefault("host", "shop.example")
        if self.cookies:
            given["cookie"] = "; ".join(f"{key}={value}" for key, value in self.cookies.items())
        found = self._console.answer(
            Request(method, path, self._base, query, given, body, host={"who": "x"}, peer=self.peer)
        )
        for name, value in found.headers:
            if name == "Set-Cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return replace(found, body=found.whole, rest=None)


def console(viewer: Viewer | None = ANN, of: Service | None = None) -> Console:
    """A console that lets one viewer in, or nobody."""
    shown = of or service()
    return Console(access=lambda _request: viewer, service=lambda: shown)


def browser(viewer: Viewer | None = ANN, of: Service | None = None) -> Browser:
    """A browser of a viewer."""
    return Browser(console(viewer, of))


# What stands within a line of text.
_INLINE = frozenset(("a", "span", "strong", "time", "code"))


class Page(HTMLParser):
    """What a page holds.

    Attributes:
        elements: Each element's name with its attributes, in order.
        text: What can be read.
    """

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.text += "" if tag in _INLINE else " "

    def handle_data(self, data: str) -> None:
        self.text += "" if self.cdata_elem == "style" else data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each element of a name."""
        return [each for name, each in self.elements if name == tag]

    @property
    def words(self) -> str:
        """What can be read, on one line."""
        return " ".join(self.text.split())


def parsed(response: Response) -> Page:
    """A response as a page."""
    page = Page()
    page.feed(response.body.decode())
    return page


def unstyled(response: Response) -> bytes:
    """The body of a response without the style sheet, which is the same on each page."""
    before, _, rest = response.body.partition(b"<style>")
    return before + rest.partition(b"</style>")[2]


def header(response: Response, name: str) -> str | None:
    """A header of a response."""
    return next((value for key, value in response.headers if key == name), None)
